"""The ten checks of the contract in docs/reliability.md: each yields a sentence for whatever does not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import assert_never

import msgspec

from fenghuo.engine.advance import MAX_REPEATS
from fenghuo.model.delivery import OPEN_STATES, DeliveryState, ObjectiveState, TargetState
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.rig.powercut import page_checks
from fenghuo.rig.powercut.ground import ACTUATORS, BEARERS
from fenghuo.rig.powercut.ledger import Ledger
from fenghuo.rig.powercut.script import CUSTODY, OPERATOR, STEP_OF, Decide, Order, Sign, Step
from fenghuo.rig.powercut.world import NO_COUNTER, Air, Told, World
from fenghuo.store.audit import breaks

__all__ = ["Verdict", "at_the_cut", "at_the_end", "lost", "noticed"]

Check = Callable[[Ledger, World], Iterator[str]]
REPEATED = frozenset(name for name, bearing in BEARERS.items() if bearing.capabilities.repeat_safe)


class Verdict(msgspec.Struct, frozen=True):
    """One thing that does not hold. `check`: its number in the contract."""

    check: int
    sentence: str


def at_the_cut(ledger: Ledger, world: World) -> tuple[Verdict, ...]:
    """What can only be seen before recovery writes."""
    return _judged({1: (_is_sound,), 4: CHECKS[4]}, ledger, world)


def at_the_end(ledger: Ledger, world: World) -> tuple[Verdict, ...]:
    """Everything, when nothing moves any more."""
    return _judged(CHECKS, ledger, world)


def _judged(checks: dict[int, tuple[Check, ...]], ledger: Ledger, world: World) -> tuple[Verdict, ...]:
    return tuple(Verdict(number, said) for number, parts in checks.items() for check in parts for said in check(ledger, world))


def lost(ledger: Ledger, world: World) -> tuple[str, ...]:
    """What was promised and is not there at the cut."""
    return tuple(verdict.sentence for verdict in _judged({number: CHECKS[number] for number in (2, 4)}, ledger, world))


def noticed(ledger: Ledger, world: World) -> tuple[str, ...]:
    """What a store says of itself, or a second place of it, when something is missing."""
    return (*_is_sound(ledger, world), *_reaches_its_head(ledger, world))


def _is_sound(ledger: Ledger, world: World) -> Iterator[str]:
    found = ledger.examination
    yield from (f"integrity: {line}" for line in found.integrity)
    yield from (f"digest of {damage.table.name} {damage.key}" for damage in found.damaged)
    yield from (f"census of {gap.table}: {gap.counted}, not {gap.expected}" for gap in found.census)
    yield from found.orphans
    if ledger.quarantined:
        yield f"{ledger.quarantined} rows are in quarantine"


def _is_kept(ledger: Ledger, world: World) -> Iterator[str]:
    for name, told in world.told.items():
        yield from _stands(ledger, STEP_OF[name], told)
    raws = Counter(row.raw for row in ledger.messages)
    yield from (f"there are {count} of {raw[:60]!r}" for raw, count in raws.items() if count > 1)
    if any(took.raw == CUSTODY for took in world.took.values()) and not raws[CUSTODY]:
        yield "what was taken into custody is gone"


def _stands(ledger: Ledger, step: Step, told: Told) -> Iterator[str]:
    """One answer that somebody was given."""
    match step:
        case Order(is_sound=True):
            yield from _is_there(ledger, step, told)
        case Order():
            if not _was_turned_away(ledger, step, told):
                yield f"{step.name} was told that it was {told.state}, and nothing of that is kept as {told.id}"
        case Sign():
            if (told.id, told.revision, step.actor) not in ledger.signatures:
                yield f"the signature {step.name} is gone"
        case Decide():
            yield from _is_carried_out(ledger, step, told)
        case _:
            assert_never(step)


def _was_turned_away(ledger: Ledger, order: Order, told: Told) -> bool:
    """Whether a person can see what was refused, or that a key was taken twice."""
    if order.under:
        return (told.id, "alarm.key_conflict") in ledger.subjects
    row = ledger.refusals.get(int(told.id.partition("/")[2]))
    return row is not None and row.raw == order.raw


def _is_there(ledger: Ledger, order: Order, told: Told) -> Iterator[str]:
    row = ledger.message.get((told.id, told.revision))
    if row is None or row.raw != order.raw:
        yield f"{order.name} was told of and is {'gone' if row is None else 'altered'}"
    if ledger.keys.get(f"key\x1fcentre\x1f{order.name}") != (told.id, told.revision):
        yield f"the key of {order.name} leads elsewhere"


def _is_carried_out(ledger: Ledger, step: Decide, told: Told) -> Iterator[str]:
    """A person's word: its record says who gave it, and what he ended is ended."""
    if (step.what, told.id, OPERATOR) not in ledger.deeds:
        yield f"the decision {step.name} about {told.id} was told of and is gone"
    number = int(told.id.partition("/")[2])
    if step.what == "waive" and (number not in ledger.objective or ledger.objective[number].state is not ObjectiveState.WAIVED):
        yield f"objective {number} was waived, and is not"
    state = next((row.state for row in ledger.deliveries if row.id == number), None)
    if step.what == "shed" and state is not DeliveryState.SHED:
        yield f"delivery {number} was shed and is {state}"


def _is_not_unshown(ledger: Ledger, world: World) -> Iterator[str]:
    by_id = {row.id: row for row in ledger.deliveries}
    for number, level in world.shown.items():
        if number not in by_id or by_id[number].evidence < level:
            yield f"delivery {number} was shown as {level.name} and is {by_id[number].evidence.name if number in by_id else 'gone'}"
    for key, state in world.ended.items():
        found = ledger.objective[key].state if key in ledger.objective else None
        if found != state:
            yield f"objective {key} was shown {state} and is {found}"


def _still_counts(ledger: Ledger, world: World) -> Iterator[str]:
    """What far ends gave and were acked for, of one recipient each."""
    for name, took in world.took.items():
        kept = [row.state for row in ledger.inbox if took.raw in row.raw]
        if not kept:
            yield f"what {name} gave was acked and is gone"
        answered = max(
            (row.evidence for row in ledger.deliveries if row.recipient == took.sender.partition("/")[2]), default=Evidence.STORED
        )
        if took.sender and took.level is not None and answered < took.level and "unmatched" not in kept:
            yield f"{took.sender} answered, and nothing of his shows it"
        named = ledger.refs.get(took.ref)
        delivery = ledger.delivery.get(named.token) if named else None
        if delivery is not None and took.level is not None and delivery.evidence < took.level:
            yield f"{name} was acked as {took.level.name} and its delivery has {delivery.evidence.name}"


def _has_intent(ledger: Ledger, world: World) -> Iterator[str]:
    yield from (f"{_said(air)} left without an attempt" for air in world.airs if (air.token, air.n) not in ledger.attempt)


def _starts_once(ledger: Ledger, world: World) -> Iterator[str]:
    starts = Counter((air.text, air.address) for air in world.airs if air.channel in ACTUATORS)
    yield from (f"{text} started {count} times at {address}" for (text, address), count in starts.items() if count > 1)
    for attempt in ledger.attempts:
        if attempt.channel in ACTUATORS and not attempt.outcome and not ledger.doubts[attempt.delivery]:
            yield f"a start of delivery {attempt.delivery} has no outcome and no doubt"


def _has_few_copies(ledger: Ledger, world: World) -> Iterator[str]:
    for token, count in Counter(air.token for air in world.airs).items():
        delivery = ledger.delivery.get(token)
        if delivery is None:
            continue
        repeats = MAX_REPEATS if delivery.channel in REPEATED else 0
        if count > 1 + world.crashes + repeats:
            yield f"delivery {delivery.id} over {delivery.channel} left {count} times with {world.crashes} crashes"
        if count - 1 - repeats > ledger.doubts[delivery.id]:
            yield f"delivery {delivery.id} over {delivery.channel} left {count} times and was {ledger.doubts[delivery.id]} times in doubt"


def _was_allowed(ledger: Ledger, world: World) -> Iterator[str]:
    began = {
        (body["token"], body["n"]): (row.seq, body["message"], body["revision"])
        for row in ledger.events
        if row.type == "delivery.emitting" and (body := msgspec.json.decode(row.body))
    }
    for air in world.airs:
        seq, ident, revision = began.get((air.token, air.n), (0, "", 0))
        message = ledger.message.get((ident, revision))
        attempt = ledger.attempt.get((air.token, air.n))
        if message is None or attempt is None:
            continue
        if air.at >= message.expires_at or attempt.at >= message.expires_at:
            yield f"{_said(air)} left {air.at - message.expires_at:.0f} s after its end"
        if ledger.revisions_ended.get((ident, revision), seq) < seq:
            yield f"{_said(air)} left after its revision had ended"
        if message.traffic not in BEARERS[air.channel].traffic:
            yield f"{_said(air)} is {message.traffic} traffic"
        if attempt.epoch != air.epoch:
            yield f"{_said(air)} left in epoch {air.epoch} under epoch {attempt.epoch}"


def _comes_to_an_end(ledger: Ledger, world: World) -> Iterator[str]:
    yield from (f"delivery {row.id} over {row.channel} is still {row.state}" for row in ledger.deliveries if row.state in OPEN_STATES)
    yield from (f"target {row.recipient} of {row.objective} is still open" for row in ledger.targets if row.state is TargetState.OPEN)
    stuck = (ObjectiveState.OPEN, ObjectiveState.AT_RISK)
    yield from (f"objective {row.id} is still {row.state}" for row in ledger.objectives if row.state in stuck)
    alive = (MessageState.HELD, MessageState.ACTIVE)
    yield from (f"message {row.id}/{row.revision} is still {row.state}" for row in ledger.messages if row.state in alive)


def _counts_once(ledger: Ledger, world: World) -> Iterator[str]:
    used = Counter((air.channel, air.counter) for air in world.airs if air.counter != NO_COUNTER)
    yield from (f"counter {number} of {channel} was {count} times on the air" for (channel, number), count in used.items() if count > 1)


def _reaches_its_head(ledger: Ledger, world: World) -> Iterator[str]:
    seqs = [row.seq for row in ledger.events]
    if seqs != list(range(1, len(seqs) + 1)):
        yield "the event stream has a hole"
    if len(seqs) < world.head.event:
        yield f"{world.head.event} events were read elsewhere, and there are {len(seqs)}"
    yield from (f"audit record {gap.seq}: {gap.reason}" for gap in breaks(ledger.audit))
    hashes = {0: b"", **{row.seq: row.hash for row in ledger.audit}}
    if world.head.audit and hashes.get(world.head.audit) != world.head.hash:
        yield f"audit record {world.head.audit} is not the one that was read elsewhere"


def _is_audited(ledger: Ledger, world: World) -> Iterator[str]:
    """Who did what stands in the commit of what was done."""
    told = {(row.action, row.object) for row in ledger.audit}
    signed = {(row.object.partition("/")[2], msgspec.json.decode(row.detail).get("signer")) for row in ledger.audit if row.action == "sign"}
    missing = "has no record in the audit"
    yield from (f"message {row.id} {missing}" for row in ledger.messages if ("accept", f"message/{row.id}") not in told)
    yield from (f"refusal {number} {missing}" for number in ledger.refusals if ("refuse", f"refusal/{number}") not in told)
    yield from (f"the signature of {actor} {missing}" for ident, _, actor in ledger.signatures if (ident, actor) not in signed)


def _said(air: Air) -> str:
    return f"{air.text} over {air.channel} (attempt {air.n})"


CHECKS: dict[int, tuple[Check, ...]] = {
    1: (_is_sound,),
    2: (_is_kept,),
    3: (_is_not_unshown, _still_counts, page_checks.known, page_checks.honest),
    4: (_has_intent, page_checks.intents),
    5: (_starts_once,),
    6: (_has_few_copies, page_checks.few_copies),
    7: (_was_allowed, page_checks.permitted),
    8: (_comes_to_an_end, page_checks.ends),
    9: (_counts_once,),
    10: (_reaches_its_head, _is_audited),
}
