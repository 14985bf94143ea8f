"""Counts and gauges: a dictionary on the hot path, and text for Prometheus only when somebody asks.

A count costs one dictionary addition. Gauges are read from their owner at the moment of asking, so none can be stale.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
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
        Family("commits", "Commits of the store."),
        Family("alarms", "Alarms raised, by type.", ("type",)),
        Family("queued", "Deliveries waiting, by channel; a page of a public is one.", ("channel",)),
        Family("in_flight", "Emissions begun and without outcome."),
        Family("open_objectives", "Objectives that have not ended."),
        Family("in_doubt", "Emissions of which nobody knows whether they left."),
        Family("channel_health", "1 for the health a channel has now.", ("channel", "health")),
        Family("invariant_broken", "Organisations that break a watched invariant now.", ("invariant",)),
        Family("invariant_broken_seconds", "Seconds since the start in which a watched invariant was broken.", ("invariant",)),
        Family("loop_lag_seconds", "How late the event loop was at its last turn, seconds."),
    )
}


class Metrics:
    """Counts by name and labels. Used from the loop only; names outside FAMILIES are shown too, without a sentence."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Labels], float] = {}
        self._gauges: dict[str, Gauge] = {}

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
                self.count("deliveries", channel=_word(event, "channel"), state=rest.upper())
            case "receipt":
                self.count("receipts", channel=_word(event, "channel"), level=_word(event, "level"))
            case "objective" if "state" in event.body:
                self.count("objectives", state=_word(event, "state"))
            case _:
                pass

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


def _word(event: Event, name: str) -> str:
    return str(event.body.get(name, ""))
