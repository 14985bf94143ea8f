"""A change of modes, carried out: the board is ruled anew, every open target is looked at again, and the difference is told.

What was carried by which channel before is noted when the change comes, and compared when each target has been advanced; when the last one
has, `mode.replanned` and a record of the audit say which objective moved from where to where, and why.
Source: failover.md, Modes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenTarget
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.facts import ModesChanged
from fenghuo.engine.frame import Frame
from fenghuo.engine.modes import NODE, Change, Modes
from fenghuo.engine.modes_effect import InForce, is_shed, overlaid, ruled, stretched
from fenghuo.engine.modes_profile import NOTHING, Overlay, overlay_of
from fenghuo.model.audit import SYSTEM
from fenghuo.model.delivery import Delivery, DeliveryState, Hold
from fenghuo.model.directory import RecipientId
from fenghuo.model.situation import Admin, Situation
from fenghuo.store.audit import Deed

__all__ = ["MOST_MOVES", "NO_MODES", "ModesApplied", "Move", "Ruling", "way_of"]

MOST_MOVES = 200
"""Moves that one event lists; the rest are counted. A list of 20,000 helps nobody."""
_KEPT_BACK = tuple(f"held ({hold})" for hold in (Hold.MODE, Hold.SILENCE, Hold.POLICY))
_UNDER_WAY = (DeliveryState.READY, DeliveryState.EMITTING, DeliveryState.AWAITING, DeliveryState.IN_DOUBT)


class Move(msgspec.Struct, frozen=True):
    """Recipients of one objective that went from one way to another for one reason."""

    objective: int
    message: str
    before: str
    after: str
    why: str
    recipients: int


class Ruling(Protocol):
    """What the loop asks of the modes."""

    def changed(self, fact: ModesChanged, batch: Batch) -> Iterable[OpenTarget]: ...

    def over(self, frame: Frame, recipient: RecipientId) -> Frame: ...

    def advanced(self, entry: OpenTarget, frame: Frame, batch: Batch) -> None: ...


class _NoModes:
    """Nothing is laid over anything."""

    def changed(self, fact: ModesChanged, batch: Batch) -> Iterable[OpenTarget]:
        return ()

    def over(self, frame: Frame, recipient: RecipientId) -> Frame:
        return frame

    def advanced(self, entry: OpenTarget, frame: Frame, batch: Batch) -> None:
        return None


NO_MODES: Ruling = _NoModes()
"""Until the modes are wired in."""


class ModesApplied:
    """The loop's part of the modes: nothing but the loop calls it, licences and doors aside."""

    def __init__(self, book: Book, board: ChannelBoard, modes: Modes, in_force: InForce) -> None:
        self._book = book
        self._board = board
        self._modes = modes
        self.in_force = in_force
        self._waiting: dict[tuple[int, str], str] = {}
        self._moves: Counter[tuple[int, str, str, str, str]] = Counter()
        self._why: list[str] = []
        self._lost: frozenset[str] = frozenset()

    def rule(self) -> None:
        """Have the channels ruled by what holds now; at a start, before anything is advanced."""
        profiles = self.in_force.profiles
        stands = [stand for stand in self._modes.stands() if (stand.axis, stand.mode) in profiles]
        self._board.rule({one.name: ruled(one.name, one.medium, stands, profiles) for one in self._board})
        self._lost = self._modes.lost(self.in_force.covers)

    def changed(self, fact: ModesChanged, batch: Batch) -> Iterable[OpenTarget]:
        """Tell of it, and have everything that is open looked at again."""
        lost = self._lost
        self.rule()
        for change in fact.changes:
            self._tell(change, fact, batch)
        self._why += map(_sentence, fact.changes) if fact.changes else ["the profiles were read anew"]
        for place in sorted(self._lost - lost):
            says = f"{place or 'the node'} has no power, no network and no road (三无)"
            batch.event("alarm.sanwu", f"place/{place}" if place else "node", place=place, message=says)
        for place in sorted(lost - self._lost):
            batch.event("sanwu.over", f"place/{place}" if place else "node", place=place)
        places = {change.after.place for change in fact.changes if self._acts(change)} if fact.changes else {NODE}
        concerned = self.in_force.concerned(places)
        dirty = [entry for entry in self._book.targets() if concerned(entry.target.recipient)] if places else []
        for entry in dirty:
            self._waiting.setdefault((entry.target.objective, entry.target.recipient), way_of(entry.deliveries.values()))
        if not self._waiting:
            self._finish(batch)
        return dirty

    def over(self, frame: Frame, recipient: RecipientId) -> Frame:
        """A frame as it is under the modes that hold for its recipient."""
        overlay = self.in_force.of(recipient)
        if overlay == NOTHING:
            return frame
        return msgspec.structs.replace(
            frame,
            situation=overlaid(frame.situation, overlay, frame.objective.priority),
            escalate=stretched(frame.escalate, overlay.escalate),
            is_shed=is_shed(frame.objective.priority, overlay),
        )

    def advanced(self, entry: OpenTarget, frame: Frame, batch: Batch) -> None:
        """A target was looked at; when it was the last of a change, the difference is told."""
        before = self._waiting.pop((entry.target.objective, entry.target.recipient), None)
        if before is None:
            return
        after = way_of(entry.deliveries.values())
        if after != before:
            why = _why(before, after, frame, self.in_force.of(entry.target.recipient))
            self._moves[frame.objective.id, frame.objective.message, before, after, why] += 1
        if not self._waiting:
            self._finish(batch)

    def _acts(self, change: Change) -> bool:
        """Whether it lays anything else over the settings; where it does not, no plan can differ."""
        profiles = self.in_force.profiles
        return overlay_of(change.before, profiles) != overlay_of(change.after, profiles)

    def _finish(self, batch: Batch) -> None:
        moves = [Move(*key, recipients) for key, recipients in sorted(self._moves.items())]
        why, count = "; ".join(dict.fromkeys(self._why)), sum(self._moves.values())
        listed = [msgspec.structs.asdict(move) for move in moves[:MOST_MOVES]]
        batch.event("mode.replanned", "node", because=why, moved=count, moves=listed, unlisted=max(0, len(moves) - MOST_MOVES))
        batch.did(Deed.of("replan", "node", because=why, moved=count, moves=listed), SYSTEM)
        self._moves.clear()
        self._why.clear()

    def _tell(self, change: Change, fact: ModesChanged, batch: Batch) -> None:
        before, after = change.before, change.after
        subject = f"mode/{after.axis}" + (f"/{after.place}" if after.place else "")
        body: dict[str, Any] = {
            "axis": after.axis.value,
            "place": after.place,
            "before": before.mode,
            "after": after.mode,
            "declared": after.is_declared,
            "why": list(after.why),
            "until": after.until,
        }
        batch.event("mode.changed", subject, **body, by=fact.by.actor if fact.by is not None else after.by, reason=fact.reason)
        batch.did(Deed.of("mode", subject, **body, reason=fact.reason), fact.by or SYSTEM)


def way_of(deliveries: Iterable[Delivery]) -> str:
    """What carries a target: the channels that something is under way on, or why nothing is."""
    found = list(deliveries)
    names = sorted({one.channel for one in found if one.state in _UNDER_WAY})
    if names:
        return ", ".join(names)
    held = sorted({one.reason for one in found if one.state is DeliveryState.HELD})
    return f"held ({', '.join(held)})" if held else "nothing"


def _why(before: str, after: str, frame: Frame, overlay: Overlay) -> str:
    if frame.is_shed:
        return f"{frame.objective.priority.name} is shed"
    left, gained = set(_channels(before)) - set(_channels(after)), set(_channels(after)) - set(_channels(before))
    reasons = [*_barred(sorted(left), frame.situation), *(f"{name} is enabled" for name in sorted(gained) if name in overlay.enable)]
    reasons += [f"{name} weighs {overlay.weight[name]:g}" for name in sorted(left | gained) if name in overlay.weight]
    if not reasons and before in _KEPT_BACK:
        reasons.append("no mode keeps it back any more")
    return "; ".join(reasons) or "another way is the best now"


def _barred(names: list[str], situation: Situation) -> Iterator[str]:
    said: Mapping[Admin, str] = {
        Admin.INHIBITED: "is inhibited",
        Admin.SILENT: "is silent",
        Admin.STANDBY: "is on standby",
        Admin.DISABLED: "is disabled",
    }
    for name in names:
        view = situation.channel.get(name)
        if view is not None and view.admin in said:
            yield f"{name} {said[view.admin]}"


def _channels(way: str) -> list[str]:
    return [] if way == "nothing" or way.startswith("held (") else way.split(", ")


def _sentence(change: Change) -> str:
    after = change.after
    where = after.place or "the node"
    return f"{after.axis} of {where}: {change.before.mode} → {after.mode}" + (f", declared by {after.by}" if after.is_declared else "")
