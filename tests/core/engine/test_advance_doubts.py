"""The decision about one target, cell by cell: doubts and escalation."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.engine.rules import Escalation
from fenghuo.engine.settling import QUERY_S, doubted
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
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


# Doubts (the table in delivery.md).

DOUBTS = [
    ("idempotent", Priority.P0, S.READY, 0),
    ("idempotent", Priority.P1, S.READY, 0),
    ("idempotent", Priority.P2, S.READY, 0),
    ("idempotent", Priority.P4, S.READY, 0),
    ("queryable", Priority.P0, S.READY, 1),
    ("queryable", Priority.P1, S.READY, 1),
    ("queryable", Priority.P2, S.IN_DOUBT, 0),
    ("opaque", Priority.P0, S.READY, 1),
    ("opaque", Priority.P1, S.READY, 1),
    ("opaque", Priority.P2, S.IN_DOUBT, 0),
    ("opaque", Priority.P3, S.IN_DOUBT, 0),
    ("opaque", Priority.P4, S.IN_DOUBT, 0),
    ("actuator", Priority.P0, S.IN_DOUBT, 0),
    ("actuator", Priority.P2, S.IN_DOUBT, 0),
]


@pytest.mark.parametrize(("doubt", "priority", "expected", "refires"), DOUBTS)
def test_a_doubt_is_resolved_by_what_the_channel_can_do(doubt: str, priority: Priority, expected: DeliveryState, refires: int) -> None:
    """Same token again, a marked copy, or patience: each cell of the table, after the grace and before the limit."""
    story = Story(
        doubtful(priority=priority),
        of=target(rung=1, rung_at=NOW),
        at=frame(rung("a"), situation=situation(view("a", doubt=doubt)), objective=objective(priority=priority)),
    )
    story.turn(now=NOW + 1)
    assert (expected, refires) == (story.states[1], story.deliveries[1].refires)


def test_an_urgent_doubt_waits_for_the_channels_own_answer_first() -> None:
    """While a channel may still say what became of it there is no copy and no next rung; when its time is over there are both."""
    urgent = objective(priority=Priority.P1)
    at = frame(situation=situation(view("a", doubt="queryable"), view("b")), objective=urgent)
    begun = emitting(priority=Priority.P1)
    story = Story(begun, delivery(2, "b", rung=1, priority=Priority.P1), of=target(rung=1, rung_at=NOW), at=at)
    story.change(1, lambda one: doubted(one, "crash", now=NOW, view=at.situation.channel["a"]))
    step = story.later(QUERY_S - 1)
    assert ({1: S.IN_DOUBT, 2: S.HELD}, NOW + QUERY_S) == (story.states, step.target.wake_at)
    story.later(1)
    assert ({1: S.READY, 2: S.READY}, 1) == (story.states, story.deliveries[1].refires)


REFIRES = [
    (None, Priority.P0, 0, S.IN_DOUBT),
    (30.0, Priority.P0, 0, S.READY),
    (30.0, Priority.P1, 0, S.READY),
    (30.0, Priority.P2, 0, S.IN_DOUBT),
    (30.0, Priority.P4, 0, S.IN_DOUBT),
    (30.0, Priority.P0, 1, S.IN_DOUBT),
]


@pytest.mark.parametrize(("after_s", "priority", "refires", "expected"), REFIRES)
def test_a_device_in_doubt_starts_again_where_its_operator_says_so(
    after_s: float | None, priority: Priority, refires: int, expected: DeliveryState
) -> None:
    """Urgent things only, once, and not before the device or a person could say what became of it."""
    siren = view("a", doubt="actuator", refire_after_s=after_s)
    at = frame(rung("a"), situation=situation(siren), objective=objective(priority=priority))
    story = Story(emitting(priority=priority, refires=refires), of=target(rung=1, rung_at=NOW), at=at)
    story.change(1, lambda one: doubted(one, "crash", now=NOW, view=siren))
    story.later(29)
    assert S.IN_DOUBT is story.states[1]
    story.later(1)
    assert (expected, refires + (expected is S.READY)) == (story.states[1], story.deliveries[1].refires)
    story.later(100_000)
    assert expected is story.states[1]


def test_a_device_that_starts_again_by_itself_is_asked_first() -> None:
    """At once means as soon as it could have been asked."""
    siren = view("a", doubt="actuator", refire_after_s=0.0)
    assert NOW + QUERY_S == doubted(emitting(), "crash", now=NOW, view=siren).not_before


def test_what_goes_into_a_black_hole_is_patient_with_it_and_not_with_one_that_comes_back() -> None:
    """A copy waits its time while the channel is up, keeping the next rung open; after an outage it goes at once."""
    up, down = view("a", doubt="idempotent"), view("a", doubt="idempotent", health=Health.DOWN)
    doubt = doubtful(tries=4, not_before=NOW + 8, until=NOW + 60)
    at = frame(situation=situation(up, view("b")))
    patient, other = (Story(doubt, delivery(2, "b", rung=1), of=target(rung=1, rung_at=NOW), at=at) for _ in range(2))
    step = patient.turn()
    assert ({1: S.IN_DOUBT, 2: S.READY}, NOW + 8) == (patient.states, step.target.wake_at)
    patient.later(8)
    assert S.READY is patient.states[1]
    other.turn(situation=situation(down, view("b")))
    other.turn(situation=situation(up, view("b")))
    assert S.READY is other.states[1]


@pytest.mark.parametrize(("doubt", "expected"), [("queryable", S.FAILED), ("opaque", S.FAILED), ("actuator", S.IN_DOUBT)])
def test_a_doubt_that_lasts_too_long_gives_way(doubt: str, expected: DeliveryState) -> None:
    """After its window a doubt ends as a failure of the channel, and the next rung goes; an actuator waits for a person."""
    story = Story(
        doubtful(),
        delivery(2, "b", rung=1),
        of=target(rung=1, rung_at=NOW),
        at=frame(situation=situation(view("a", doubt=doubt), view("b"))),
    )
    story.turn(now=NOW + Q95_S)
    assert expected is story.states[1]
    if expected is S.FAILED:
        assert S.READY == story.states[2]


@pytest.mark.parametrize(
    ("doubt", "priority", "expected"),
    [
        ("idempotent", Priority.P1, (S.READY, 0)),
        ("idempotent", Priority.P3, (S.READY, 0)),
        ("opaque", Priority.P1, (S.READY, 1)),
        ("queryable", Priority.P1, (S.READY, 1)),
    ],
)
def test_a_doubt_is_not_given_up_while_its_channel_is_away(doubt: str, priority: Priority, expected: tuple[DeliveryState, int]) -> None:
    """Its window passed with the channel down, or with us down: what is to be sent again goes when the channel is back."""
    up, down = view("a", doubt=doubt), view("a", doubt=doubt, health=Health.DOWN)
    order = objective(priority=priority)
    story = Story(
        doubtful(priority=priority), of=target(rung=1, rung_at=NOW), at=frame(rung("a"), situation=situation(down), objective=order)
    )
    story.turn(now=NOW + Q95_S)
    away = story.states[1]
    story.turn(situation=situation(up), now=NOW + Q95_S + 60)
    assert (S.HELD, expected) == (away, (story.states[1], story.deliveries[1].refires))


def test_an_urgent_doubt_whose_window_passed_while_we_were_down_is_sent_again() -> None:
    """A start that takes longer than the window gives nothing up."""
    story = Story(
        doubtful(priority=Priority.P1), of=target(rung=1, rung_at=NOW), at=frame(rung("a"), objective=objective(priority=Priority.P1))
    )
    story.turn(now=NOW + 10 * Q95_S)
    assert (S.READY, 1) == (story.states[1], story.deliveries[1].refires)


def test_a_doubt_waits_out_its_grace() -> None:
    """A provider that comes back tells first what it had: no copy before the grace is over."""
    story = Story(
        doubtful(priority=Priority.P1, not_before=NOW + 2),
        of=target(rung=1, rung_at=NOW),
        at=frame(rung("a"), objective=objective(priority=Priority.P1)),
    )
    story.turn()
    assert (S.IN_DOUBT, NOW + 2) == (story.states[1], story.target.wake_at)
    story.turn(now=NOW + 2)
    assert (S.READY, 1) == (story.states[1], story.deliveries[1].refires)


def test_no_copy_when_another_way_has_carried_it() -> None:
    """One doubt costs one copy, not two: an emission that is known to have left makes the marked one needless."""
    story = Story(
        doubtful(1, priority=Priority.P0),
        awaiting(2, "b", rung=1, priority=Priority.P0),
        of=target(rung=2, rung_at=NOW),
        at=frame(objective=objective(priority=Priority.P0)),
    )
    story.turn(now=NOW + 1)
    assert {1: S.IN_DOUBT, 2: S.AWAITING} == story.states


@pytest.mark.parametrize("priority", [Priority.P1, Priority.P3])
def test_a_radio_in_doubt_repeats_what_another_way_carried_and_nobody_confirmed(priority: Priority) -> None:
    """No more is known of it than of a frame without an answer: after its window it goes again, marked, as that would; not for ever."""
    story = Story(
        doubtful(1, "r", priority=priority),
        awaiting(2, "b", rung=1, priority=priority, until=None),
        of=target(rung=2, rung_at=NOW),
        at=frame(rung("r"), rung("b"), situation=situation(view("r"), view("b")), objective=objective(priority=priority)),
    )
    story.turn(now=NOW + 1)
    assert {1: S.IN_DOUBT, 2: S.AWAITING} == story.states
    story.turn(now=NOW + Q95_S)
    assert (S.READY, 1) == (story.states[1], story.deliveries[1].refires)


def test_a_marked_copy_is_sent_three_times_at_most() -> None:
    """A link that flaps cannot make an endless chain of copies."""
    story = Story(
        doubtful(priority=Priority.P0, refires=3), of=target(rung=1), at=frame(rung("a"), objective=objective(priority=Priority.P0))
    )
    story.turn(now=NOW + 1)
    assert (S.IN_DOUBT, 3) == (story.states[1], story.deliveries[1].refires)


@pytest.mark.parametrize("priority", [Priority.P0, Priority.P1])
def test_an_urgent_doubt_opens_the_next_rung_at_once(priority: Priority) -> None:
    """Urgent traffic does not hope for what may have been lost."""
    story = Story(
        doubtful(1, priority=priority, not_before=NOW + 2),
        delivery(2, "b", rung=1, priority=priority),
        of=target(rung=1, rung_at=NOW),
        at=frame(objective=objective(priority=priority)),
    )
    story.turn()
    assert S.READY == story.states[2]


def test_a_calm_doubt_waits_for_its_window() -> None:
    """Routine traffic waits out the receipt window before it takes another way."""
    story = Story(doubtful(1), delivery(2, "b", rung=1), of=target(rung=1, rung_at=NOW))
    story.turn(now=NOW + 1)
    assert {1: S.IN_DOUBT, 2: S.HELD} == story.states


def test_a_doubt_on_a_dead_channel_frees_its_rung_for_urgent_traffic() -> None:
    """Where the doubtful channel is down, the alternate of the same rung goes."""
    story = Story(
        doubtful(1, priority=Priority.P1),
        delivery(2, "b", priority=Priority.P1),
        of=target(rung=1, rung_at=NOW),
        at=frame(rung("a", "b"), objective=objective(priority=Priority.P1), situation=situation(view("a", health=Health.DOWN), view("b"))),
    )
    story.turn(now=NOW + 1)
    assert {1: S.IN_DOUBT, 2: S.READY} == story.states


# Escalation.

STEPS = (Escalation(120.0), Escalation(240.0, "person:huang"))


def test_escalation_asks_each_step_once_and_in_time() -> None:
    """The deputy is asked at the first step, the next person at the second, each of them once."""
    story = Story(emitting(1), of=target(rung=1), at=frame(rung("a"), escalate=STEPS))
    story.turn(now=NOW + 119)
    assert ([], NOW + 120) == (story.asked, story.target.wake_at)
    story.turn(now=NOW + 120)
    story.turn(now=NOW + 121)
    assert ["deputy"] == story.asked
    story.turn(now=NOW + 240)
    assert (["deputy", "person:huang"], 2) == (story.asked, story.target.escalated)


def test_steps_that_were_slept_through_are_all_taken() -> None:
    """After an outage every step that is due is taken, in order."""
    story = Story(emitting(1), of=target(rung=1), at=frame(rung("a"), escalate=STEPS))
    story.turn(now=NOW + 1000)
    assert ["deputy", "person:huang"] == story.asked


def test_a_deputy_is_not_stood_in_for() -> None:
    """Escalation has an end: whoever stands in for another has no deputy here."""
    story = Story(emitting(1), of=target(rung=1, covers="zhang"), at=frame(rung("a"), escalate=STEPS))
    story.turn(now=NOW + 1000)
    assert [] == story.asked


def test_a_met_target_does_not_escalate() -> None:
    """Nobody is asked in vain."""
    story = Story(awaiting(1, evidence=Evidence.DEVICE), of=target(rung=1), at=frame(rung("a"), escalate=STEPS))
    story.turn(now=NOW + 1000)
    assert [] == story.asked


def test_nothing_changes_without_cause() -> None:
    """A second look at the same moment changes nothing: advance is idempotent."""
    story = Story(*BOTH)
    story.turn()
    before = story.target
    step = story.turn()
    assert ((), before) == (step.changed, story.target)
    assert msgspec.structs.replace(before) == step.target
