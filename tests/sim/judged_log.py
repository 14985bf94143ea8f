"""The world's log put in order for the judge: who was licensed, what left, what was shown, and what the stream alone tells."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar

import msgspec

from tests.sim.world import (
    Acked,
    Aired,
    Asked,
    Entry,
    Note,
    Submitted,
    Told,
    Viewed,
    World,
)

E = TypeVar("E", bound=Entry)


class Origin(msgspec.Struct, frozen=True):
    """What a token stands for, as the stream said when it was first licensed."""

    message: str
    revision: int
    recipient: str
    delivery: int


class Log:
    """The world's log with what several checks look up."""

    def __init__(self, world: World) -> None:
        self.entries = world.log
        self.failures = world.failures

    def all(self, kind: type[E]) -> list[tuple[int, E]]:
        """Entries of a kind with their places in the log."""
        return [(place, entry) for place, entry in enumerate(self.entries) if type(entry) is kind]

    @cached_property
    def aired(self) -> list[tuple[int, Aired]]:
        return self.all(Aired)

    @cached_property
    def told(self) -> list[tuple[int, Told]]:
        return self.all(Told)

    @cached_property
    def acked(self) -> list[tuple[int, Acked]]:
        return self.all(Acked)

    @cached_property
    def views(self) -> list[tuple[int, Viewed]]:
        return self.all(Viewed)

    @cached_property
    def last_views(self) -> dict[str, dict[str, Any]]:
        """The last view of each message that was opened: its newest revision, and the states of the others."""
        return {entry.view["id"]: entry.view for _, entry in self.views}

    @cached_property
    def shown_objectives(self) -> list[dict[str, Any]]:
        """The objectives of all last views."""
        return [objective for view in self.last_views.values() for objective in view["objectives"]]

    @cached_property
    def shown_deliveries(self) -> list[dict[str, Any]]:
        return [delivery for objective in self.shown_objectives for delivery in objective["deliveries"]]

    @cached_property
    def stream(self) -> Stream:
        return Stream(self)

    @cached_property
    def origin(self) -> dict[str, Origin]:
        found: dict[str, Origin] = {}
        for _, entry in self.told:
            if entry.event.type == "delivery.emitting":
                body: dict[str, Any] = dict(entry.event.body)
                number = int(entry.event.subject.partition("/")[2])
                found.setdefault(body["token"], Origin(body["message"], body["revision"], body["recipient"], number))
        return found

    @cached_property
    def letters(self) -> dict[str, Submitted]:
        return {entry.key: entry for _, entry in self.all(Submitted)}

    def asked(self, air: Aired) -> tuple[int, float]:
        """Place and time at which the channel asked for the licence of this emission."""
        return self._asked[(air.life, air.job)]

    @cached_property
    def _asked(self) -> dict[tuple[int, int], tuple[int, float]]:
        return {(entry.life, entry.job): (place, entry.at) for place, entry in self.all(Asked)}

    @cached_property
    def crashes(self) -> list[float]:
        return [entry.at for _, entry in self.all(Note) if entry.what == "crash"]

    def crashed_within(self, at: float, seconds: float) -> bool:
        """Whether the daemon was killed so soon after `at` that it may have forgotten what it had just been told."""
        return any(0 <= crash - at < seconds for crash in self.crashes)

    def was_well(self, channel: str, since: float, until: float) -> bool:
        """Whether the channel was UP at `since` by what the console was told, enabled, and told nothing else until `until`."""
        health = "unknown"
        for _, entry in self.told:
            if entry.at > until:
                break
            if entry.event.subject == f"channel/{channel}":
                health = str(entry.event.body.get("after") or entry.event.body.get("admin"))
                if entry.at > since:
                    return False
        return health in ("up", "enabled")

    def told_of(self, kind: str) -> list[tuple[int, Told]]:
        return [(place, entry) for place, entry in self.told if entry.event.type == kind]


class Stream:
    """What a reader who knows nothing but the stream knows in the end: states of objectives and of deliveries, by number."""

    def __init__(self, log: Log) -> None:
        self.deliveries: dict[int, str] = {}
        self.objectives: dict[int, tuple[str, int, int]] = {}
        for _, entry in log.told:
            kind, body = entry.event.type, entry.event.body
            family, _, number = entry.event.subject.partition("/")
            if family == "delivery" and kind.startswith("delivery."):
                self.deliveries[int(number)] = kind.partition(".")[2].upper()
            elif kind == "objective.opened":
                self.objectives[int(number)] = ("OPEN", 0, 0)
            elif kind == "alarm.nobody":
                self.objectives[int(number)] = ("MISSED", 0, 0)
            elif family == "objective" and "met" in body:
                self.objectives[int(number)] = (str(body["state"]), int(str(body["met"])), int(str(body["ended"])))
