"""Counts and gauges: a dictionary on the hot path, and text for Prometheus only when somebody asks.

A count costs one dictionary addition. Gauges are read from their owner at the moment of asking, so none can be stale.
"""

from __future__ import annotations

import importlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from fenghuo.model.event import Event

__all__ = ["FAMILIES", "Family", "Gauge", "Metrics"]

Labels = tuple[tuple[str, str], ...]
Gauge = Callable[[], Iterable[tuple[Mapping[str, str], float]]]
"""What a gauge gives when asked: its label sets with their values."""


class Family(msgspec.Struct, frozen=True):
    """A metric by its name, without the prefix `fenghuo_`; a sentence that says what it is, and its unit."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


FAMILIES = {
    family.name: family
    for family in (
        Family("messages_accepted", "Messages and revisions accepted.", ("kind", "source")),
        Family("messages_refused", "Messages refused at intake, by the stable word of the cause.", ("code", "source")),
        Family("deliveries", "Transitions of deliveries, by channel and the state entered.", ("channel", "state")),
        Family("receipts", "Receipts, by channel and level of evidence.", ("channel", "level")),
        Family("objectives", "Changes of objectives, by the state entered.", ("state",)),
        Family("events", "Events committed, by type.", ("type",)),
        Family("booked_airtime_seconds", "Seconds on the air since the start, as booked with each emission.", ("channel",)),
        Family("booked_octets", "Octets on the wire since the start, as booked with each emission.", ("channel",)),
        Family("booked_fen", "Money since the start in fen (0.01 yuan), as booked with each emission.", ("channel",)),
        Family("booked_joules", "Joules since the start, as booked with each emission.", ("channel",)),
        Family("commits", "Commits of the store."),
        Family("alarms", "Alarms raised, by type.", ("type",)),
        Family("queued", "Deliveries waiting, by channel; a page of a public is one.", ("channel",)),
        Family("in_flight", "Emissions begun and without outcome."),
        Family("open_objectives", "Objectives that have not ended."),
        Family("in_doubt", "Emissions of which nobody knows whether they left."),
        Family("outages", "What others say is out now."),
        Family("network_ways", "Ways to a place that work and share no risk group.", ("place",)),
        Family("channel_health", "1 for the health a channel has now.", ("channel", "health")),
        Family("invariant_broken", "Organisations that break a watched invariant now.", ("invariant",)),
        Family("invariant_broken_seconds", "Seconds since the start in which a watched invariant was broken.", ("invariant",)),
        Family("power_state", "1 for what the device of a power sensor lives on now: mains, battery or unknown.", ("sensor", "state")),
        Family("power_charge_percent", "What is left in the battery of a power sensor, percent.", ("sensor",)),
        Family("power_fuel_percent", "What is left in the tank of the generator of a power sensor, percent.", ("sensor",)),
        Family("power_runtime_seconds", "How long the battery of a power sensor lasts by its own estimate, seconds.", ("sensor",)),
        Family("power_runtime_age_seconds", "How old that estimate is, seconds.", ("sensor",)),
        Family("self_probe_latency_seconds", "How long the last self-probe that came back took, from the handing in to the receipt."),
        Family("self_probe_age_seconds", "Seconds since a self-probe came back, or since the start."),
        Family("self_probe_missed", "Self-probes since the start that did not come back."),
        Family("loop_lag_seconds", "How late the event loop was at its last turn, seconds."),
    )
}


BOOKED = {
    "booked_airtime_seconds": "airtime_s",
    "booked_octets": "octets",
    "booked_fen": "fee_fen",
    "booked_joules": "joules",
}
"""Metric → figure."""
_REMEMBERED = 4096
"""Emissions whose estimate may still give way to a count; they are in flight, and never nearly so many."""


class Metrics:
    """Counts by name and labels. Used from the loop only; names outside FAMILIES are shown too, without a sentence."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Labels], float] = {}
        self._gauges: dict[str, Gauge] = {}
        self._booked = Bookings()
        self._gauges |= {name: partial(self._booked.sums, figure) for name, figure in BOOKED.items()}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """One more, or `amount` more, of `name` with these labels."""
        key = (name, tuple(sorted(labels.items())))
        self._counts[key] = self._counts.get(key, 0) + amount

    def gauge(self, name: str, read: Gauge) -> None:
        """Ask `read` for the values of `name` whenever the metrics are asked for."""
        self._gauges[name] = read

    def event(self, event: Event) -> None:
        """Count a committed event: by its type, and by the figures of the family it belongs to."""
        self.count("events", type=event.type)
        group, _, rest = event.type.partition(".")
        match group:
            case "alarm":
                self.count("alarms", type=rest)
                if rest == "message_refused":
                    self.count("messages_refused", code=_word(event, "code"), source=_word(event, "source"))
            case "message" if rest == "accepted":
                self.count("messages_accepted", kind=_word(event, "kind"), source=_word(event, "source"))
            case "delivery":
                self._delivery(event, rest)
            case "page" if rest == "emitting":
                self._booked.add(event)
            case "receipt":
                self.count("receipts", channel=_word(event, "channel"), level=_word(event, "level"))
            case "objective" if "state" in event.body:
                self.count("objectives", state=_word(event, "state"))
            case _:
                pass

    def _delivery(self, event: Event, rest: str) -> None:
        if rest in ("emitting", "booked"):
            self._booked.add(event)
        if rest != "booked":  # no state of a delivery
            self.count("deliveries", channel=_word(event, "channel"), state=rest.upper())

    def value(self, name: str, **labels: str) -> float:
        """What was counted so far."""
        return self._counts.get((name, tuple(sorted(labels.items()))), 0)

    def counts(self) -> Mapping[tuple[str, Labels], float]:
        """Every count, by name and sorted labels."""
        return self._counts

    def gauges(self) -> Mapping[str, Gauge]:
        """Every gauge by its name."""
        return self._gauges

    def text(self) -> str:
        """Everything in the text format of Prometheus, process figures included."""
        # Imported when first asked for: a node that nobody scrapes saves its time and memory.
        exposition = importlib.import_module("fenghuo.service.exposition")
        return str(exposition.text(self))


class Bookings:
    """What was booked by channel. A figure that a channel has counted itself takes the place of what was estimated at the licence, so that
    a sum may fall."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], float] = {}
        self._open: OrderedDict[tuple[str, str], Mapping[str, float]] = OrderedDict()

    def add(self, event: Event) -> None:
        """Book an emission, or book it anew."""
        told = event.body.get("booked")
        figures = told if isinstance(told, dict) else {}
        key = (_word(event, "token"), _word(event, "n"))
        before = self._open.pop(key, {})
        self._open[key] = figures
        while len(self._open) > _REMEMBERED:
            self._open.popitem(last=False)
        channel = _word(event, "channel")
        for figure in BOOKED.values():
            place = (figure, channel)
            self._sums[place] = self._sums.get(place, 0.0) + figures.get(figure, 0.0) - before.get(figure, 0.0)

    def sums(self, figure: str) -> list[tuple[Mapping[str, str], float]]:
        """As a gauge gives them."""
        return [({"channel": channel}, total) for (name, channel), total in self._sums.items() if name == figure]


def _word(event: Event, name: str) -> str:
    return str(event.body.get(name, ""))
