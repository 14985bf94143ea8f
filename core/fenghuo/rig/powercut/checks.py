"""The ten checks of the contract in docs/reliability.md: each yields a sentence for whatever does not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from fenghuo.engine.advance import MAX_REPEATS
from fenghuo.model.delivery import OPEN_STATES, ObjectiveState, TargetState
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.rig.powercut.ledger import Ledger
from fenghuo.rig.powercut.script import BEARERS, CUSTODY, STEPS, Order
from fenghuo.rig.powercut.world import NO_COUNTER, Air, World
from fenghuo.store.audit import breaks

__all__ = ["Verdict", "at_the_cut", "at_the_end", "lost", "noticed"]

Check = Callable[[Ledger, World], Iterator[str]]
ACTUATORS = frozenset(name for name, bearing in BEARERS.items() if bearing.capabilities.doubt == "actuator")
REPEATED = frozenset(name for name, bearing in BEARERS.items() if bearing.capabilities.repeat_safe)
RAW = {step.name: step.raw for step in STEPS if isinstance(step, Order)}


class Verdict(msgspec.Struct, frozen=True):
    """One thing that does not hold. `check`: its number in the contract."""

    check: int
    sentence: str


def at_the_cut(ledger: Ledger, world: World) -> tuple[Verdict, ...]:
    """What can only be seen before recovery writes."""
    return tuple(Verdict(number, sentence) for number, check in ((1, _is_sound), (4, _has_intent)) for sentence in check(ledger, world))


def at_the_end(ledger: Ledger, world: World) -> tuple[Verdict, ...]:
    """Everything, when nothing moves any more."""
    return tuple(Verdict(number, sentence) for number, check in enumerate(CHECKS, 1) for sentence in check(ledger, world))


def lost(ledger: Ledger, world: World) -> tuple[str, ...]:
    """What was promised and is not there at the cut."""
    return (*_is_kept(ledger, world), *_has_intent(ledger, world))


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
        if "/" in name:
            if (told.id, told.revision, name.partition("/")[2]) not in ledger.signatures:
                yield f"the signature {name} is gone"
            continue
        row = ledger.message.get((told.id, told.revision))
        if row is None or row.raw != RAW[name]:
            yield f"{name} was told of and is {'gone' if row is None else 'altered'}"
        if ledger.keys.get(f"key\x1fcentre\x1f{name}") != (told.id, told.revision):
            yield f"the key of {name} leads elsewhere"
    raws = Counter(row.raw for row in ledger.messages)
    yield from (f"there are {count} of {raw[:60]!r}" for raw, count in raws.items() if count > 1)
    if any(took.raw == CUSTODY for took in world.took.values()) and not raws[CUSTODY]:
        yield "what was taken into custody is gone"


def _is_not_unshown(ledger: Ledger, world: World) -> Iterator[str]:
    by_id = {row.id: row for row in ledger.deliveries}
    for number, level in world.shown.items():
        if number not in by_id or by_id[number].evidence < level:
            yield f"delivery {number} was shown as {level.name} and is {by_id[number].evidence.name if number in by_id else 'gone'}"
    states = {row.id: row.state for row in ledger.objectives}
    yield from (
        f"objective {key} was shown {state} and is {states.get(key)}" for key, state in world.ended.items() if states.get(key) != state
    )
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
    ends = {(row.subject, row.body): row.seq for row in ledger.events if row.type in ("message.superseded", "message.cancelled")}
    ended: dict[tuple[str, int], int] = {}
    for (subject, body), seq in ends.items():
        ended[(subject.partition("/")[2], msgspec.json.decode(body)["revision"])] = seq
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
        if ended.get((ident, revision), seq) < seq:
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


def _said(air: Air) -> str:
    return f"{air.text} over {air.channel} (attempt {air.n})"


CHECKS: tuple[Check, ...] = (
    _is_sound,
    _is_kept,
    _is_not_unshown,
    _has_intent,
    _starts_once,
    _has_few_copies,
    _was_allowed,
    _comes_to_an_end,
    _counts_once,
    _reaches_its_head,
)
