"""Health of a channel: fast out, slow back."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.engine.health import STEADY_S, ChannelHealth, Sign, admitted, average, observed, shown_by, steady_at
from fenghuo.model.delivery import Outcome, Permanent, Scope
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health

UP = ChannelHealth(state=Health.UP, since=1.0)
GOOD = (Sign.SENT, Sign.RECEIPT, Sign.HEARD)


def after(health: ChannelHealth, *signs: tuple[Sign, float, str]) -> ChannelHealth:
    for sign, now, recipient in signs:
        health = observed(health, sign, now, recipient=recipient)
    return health


def returned(now: float = 100.0) -> ChannelHealth:
    """A channel that was lost and came back at `now`."""
    return observed(observed(UP, Sign.LOCAL_DOWN, now - 50), Sign.LOCAL_UP, now)


def test_the_first_start_is_simply_up() -> None:
    """No probation for a channel that never failed."""
    assert Health.UP is observed(ChannelHealth(), Sign.LOCAL_UP, 1.0).state


def test_one_failure_makes_it_suspect_at_once() -> None:
    """The first channel-scope failure demotes."""
    assert Health.SUSPECT is after(UP, (Sign.FAILED, 2.0, "a")).state


def test_failures_with_one_recipient_never_take_it_down() -> None:
    """One bad telephone is no dead centre."""
    assert Health.SUSPECT is after(UP, *((Sign.FAILED, float(n), "a") for n in range(10))).state


def test_two_failures_with_two_recipients_take_it_down() -> None:
    """Two people that cannot be reached in a row: the channel is dead."""
    assert Health.DOWN is after(UP, (Sign.FAILED, 2.0, "a"), (Sign.FAILED, 3.0, "b")).state


def test_timeouts_weigh_half() -> None:
    """Four silences weigh as much as two refusals."""
    three = after(UP, *((Sign.TIMED_OUT, float(n), f"p{n}") for n in range(3)))
    assert (Health.SUSPECT, Health.DOWN) == (three.state, after(three, (Sign.TIMED_OUT, 9.0, "z")).state)


@pytest.mark.parametrize("sign", GOOD)
def test_silence_weighs_nothing_while_others_are_answered(sign: Sign) -> None:
    """One telephone that never answers is no evidence against a centre that spoke since the emission began."""
    spoke = observed(UP, sign, 5.0)
    assert spoke == observed(spoke, Sign.TIMED_OUT, 12.0, recipient="a", began_at=2.0)


@pytest.mark.parametrize("sign", GOOD)
def test_silence_weighs_where_nothing_else_was_heard(sign: Sign) -> None:
    """What the centre said before the emission began does not excuse it."""
    silent = observed(observed(UP, sign, 1.0), Sign.TIMED_OUT, 12.0, recipient="a", began_at=2.0)
    assert (Health.SUSPECT, 0.5) == (silent.state, silent.weight)


def test_silence_on_trial_weighs_nothing_while_others_are_answered() -> None:
    """A returning channel is not taken down again by the one number in a hundred."""
    trial = observed(returned(), Sign.SENT, 101.0)
    assert trial == observed(trial, Sign.TIMED_OUT, 110.0, recipient="a", began_at=100.0)


@pytest.mark.parametrize("signs", [(Sign.SENT,), (Sign.RECEIPT,), (Sign.HEARD, Sign.HEARD), (Sign.ANSWERED, Sign.ANSWERED)])
def test_success_that_outweighs_the_failure_clears_the_suspicion(signs: tuple[Sign, ...]) -> None:
    """What works, works: weight and memory are gone. That something was heard weighs half a failure."""
    health = after(UP, (Sign.FAILED, 2.0, "a"), *((sign, 3.0 + number, "") for number, sign in enumerate(signs)))
    assert (Health.UP, 0.0, ()) == (health.state, health.weight, health.who)


def test_a_channel_that_fails_more_often_than_not_stays_suspect() -> None:
    """One success in three tries ends the row of failures, and is no channel to prefer; it is one again when it works more than not."""
    grey = UP
    for round_ in range(20):
        grey = after(grey, *((sign, 2.0 + round_, "a") for sign in (Sign.FAILED, Sign.FAILED, Sign.SENT)))
        assert Health.SUSPECT is grey.state
    better = after(grey, *((Sign.SENT, 22.0 + second, "a") for second in range(15)))
    assert (Health.UP, True) == (better.state, average(better) > 0)


def test_what_was_long_ago_weighs_no_more() -> None:
    """After ten minutes of silence the next sign decides; where signs come once in ten minutes they are remembered for longer."""
    bad = after(UP, *((Sign.FAILED, 2.0 + second, "a") for second in range(5)))
    assert Health.UP is observed(bad, Sign.SENT, 600.0).state
    slow = after(msgspec.structs.replace(UP, gap_s=600.0), *((Sign.FAILED, 2.0 + second, "a") for second in range(5)))
    assert Health.SUSPECT is observed(slow, Sign.SENT, 600.0).state


def test_the_average_is_that_of_the_weights() -> None:
    """End receipt 2, send ok 1, something heard or a probe answered a half, against failure 1 and silence a half; none is 0."""
    assert 0.0 == average(UP)
    at_once = after(UP, *((sign, 2.0, "a") for sign in (Sign.RECEIPT, Sign.SENT, Sign.HEARD, Sign.ANSWERED, Sign.TIMED_OUT, Sign.FAILED)))
    assert 2.5 / 6 == pytest.approx(average(at_once))


def test_a_lost_device_is_down_without_further_ado() -> None:
    """A local fault needs no second witness."""
    assert (Health.DOWN, 7.0, "gone") == (
        (health := observed(UP, Sign.LOCAL_DOWN, 7.0, reason="gone")).state,
        health.since,
        health.reason,
    )


@pytest.mark.parametrize("sign", [*GOOD, Sign.FAILED, Sign.TIMED_OUT, Sign.LOCAL_DOWN])
def test_nothing_but_a_start_or_a_probe_closes_the_breaker(sign: Sign) -> None:
    """The result of an attempt begun before DOWN changes nothing, and the time of the outage stands."""
    down = observed(UP, Sign.LOCAL_DOWN, 7.0)
    assert down == observed(down, sign, 8.0, recipient="a")


def test_a_return_is_a_probation() -> None:
    """A channel that was down comes back on trial."""
    assert (Health.PROBATION, 0) == (returned().state, returned().stage)


def test_what_never_came_up_was_left_by_nobody() -> None:
    """A device that is absent at the start is on trial when it comes, and a first choice; one that was lost stands back for two minutes."""
    late = after(ChannelHealth(), (Sign.LOCAL_DOWN, 50.0, ""), (Sign.LOCAL_DOWN, 60.0, ""), (Sign.LOCAL_UP, 100.0, ""))
    assert (Health.PROBATION, True) == (late.state, steady_at(late) <= 100.0)
    assert 50.0 + STEADY_S == steady_at(returned(100.0))


def test_probation_admits_a_tenth_then_half_then_all() -> None:
    """A returning bearer meets a trickle, not a stampede."""
    assert (5, 25, 50) == tuple(admitted(msgspec.structs.replace(returned(), stage=stage), 50) for stage in range(3))


def test_probation_admits_at_least_one() -> None:
    """A channel of one is tried with one."""
    assert 1 == admitted(returned(), 1)


def test_a_dead_channel_admits_none() -> None:
    """Nothing is in flight on a channel that is down."""
    assert (0, 8, 8) == (admitted(observed(UP, Sign.LOCAL_DOWN, 1.0), 8), admitted(UP, 8), admitted(ChannelHealth(), 8))


def test_a_stage_takes_three_successes_and_its_time() -> None:
    """Three successes in a second prove little: each stage lasts at least its stable time."""
    early = after(returned(), *((Sign.SENT, 101.0, "") for _ in range(9)))
    assert (Health.PROBATION, 0) == (early.state, early.stage)
    assert 1 == after(early, (Sign.SENT, 110.0, "")).stage


def test_three_stages_lead_out_of_probation() -> None:
    """After all of them the channel is UP and its past is forgotten."""
    health = returned()
    for stage in range(3):
        health = after(health, *((Sign.SENT, 111.0 + 11 * stage, "") for _ in range(3)))
    assert (Health.UP, False) == (health.state, health.was_down)


def test_a_failure_on_probation_is_the_end_of_it() -> None:
    """On trial one failure is enough."""
    assert Health.DOWN is after(returned(), (Sign.FAILED, 101.0, "a")).state


def test_one_silence_on_probation_costs_the_successes() -> None:
    """A single timeout may be one telephone: it starts the count again, a second one ends the trial."""
    once = after(returned(), (Sign.SENT, 101.0, ""), (Sign.TIMED_OUT, 102.0, "a"))
    assert (Health.PROBATION, 0) == (once.state, once.successes)
    assert Health.DOWN is after(once, (Sign.TIMED_OUT, 103.0, "b")).state


@pytest.mark.parametrize(("before", "state"), [(UP, Health.SUSPECT), (returned(), Health.PROBATION)])
def test_a_strain_is_no_failure_however_often_it_is_said(before: ChannelHealth, state: Health) -> None:
    """It goes behind the ways that are well, loses its successes on trial, and is never taken down by it."""
    assert state is after(before, *((Sign.STRAINED, 101.0 + n, "") for n in range(20))).state
    assert Health.DOWN is observed(observed(UP, Sign.LOCAL_DOWN, 5.0), Sign.STRAINED, 6.0).state


def test_a_second_start_changes_nothing_for_a_channel_that_works() -> None:
    """A session that is renewed in peace needs no trial."""
    assert UP == observed(UP, Sign.LOCAL_UP, 9.0)


# Probes and silence.


def test_two_probes_without_an_answer_take_it_down() -> None:
    """A probe asks the far end itself: its silence is about nobody else."""
    once = after(UP, (Sign.UNANSWERED, 2.0, "probe/1"))
    assert (Health.SUSPECT, Health.DOWN) == (once.state, after(once, (Sign.UNANSWERED, 9.0, "probe/2")).state)


def test_an_answered_probe_clears_a_suspicion_and_opens_a_trial() -> None:
    """Of a channel that works and of one that was down."""
    assert Health.UP is after(UP, (Sign.TIMED_OUT, 2.0, "a"), (Sign.ANSWERED, 3.0, "")).state
    assert Health.PROBATION is observed(observed(UP, Sign.LOCAL_DOWN, 7.0), Sign.ANSWERED, 20.0, began_at=12.0).state


@pytest.mark.parametrize("sign", [Sign.ANSWERED, Sign.LOCAL_UP])
def test_what_began_before_the_outage_never_closes_the_breaker(sign: Sign) -> None:
    """A probe or a last attempt of before speaks of a channel that is no more."""
    down = observed(UP, Sign.LOCAL_DOWN, 7.0)
    assert down == observed(down, sign, 8.0, began_at=6.9)
    assert Health.PROBATION is observed(down, sign, 8.0, began_at=7.1).state


def test_a_channel_that_was_silent_is_back_when_it_is_heard() -> None:
    """What took it down was that nothing was heard; after any other outage being heard proves nothing."""
    silent = observed(UP, Sign.SILENT, 7.0)
    assert (Health.DOWN, Health.PROBATION) == (silent.state, observed(silent, Sign.HEARD, 9.0).state)


# Channels that cannot speak for themselves.

MUTE = ChannelHealth(is_mute=True)


def test_a_siren_that_is_there_is_unknown() -> None:
    """That its relay answers shows nothing of its horn: it is started, and no more is known."""
    health = after(MUTE, (Sign.LOCAL_UP, 1.0, ""), (Sign.SENT, 2.0, ""), (Sign.ANSWERED, 3.0, ""))
    assert (Health.UNKNOWN, True, "it is up, and nothing has spoken for it yet") == (health.state, health.is_started, health.reason)


@pytest.mark.parametrize("sign", [Sign.HEARD, Sign.RECEIPT])
def test_a_monitor_that_heard_it_speaks_for_it(sign: Sign) -> None:
    """A receiver in the field or a current sensor: then it is UP, and stays so through what it does itself."""
    health = after(MUTE, (Sign.LOCAL_UP, 1.0, ""), (sign, 2.0, ""), (Sign.SENT, 3.0, ""))
    assert (Health.UP, 2.0) == (health.state, health.since)


def test_after_an_outage_somebody_must_speak_for_it_again() -> None:
    """What a monitor heard before is about a device that was not cut off since."""
    health = after(MUTE, (Sign.LOCAL_UP, 1.0, ""), (Sign.HEARD, 2.0, ""), (Sign.LOCAL_DOWN, 3.0, ""), (Sign.LOCAL_UP, 4.0, ""))
    assert Health.PROBATION is health.state
    passed = health
    for stage in range(3):
        passed = after(passed, *((Sign.SENT, 15.0 + 11 * stage, "") for _ in range(3)))
    assert (Health.UNKNOWN, Health.UP) == (passed.state, after(passed, (Sign.HEARD, 60.0, "")).state)


def test_a_suspicion_of_a_siren_ends_in_ignorance() -> None:
    """One success clears it, and does not make it known."""
    assert Health.UNKNOWN is after(MUTE, (Sign.LOCAL_UP, 1.0, ""), (Sign.FAILED, 2.0, "a"), (Sign.SENT, 3.0, "")).state


def failed_twice(now: float = 100.0) -> ChannelHealth:
    """Down by its emissions alone."""
    return after(UP, (Sign.FAILED, now, "a"), (Sign.FAILED, now, "b"))


def test_a_receipt_from_after_it_went_down_opens_its_trial_and_closes_nothing() -> None:
    """The far end had it then; what it had before says nothing of now."""
    down = failed_twice()
    assert Health.DOWN is observed(down, Sign.RECEIPT, 110.0, began_at=90.0).state
    assert Health.PROBATION is observed(down, Sign.RECEIPT, 110.0, began_at=105.0).state


def test_a_receipt_opens_no_trial_where_the_device_is_gone() -> None:
    """Also where it went while the channel was down already."""
    gone = observed(failed_twice(), Sign.LOCAL_DOWN, 105.0)
    for down in (gone, observed(UP, Sign.LOCAL_DOWN, 100.0)):
        for sign in (Sign.RECEIPT, Sign.TRIAL):
            assert Health.DOWN is observed(down, sign, 110.0, began_at=110.0).state


def test_a_trial_is_of_a_channel_that_is_down() -> None:
    """One that has turned meanwhile is left as it is."""
    assert Health.PROBATION is observed(failed_twice(), Sign.TRIAL, 110.0, began_at=110.0).state
    assert UP == observed(UP, Sign.TRIAL, 110.0, began_at=110.0)


NOT_PLAYED = Permanent(Scope.RECIPIENT, "not-played")


@pytest.mark.parametrize(
    ("level", "failure", "shown"),
    [
        (Evidence.ACCEPTED, None, Sign.SPOKE),
        (Evidence.AIRED, None, Sign.RECEIPT),
        (Evidence.HUMAN, None, Sign.RECEIPT),
        (Evidence.DEVICE, NOT_PLAYED, Sign.SPOKE),
        (None, NOT_PLAYED, Sign.SPOKE),
        (None, None, Sign.SPOKE),
    ],
)
def test_a_report_speaks_for_its_channel_where_somebody_could_notice_it(
    level: Evidence | None, failure: Outcome | None, shown: Sign
) -> None:
    """That it was not played is about the place, and that the gateway has it about the gateway."""
    assert shown is shown_by(level, failure)


def test_that_the_far_end_speaks_makes_no_mute_channel_up() -> None:
    """It is a sign of life, as anything heard, and opens the trial of one that was silent."""
    mute = observed(ChannelHealth(is_mute=True), Sign.LOCAL_UP, 1.0)
    assert Health.UNKNOWN is observed(mute, Sign.SPOKE, 2.0).state
    assert Health.UP is observed(mute, Sign.RECEIPT, 2.0).state
    assert average(observed(UP, Sign.SPOKE, 2.0)) == average(observed(UP, Sign.HEARD, 2.0))
    assert Health.PROBATION is observed(observed(UP, Sign.SILENT, 2.0), Sign.SPOKE, 3.0).state


def test_a_sign_counts_for_about_a_minute() -> None:
    """A receipt of a minute ago weighs a third of one of now; after ten minutes it is as good as forgotten."""
    for after_s, kept in ((60.0, 0.3679), (600.0, 0.0)):
        seen = observed(observed(UP, Sign.RECEIPT, 2.0), Sign.FAILED, 2.0 + after_s, recipient="a")
        assert (2.0 * kept - 1.0) / (kept + 1.0) == pytest.approx(average(seen), abs=1e-3)
