"""Opens objectives for a public: one intent for all of it, in the commit of its objective, whatever its size.

Who takes this path says the rule (`split = "public"`). Nobody in a public is a target: it has alternates in place of a ladder, and no
escalation. For two ways at once there are two rules, the first with `continue = true`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

import msgspec

from fenghuo.engine.admission import NO_LOAD, late
from fenghuo.engine.batch import Batch
from fenghuo.engine.book import OpenMessage
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.inherit import Heir, Told
from fenghuo.engine.loads import Loads
from fenghuo.engine.office import Office
from fenghuo.engine.planning import all_the_same
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.routing import Routed
from fenghuo.engine.rules import Rung
from fenghuo.engine.standing import too_urgent
from fenghuo.model.delivery import Objective, ObjectiveState
from fenghuo.model.message import Message
from fenghuo.model.roll import PUBLIC
from fenghuo.model.traffic import Action, Priority
from fenghuo.plugin.ports import Doubt
from fenghuo.store.records import FanOutRow

__all__ = ["Publics", "planned_by"]


class Drafting(Protocol):
    """Makes the objective of a message, and notes it; knows what a message costs each channel."""

    loads: Loads

    def draft(self, entry: OpenMessage, audience: str, *, total: int) -> Objective: ...

    def note(
        self, entry: OpenMessage, objective: Objective, batch: Batch, *, rungs: tuple[Rung, ...], heirs: list[Heir] | None
    ) -> None: ...


class Publics:
    """What opening does with a public."""

    def __init__(self, office: Office, board: ChannelBoard, shelf: RenditionShelf, *, drafting: Drafting) -> None:
        self._office = office
        self._board = board
        self._shelf = shelf
        self._drafting = drafting

    def open(self, entry: OpenMessage, item: Routed, batch: Batch) -> None:
        """The public of the areas of a rule, over the channels of its ladder that take pages, the first of them first."""
        rungs = self._office.rules.ladders[item.rule.ladder].rungs
        areas = tuple(name.removeprefix(PUBLIC) for name in item.recipients)
        left: list[tuple[int, str, str]] = []
        channels: list[str] = []
        behind: list[str] = []
        for index, rung in enumerate(rungs):
            for name in rung.channels:
                reason = self._why_not(entry.message, name, batch) or self._too_urgent(name, item.priority)
                too_late = "" if reason else self._late(entry.message, name, item.priority)
                left += [(index, name, reason or f"{too_late}; {all_the_same(item.priority)}")] if reason or too_late else []
                is_behind = bool(too_late) and item.priority is not Priority.P0
                (behind if is_behind else channels).extend([] if reason else [name])
        channels += behind
        kinds = self._kinds(channels)
        total = self._office.roll.count(frozenset(areas), frozenset(kinds))
        objective = planned_by(self._drafting.draft(entry, item.audience, total=total), item, envelope=entry.envelope)
        for index, name, reason in left:
            batch.leave_out(objective.id, item.audience, rung=index, channel=name, reason=reason)
        row = FanOutRow(objective.id, objective.message, objective.revision, self._office.roll.number, areas, kinds, tuple(channels))
        self._begin(entry, objective, row, batch, rungs=rungs)

    def inherit(self, entry: OpenMessage, heir: Heir, batch: Batch) -> None:
        """Those of an earlier fan-out whom this message's own do not tell, over the channels they were told by, ahead of the queue.

        Whoever was taken off the roll since, in an area that is told anew, hears no Update; every Cancel goes to all of them.
        """
        told = heir.public
        left = tuple((area, count) for area, count in told.counts if f"{PUBLIC}{area}" not in entry.told) if told else ()
        if told is None or not left:
            return
        channels = tuple(name for name in told.channels if not self._why_not(entry.message, name, batch))
        channels += self._stand_ins(entry.message, told, batch) if entry.message.action is Action.CANCEL else ()
        objective = self._drafting.draft(entry, "the public that was told what it replaces", total=sum(count for _, count in left))
        objective = msgspec.structs.replace(objective, priority=Priority.P0, needed=heir.needed)
        row = FanOutRow(
            objective=objective.id,
            message=objective.message,
            revision=objective.revision,
            roll=self._office.roll.number,
            areas=tuple(area for area, _ in left),
            kinds=told.kinds,
            channels=channels,
            source=told.objective,
        )
        self._begin(entry, objective, row, batch, rungs=(Rung(channels),))

    def _stand_ins(self, message: Message, told: Told, batch: Batch) -> tuple[str, ...]:
        """What else takes all of their kinds of addresses: for pages that went over what is switched off by now, or will be."""
        others = (one for one in self._board if one.name not in told.channels and one.capabilities.doubt is not Doubt.ACTUATOR)
        fitting = (one.name for one in others if set(told.kinds).issubset(one.address_kinds) and not too_urgent(one.ungraded, Priority.P0))
        return tuple(name for name in fitting if not self._why_not(message, name, batch))

    def _begin(self, entry: OpenMessage, objective: Objective, row: FanOutRow, batch: Batch, *, rungs: tuple[Rung, ...]) -> None:
        self._drafting.note(entry, objective, batch, rungs=rungs, heirs=None)
        if objective.total:
            batch.fan_outs.append(row)

    def _why_not(self, message: Message, name: str, batch: Batch) -> str:
        """Why a channel does not carry pages of a message, empty where it does; its rendition is made by the way."""
        instance, via = self._board.get(name), message.content.via
        if instance is None:
            return f"no channel is named {name}"
        if not instance.capabilities.batch:
            return "the channel takes no pages"
        if via and name not in via:
            return f"the sender asked for {', '.join(via)} only"
        if message.traffic not in instance.traffic:
            return f"the channel may not carry {message.traffic} traffic"
        row = self._shelf.make(message, instance.form)
        if row is not None:
            batch.renditions.append(row)
        return self._shelf.why_not(message, instance.form)

    def _too_urgent(self, name: str, priority: Priority) -> str:
        instance = self._board.get(name)
        return too_urgent(instance.ungraded, priority) if instance is not None else ""

    def _late(self, message: Message, name: str, priority: Priority) -> str:
        """Why even its first page may come too late, empty where it need not: such a channel stands behind the others."""
        load = self._drafting.loads.of(message, priority, (name,)).get(name, NO_LOAD)
        return late(load, math.inf, message.expires_at - self._office.clock.time())

    def _kinds(self, channels: Iterable[str]) -> tuple[str, ...]:
        found = (self._board.get(name) for name in channels)
        return tuple(dict.fromkeys(kind for instance in found if instance for kind in instance.address_kinds))


def planned_by(objective: Objective, item: Routed, *, envelope: str) -> Objective:
    """A drafted objective as its rule wants it."""
    return msgspec.structs.replace(
        objective,
        needed=item.needed,
        ack_rule=item.rule.ack,
        priority=item.priority,
        ladder=item.rule.ladder,
        rule=item.rule.name,
        deadline_at=objective.opened_at + item.deadline_s,
        signatures=item.signatures,
        envelope=envelope,
        state=ObjectiveState.OPEN if objective.total else ObjectiveState.MISSED,
    )
