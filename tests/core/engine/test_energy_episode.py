"""The stages of a discharge by what a gauge says of it, wrong readings among them: command is given away by the last one."""

from __future__ import annotations

import math

import pytest

from fenghuo.engine.energy import Battery, Load, drain_pct_per_h, stage
from fenghuo.engine.energy_episode import Episode, News
from fenghuo.model.mode import PowerMode

BATTERY = Battery(4320.0, (0.92, 0.92, 0.95, 0.95))
LOADS = (Load("server", (380.0, 230.0, 65.0, 23.0)),)
FULL, SAVE, MIN, LAST = PowerMode.BATTERY_FULL, PowerMode.BATTERY_SAVE, PowerMode.BATTERY_MIN, PowerMode.LAST_GASP


def episode(before: float | None = 100.0) -> Episode:
    return Episode(BATTERY, LOADS, began=0.0, began_pct=before)


def entered(readings: list[float], *, of: Episode | None = None, since: float = 0.0, every_s: float = 5.0) -> list[PowerMode]:
    """The stages told, one reading after the other; a correction among them is told by its stage."""
    discharge, told = of or episode(), list[PowerMode]()
    for number, charge in enumerate(readings):
        news = discharge.read(since + number * every_s, charge)
        told += [one for one in (news.entered, news.corrected) if one is not None]
    return told


@pytest.mark.parametrize("wrong", [0.0, 5.0, 50.0])
@pytest.mark.parametrize("good", [0, 1, 4, 60])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_readings_of_ten_seconds_that_nobody_expected_enter_no_stage(wrong: float, good: int, count: int) -> None:
    """At the cut, soon after it or in the midst of it: the gauge says something else, and then the truth again."""
    assert [FULL] == entered([100.0] * good + [wrong] * count + [99.0] * 40)


def test_a_charge_that_falls_and_stays_there_enters_its_stage_within_a_minute() -> None:
    """A cell has gone: it is so whatever the loads declare, and command can be given away in time."""
    discharge = episode()
    assert [FULL] == entered([100.0] * 10, of=discharge)
    told = [discharge.read(50.0 + 5.0 * number, 8.0).entered for number in range(12)]
    assert (8, LAST) == next((number, one) for number, one in enumerate(told) if one not in (None, FULL, SAVE, MIN))


def test_a_battery_that_says_of_itself_that_it_is_nearly_empty_is_believed_at_once() -> None:
    """A UPS knows its own (LB), whatever percent it shows."""
    discharge = episode()
    entered([100.0] * 3, of=discharge)
    assert LAST is discharge.read(20.0, 40.0, is_low=True).entered


def test_a_stage_that_was_entered_by_a_mistake_is_given_up_and_may_be_entered_again() -> None:
    """Three quarters of a minute at 4 %, then the truth for two: what was given away by it is taken back, and the real end counts."""
    discharge = episode()
    assert [FULL, LAST, FULL] == entered([100.0] * 10 + [4.0] * 10 + [99.0] * 40, of=discharge)
    assert LAST is entered([9.0] * 20, of=discharge, since=1_000.0)[-1]


def test_a_node_that_starts_on_a_battery_knows_its_stage_at_once_but_for_the_last() -> None:
    """Nobody knows what was before."""
    assert [MIN] == entered([25.0], of=episode(None))
    assert [MIN, LAST] == entered([5.0] * 8, of=episode(None))


def sinking(sag_pct: float, tau_s: float, *, until_s: float, news: list[News] | None = None) -> tuple[float, float]:
    """What a gauge that sinks says is left after so long, and the truth, hours; read as seldom as on battery."""
    discharge, at, shown, charge = episode(), 0.0, 100.0, 100.0
    while at < until_s:
        charge = 100.0 - drain_pct_per_h(BATTERY, LOADS, FULL) * at / 3600.0
        shown = charge - sag_pct * (1 - math.exp(-at / tau_s))
        news = news if news is not None else []
        news.append(discharge.read(at, shown))
        at += max(5.0, min(240.0, at / 60))
    assert stage(shown) is FULL
    truth = Episode(BATTERY, LOADS, began=0.0, began_pct=None)
    truth.read(at, shown)
    return discharge.plan(at).left_s / 3600.0, truth.plan(at).left_s / 3600.0


@pytest.mark.parametrize(("sag_pct", "tau_s"), [(0.0, 60.0), (8.0, 60.0), (8.0, 1.0), (4.0, 300.0)])
@pytest.mark.parametrize("minutes", [5, 30, 45, 60])
def test_a_battery_that_sinks_under_its_load_is_not_taken_for_one_that_runs_down(sag_pct: float, tau_s: float, minutes: int) -> None:
    """A gauge goes by voltage, which falls in the first minutes without anything being gone."""
    news: list[News] = []
    left, truth = sinking(sag_pct, tau_s, until_s=minutes * 60.0, news=news)
    assert 0.1 >= abs(left / truth - 1) or (minutes < 30 and tau_s > 60.0), (left, truth)
    assert [] == [one.coming for one in news if one.coming is not None]
