from __future__ import annotations

import pytest

from fenghuo_adapters.centre_clock import APART_S, ZONES_S, CentreClock

NOW, HOUR = 1_795_514_700.0, 3600.0


def _told(clock: CentreClock, *ahead_s: float, since: int = 0) -> None:
    for number, each in enumerate(ahead_s, since):
        clock.handed_in(f"own-{number}", NOW + number)
        clock.reported((f"own-{number}",), NOW + number + each)


def test_a_centre_that_writes_its_zone_is_believed_at_once() -> None:
    """Its times are ours, but for what two clocks differ."""
    assert (NOW - 8 * HOUR, APART_S) == CentreClock(names_zone=True).reported((), NOW - 8 * HOUR)


def test_a_wrong_zone_is_learnt_from_three_reports_of_our_own() -> None:
    """It writes Beijing time as if it were UTC: the first two reports are of nothing, the third is of its order."""
    clock = CentreClock(names_zone=True)
    _told(clock, 8 * HOUR + 3, 8 * HOUR + 1)
    assert (NOW + 8 * HOUR, APART_S) == clock.reported((), NOW + 8 * HOUR)
    clock.reported(("own-1",), NOW + 8 * HOUR)  # a copy
    assert (NOW + 8 * HOUR, APART_S) == clock.reported((), NOW + 8 * HOUR)
    _told(clock, 8 * HOUR + 2, since=2)
    assert (NOW, APART_S) == clock.reported((), NOW + 8 * HOUR)


@pytest.mark.parametrize(
    "ahead_s", [(-600.0,) * 5, (-8 * HOUR, 0.0, -8 * HOUR, 0.0), (30 * HOUR,) * 4], ids=["no zone", "not the same", "no zone so far"]
)
def test_reports_of_other_submissions_teach_no_zone(ahead_s: tuple[float, ...]) -> None:
    """A modem that counts anew gives the names of older texts to newer ones."""
    clock = CentreClock(names_zone=True)
    _told(clock, *ahead_s)
    assert (NOW, APART_S) == clock.reported((), NOW)


def test_a_name_that_came_round_teaches_nothing() -> None:
    """Which of the two the report is of nobody knows."""
    clock = CentreClock(names_zone=False)
    clock.handed_in("same", NOW - HOUR)
    clock.handed_in("same", NOW)
    assert (NOW, ZONES_S + APART_S) == clock.reported(("same",), NOW)


def test_a_centre_without_zones_is_known_by_one_report_of_our_own() -> None:
    """Until then it may be any local time; from then on also a clock that is wrong by years tells yesterday from today."""
    clock = CentreClock(names_zone=False)
    assert (NOW, ZONES_S + APART_S) == clock.reported(("unknown",), NOW)
    clock.handed_in("id", NOW)
    clock.reported(("id",), NOW - 1e8)
    assert (NOW - 60, APART_S) == clock.reported(("unknown",), NOW - 1e8 - 60)
