"""The world's log put in order for the judge: who was licensed, what left, what was shown, and what the stream alone tells."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from functools import cached_property
from math import inf
from typing import Any, TypeVar

import msgspec

from fenghuo.model.traffic import Traffic
from fenghuo.rig.world.log import (
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

__all__ = ["LOST_WORD_S", "Log", "Origin", "Stream"]

E = TypeVar("E", bound=Entry)


SETTLED_S = 60.0
"""A channel whose network has been good for so long has nothing on the way that hangs."""


LOST_WORD_S, SLOW_WORD_S = 1.0, 30.0
"""An outcome is on the disk by then, and by then on one that takes seconds for a commit; a crash sooner leaves it in doubt."""


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
        self.ground = world.ground
        self.way = world.ground.way

    def all(self, kind: type[E]) -> list[tuple[int, E]]:
        """Entries of a kind with their places in the log."""
        found: list[tuple[int, E]] = self._by_kind.get(kind, [])
        return found

    @cached_property
    def _by_kind(self) -> dict[type[Entry], list[Any]]:
        found: dict[type[Entry], list[Any]] = defaultdict(list)
        for place, entry in enumerate(self.entries):
            found[type(entry)].append((place, entry))
        return found

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
    def licensed(self) -> list[tuple[Told, Origin]]:
        """Every licence that was committed, as the stream told it: when by the daemon's clock, and what for."""
        return [(entry, self.origin[str(entry.event.body["token"])]) for _, entry in self.told_of("delivery.emitting")]

    @cached_property
    def ended(self) -> dict[tuple[str, int], int]:
        """By which event each revision was replaced or called off, by message and revision."""
        ends = [entry.event for kind in ("message.superseded", "message.cancelled") for _, entry in self.told_of(kind)]
        return {(event.subject.partition("/")[2], int(str(event.body["revision"]))): event.seq for event in ends}

    @cached_property
    def epochs(self) -> dict[int, int]:
        """Under which epoch each life of the daemon worked."""
        return {int(note.of): int(note.detail) for note in self._notes if note.what == "start"}

    def terms(self, channel: str, at: float) -> tuple[Traffic, ...]:
        """What the operator allowed a channel to carry at that time."""
        bound = [note.detail for note in self._notes if note.what == "bound" and note.of == channel and note.at <= at]
        return tuple(Traffic(one) for one in bound[-1].split()) if bound else self.way[channel].terms.traffic

    @cached_property
    def letters(self) -> dict[str, Submitted]:
        return {entry.key: entry for _, entry in self.all(Submitted)}

    def letter(self, origin: Origin | None) -> Submitted | None:
        """The letter whose revision this is."""
        acks = [ack for _, ack in self.acked if origin and (ack.id, ack.revision) == (origin.message, origin.revision)]
        return self.letters[acks[0].key] if acks else None

    def asked(self, air: Aired) -> tuple[int, float]:
        """Place and time at which the channel asked for the licence of this emission."""
        return self._asked[(air.life, air.job)]

    @cached_property
    def _asked(self) -> dict[tuple[int, int], tuple[int, float]]:
        return {(entry.life, entry.job): (place, entry.at) for place, entry in self.all(Asked)}

    @cached_property
    def crashes(self) -> list[float]:
        return [entry.at for _, entry in self.all(Note) if entry.what == "crash"]

    def may_be_lost(self, at: float) -> bool:
        """Whether the daemon was killed so soon after `at` that it may have forgotten what it had just been told."""
        disk = [note.detail or note.of for note in self._notes if note.what == "disk" and note.at <= at]
        lasts_s = SLOW_WORD_S if disk and disk[-1] == "slow" else LOST_WORD_S
        return any(0 <= crash - at < lasts_s for crash in self.crashes)

    def planned(self, emitting: Told) -> float | None:
        """When the objective of this emission stood, was released and asked this recipient, in the same life of the daemon; None: in an
        earlier one."""
        opened = self._opened.get(int(str(emitting.event.body["objective"])))
        if opened is None or opened.life != emitting.life:
            return None
        asked_at = self._stood_in.get((f"objective/{opened.event.subject.partition('/')[2]}", str(emitting.event.body["recipient"])), 0.0)
        return max(asked_at, self.since(opened, int(str(emitting.event.body["revision"]))))

    def since(self, opened: Told, revision: int) -> float:
        """When an objective was open and its message released; infinity where it never was."""
        message = str(opened.event.body["message"])
        if (message, revision) in self._held and (f"message/{message}", revision) not in self._released:
            return inf
        return max(opened.at, self._released.get((f"message/{message}", revision), opened.at))

    @cached_property
    def _opened(self) -> dict[int, Told]:
        return {int(entry.event.subject.partition("/")[2]): entry for _, entry in self.told_of("objective.opened")}

    @cached_property
    def _stood_in(self) -> dict[tuple[str, str], float]:
        """When somebody was asked for somebody else: before that nothing was planned for them."""
        asked = self.told_of("objective.escalated")
        return {(entry.event.subject, str(entry.event.body["to"])): entry.at for _, entry in asked}

    @cached_property
    def _held(self) -> set[tuple[str, int]]:
        held = ((entry.event.subject.partition("/")[2], entry.event.body["revision"]) for _, entry in self.told_of("message.held"))
        return {(message, int(str(revision))) for message, revision in held}

    @cached_property
    def _released(self) -> dict[tuple[str, int], float]:
        return {(entry.event.subject, int(str(entry.event.body["revision"]))): entry.at for _, entry in self.told_of("message.released")}

    @cached_property
    def _notes(self) -> list[Note]:
        return [entry for _, entry in self.all(Note)]

    def lost_over(self, since: float, until: float) -> str | None:
        """The one risk group that was lost all this time, while the daemon ran and its disk was well; None if it was not like that."""
        lost: list[str] = []
        if since == inf:
            return None
        for note in self._notes:
            if note.at > until:
                break
            if note.what == "lost":
                lost.append(note.of)
            if note.what == "found":
                lost.remove(note.of)
            if note.at > since and note.what in ("lost", "found", "crash", "start", "disk", "clock"):
                return None
        return lost[0] if len(lost) == 1 else None

    def was_fair(self, channel: str, since: float, until: float) -> bool:
        """Whether the network was truly good, from the settling of a channel before `since` on."""
        kind = "good"
        for note in self._notes:
            if note.at > until:
                break
            if note.what == "weather" and note.of == channel:
                if note.at > since - SETTLED_S:
                    return False
                kind = note.detail
        return kind == "good"

    def was_well(self, channel: str, since: float, until: float) -> bool:
        """Whether the channel was UP at `since` by what the console was told, enabled, and told nothing else until `until`."""
        at, health = self._health.get(channel, ([], []))
        place = bisect_right(at, since)
        return place == bisect_right(at, until) and place > 0 and health[place - 1] in ("up", "enabled")

    @cached_property
    def _health(self) -> dict[str, tuple[list[float], list[str]]]:
        """When the console was told what of each channel."""
        found: dict[str, tuple[list[float], list[str]]] = defaultdict(lambda: ([], []))
        for _, entry in self.told:
            family, _, name = entry.event.subject.partition("/")
            if family == "channel":
                found[name][0].append(entry.at)
                found[name][1].append(str(entry.event.body.get("after") or entry.event.body.get("admin")))
        return found

    def told_of(self, kind: str) -> list[tuple[int, Told]]:
        return self._told_by_type.get(kind, [])

    @cached_property
    def _told_by_type(self) -> dict[str, list[tuple[int, Told]]]:
        found: dict[str, list[tuple[int, Told]]] = defaultdict(list)
        for place, entry in self.told:
            found[entry.event.type].append((place, entry))
        return found


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
