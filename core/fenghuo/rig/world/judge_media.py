"""Judges what is scarce and what fails together: who is on a medium, in which order and for how long (I5-I7), and who is left when ways
are lost (I10).

Source: delivery.md, Priorities and the transmit scheduler, Invariants; failover.md, Which channels, how many.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

import msgspec

from fenghuo.engine.inherit import HEIRS
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.rig.world.judged_log import Log
from fenghuo.rig.world.log import Asked, Ended, Fragment, Note

__all__ = [
    "a_lost_group_leaves_a_rung",
    "a_lower_class_is_not_starved",
    "a_medium_carries_one_at_a_time",
    "a_p0_waits_for_one_fragment",
    "airtime_stays_under_the_cap",
    "what_is_lost_is_gone_round",
]

READY_S = 0.1
"""A plan is with the dispatcher by then."""
SLOTS_ABOVE = 5 + 3
"""Most that go before one of a class that waits: it is owed a slot after five, and so are at most three classes between."""
LEFT_S = 60.0
"""By then an urgent message has left over a way that was not lost: what has its licence on that way had its time."""
ROUNDING_S = 1e-6
P0 = Priority.P0


class Turn(msgspec.Struct, frozen=True):
    """A first emission of a radio that was well from `since`, when it was planned, until `start`, when its first piece went. `is_first`:
    its recipient had nothing of this before, over any way; `is_second`: he had it before over this medium, and whether he has heard it is
    waited for first."""

    message: str
    is_first: bool
    is_second: bool
    medium: str
    life: int
    job: int
    priority: Priority
    since: float
    start: float


def turns(log: Log) -> Iterator[Turn]:
    """Of every delivery that left by radio in the life of the daemon in which it was planned."""
    first: dict[tuple[int, int], float] = {}
    for _, piece in log.all(Fragment):
        first.setdefault((piece.life, piece.job), piece.at)
    airs = {(air.token, air.n, air.life): air for _, air in log.aired if log.way[air.channel].capabilities.half_duplex}
    had: set[tuple[object, ...]] = set()
    for _, entry in log.told_of("delivery.emitting"):
        body = entry.event.body
        whose, medium = (body["objective"], body["recipient"]), log.way[str(body["channel"])].terms.medium
        is_first, is_second = whose not in had, (*whose, medium) in had
        had |= {whose, (*whose, medium)}
        air = airs.get((str(body["token"]), 1, entry.life)) if body["n"] == 1 else None
        since = log.planned(entry) if air is not None else None
        began = first.get((air.life, air.job)) if air is not None else None
        if air is not None and since is not None and began is not None and log.was_well(air.channel, since, began):
            yield Turn(str(body["message"]), is_first, is_second, medium, air.life, air.job, air.priority, since, began)


def a_medium_carries_one_at_a_time(log: Log) -> Iterator[str]:
    """A piece is over when its time is, or when its attempt is: what reaches its limit in the middle of one is cut off."""
    ended = {(entry.life, entry.job): entry.at for _, entry in log.all(Ended)}
    until: dict[str, tuple[float, int, int]] = {}
    for _, piece in log.all(Fragment):
        end, life, job = until.get(piece.medium, (0.0, 0, 0))
        if piece.at < end - ROUNDING_S and life == piece.life:
            yield f"at {piece.at:.3f} s two emissions are on {piece.medium} at once: jobs {job} and {piece.job}"
        over = min(piece.at + piece.seconds, ended.get((piece.life, piece.job), math.inf))
        until[piece.medium] = (over, piece.life, piece.job)


def a_p0_waits_for_one_fragment(log: Log) -> Iterator[str]:
    """I5, A5: once a P0 is planned for a radio that is up, nothing below it begins another piece on that medium before it."""
    pieces = [entry for _, entry in log.all(Fragment)]
    starts = [piece.at for piece in pieces]
    for turn in turns(log):
        if turn.priority is not P0 or turn.is_second:
            continue
        for piece in pieces[bisect_right(starts, turn.since + READY_S) : bisect_left(starts, turn.start)]:
            if piece.priority is not P0 and piece.medium == turn.medium:
                yield f"at {piece.at:.3f} s a {piece.priority.name} began a piece on {piece.medium} while a P0 of {turn.since:.3f} s waited"


def a_lower_class_is_not_starved(log: Log) -> Iterator[str]:
    """I6: while one of a class waits for a radio, P0 aside, so many more urgent ones go before one of its class and no more. One of its
    class that had its slot and found its share of the air used up has gone: the rest of the air is kept for what is more urgent (I7). Of an
    order with other ways nobody outside knows when it began to wait for this one."""
    by_radio = {entry.of for _, entry in log.all(Note) if entry.what == "radio"}
    messages = {ack.id for _, ack in log.acked if ack.key in by_radio}
    slots = _slots(log)
    starts = [at for at, *_ in slots]
    for turn in (turn for turn in turns(log) if turn.is_first and turn.message in messages):
        above = 0
        for at, life, priority, is_shut_out in slots[bisect_right(starts, turn.since + READY_S) : bisect_left(starts, turn.start)]:
            is_above = P0 < priority < turn.priority and not is_shut_out
            above = 0 if priority is turn.priority or life != turn.life else above + is_above
            if above > SLOTS_ABOVE:
                who = f"a {turn.priority.name} of {turn.since:.3f} s"
                yield f"at {at:.3f} s {above} have gone on {turn.medium} above {who} and none of its class"
                break


def _slots(log: Log) -> list[tuple[float, int, Priority, bool]]:
    """Whoever got a radio, with life and class: by asking for a licence, or again after a more urgent one; and whoever has it and waits for
    air that its class may use. There is one medium."""
    slots: list[tuple[float, int, Priority, bool]] = []
    last = (0, 0)
    for entry in log.entries:
        if type(entry) is Note and entry.what == "no air":
            slots.append((entry.at, entry.life, Priority[entry.detail.split()[1]], True))
        is_asked = type(entry) is Asked and log.way[entry.channel].capabilities.half_duplex
        if isinstance(entry, Asked | Fragment) and (is_asked or (type(entry) is Fragment and (entry.life, entry.job) != last)):
            last = (entry.life, entry.job)
            slots.append((entry.at, entry.life, entry.priority, False))
    return slots


def airtime_stays_under_the_cap(log: Log) -> Iterator[str]:
    """I7: on no medium is there more in any span than its licence allows, within one life of the daemon."""
    on_air: dict[tuple[str, int], deque[Fragment]] = defaultdict(deque)
    spent_s: dict[tuple[str, int], float] = defaultdict(float)
    for _, piece in log.all(Fragment):
        key = (piece.medium, piece.life)
        recent = on_air[key]
        while recent and recent[0].at + log.ground.caps.span_s <= piece.at:
            spent_s[key] -= recent.popleft().seconds
        recent.append(piece)
        spent_s[key] += piece.seconds
        if spent_s[key] > log.ground.caps.hard * log.ground.caps.span_s + ROUNDING_S:
            allowed = f"{log.ground.caps.hard:.0%} of {log.ground.caps.span_s:.0f} s"
            yield f"at {piece.at:.3f} s {piece.medium} is on the air for {spent_s[key]:.1f} s, and {allowed} is allowed"
            return


def a_lost_group_leaves_a_rung(log: Log) -> Iterator[str]:
    """I10: whatever single group is taken away, each recipient of a P0 has a planned way left; sirens are always besides."""
    lines = ((view["id"], line) for view in log.last_views.values() for line in view["revisions"])
    cancels = {(ident, line["revision"]) for ident, line in lines if line["action"] == "Cancel"}
    for objective in log.shown_objectives:
        is_cancel = (objective["message"], objective["revision"]) in cancels  # it goes where what it ends has gone
        follows = is_cancel or objective["audience"] == HEIRS  # and so does a correction to whoever is told nothing else of it
        if objective["priority"] == "P0" and objective["audience"] not in log.ground.besides and not follows:
            yield from _lost_at_once(log, objective)


def _lost_at_once(log: Log, objective: dict[str, Any]) -> Iterator[str]:
    ways: dict[str, set[str]] = defaultdict(set)
    for delivery in objective["deliveries"]:
        ways[delivery["recipient"]].add(delivery["channel"])
    for recipient, channels in ways.items():
        for group in set.intersection(*(set(log.way[name].terms.risk_groups) for name in channels)):
            yield f"objective {objective['id']}: every way to {recipient} is lost with {group}: {', '.join(sorted(channels))}"


def what_is_lost_is_gone_round(log: Log) -> Iterator[str]:
    """I10: a warning planned while one group is lost leaves to each recipient over a way that is not, if there is one that is well."""
    warnings = {entry.of for _, entry in log.all(Note) if entry.what == "warning"}
    acks = {ack.id: ack for _, ack in log.acked if ack.key in warnings}
    met = {told.event.subject: told.at for _, told in log.told_of("objective.met")}
    for _, entry in log.told_of("objective.opened"):
        ack = acks.get(str(entry.event.body["message"]))
        if ack is None or entry.event.body["audience"] in log.ground.besides:
            continue
        since, letter = log.since(entry, ack.revision), log.letters[ack.key]
        group = log.lost_over(since, since + LEFT_S)
        is_met = met.get(entry.event.subject, since + LEFT_S) < since + LEFT_S
        if group is None or is_met or not _has_way_round(log, group, since, letter.traffic):
            continue
        went = _went_round(log, ack.id, group, since + LEFT_S)
        for name in letter.people:
            if name not in went:
                yield f"{ack.id} of {since:.1f} s has not left to {name} within {LEFT_S:.0f} s over any way that was not lost with {group}"


def _went_round(log: Log, message: str, group: str, until: float) -> set[str]:
    """To whom a message has left over ways that were not lost."""
    bodies = (entry.event.body for _, entry in log.told_of("delivery.emitting") if entry.at < until)
    mine = (body for body in bodies if body["message"] == message)
    return {str(body["recipient"]) for body in mine if group not in log.way[str(body["channel"])].terms.risk_groups}


def _has_way_round(log: Log, group: str, since: float, traffic: Traffic) -> bool:
    """Whether some way outside the group may carry this, was up by what the console knew, and truly so."""
    return any(
        group not in way.terms.risk_groups
        and not way.is_actuator
        and traffic in log.terms(name, since)
        and log.was_well(name, since, since + LEFT_S)
        and log.was_fair(name, since, since + LEFT_S)
        for name, way in log.way.items()
    )
