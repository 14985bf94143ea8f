"""The decision about one target, cell by cell."""

from __future__ import annotations

import pytest

from fenghuo.engine.advance import MAX_REPEATS, advance
from fenghuo.engine.rules import RungMode
from fenghuo.model.delivery import OPEN_STATES, TERMINAL_STATES, Delivery, DeliveryState, Hold, TargetState
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Priority
from tests.core.engine.values import (
    NOW,
    Q95_S,
    Story,
    awaiting,
    delivery,
    doubtful,
    emitting,
    frame,
    objective,
    rung,
    situation,
    target,
    view,
)

S = DeliveryState
BOTH = (delivery(1, "a"), delivery(2, "b", rung=1))


# Endings.

ENDINGS = [
    (MessageState.SUPERSEDED, False, TargetState.WITHDRAWN, S.SUPERSEDED),
    (MessageState.CANCELLED, False, TargetState.WITHDRAWN, S.CANCELLED),
    (MessageState.EXPIRED, False, TargetState.MISSED, S.EXPIRED),
    (MessageState.ACTIVE, True, TargetState.WITHDRAWN, S.CANCELLED),
]


@pytest.mark.parametrize(("message_state", "closing", "ended", "becomes"), ENDINGS)
@pytest.mark.parametrize("state", sorted(S))
def test_an_end_of_the_message_reaches_every_state_once(
    message_state: MessageState, closing: bool, ended: TargetState, becomes: DeliveryState, state: DeliveryState
) -> None:
    """What has not left ends with the message, what is on the air ends with its outcome, what had ended stays as it was."""
    before = delivery(1, state=state, reason="x", tries=1)
    step = advance(target(rung=1), (before,), frame(message_state=message_state, closing=closing))
    expected = becomes if state in OPEN_STATES - {S.EMITTING} else state
    after = {1: before, **{one.id: one for one in step.changed}}[1]
    assert (ended, expected) == (step.target.state, after.state)


@pytest.mark.parametrize("state", sorted(S))
def test_the_needed_evidence_meets_the_target_and_withdraws_the_rest(state: DeliveryState) -> None:
    """One delivery at the needed level is enough: it is MET, the others are taken back, none that had ended changes."""
    enough = awaiting(1, evidence=Evidence.DEVICE)
    other = delivery(2, "b", state=state, reason="x", rung=1)
    step = advance(target(rung=2), (enough, other), frame())
    after = {2: other, **{one.id: one for one in step.changed}}
    expected = S.CANCELLED if state in OPEN_STATES - {S.EMITTING} else state
    assert (TargetState.MET, S.MET, expected) == (step.target.state, after[1].state, after[2].state)


@pytest.mark.parametrize("state", sorted(TERMINAL_STATES))
@pytest.mark.parametrize("health", sorted(Health))
@pytest.mark.parametrize("priority", sorted(Priority))
def test_a_terminal_state_is_never_left(state: DeliveryState, health: Health, priority: Priority) -> None:
    """Whatever the channel and however urgent, an end is an end."""
    ended = delivery(1, state=state, priority=priority)
    step = advance(target(rung=1), (ended,), frame(situation=situation(view("a", health=health)), objective=objective(priority=priority)))
    assert () == step.changed


@pytest.mark.parametrize("state", sorted(TargetState))
def test_a_closed_target_stays_closed(state: TargetState) -> None:
    """A target that has ended is not opened again, whatever its deliveries say."""
    step = advance(target(state=state), BOTH, frame())
    assert state is step.target.state
    assert (state is TargetState.OPEN) == any(one.state is S.READY for one in step.changed)


def test_evidence_never_falls() -> None:
    """The target has the highest evidence it ever had."""
    step = advance(target(evidence=Evidence.RELAYED, rung=1), (awaiting(evidence=Evidence.ACCEPTED),), frame())
    assert Evidence.RELAYED is step.target.evidence


# Release.


def test_nothing_is_ready_before_the_release() -> None:
    """Without its signatures a planned message is held, and says so."""
    story = Story(*BOTH, delivery(3, state=S.READY, reason=""))
    story.turn(released=False, message_state=MessageState.HELD)
    assert {1: S.HELD, 2: S.HELD, 3: S.HELD} == story.states
    assert {Hold.RELEASE} == {one.reason for one in story.deliveries.values()}


def test_a_release_opens_the_first_rung() -> None:
    """With the last signature the first rung goes, and only that."""
    story = Story(*BOTH)
    story.turn(released=False, message_state=MessageState.HELD)
    story.turn(released=True, message_state=MessageState.ACTIVE)
    assert {1: S.READY, 2: S.HELD} == story.states


# Rungs.


def test_an_alternate_waits_while_its_fellow_is_under_way() -> None:
    """Of the alternates of one rung exactly one is READY."""
    story = Story(delivery(1, "a"), delivery(2, "b"), at=frame(rung("a", "b")))
    story.turn()
    assert 1 == list(story.states.values()).count(S.READY)


@pytest.mark.parametrize("state", [S.READY, S.EMITTING, S.AWAITING])
def test_a_live_alternate_keeps_its_rung(state: DeliveryState) -> None:
    """No second copy goes to the same person while the first is under way."""
    story = Story(delivery(1, "a", state=state, reason="", until=NOW + 1), delivery(2, "b"), of=target(rung=1), at=frame(rung("a", "b")))
    story.turn()
    assert S.HELD == story.states[2]


def test_the_next_alternate_takes_over_from_a_failed_one() -> None:
    """A way that failed for good hands over to the next one of its rung."""
    story = Story(delivery(1, "a", state=S.FAILED), delivery(2, "b"), of=target(rung=1), at=frame(rung("a", "b")))
    story.turn()
    assert S.READY == story.states[2]


def test_an_address_that_failed_is_not_tried_by_an_alternate() -> None:
    """Another centre cannot reach a number that does not exist."""
    failed = delivery(1, "a", state=S.FAILED, address="+86138", reason="recipient no-such-number")
    story = Story(
        failed, delivery(2, "b", address="+86138"), delivery(3, "b", address="+86139"), of=target(rung=1), at=frame(rung("a", "b"))
    )
    story.turn()
    assert {1: S.FAILED, 2: S.HELD, 3: S.READY} == story.states


def test_then_waits_for_the_rung_before() -> None:
    """A rung in mode then stays closed as long as the one before may still work."""
    story = Story(awaiting(1), delivery(2, "b", rung=1), of=target(rung=1, rung_at=NOW))
    story.turn(now=NOW + Q95_S - 1)
    assert S.HELD == story.states[2]


def test_then_opens_when_the_rung_before_gave_nothing_in_its_time() -> None:
    """When 95 % of receipts would have come, the next rung opens."""
    story = Story(awaiting(1), delivery(2, "b", rung=1), of=target(rung=1, rung_at=NOW))
    story.turn(now=NOW + Q95_S)
    assert {1: S.AWAITING, 2: S.READY} == story.states


@pytest.mark.parametrize("state", [S.FAILED, S.CANCELLED])
def test_then_opens_at_once_when_the_rung_before_ended(state: DeliveryState) -> None:
    """Nothing is left to hope for: the next rung does not wait."""
    story = Story(delivery(1, "a", state=state), delivery(2, "b", rung=1), of=target(rung=1, rung_at=NOW))
    story.turn()
    assert S.READY == story.states[2]


def test_parallel_rungs_open_together() -> None:
    """Rungs in mode parallel start at once."""
    story = Story(*BOTH, at=frame(rung("a"), rung("b", mode=RungMode.PARALLEL)))
    story.turn()
    assert {1: S.READY, 2: S.READY} == story.states


def test_p0_opens_every_rung_at_once() -> None:
    """Life safety goes over one channel of every rung at the same time."""
    story = Story(*BOTH, delivery(3, "r", rung=2), at=frame(rung("a"), rung("b"), rung("r"), objective=objective(priority=Priority.P0)))
    story.turn()
    assert {S.READY} == set(story.states.values())


@pytest.mark.parametrize(("mode", "priority"), [(RungMode.HEDGE, Priority.P2), (RungMode.THEN, Priority.P1)])
def test_a_hedge_opens_when_the_first_is_slower_than_usual(mode: RungMode, priority: Priority) -> None:
    """The second way starts after the first one's usual time although that one is still under way."""
    story = Story(
        emitting(1),
        delivery(2, "b", rung=1),
        of=target(rung=1, rung_at=NOW),
        at=frame(rung("a"), rung("b", mode=mode), objective=objective(priority=priority)),
    )
    story.turn(now=NOW + Q95_S - 1)
    assert (S.HELD, NOW + Q95_S) == (story.states[2], story.target.wake_at)
    story.later(1.0)
    assert {1: S.EMITTING, 2: S.READY} == story.states


def test_after_s_opens_the_next_rung_whatever_the_first_does() -> None:
    """A rung's own time counts before the channel's."""
    story = Story(emitting(1), delivery(2, "b", rung=1), of=target(rung=1, rung_at=NOW), at=frame(rung("a"), rung("b", after_s=5.0)))
    story.turn(now=NOW + 4)
    assert {1: S.EMITTING, 2: S.HELD} == story.states
    story.later(1.0)
    assert {1: S.EMITTING, 2: S.READY} == story.states


# Channels that go and come.


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"health": Health.DOWN}, Hold.CHANNEL),
        ({"admin": Admin.DISABLED}, Hold.CHANNEL),
        ({"admin": Admin.INHIBITED}, Hold.MODE),
        ({"admin": Admin.SILENT}, Hold.SILENCE),
        ({"admin": Admin.STANDBY}, Hold.POLICY),
    ],
)
def test_a_channel_that_cannot_carry_holds_and_the_next_rung_goes(change: dict[str, object], reason: Hold) -> None:
    """READY on a dead channel becomes HELD(channel), or HELD(mode) by a mode, and the other bearer is used in the same turn."""
    story = Story(*BOTH)
    story.turn()
    story.turn(situation=situation(view("a", **change), view("b")))
    assert {1: S.HELD, 2: S.READY} == story.states
    assert reason == story.deliveries[1].reason


def test_a_channel_that_returns_is_used_again() -> None:
    """What was held for a channel becomes READY when it is back."""
    story = Story(delivery(1), at=frame(rung("a")))
    story.turn(situation=situation(view("a", health=Health.DOWN)))
    assert {1: S.HELD} == story.states
    story.turn(situation=situation(view("a", health=Health.PROBATION)))
    assert {1: S.READY} == story.states


def test_a_channel_that_fails_hands_over_to_its_alternate() -> None:
    """Within a rung the healthy alternate takes what the dead one held."""
    story = Story(delivery(1, "a"), delivery(2, "b"), at=frame(rung("a", "b")))
    story.turn(situation=situation(view("a", health=Health.DOWN), view("b")))
    assert {1: S.HELD, 2: S.READY} == story.states


def test_a_held_delivery_waits_out_its_not_before() -> None:
    """A channel that refused is not asked again before its time, and the target wakes up for it."""
    story = Story(delivery(1, not_before=NOW + 7), at=frame(rung("a")))
    story.turn()
    assert (S.HELD, NOW + 7) == (story.states[1], story.target.wake_at)
    story.turn(now=NOW + 7)
    assert S.READY == story.states[1]


def test_an_unknown_channel_is_tried() -> None:
    """UNKNOWN is no reason not to try."""
    story = Story(delivery(1), at=frame(rung("a")))
    story.turn(situation=situation(view("a", health=Health.UNKNOWN)))
    assert S.READY == story.states[1]


def test_a_channel_that_is_gone_from_the_settings_holds() -> None:
    """A delivery whose channel no longer exists waits and the next rung opens."""
    story = Story(*BOTH)
    story.turn(situation=situation(view("b")))
    assert {1: S.HELD, 2: S.READY} == story.states


# Waiting for receipts.


def test_an_emission_past_its_time_keeps_its_rung_while_another_may_carry_it() -> None:
    """No receipt is not a failure: an alternate of the same rung would be a second copy, and the next rung is due instead."""
    story = Story(
        awaiting(1, until=NOW), delivery(2, "b"), delivery(3, "r", rung=1), of=target(rung=1), at=frame(rung("a", "b"), rung("r"))
    )
    story.turn()
    assert {1: S.AWAITING, 2: S.HELD, 3: S.READY} == story.states


@pytest.mark.parametrize("silent", [awaiting(1, until=NOW), doubtful(1, until=NOW)], ids=["no receipt", "doubt"])
def test_at_the_end_of_the_ladder_alternates_are_tried_one_by_one(silent: Delivery) -> None:
    """With everything open and nothing hopeful, the healthy alternate beside a silent one is worth a second copy (C8)."""
    last = awaiting(3, "r", rung=1, until=NOW + 10, refires=MAX_REPEATS)
    story = Story(silent, delivery(2, "b"), last, of=target(rung=2), at=frame(rung("a", "b"), rung("r")))
    story.turn()
    before = story.states[2]
    story.later(10)
    assert [S.HELD, S.READY] == [before, story.states[2]]


def test_what_is_sent_again_into_a_black_hole_keeps_no_rung_closed() -> None:
    """A far end that drops copies and never answers: the next rung opens after the first attempt, and the copies go on beside it."""
    hole = situation(view("a", doubt="idempotent"), view("b"))
    story = Story(doubtful(1), delivery(2, "b", rung=1), of=target(rung=1), at=frame(rung("a"), rung("b"), situation=hole))
    story.turn()
    assert {1: S.READY, 2: S.READY} == story.states


@pytest.mark.parametrize(("reason", "state"), [("channel in-doubt", S.READY), ("recipient no-such-number", S.HELD)])
def test_a_doubt_that_was_given_up_bars_no_address(reason: str, state: DeliveryState) -> None:
    """That a channel cannot say what became of it says nothing about the telephone; a refused number does."""
    failed = delivery(1, state=S.FAILED, reason=reason, tries=1)
    story = Story(failed, delivery(2, "b", address="address-a"), of=target(rung=1), at=frame(rung("a", "b")))
    story.turn()
    assert state is story.states[2]


def test_a_radio_frame_without_receipt_is_repeated_on_the_last_rung() -> None:
    """Where a repeat does no harm and there is no other way left, it is sent again and marked."""
    story = Story(awaiting(1, "r", until=NOW), of=target(rung=1), at=frame(rung("r")))
    story.turn()
    assert (S.READY, 1, "repeat") == (story.states[1], story.deliveries[1].refires, story.deliveries[1].reason)


def test_a_radio_frame_that_a_device_confirmed_is_not_repeated_though_nobody_answers() -> None:
    """It is there; a person who does not answer is asked by escalation, and not by the same frame again."""
    asked = frame(rung("r"), objective=objective(needed=Evidence.HUMAN))
    story = Story(awaiting(1, "r", until=NOW, evidence=Evidence.DEVICE), of=target(rung=1), at=asked)
    story.turn()
    assert (S.AWAITING, 0) == (story.states[1], story.deliveries[1].refires)


def test_a_repeat_that_is_due_while_its_channel_is_away_goes_when_it_is_back() -> None:
    """A line that flaps may be down in the very moment: the repeat is owed all the same, once."""
    story = Story(awaiting(1, "r", until=NOW), of=target(rung=1), at=frame(rung("r")))
    story.turn(situation=situation(view("r", health=Health.DOWN)))
    assert (S.HELD, Hold.CHANNEL) == (story.states[1], story.deliveries[1].reason)
    story.turn(situation=situation(view("r")))
    assert (S.READY, 1) == (story.states[1], story.deliveries[1].refires)


@pytest.mark.parametrize(("cause", "state"), [("crash", S.READY), ("timeout", S.IN_DOUBT)])
def test_what_crashes_cut_off_is_said_again_for_each(cause: str, state: S) -> None:
    """Four crashes may come before a byte has left; a link that flaps has three copies."""
    doubtful = delivery(1, "a", priority=Priority.P1, state=S.IN_DOUBT, reason=cause, until=NOW + 100, not_before=NOW, refires=3)
    story = Story(doubtful, of=target(rung=1), at=frame(rung("a")))
    story.turn()
    assert state == story.states[1]


def test_a_repeat_ends_after_two() -> None:
    """A frame that nobody confirms is sent three times in all."""
    story = Story(awaiting(1, "r", until=NOW, refires=2), of=target(rung=1), at=frame(rung("r")))
    story.turn()
    assert (S.AWAITING, None) == (story.states[1], story.deliveries[1].until)


def test_a_short_message_without_receipt_is_not_repeated() -> None:
    """A second short message to a person is no repeat but a nuisance, and may be the one that is answered twice."""
    story = Story(awaiting(1, "a", until=NOW), of=target(rung=1), at=frame(rung("a")))
    story.turn()
    assert (S.AWAITING, 0) == (story.states[1], story.deliveries[1].refires)


def test_a_repeat_waits_for_the_last_rung() -> None:
    """Before anything is repeated, the other bearer has its try."""
    story = Story(awaiting(1, "r", until=NOW), delivery(2, "a", rung=1), of=target(rung=1, rung_at=NOW), at=frame(rung("r"), rung("a")))
    story.turn()
    assert {1: S.AWAITING, 2: S.READY} == story.states
