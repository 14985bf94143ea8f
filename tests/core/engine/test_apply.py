"""What each fact means for the book and for the rows of a turn. No disk: the turn's rows are looked at before they are written."""

from __future__ import annotations

import pytest

from fenghuo.engine.facts import (
    WITHDRAWN,
    ChannelObserved,
    ChannelSwitched,
    Denial,
    MessageAccepted,
    MessageEnded,
    Receipted,
    Settled,
    Signed,
)
from fenghuo.engine.health import Sign
from fenghuo.engine.names import part_of
from fenghuo.model.delivery import (
    DeliveryState,
    ObjectiveState,
    Outcome,
    Permanent,
    Reached,
    Scope,
    TargetState,
    Transient,
    Unknown,
)
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId, MessageState
from fenghuo.model.situation import Health
from tests.core.engine.apply_bench import Bench
from tests.core.engine.house import CAPABILITIES, RULES
from tests.core.engine.values import NOW, content, message

S = DeliveryState
ACTIVE, HELD = MessageState.ACTIVE, MessageState.HELD
TAKEN = Reached(Evidence.ACCEPTED, ("ref",))


def test_an_accepted_message_is_open_planned_and_on_its_way_in_one_turn() -> None:
    """Objective, target, both ways and the first one READY: one batch, so one transaction (T1)."""
    bench = Bench()
    batch = bench.order("wang")
    assert (1, 1, 2) == (len(batch.new_objectives), len(batch.new_targets), len(batch.new_deliveries))
    assert [S.READY, S.HELD] == [bench.delivery(key).state for key in (1, 2)]
    assert ["radio", "sms"] == sorted(row.form for row in batch.renditions)


def test_a_held_message_is_planned_and_stays() -> None:
    """Whoever signs sees channels and people; nothing is READY before enough have signed."""
    bench = Bench()
    bench.feed(MessageAccepted(message(content(to=("wang",))), HELD))
    assert [S.HELD, S.HELD] == [bench.delivery(key).state for key in (1, 2)]
    bench.feed(Signed(MessageId("M"), 1, "anna", released=False))
    assert {S.HELD} == {bench.delivery(key).state for key in (1, 2)}
    bench.feed(Signed(MessageId("M"), 1, "bert", released=True))
    assert [S.READY, S.HELD] == [bench.delivery(key).state for key in (1, 2)]


def test_signatures_of_a_submission_are_bound_to_the_plan() -> None:
    """They came before there was a plan; what they stand for is written down with it."""
    bench = Bench()
    batch = bench.feed(MessageAccepted(message(content(to=("wang",))), ACTIVE, ("bert", "anna")))
    entry = bench.room.book.find_message("M")
    assert entry is not None
    assert [("anna", entry.envelope), ("bert", entry.envelope)] == [(row.actor, row.envelope) for row in batch.releases]
    assert entry.envelope


def test_a_signature_on_what_is_not_open_is_nothing() -> None:
    """It ended a moment ago."""
    assert not Bench().feed(Signed(MessageId("M"), 1, "anna", released=True))


@pytest.mark.parametrize(
    ("end", "delivery", "objective"),
    [
        (MessageState.SUPERSEDED, S.SUPERSEDED, ObjectiveState.WAIVED),
        (MessageState.CANCELLED, S.CANCELLED, ObjectiveState.WAIVED),
        (MessageState.EXPIRED, S.EXPIRED, ObjectiveState.MISSED),
    ],
)
def test_the_end_of_a_message_ends_what_has_not_left(end: MessageState, delivery: DeliveryState, objective: ObjectiveState) -> None:
    """All of it in one turn, under the name of that end; only a miss is a miss."""
    bench = Bench()
    bench.order("wang")
    batch = bench.feed(MessageEnded(MessageId("M"), 1, end))
    assert ({delivery}, objective) == ({one.state for one in batch.deliveries.values()}, batch.objectives[1].state)
    assert ({}, {}) == (bench.room.book.objectives, bench.room.book.by_delivery)
    assert (objective is ObjectiveState.MISSED) == bool(bench.told("alarm.objective_missed"))


def test_only_expiry_is_the_loops_own_to_write() -> None:
    """Whoever replaces or cancels a message has written that in the same job; the clock has nobody but the loop."""
    for end, rows in ((MessageState.CANCELLED, {}), (MessageState.EXPIRED, {("M", 1): MessageState.EXPIRED})):
        bench = Bench()
        bench.order("wang")
        assert rows == bench.feed(MessageEnded(MessageId("M"), 1, end)).messages


def test_a_message_ends_once() -> None:
    """Its timer comes after its Cancel: CANCELLED it stays."""
    bench = Bench()
    bench.order("wang")
    bench.begin(1)
    bench.feed(MessageEnded(MessageId("M"), 1, MessageState.CANCELLED))
    batch = bench.feed(MessageEnded(MessageId("M"), 1, MessageState.EXPIRED))
    assert ({}, []) == (batch.messages, bench.told("message.expired"))


def test_what_is_on_the_air_when_its_message_ends_is_taken_back_between_two_fragments() -> None:
    """It is noted as withdrawn, its end is awaited, and only then is the target let go."""
    bench = Bench()
    bench.order("wang")
    bench.begin(1)
    bench.feed(MessageEnded(MessageId("M"), 1, MessageState.CANCELLED))
    assert ({1}, S.EMITTING) == (bench.room.book.withdrawn, bench.delivery(1).state)
    batch = bench.end(1, Unknown(WITHDRAWN))
    assert (set(), {}) == (bench.room.book.withdrawn, bench.room.book.by_delivery)
    assert (ObjectiveState.WAIVED, Health.UP) == (batch.objectives[1].state, bench.health("a"))


# Outcomes.


def test_an_outcome_is_written_at_its_attempt_with_the_names_it_brought() -> None:
    """Both parts, in their order, so that receipts find them after a restart too."""
    bench = Bench()
    bench.order("wang")
    batch = bench.sent(1, Reached(Evidence.ACCEPTED, ("p1", "p2")))
    assert {(bench.delivery(1).token, 1): ("reached ACCEPTED", NOW)} == batch.outcomes
    assert [("p1", 1, 2), ("p2", 1, 2)] == [(row.ref, row.n, part_of(row)) for row in batch.refs]
    assert {("a", "p1"): 1, ("a", "p2"): 1} == bench.room.book.refs


def test_a_late_outcome_of_an_earlier_attempt_raises_evidence_and_no_more() -> None:
    """The first copy turns out to have been taken while the second is on the air: that one's outcome is still awaited."""
    bench = Bench()
    bench.order("shuang")
    bench.sent(1, Reached(Evidence.AIRED))
    bench.clock.now += 30
    bench.feed(ChannelSwitched("r"))
    assert (S.READY, 1) == (bench.delivery(1).state, bench.delivery(1).refires)
    bench.begin(1)
    bench.end(1, Reached(Evidence.RELAYED, ("late",)), n=1)
    assert (S.EMITTING, Evidence.RELAYED, 1) == (bench.delivery(1).state, bench.delivery(1).evidence, bench.room.book.refs[("r", "late")])
    bench.end(1, Reached(Evidence.AIRED))
    assert (S.AWAITING, Evidence.RELAYED) == (bench.delivery(1).state, bench.delivery(1).evidence)


@pytest.mark.parametrize("outcome", [Transient(Scope.CHANNEL, "busy"), Permanent(Scope.RECIPIENT, "no"), Unknown("timeout")])
def test_a_late_failure_of_an_earlier_attempt_changes_nothing(outcome: Outcome) -> None:
    """The second copy is under way; that the first one failed is old news, of the delivery and of the channel."""
    bench = Bench()
    bench.order("shuang")
    bench.sent(1, Unknown("timeout"))
    bench.clock.now += 30
    bench.feed(Receipted(1, "r", Evidence.RELAYED, None, NOW))
    before = bench.delivery(1)
    assert before.tries == 1
    bench.feed(Settled(1, 0, outcome, NOW, begun=True))
    assert (before, Health.UP) == (bench.delivery(1), bench.health("r"))


@pytest.mark.parametrize(
    ("outcome", "health"),
    [
        (Reached(Evidence.ACCEPTED), Health.UP),
        (Transient(Scope.CHANNEL, "busy"), Health.SUSPECT),
        (Permanent(Scope.CHANNEL, "gone"), Health.SUSPECT),
        (Transient(Scope.RECIPIENT, "absent"), Health.UP),
        (Permanent(Scope.RECIPIENT, "no-such-number"), Health.UP),
        (Permanent(Scope.MESSAGE, "too-long"), Health.UP),
        (Unknown("timeout"), Health.SUSPECT),
        (Unknown(WITHDRAWN), Health.UP),
    ],
)
def test_only_what_the_channel_did_is_held_against_it(outcome: Outcome, health: Health) -> None:
    """A bad number never blocks a modem, and what we took back ourselves is no timeout."""
    bench = Bench()
    bench.order("wang")
    bench.sent(1, outcome)
    assert health is bench.health("a")


def test_an_attempt_that_never_began_leaves_no_trace_but_the_channels_health() -> None:
    """No outcome of an attempt, no try counted; the delivery waits for its channel and the next way goes at once."""
    bench = Bench()
    bench.order("wang")
    batch = bench.end(1, Transient(Scope.CHANNEL, "not-started"), begun=False)
    assert ({}, S.HELD, 0, S.READY) == (batch.outcomes, bench.delivery(1).state, bench.delivery(1).tries, bench.delivery(2).state)
    assert Health.SUSPECT is bench.health("a")


def test_a_refused_licence_ends_the_delivery_and_its_try_does_not_count() -> None:
    """begin() had taken it in the book, the store knew better: nothing left, so nobody is an heir of it."""
    bench = Bench()
    bench.order("wang")
    bench.begin(1)
    batch = bench.feed(Denial(1, "the message is superseded"))
    after = batch.deliveries[1]
    assert (S.CANCELLED, "the message is superseded", 0) == (after.state, after.reason, after.tries)


def test_a_refusal_after_its_time_says_expired() -> None:
    """begin() may look before the timer of the expiry rings: it is over for the same reason."""
    bench = Bench()
    bench.order("wang")
    bench.begin(1)
    bench.clock.now = bench.delivery(1).expires_at
    assert S.EXPIRED is bench.feed(Denial(1, "the message has expired")).deliveries[1].state


def test_a_refusal_after_an_update_says_superseded() -> None:
    """The end of the message and the refusal come in one turn: something newer took its place."""
    bench = Bench()
    bench.order("wang")
    bench.begin(1)
    batch = bench.feed(MessageEnded(MessageId("M"), 1, MessageState.SUPERSEDED), Denial(1, "the message is superseded"))
    assert S.SUPERSEDED is batch.deliveries[1].state


def test_a_refusal_of_what_is_over_is_old_news() -> None:
    """Twice denied, or denied after its end: no change."""
    bench = Bench()
    bench.order("wang")
    bench.sent(1)
    before = bench.delivery(1)
    bench.feed(Denial(1, "late"), Denial(99, "never heard of it"))
    assert before == bench.delivery(1)


# Receipts.


def test_a_receipt_is_kept_told_and_counted() -> None:
    """Its raw row is understood, the evidence is written, the target and its objective are met."""
    bench = Bench()
    bench.order("wang")
    bench.sent(1)
    batch = bench.feed(Receipted(1, "a", Evidence.DEVICE, None, NOW + 1, ref="ref", inbox=7))
    (receipt,) = batch.receipts
    assert (1, "a", Evidence.DEVICE, "ref", 7) == (receipt.delivery, receipt.channel, receipt.level, receipt.ref, receipt.inbox)
    assert ({7: "matched"}, ObjectiveState.MET) == (batch.inbox, batch.objectives[1].state)
    assert [("a", "DEVICE")] == [(body["channel"], body["level"]) for body in bench.told("receipt.matched")]


def test_a_receipt_without_a_level_is_kept_as_what_it_is() -> None:
    """One part of three has its report: noted, and nothing has been reached by it."""
    bench = Bench()
    bench.order("wang")
    bench.sent(1)
    batch = bench.feed(Receipted(1, "a", None, None, NOW + 1, ref="p1"))
    assert ([Evidence.STORED], Evidence.ACCEPTED) == ([row.level for row in batch.receipts], bench.delivery(1).evidence)


def test_a_receipt_proves_its_channel() -> None:
    """Suspected after a timeout, and then a report comes over it: it works."""
    bench = Bench()
    bench.order("wang")
    bench.sent(1, Unknown("timeout"))
    assert Health.SUSPECT is bench.health("a")
    bench.feed(Receipted(1, "a", Evidence.RELAYED, None, NOW + 1))
    assert Health.UP is bench.health("a")


# Channels.


def test_a_channel_that_goes_down_is_an_alarm_and_moves_what_waits_for_it() -> None:
    """With the cause; everything READY on it takes the next way in the same turn."""
    bench = Bench()
    bench.order("wang")
    batch = bench.feed(ChannelObserved("a", Sign.LOCAL_DOWN, "cable"))
    assert [{"before": "up", "after": "down", "cause": "cable"}] == bench.told("alarm.channel_down")
    assert [(S.HELD, "channel"), (S.READY, "")] == [(batch.deliveries[key].state, batch.deliveries[key].reason) for key in (1, 2)]


def test_a_channel_that_comes_back_is_told_and_no_alarm() -> None:
    """The return is one line."""
    bench = Bench()
    bench.feed(ChannelObserved("a", Sign.LOCAL_DOWN, "cable"))
    bench.feed(ChannelObserved("a", Sign.LOCAL_UP))
    assert ("down", "probation") == (bench.told("channel.health")[-1]["before"], bench.told("channel.health")[-1]["after"])


# Escalation.


@pytest.mark.parametrize(
    ("to", "who", "asked"),
    [("deputy", "wang", "li"), ("deputy", "huang", ""), ("person:shuang", "huang", "shuang"), ("person:nobody", "huang", "nobody")],
)
def test_whoever_stands_in_is_asked_or_missed_aloud(to: str, who: str, asked: str) -> None:
    """The deputy of the directory, or the named person; where there is none, a person must see it."""
    bench = Bench(RULES.replace("{ after_s = 120 }", f'{{ after_s = 120, to = "{to}" }}'))
    bench.order(who)
    bench.clock.now += 120
    bench.feed(*(ChannelSwitched(name) for name in CAPABILITIES))
    assert [asked] * bool(asked) == [body["to"] for body in bench.told("objective.escalated")]
    assert [to] * (not asked) == [body["to"] for body in bench.told("alarm.nobody_to_escalate_to")]


def test_whoever_is_asked_already_is_not_asked_twice() -> None:
    """wang's deputy has the order herself."""
    bench = Bench()
    bench.order("wang", "li")
    bench.clock.now += 120
    bench.feed(ChannelSwitched("a"))
    assert ([], True) == (bench.told("objective.escalated"), bool(bench.told("alarm.nobody_to_escalate_to")))


def test_a_stand_in_is_no_further_target() -> None:
    """The objective counts one person, whoever of the two answers."""
    bench = Bench()
    bench.order("wang", needed="HUMAN")
    bench.sent(1)
    bench.clock.now += 120
    bench.feed(ChannelSwitched("a"))
    stand_in = bench.target("li")
    assert ("wang", 1) == (stand_in.target.covers, stand_in.objective.objective.total)
    (key, *_) = stand_in.deliveries
    bench.sent(key)
    batch = bench.feed(Receipted(key, "a", Evidence.HUMAN, None, bench.clock.now))
    assert {"wang": TargetState.COVERED, "li": TargetState.MET} == {who: one.state for (_, who), one in batch.targets.items()}
    assert (ObjectiveState.MET, 1) == (batch.objectives[1].state, batch.objectives[1].met)
