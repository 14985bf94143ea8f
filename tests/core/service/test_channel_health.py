"""Why a channel is as it is, in figures and in sentences."""

from __future__ import annotations

from fenghuo.engine.health import Sign
from fenghuo.plugin.ports import Doubt, Probing
from fenghuo.service.channel_health import health_view
from tests.core.engine.test_channels import board, instance
from tests.core.engine.values import NOW


def test_a_suspicion_names_its_weight_and_its_witnesses() -> None:
    """Two refusals by one recipient: heavy enough, and one witness short."""
    one = instance()
    made = board(one)
    made.observe("a", Sign.LOCAL_UP)
    for _ in range(2):
        made.observe("a", Sign.FAILED, recipient="wang", reason="no route")
    view = health_view(one, NOW + 9)
    assert (2.0, ["wang"], None) == (view["failure_weight"], view["failed_for"], view["steady"])
    assert (-1.0, "suspect for 9 s: no route", "failures weigh 2 of 2, seen of 1 of 2: wang") == (view["average"], *view["says"][:2])
    assert [
        "its signs of late come to -1.00, from -1 (all failed) to 2 (all receipts)",
        "the next success makes it up again if they come to more than 0 with it",
    ] == view["says"][2:4]


def test_a_channel_on_trial_says_how_far_it_is_and_until_when_it_is_passed_over() -> None:
    """Stage, share, successes; and that it was left a moment ago."""
    one = instance()
    made = board(one)
    for sign in (Sign.LOCAL_UP, Sign.LOCAL_DOWN, Sign.LOCAL_UP, Sign.SENT):
        made.observe("a", sign)
    view = health_view(one, NOW + 20)
    assert (0, "1970-01-12T13:48:40.000Z") == (view["probation_stage"], view["steady"])
    assert [
        "stage 1 of 3: 10 % admitted, 1 of 3 successes, at least 10 s",
        "it was left 20 s ago: no first choice for 100 s more, while a steady way may do",
    ] == view["says"][1:]


def test_a_channel_with_a_pace_says_how_suspicious_its_silence_is() -> None:
    """phi, and when it will be lost."""
    one = instance(cadence_s=15.0)
    made = board(one)
    made.observe("a", Sign.LOCAL_UP)
    view = health_view(one, NOW + 30)
    assert view["phi"] == 2.6
    assert "heard 30 s ago, phi 2.6; lost in 15 s" == view["says"][-1]


def test_a_siren_says_what_would_make_it_up() -> None:
    """It is no fault that it is unknown."""
    one = instance(doubt=Doubt.ACTUATOR)
    board(one).observe("a", Sign.LOCAL_UP)
    says = "it cannot speak for itself; a receipt, a monitor receiver or a current sensor would make it UP"
    assert says == health_view(one, NOW)["says"][1]


def test_what_its_probes_cost_is_told() -> None:
    """In money and joules, where there were any."""
    one = instance(probing=Probing(idle_s=600.0, fee_fen=40.0, joules=900.0))
    assert (0, 0.0) == ((quiet := health_view(one, NOW))["probes"], quiet["probe_fen"])
    assert 1 == len(quiet["says"])
