"""What a battery is worth: hours, steps of shedding, warnings and messages, on the worked example of scenarios.md S10."""

from __future__ import annotations

import math

import pytest

from fenghuo.engine.energy import Battery, Load, Messages, Price, Shed, Warn, drain_pct_per_h, energy_plan, stage
from fenghuo.model.mode import PowerMode

HOUR_S = 3600.0
HOUSE = Battery(usable_wh=48.0 * 100.0 * 0.90, efficiency=(0.92, 0.92, 0.95, 0.95))
LOADS = (
    Load("computer", (120.0, 120.0, 15.0, 8.0)),
    Load("vsat", (150.0, 0.0, 0.0, 0.0), "vsat"),
    Load("radio", (80.0, 80.0, 40.0, 12.0), "pdt"),
    Load("router", (30.0, 30.0, 10.0, 0.0)),
    Load("tiantong", (0.0, 0.0, 0.0, 3.0), "tt"),
)


def test_the_worked_example_comes_out_as_it_stands_in_the_scenario() -> None:
    """4 320 Wh: 4.2, 9.4, 22.0 and 39.8 hours by shedding, 10.5 without, which is more than 3.5 times as long."""
    plan = energy_plan(HOUSE, LOADS, 100.0)
    assert [380.0, 230.0, 65.0, 23.0] == [step.watts for step in plan.steps]
    assert [4.2, 9.4, 22.0, 39.8] == [round((step.begins_s + step.lasts_s) / HOUR_S, 1) for step in plan.steps]
    assert (39.8, 10.5) == (round(plan.left_s / HOUR_S, 1), round(plan.unmanaged_s / HOUR_S, 1))
    assert plan.gain >= 3.5


def test_each_stage_sheds_what_saves_most_first() -> None:
    """What costs nothing any more and what only costs less, and nothing that begins to draw."""
    full, save, least, gasp = energy_plan(HOUSE, LOADS, 100.0).steps
    assert ((), (Shed("vsat", 150.0, 0.0),)) == (full.sheds, save.sheds)
    assert (Shed("computer", 120.0, 15.0), Shed("radio", 80.0, 40.0), Shed("router", 30.0, 10.0)) == least.sheds
    assert (Shed("radio", 40.0, 12.0), Shed("router", 10.0, 0.0), Shed("computer", 15.0, 8.0)) == gasp.sheds


def test_a_person_hears_of_each_stage_a_quarter_of_an_hour_before_it_begins() -> None:
    """And at once when there is less time than that."""
    plan = energy_plan(HOUSE, LOADS, 100.0)
    assert [round((hours - 0.25) * HOUR_S) for hours in (4.18358, 9.36758, 21.99527)] == pytest.approx(
        [one.in_s for one in plan.warnings], abs=1.0
    )
    soon = energy_plan(HOUSE, LOADS, 31.0)
    assert soon.steps[1].begins_s > 600.0
    assert Warn(PowerMode.BATTERY_MIN, 0.0) == soon.warnings[0]
    assert () == energy_plan(HOUSE, LOADS, 5.0).warnings


@pytest.mark.parametrize(
    ("charge", "word"),
    [(100, "battery_full"), (60, "battery_full"), (59.9, "battery_save"), (30, "battery_save"), (10, "battery_min"), (9.9, "last_gasp")],
)
def test_a_stage_begins_below_its_threshold(charge: float, word: str) -> None:
    """At 60 % itself it is the better of the two."""
    assert word == stage(charge)
    assert charge == energy_plan(HOUSE, LOADS, charge).steps[0].from_pct


def test_what_is_left_is_an_interval_as_wide_as_the_figures_are_sure() -> None:
    """Ten percent as declared; measured, as far as the curve says; and a battery that runs down faster lasts so much shorter."""
    plan = energy_plan(HOUSE, LOADS, 50.0)
    assert (plan.left_s / 1.1, plan.left_s / 0.9) == pytest.approx((plan.least_s, plan.most_s))
    fast = energy_plan(HOUSE, LOADS, 50.0, scale=1.25, spread=0.02)
    assert plan.left_s / 1.25 == pytest.approx(fast.left_s)
    assert (fast.left_s / 1.02, fast.left_s / 0.98) == pytest.approx((fast.least_s, fast.most_s))


def test_messages_are_counted_from_the_energy_that_their_class_may_use() -> None:
    """A message of 2 s takes what the node draws meanwhile and 46 J on top; below the reserve of 30 % there are those of P0 only."""
    price = {"pdt": Price(airtime_s=2.0, joules=46.0)}
    above = 0.10 * 4320.0 * 0.92 * HOUR_S / (230.0 * 2.0 + 46.0)
    below = 0.20 * 4320.0 * 0.95 * HOUR_S / (65.0 * 2.0 + 46.0) + 0.10 * 4320.0 * 0.95 * HOUR_S / (23.0 * 2.0 + 46.0)
    assert {"pdt": Messages(p0=int(above + below), others=int(above))} == energy_plan(HOUSE, LOADS, 40.0, prices=price).messages
    assert 0 == energy_plan(HOUSE, LOADS, 30.0, prices=price).messages["pdt"].others
    assert energy_plan(HOUSE, LOADS, 40.0).reserve_s == pytest.approx(10.0 / drain_pct_per_h(HOUSE, LOADS, PowerMode.BATTERY_SAVE) * HOUR_S)


def test_a_channel_that_is_shed_sends_nothing_from_then_on() -> None:
    """And one that comes on at the end has no message before; one that is no load of its own is on as long as anything is."""
    price = Price(airtime_s=1.0, joules=0.0)
    counts = energy_plan(HOUSE, LOADS, 50.0, prices={"vsat": price, "tt": price, "lte": price}).messages
    assert Messages(0, 0) == counts["vsat"]
    assert int(0.10 * 4320.0 * 0.95 * HOUR_S / 23.0) == counts["tt"].p0
    assert counts["lte"].p0 > counts["tt"].p0


def test_what_draws_nothing_lasts_for_ever_and_an_empty_battery_not_at_all() -> None:
    """Both ends of the figures are figures."""
    idle = energy_plan(HOUSE, (Load("computer", (0.0, 0.0, 0.0, 0.0)),), 50.0, prices={"pdt": Price(0.0, 0.0)})
    assert (math.inf, math.inf, 0) == (idle.left_s, idle.unmanaged_s, idle.messages["pdt"].p0)
    empty = energy_plan(HOUSE, LOADS, 0.0, prices={"pdt": Price(2.0, 46.0)})
    assert (0.0, 0.0, 1.0, Messages(0, 0)) == (empty.left_s, empty.unmanaged_s, empty.gain, empty.messages["pdt"])
