"""What outcomes, doubts and receipts make of a delivery: the retry table, cell by cell."""

from __future__ import annotations

from typing import Any

import pytest

from fenghuo.engine.settling import DECLINED, LONGEST_WAIT_S, MAX_FAILURES, doubted, receipted, retry_wait_s, settle
from fenghuo.model.delivery import Delivery, DeliveryState, Hold, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from tests.core.engine.values import NOW, Q95_S, awaiting, delivery, doubtful, emitting, view

S = DeliveryState


def settled(outcome: Outcome, **changes: Any) -> Delivery:
    return settle(emitting(**changes), outcome, needed=Evidence.DEVICE, now=NOW, view=view("a"), jitter=1.0)


TABLE = [
    (Reached(Evidence.ACCEPTED), S.AWAITING, "", NOW + Q95_S, 0.0),
    (Reached(Evidence.AIRED), S.AWAITING, "", NOW + Q95_S, 0.0),
    (Reached(Evidence.DEVICE), S.MET, "", None, 0.0),
    (Reached(Evidence.HUMAN), S.MET, "", None, 0.0),
    (Transient(Scope.CHANNEL, "busy"), S.HELD, Hold.CHANNEL, None, NOW + 2),
    (Transient(Scope.CHANNEL, "throttled", 9.0), S.HELD, Hold.CHANNEL, None, NOW + 9),
    (Transient(Scope.WAY, "site-gone", 60.0), S.HELD, Hold.CHANNEL, None, NOW + 60),
    (Transient(Scope.RECIPIENT, "off"), S.READY, "off", None, NOW + 2),
    (Transient(Scope.RECIPIENT, "off", 60.0), S.READY, "off", None, NOW + 60),
    (Transient(Scope.MESSAGE, "later"), S.READY, "later", None, NOW + 2),
    (Permanent(Scope.RECIPIENT, "no-such-number"), S.FAILED, "recipient no-such-number", None, 0.0),
    (Permanent(Scope.MESSAGE, "too-long"), S.FAILED, "message too-long", None, 0.0),
    (Permanent(Scope.CHANNEL, "no-licence"), S.FAILED, "channel no-licence", None, 0.0),
    (Unknown("timeout"), S.IN_DOUBT, "timeout", NOW + Q95_S, NOW + 2),
]


@pytest.mark.parametrize(("outcome", "state", "reason", "until", "not_before"), TABLE)
def test_each_outcome_has_its_state(outcome: Outcome, state: DeliveryState, reason: str, until: float | None, not_before: float) -> None:
    """What a channel says of an emission decides where the delivery goes, and when it is looked at again."""
    after = settled(outcome)
    assert (state, reason, until, not_before) == (after.state, after.reason, after.until, after.not_before)


@pytest.mark.parametrize(("tries", "wait_s"), [(1, 0.0), (2, 2.0), (3, 4.0), (5, 16.0), (20, LONGEST_WAIT_S)])
def test_what_may_be_sent_again_freely_is_sent_ever_more_slowly(tries: int, wait_s: float) -> None:
    """The first doubt costs no time; into a black hole goes one copy in five minutes at last."""
    after = doubted(emitting(tries=tries), "timeout", now=NOW, view=view("a", doubt="idempotent"), jitter=1.0)
    assert (NOW + wait_s, True) == (after.not_before, after.until is not None and after.until > after.not_before)


@pytest.mark.parametrize("scope", [Scope.CHANNEL, Scope.WAY])
def test_what_may_last_costs_the_message_nothing(scope: Scope) -> None:
    """A dead link costs the link, a base station that is gone nobody, and neither the message's tries."""
    assert 0 == settled(Transient(scope, "busy")).failures


def test_a_way_is_given_up_after_its_failures() -> None:
    """The sixth failure for the recipient's sake is the last."""
    story = emitting()
    for n in range(1, MAX_FAILURES):
        story = settle(story, Transient(Scope.RECIPIENT, "off"), needed=Evidence.DEVICE, now=NOW, view=None)
        assert (S.READY, n) == (story.state, story.failures)
    story = settle(story, Transient(Scope.RECIPIENT, "off"), needed=Evidence.DEVICE, now=NOW, view=None)
    assert (S.FAILED, "recipient off") == (story.state, story.reason)


@pytest.mark.parametrize("scope", [Scope.CHANNEL, Scope.WAY])
def test_what_fails_for_its_channels_sake_waits_longer_each_time_up_to_sixteen_seconds(scope: Scope) -> None:
    """One person's failures take no channel down, so that nothing else slows them; and what the channel says of the wait is believed."""
    waits = [settled(Transient(scope, "congested"), tries=n).not_before - NOW for n in range(1, 7)]
    assert [2.0, 4.0, 8.0, 16.0, 16.0, 16.0] == waits
    assert NOW + 5.0 == settled(Transient(scope, "congested", 5.0), tries=6).not_before


def test_waits_double_up_to_five_minutes() -> None:
    """A recipient that does not answer is left alone for longer each time, never for more than five minutes."""
    assert [2.0, 4.0, 8.0, 16.0] == [retry_wait_s(n, 1.0) for n in range(1, 5)]
    assert LONGEST_WAIT_S == retry_wait_s(30, 1.0)


def test_jitter_spreads_over_the_upper_half() -> None:
    """Many that failed together do not come back together."""
    assert (1.0, 1.5, 2.0) == tuple(retry_wait_s(1, jitter) for jitter in (0.0, 0.5, 1.0))


def test_an_outcome_never_lowers_the_evidence() -> None:
    """A receipt that was faster than the outcome stands."""
    assert Evidence.RELAYED is settled(Reached(Evidence.ACCEPTED), evidence=Evidence.RELAYED).evidence


def test_a_faster_receipt_makes_the_outcome_an_end() -> None:
    """When the device has confirmed before the gateway did, the outcome finds the delivery MET."""
    assert S.MET is settled(Reached(Evidence.ACCEPTED), evidence=Evidence.DEVICE).state


def test_a_doubt_has_a_window_of_at_least_two_graces() -> None:
    """A channel that is usually fast leaves time for its provider's word all the same."""
    after = doubted(emitting(), "crash", now=NOW, view=view("a", latency_q95_s=0.5))
    assert (NOW + 4, NOW + 2, "crash") == (after.until, after.not_before, after.reason)


RECEIPTS = [
    (awaiting(), Evidence.DEVICE, None, S.MET, Evidence.DEVICE),
    (awaiting(), Evidence.HUMAN, None, S.MET, Evidence.HUMAN),
    (awaiting(), Evidence.AIRED, None, S.AWAITING, Evidence.AIRED),
    (awaiting(evidence=Evidence.RELAYED), Evidence.ACCEPTED, None, S.AWAITING, Evidence.RELAYED),
    (awaiting(), None, None, S.AWAITING, Evidence.ACCEPTED),
    (awaiting(), None, Permanent(Scope.RECIPIENT, "UNDELIV"), S.FAILED, Evidence.ACCEPTED),
    (awaiting(), None, Transient(Scope.RECIPIENT, "off"), S.AWAITING, Evidence.ACCEPTED),
    (doubtful(), Evidence.DEVICE, None, S.MET, Evidence.DEVICE),
    (doubtful(), None, Permanent(Scope.RECIPIENT, "UNDELIV"), S.FAILED, Evidence.STORED),
    (emitting(), Evidence.DEVICE, None, S.EMITTING, Evidence.DEVICE),
    (emitting(), None, Permanent(Scope.RECIPIENT, "UNDELIV"), S.EMITTING, Evidence.STORED),
]


@pytest.mark.parametrize(("before", "level", "failure", "state", "evidence"), RECEIPTS)
def test_each_receipt_has_its_effect(
    before: Delivery, level: Evidence | None, failure: Outcome | None, state: DeliveryState, evidence: Evidence
) -> None:
    """A receipt raises the evidence, meets or fails what waits for it, and leaves alone what is on the air."""
    after = receipted(before, level=level, failure=failure, needed=Evidence.DEVICE)
    assert (state, evidence) == (after.state, after.evidence)


@pytest.mark.parametrize("state", sorted({S.MET, S.FAILED, S.EXPIRED, S.SUPERSEDED, S.CANCELLED, S.SHED}))
def test_a_late_receipt_raises_evidence_and_no_state(state: DeliveryState) -> None:
    """What comes after the end is known, and changes nothing."""
    after = receipted(delivery(state=state), level=Evidence.HUMAN, failure=None, needed=Evidence.DEVICE)
    assert (state, Evidence.HUMAN) == (after.state, after.evidence)


@pytest.mark.parametrize("outcome", [one[0] for one in TABLE])
def test_a_refusal_on_the_air_outlives_the_outcome(outcome: Outcome) -> None:
    """The telephone rang before the centre had said so: it is no doubt, goes no second time, and is not met."""
    declined = receipted(emitting(), level=Evidence.HUMAN, failure=None, needed=Evidence.HUMAN, declined=True)
    after = settle(declined, outcome, needed=Evidence.HUMAN, now=NOW, view=view("a"))
    assert (S.EMITTING, S.AWAITING, DECLINED, Evidence.HUMAN, None) == (
        declined.state,
        after.state,
        after.reason,
        after.evidence,
        after.until,
    )


@pytest.mark.parametrize(("before", "state"), [(awaiting(), S.AWAITING), (doubtful(), S.AWAITING), (delivery(state=S.FAILED), S.FAILED)])
def test_only_the_person_takes_a_refusal_back(before: Delivery, state: DeliveryState) -> None:
    """A report of the telephone does not, nor does a failure; an end stays an end, and its evidence counts from then on."""
    declined = receipted(before, level=Evidence.HUMAN, failure=None, needed=Evidence.DEVICE, declined=True)
    assert (state, DECLINED, Evidence.HUMAN, None) == (declined.state, declined.reason, declined.evidence, declined.until)
    reported = receipted(declined, level=Evidence.DEVICE, failure=Permanent(Scope.RECIPIENT, "x"), needed=Evidence.DEVICE)
    assert declined == reported
    accepted = receipted(reported, level=Evidence.HUMAN, failure=None, needed=Evidence.DEVICE)
    assert ("", S.FAILED if state is S.FAILED else S.MET) == (accepted.reason, accepted.state)
