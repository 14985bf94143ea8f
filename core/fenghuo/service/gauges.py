"""What the metrics ask of the engine when somebody scrapes them, and the events that they count."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.metrics import Metrics
from fenghuo.service.power import PowerWatch
from fenghuo.store.events import EventStream
from fenghuo.store.store import Store

__all__ = ["count_events", "watch_power", "watch_room"]


def watch_room(metrics: Metrics, room: EngineRoom, store: Store) -> None:
    """Have the gauges read from the engine's own parts, at the moment of asking."""
    board, queues, book = room.board, room.queues, room.book
    metrics.gauge("queued", lambda: [({"channel": one.name}, float(queues.queued(one.name))) for one in board])
    metrics.gauge("channel_health", lambda: [({"channel": one.name, "health": one.health.state.value}, 1.0) for one in board])
    metrics.gauge("in_flight", lambda: [({}, float(queues.in_flight))])
    metrics.gauge("open_objectives", lambda: [({}, float(len(book.objectives)))])
    metrics.gauge("commits", lambda: [({}, float(store.progress[0]))])
    metrics.gauge("in_doubt", lambda: [({}, float(queues.in_doubt))])
    metrics.gauge("outages", lambda: [({}, float(len(room.outages.standing())))])
    metrics.gauge("network_ways", lambda: [({"place": one.place}, float(one.ways.groups)) for one in room.network.left.values()])


def watch_power(metrics: Metrics, power: PowerWatch) -> None:
    """What each power sensor stands for; a figure that nobody knows is absent, and never its last value."""

    def figures(name: str) -> list[tuple[Mapping[str, str], float]]:
        read = ((sensor, getattr(one, name)) for sensor, one in power.sensed().items())
        return [({"sensor": sensor}, value) for sensor, value in read if value is not None]

    metrics.gauge("power_state", lambda: [({"sensor": name, "state": one.state.value}, 1.0) for name, one in power.sensed().items()])
    metrics.gauge("power_charge_percent", lambda: figures("charge_pct"))
    metrics.gauge("power_fuel_percent", lambda: figures("fuel_pct"))
    metrics.gauge("power_runtime_seconds", lambda: figures("runtime_s"))
    metrics.gauge("power_runtime_age_seconds", lambda: figures("runtime_age_s"))


async def count_events(metrics: Metrics, events: EventStream, *, then: Callable[[], None]) -> None:
    """Count every event once from now on, and let `then` look at what has changed; until cancelled."""
    at = events.head
    while True:
        await events.wait(at)
        for event in await events.read(at, 1000):
            at = event.seq
            metrics.event(event)
        then()
