"""Judges a day by the world's log: what left, what was shown, what was said and what clients were told. One check for each promise.

Sources: delivery.md, Invariants (I1-I10); scenarios.md, "Asserted in every scenario" (A1-A7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import inf
from typing import TypeVar

from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic
from fenghuo.rig.world import judge_licences, judge_media
from fenghuo.rig.world.judged_log import Log
from fenghuo.rig.world.log import (
    EPOCH,
    Aired,
    Ended,
    Entry,
    Heard,
    Note,
    Said,
    Shown,
    Signed,
    Told,
    Viewed,
    World,
)

__all__ = ["CHECKS", "COPY", "judge", "late_arrivals"]

E = TypeVar("E", bound=Entry)
COPY = "重发"
ENDS = ("MET", "FAILED", "EXPIRED", "SUPERSEDED", "CANCELLED", "SHED")
SLACK_S = 2.0
"""What a commit, a clock set at start, and the way from the licence to the first octet may take together."""


def judge(world: World) -> list[str]:
    """Every broken promise as a sentence; none is the verdict hoped for."""
    log = Log(world)
    return [*world.failures, *(f"{name}: {fault}" for name, check in CHECKS.items() for fault in check(log))]


# I1, A1: what was accepted.


def accepted_is_never_absent(log: Log) -> Iterator[str]:
    for _, ack in log.acked:
        if ack.id not in log.last_views:
            yield f"{ack.key} was accepted as {ack.id} and nobody knows it any more"


def everything_ends(log: Log) -> Iterator[str]:
    """A1: no message, objective or delivery is left open when all have expired."""
    for ident, view in log.last_views.items():
        for revision in view["revisions"]:
            if revision["state"] in ("held", "active"):
                yield f"{ident} revision {revision['revision']} is still {revision['state']} hours after its end"
    for number, (state, met, ended) in log.stream.objectives.items():
        if state not in ("MET", "MISSED", "WAIVED"):
            yield f"objective {number} is still {state}, met by {met}, ended for {ended}"
    shown = {delivery["id"]: delivery["state"] for delivery in log.shown_deliveries}
    for number, state in {**log.stream.deliveries, **shown}.items():
        if state not in ENDS:
            yield f"delivery {number} is still {state}"


# I2: nothing without its attempt on the disk.


def nothing_leaves_without_a_durable_attempt(log: Log) -> Iterator[str]:
    for _, air in log.aired:
        if not air.is_durable:
            yield f"at {air.at:.3f} s {air.token}/{air.n} left over {air.channel} before its attempt was on the disk"


# I3: evidence.


def evidence_never_falls(log: Log) -> Iterator[str]:
    best: dict[str, Evidence] = {}
    for entry in log.entries:
        for name, level in _shown_levels(entry):
            if level < best.get(name, Evidence.STORED):
                yield f"at {entry.at:.3f} s {name} is shown as {level.name} after {best[name].name}"
            best[name] = max(level, best.get(name, level))


def _shown_levels(entry: Entry) -> Iterator[tuple[str, Evidence]]:
    if isinstance(entry, Told) and "evidence" in entry.event.body and entry.event.type.startswith("delivery."):
        yield entry.event.subject, Evidence[str(entry.event.body["evidence"])]
    if isinstance(entry, Viewed):
        for objective in entry.view["objectives"]:
            yield f"objective/{objective['id']} highest", Evidence[objective["highest"]]
            for delivery in objective["deliveries"]:
                yield f"delivery/{delivery['id']}", Evidence[delivery["evidence"]]


# I4, A4: what may not leave.


def nothing_leaves_after_its_end(log: Log) -> Iterator[str]:
    for _, air in log.aired:
        letter = log.letter(log.origin.get(air.token))
        late_s = EPOCH + log.asked(air)[1] - letter.expires_at if letter is not None else 0.0
        if letter is not None and late_s > SLACK_S:
            yield f"{letter.tag} left over {air.channel} {late_s:.1f} s after it had expired"


def what_was_replaced_is_not_sent(log: Log) -> Iterator[str]:
    """Once the sender of an Update or Cancel was told "accepted", no channel that asks after that gets the old one."""
    since: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, ack in log.acked:
        if ack.state == "active" and ack.revision > 1:
            since[ack.id].append((ack.revision, place))
    for place, signed in log.all(Signed):
        if signed.state == "active":
            newest = max((ack.revision for at, ack in log.acked if ack.id == signed.id and at < place), default=1)
            since[signed.id].append((newest, place))
    for _, air in log.aired:
        origin = log.origin.get(air.token)
        for revision, place in since[origin.message] if origin else ():
            if origin is not None and origin.revision < revision and log.asked(air)[0] > place:
                yield f"at {air.at:.3f} s {origin.message} revision {origin.revision} left after revision {revision} was accepted"


def nothing_held_is_sent(log: Log) -> Iterator[str]:
    released = {(entry.event.subject, entry.event.body["revision"]) for _, entry in log.told_of("message.released")}
    held = {(ack.id, ack.revision) for _, ack in log.acked if ack.state == "held"}
    for _, air in log.aired:
        origin = log.origin.get(air.token)
        if origin is None:
            yield f"at {air.at:.3f} s {air.token} left over {air.channel} and the stream never spoke of it"
        elif (origin.message, origin.revision) in held and (f"message/{origin.message}", origin.revision) not in released:
            yield f"at {air.at:.3f} s {origin.message} revision {origin.revision} left although nobody released it"


def traffic_keeps_to_its_channels(log: Log) -> Iterator[str]:
    marks = {Traffic.EXERCISE: "【演练】", Traffic.TEST: "【测试】"}
    for _, air in log.aired:
        letter = log.letter(log.origin.get(air.token))
        traffic = letter.traffic if letter else air.traffic
        if traffic not in log.terms(air.channel, air.at) or (
            air.channel in log.ground.public and traffic not in (Traffic.ACTUAL, Traffic.SYSTEM)
        ):
            yield f"at {air.at:.3f} s {traffic} traffic left over {air.channel}"
        if marks.get(traffic, "") not in air.text:
            yield f"at {air.at:.3f} s an exercise left over {air.channel} without its mark: {air.text!r}"


# I8, A7: what is shown as delivered.


def delivered_was_said(log: Log) -> Iterator[str]:
    said: dict[str, Evidence] = {}
    owner = {origin.delivery: origin for origin in log.origin.values()}
    token_of = {origin.delivery: token for token, origin in log.origin.items()}
    for entry in log.entries:
        if isinstance(entry, Said) and not entry.refused:
            name = entry.token if entry.level is Evidence.DEVICE else log.ground.owners[entry.address]
            said[name] = max(entry.level, said.get(name, entry.level))
        for name, level in _shown_levels(entry):
            number = int(name.split("/")[1].split()[0])
            if level < Evidence.DEVICE or not name.startswith("delivery") or number not in owner:
                continue
            known = said.get(token_of[number] if level is Evidence.DEVICE else owner[number].recipient, Evidence.STORED)
            if known < level:
                yield f"at {entry.at:.3f} s {name} is shown as {level.name}, and {owner[number].recipient} said no such thing"


def words_that_were_acked_are_kept(log: Log) -> Iterator[str]:
    """A receipt that the daemon acked, of an emission whose name it had on the disk, shows in the end; an answer was told."""
    ended = {(entry.token, entry.n): entry for _, entry in log.all(Ended)}
    levels: dict[str, Evidence] = {}
    for delivery in log.shown_deliveries:
        levels.update({attempt["token"]: Evidence[delivery["evidence"]] for attempt in delivery["attempts"]})
    for _, heard in log.all(Heard):
        is_named = _is_named(log, ended.get((heard.token, heard.n)))
        if is_named and heard.level is Evidence.DEVICE and levels.get(heard.token, heard.level) < Evidence.DEVICE:
            yield f"at {heard.at:.3f} s a receipt for {heard.token} over {heard.channel} was acked and is forgotten"
    answers = sum(heard.level > Evidence.DEVICE for _, heard in log.all(Heard))
    noted = [entry for _, entry in log.told if _is_answer(entry)]
    if answers > len(noted):
        yield f"{answers} answers were acked and {len(noted)} were told to the console"


def _is_answer(entry: Told) -> bool:
    kind, body = entry.event.type, entry.event.body
    return kind == "alarm.answer_unmatched" or (kind.startswith("receipt.") and Evidence[str(body["level"])] > Evidence.DEVICE)


# I9, A2: copies.


def copies_have_their_reason(log: Log) -> Iterator[str]:
    """A second emission of one token follows a doubt, or a radio frame that nobody confirmed, and is marked for its reader."""
    ended = {(entry.token, entry.n): entry for _, entry in log.all(Ended)}
    confirmed = _confirmed(log, ended)
    by_token: dict[str, list[Aired]] = defaultdict(list)
    for _, air in log.aired:
        by_token[air.token].append(air)
    for token, airs in by_token.items():
        for before, air in pairwise(airs):
            way = log.way[air.channel].capabilities
            end = ended.get((token, before.n))
            in_doubt = end is None or end.outcome in ("none", "unknown") or log.may_be_lost(end.at)
            unconfirmed = way.repeat_safe and confirmed.get(token, inf) >= log.asked(air)[0]
            if not in_doubt and not unconfirmed:
                what = end.outcome if end else "nothing"
                yield f"at {air.at:.3f} s {token} left again over {air.channel} although attempt {before.n} ended with {what}"
            if COPY not in air.text and way.doubt.value != "idempotent":
                yield f"at {air.at:.3f} s the copy {token}/{air.n} over {air.channel} is not marked: {air.text!r}"


def _confirmed(log: Log, ended: dict[tuple[str, int], Ended]) -> dict[str, int]:
    """From which place in the log on the daemon knew of each token that a device has it: it was told so of an emission whose name it had
    on the disk, or said itself whose the receipt is. One whose emission a crash left without a name may be of any older doubt there."""
    found: dict[str, int] = {}
    for place, heard in log.all(Heard):
        if heard.level is Evidence.DEVICE and _is_named(log, ended.get((heard.token, heard.n))):
            found.setdefault(heard.token, place)
    token_of = {f"delivery/{origin.delivery}": token for token, origin in log.origin.items()}
    for kind in ("receipt.matched", "receipt.late"):
        for place, told in log.told_of(kind):
            token = token_of.get(told.event.subject)
            if token is not None and told.event.body["level"] == Evidence.DEVICE.name:
                found[token] = min(place, found.get(token, place))
    return found


def _is_named(log: Log, end: Ended | None) -> bool:
    """Whether the daemon had on its disk under which name receipts speak of this emission."""
    return end is not None and end.outcome == "reached" and not log.may_be_lost(end.at)


def nobody_reads_a_thing_twice(log: Log) -> Iterator[str]:
    """A2: over one way a message and revision is shown once, copies marked 重发 aside; a Cancel goes over all ways that were used."""
    had: dict[tuple[str, str, str, int], float] = {}
    for _, shown in log.all(Shown):
        origin = log.origin.get(shown.token)
        if origin is None or COPY in shown.text:
            continue
        key = (shown.channel, shown.address, origin.message, origin.revision)
        if key in had:
            yield f"at {shown.at:.3f} s {shown.address} is shown what it was shown at {had[key]:.3f} s: {shown.text!r}"
        had[key] = shown.at


def a_siren_starts_once(log: Log) -> Iterator[str]:
    """C5: at most one automatic start of each for each alert and revision."""
    had: set[tuple[str, str, str, int]] = set()
    for _, air in log.aired:
        origin = log.origin.get(air.token)
        if log.way[air.channel].is_actuator and origin is not None:
            start = (air.channel, air.address, origin.message, origin.revision)
            if start in had:
                yield f"at {air.at:.3f} s the siren starts again for {origin.message} revision {origin.revision}"
            had.add(start)


# A6: the stream.


def the_stream_tells_the_state(log: Log) -> Iterator[str]:
    """What a reader of the stream knows in the end is what the store shows."""
    for objective in log.shown_objectives:
        now, told = (objective["state"], objective["met"], objective["ended"]), log.stream.objectives.get(objective["id"])
        if told != now:
            yield f"objective {objective['id']} is {now}, and the stream ended with {told}"
    for delivery in log.shown_deliveries:
        last = log.stream.deliveries.get(delivery["id"])
        if last is not None and last != delivery["state"]:
            yield f"delivery {delivery['id']} is {delivery['state']}, and the stream ended with {last}"


def the_stream_has_no_holes(log: Log) -> Iterator[str]:
    seqs = [entry.event.seq for _, entry in log.told]
    if seqs != list(range(1, len(seqs) + 1)):
        yield "the console missed events, or saw some twice"


def every_miss_is_told(log: Log) -> Iterator[str]:
    told = {entry.event.subject for _, entry in log.told if entry.event.type in ("alarm.objective_missed", "alarm.nobody")}
    for objective in log.shown_objectives:
        if objective["state"] == "MISSED" and f"objective/{objective['id']}" not in told:
            yield f"objective {objective['id']} was missed, and nobody was told"


# C8: what must arrive.


def late_arrivals(world: World, healthy: str) -> list[str]:
    """Every objective of a plain message that was not met in the bound of its ladder: each way before the healthy one had its full time."""
    log = Log(world)
    plain = {entry.of for _, entry in log.all(Note) if entry.what == "plain"}
    acks = {ack.id: ack for _, ack in log.acked if ack.key in plain}
    opened = {
        entry.event.subject: entry for _, entry in log.told_of("objective.opened") if entry.event.body["audience"] not in log.ground.besides
    }
    met = {entry.event.subject: entry.at for _, entry in log.told_of("objective.met")}
    faults = list(world.failures)
    for subject, entry in opened.items():
        ack = acks.get(str(entry.event.body["message"]))
        since = log.since(entry, ack.revision) if ack is not None else 0.0
        if ack is not None and (since == inf or met.get(subject, inf) > since + bound_s(log, healthy) + closed_s(log, healthy, since)):
            letter, at = log.letters[ack.key], met.get(subject)
            when = f"after {at - since:.1f} s" if at is not None else "never"
            faults.append(f"{letter.key} {letter.priority.name} of {since:.1f} s: {subject} to {letter.people} met {when} over {healthy}")
    return faults


def closed_s(log: Log, healthy: str, since: float) -> float:
    """For how long from then on somebody waited because the air of the healthy way was used up: no way is faster than its air."""
    closed = ("no air", log.way[healthy].terms.medium)
    waits = sorted((entry.at, entry.at + float(entry.detail.split()[0])) for _, entry in log.all(Note) if (entry.what, entry.of) == closed)
    total, until = 0.0, since
    for begin, end in waits:
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def bound_s(log: Log, healthy: str) -> float:
    """Each way that a ladder may try before, with its attempt and its receipt window, and a minute for queue and clocks."""
    before = [way.capabilities for way in log.ground.ways if not way.is_actuator and way.name != healthy]
    return sum(way.attempt_s + way.receipt_q95_s for way in before) + 60.0


CHECKS: dict[str, Callable[[Log], Iterator[str]]] = {
    "I1": accepted_is_never_absent,
    "I2": nothing_leaves_without_a_durable_attempt,
    "I3": evidence_never_falls,
    "I4 expiry": nothing_leaves_after_its_end,
    "I4 replaced": what_was_replaced_is_not_sent,
    "T3 expiry": judge_licences.none_is_given_after_its_end,
    "T3 revision": judge_licences.none_is_given_for_what_is_over,
    "T3 epoch": judge_licences.none_is_given_without_the_command,
    "I4 held": nothing_held_is_sent,
    "I4, A4 traffic": traffic_keeps_to_its_channels,
    "I5, A5": judge_media.a_p0_waits_for_one_fragment,
    "I6": judge_media.a_lower_class_is_not_starved,
    "I7": judge_media.airtime_stays_under_the_cap,
    "medium": judge_media.a_medium_carries_one_at_a_time,
    "I10": judge_media.a_lost_group_leaves_a_rung,
    "I10 by effect": judge_media.what_is_lost_is_gone_round,
    "I8, A7": delivered_was_said,
    "receipts": words_that_were_acked_are_kept,
    "I9": copies_have_their_reason,
    "A2": nobody_reads_a_thing_twice,
    "C5": a_siren_starts_once,
    "A1": everything_ends,
    "A6": the_stream_tells_the_state,
    "A6 holes": the_stream_has_no_holes,
    "every end is told": every_miss_is_told,
}
