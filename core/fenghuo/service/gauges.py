"""What the metrics ask of the engine when somebody scrapes them, and the events that they count."""

from __future__ import annotations

from collections.abc import Callable

from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.metrics import Metrics
from fenghuo.store.events import EventStream
from fenghuo.store.store import Store

__all__ = ["count_events", "watch_room"]


def watch_room(metrics: Metrics, room: EngineRoom, store: Store) -> None:
    """Have the gauges read from the engine's own parts, at the moment of asking."""
    board, queues, book = room.board, room.queues, room.book
    metrics.gauge("queued", lambda: [({"channel": one.name}, float(queues.queued(one.name))) for one in board])
    metrics.gauge("channel_health", lambda: [({"channel": one.name, "health": one.health.state.value}, 1.0) for one in board])
    metrics.gauge("in_flight", lambda: [({}, float(queues.in_flight))])
    metrics.gauge("open_objectives", lambda: [({}, float(len(book.objectives)))])
    metrics.gauge("commits", lambda: [({}, float(store.progress[0]))])
    metrics.gauge("in_doubt", lambda: [({}, float(queues.in_doubt))])


async def count_events(metrics: Metrics, events: EventStream, *, then: Callable[[], None]) -> None:
    """Count every event once from now on, and let `then` look at what has changed; until cancelled."""
    at = events.head
    while True:
        await events.wait(at)
        for event in await events.read(at, 1000):
            at = event.seq
            metrics.event(event)
        then()
