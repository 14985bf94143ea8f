"""The runtime that a noisy curve shows, against the curve itself."""

from __future__ import annotations

import random

import pytest

from fenghuo.engine.energy import Load, drain_pct_per_h, energy_plan, stage
from fenghuo.engine.energy_runtime import Discharge
from tests.core.engine.test_energy import HOUR_S, HOUSE, LOADS

SEEDS = range(25)


def declared(charge_pct: float) -> float:
    return drain_pct_per_h(HOUSE, LOADS, stage(charge_pct))


def told(charge_pct: float, noise: random.Random, sigma: float) -> float:
    """What a UPS tells of a charge: whole percents, never above 100."""
    return float(round(min(100.0, max(0.0, charge_pct + noise.gauss(0.0, sigma)))))


def error(discharge: Discharge, charge_pct: float, scale: float) -> float:
    """How far what is said to be left is from what is left, as a share."""
    fit = discharge.fit()
    assert fit is not None
    left_s = energy_plan(HOUSE, LOADS, charge_pct, scale=scale).left_s
    return abs(energy_plan(HOUSE, LOADS, fit.charge_pct, scale=fit.scale).left_s - left_s) / left_s


def cut(seed: int, *, scale: float, sigma: float, every_s: float, until_s: float) -> tuple[Discharge, float]:
    """The first stage from a cut on, read so often; with the charge at its end."""
    noise, discharge, charge = random.Random(seed), Discharge(0.0, 100.0, has_plan=True), 100.0
    for turn in range(1, int(until_s / every_s) + 1):
        charge = 100.0 - declared(100.0) * scale * turn * every_s / HOUR_S
        discharge.read(turn * every_s, told(charge, noise, sigma), declared(100.0))
    return discharge, charge


def test_half_an_hour_after_the_cut_the_runtime_is_within_a_tenth_whatever_the_noise() -> None:
    """With a reading every 5 s that is off by one percent, one sigma, and told as a whole number."""
    worst = max(error(*cut(seed, scale=1.0, sigma=1.0, every_s=5.0, until_s=1800.0), 1.0) for seed in SEEDS)
    assert worst <= 0.10


@pytest.mark.parametrize("scale", [0.8, 1.25, 20.0])
def test_loads_that_draw_otherwise_than_declared_are_seen_within_the_hour(scale: float) -> None:
    """An old battery, or a channel that nobody has told of."""
    worst = max(error(*cut(seed, scale=scale, sigma=0.5, every_s=5.0, until_s=3600.0 if scale < 2 else 600.0), scale) for seed in SEEDS)
    assert worst <= 0.10


@pytest.mark.parametrize("seed", range(4))
def test_over_forty_hours_of_shedding_the_runtime_stays_within_a_tenth(seed: int) -> None:
    """The whole curve of S10, a reading every 20 s, loads a little off what they declare: from half an hour on, to two percent."""
    noise, scale, step_s = random.Random(seed), 1.0 + 0.02 * (seed - 1.5), 20.0
    discharge, charge, at, shown = Discharge(0.0, 100.0, has_plan=True), 100.0, 0.0, 100.0
    worst = 0.0
    while charge > 2.0:
        drain = declared(charge)
        at, charge = at + step_s, charge - drain * scale * step_s / HOUR_S
        discharge.read(at, told(charge, noise, 0.5), declared(shown))
        if at % 900.0 == 0 and (fit := discharge.fit()) is not None:
            shown = fit.charge_pct
            worst = max(worst, error(discharge, charge, scale)) if at >= 1800.0 else worst
    assert worst <= 0.10


def test_readings_that_are_plainly_wrong_do_not_move_the_line() -> None:
    """A gauge that says 0 once in fifteen times, as one does while it is asked too often."""
    noise, discharge, charge = random.Random(1), Discharge(0.0, 100.0, has_plan=True), 100.0
    for turn in range(1, 361):
        charge = 100.0 - declared(100.0) * turn * 10.0 / HOUR_S
        discharge.read(turn * 10.0, 0.0 if turn % 15 == 0 else told(charge, noise, 0.5), declared(100.0))
    assert error(discharge, charge, 1.0) <= 0.05


def test_what_is_left_is_as_sure_as_the_curve_is_long() -> None:
    """The spread falls with the readings; before any there is nothing to say."""
    assert Discharge(0.0, 100.0, has_plan=True).fit() is None
    early = cut(1, scale=1.0, sigma=0.5, every_s=10.0, until_s=300.0)[0].fit()
    late = cut(1, scale=1.0, sigma=0.5, every_s=10.0, until_s=7200.0)[0].fit()
    assert early is not None
    assert late is not None
    assert 0.25 > early.spread > 2 * late.spread


def test_without_declared_loads_the_curve_alone_tells_once_it_has_fallen() -> None:
    """Its drain is hours then, and the scale is percents in an hour."""
    noise, discharge = random.Random(3), Discharge(0.0, 100.0, has_plan=False)
    discharge.read(10.0, 100.0, 1.0)
    assert discharge.fit() is None
    for turn in range(2, 361):
        discharge.read(turn * 10.0, told(100.0 - 20.0 * turn * 10.0 / HOUR_S, noise, 0.3), 1.0)
    fit = discharge.fit()
    assert fit is not None
    assert 80.0 == pytest.approx(fit.charge_pct, abs=0.5)
    assert 20.0 == pytest.approx(fit.scale, rel=0.05)


def test_a_reading_that_is_not_newer_than_the_last_changes_nothing() -> None:
    """Sensors may repeat themselves."""
    discharge, _ = cut(1, scale=1.0, sigma=0.5, every_s=10.0, until_s=600.0)
    before = discharge.fit()
    discharge.read(600.0, 3.0, 1000.0)
    discharge.read(10.0, 3.0, 1000.0)
    assert before == discharge.fit()


def test_a_gauge_that_jumps_at_the_cut_had_known_nothing_before() -> None:
    """A battery that was full on its float and says 60 at once: the charge before the cut counts no more."""
    noise, discharge, charge = random.Random(2), Discharge(0.0, 100.0, has_plan=True), 60.0
    for turn in range(1, 61):
        charge = 60.0 - declared(100.0) * turn * 10.0 / HOUR_S
        discharge.read(turn * 10.0, told(charge, noise, 0.5), declared(100.0))
    fit = discharge.fit()
    assert fit is not None
    assert charge == pytest.approx(fit.charge_pct, abs=0.6)
    assert 1.0 == pytest.approx(fit.scale, abs=0.15)


def test_a_load_that_appears_unannounced_is_followed() -> None:
    """Somebody plugs in a heater: two hours later what is left is right again."""
    discharge, charge = Discharge(0.0, 100.0, has_plan=True), 100.0
    noise, loads = random.Random(5), (Load("all", (150.0, 150.0, 150.0, 150.0)),)
    for turn in range(1, 10 * 60 + 1):
        drain = drain_pct_per_h(HOUSE, loads, stage(100.0))
        charge -= drain * (2.0 if turn > 480 else 1.0) / 60.0
        discharge.read(turn * 60.0, told(charge, noise, 0.3), drain)
    fit = discharge.fit()
    assert fit is not None
    assert 2.0 == pytest.approx(fit.scale, rel=0.15)
