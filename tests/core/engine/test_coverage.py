"""Coverage of the public: the figures of the plan's worked examples, the gate, and who is left out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine.coverage import Coverage, Estimates, Light, Unit, coverage, estimates
from fenghuo.model.area import AreaRef

GROUPS = {"sms": "sms", "ebs": "loud", "siren": "loud", "tv": "tv", "runner": "runner"}
VILLAGES = (
    (4_200, {"sms": 0.90, "ebs": 0.70, "siren": 0.35, "tv": 0.45}),
    (2_840, {"sms": 0.86, "ebs": 0.80, "siren": 0.0, "tv": 0.50}),
    (6_100, {"sms": 0.93, "ebs": 0.60, "siren": 0.50, "tv": 0.40}),
)
LIUHE, PORT, HUANGJING = "nbs:320585102", "nbs:320585103", "nbs:320585104"
COAST = {
    LIUHE: (75_000, {"ebs": 0.75, "sms": 0.92, "siren": 0.40, "tv": 0.45}),
    PORT: (100_000, {"ebs": 0.70, "sms": 0.94, "siren": 0.55, "tv": 0.40}),
    HUANGJING: (66_113, {"ebs": 0.80, "sms": 0.88, "siren": 0.30, "tv": 0.50}),
}
"""The three towns of a typhoon from the river. Synthetic but for the total."""
ALL = ("sms", "ebs", "siren", "tv")


def unit(code: str, people: float, reach: Mapping[str, float], *, town: str = "") -> Unit:
    area = AreaRef.parse(code)
    above = AreaRef.parse(town or code)
    return Unit(area, f"place {code}", above, f"town {above}", people, (area, above), reach)


def percent(found: Estimates) -> tuple[float, float, float, float]:
    return tuple(round(share * 100, 1) for share in (found.lower, found.grouped, found.independent, found.upper))  # type: ignore[return-value]  # of four


def coast(*, huangjing: tuple[str, ...] = ALL, runner: float = 0.0) -> Coverage:
    """The three towns, with these channels left in 璜泾, and a runner who gets to this share of its households."""
    units = [unit(code, people, {**reach, "runner": runner if code == HUANGJING else 0.0}) for code, (people, reach) in COAST.items()]
    works = {one.area: dict.fromkeys((*(huangjing if str(one.area) == HUANGJING else ALL), "runner"), 1.0) for one in units}
    return coverage(units, GROUPS, works)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (ALL, (90.5, 98.4, 99.0, 100.0)),
        (("ebs", "siren", "tv"), (67.5, 81.4, 88.8, 100.0)),
        (("ebs", "siren"), (67.5, 67.5, 80.2, 95.7)),
        (("siren",), (34.4, 34.4, 34.4, 34.4)),
        ((), (0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_three_villages_have_the_figures_of_the_worked_example(left: tuple[str, ...], expected: tuple[float, float, float, float]) -> None:
    """Source: scenarios.md §0, Coverage check: all up; no mobile network; nor television; only sirens."""
    units = [unit(f"nbs:32058510500{number}", *village, town="nbs:320585105") for number, village in enumerate(VILLAGES)]
    found = coverage(units, GROUPS, {one.area: dict.fromkeys(left, 1.0) for one in units})
    assert expected == percent(found.total)


@pytest.mark.parametrize(
    ("found", "expected", "town", "light"),
    [
        (coast(), (91.7, 98.9, 99.4), 98.8, Light.GREEN),
        (coast(huangjing=("ebs", "siren", "tv")), (89.5, 96.5, 97.7), 90.0, Light.AMBER),
        (coast(huangjing=("ebs", "siren")), (89.5, 93.7, 95.8), 80.0, Light.RED),
        (coast(huangjing=("ebs", "siren"), runner=0.5), (89.5, 96.5, 97.7), 90.0, Light.AMBER),
        (coast(huangjing=("ebs", "siren"), runner=0.8), (89.5, 98.1, 98.8), 96.0, Light.GREEN),
    ],
)
def test_a_typhoon_has_the_figures_of_its_scenario(
    found: Coverage, expected: tuple[float, float, float], town: float, light: Light
) -> None:
    """Source: scenarios.md S1: all up, the mobile network of 璜泾 lost, then its mains, then runners to 50 % and 80 % of what is left."""
    (huangjing,) = (one for one in found.towns if str(one.area) == HUANGJING)
    assert (expected, town, light) == (percent(found.total)[:3], round(huangjing.estimates.grouped * 100, 1), found.light)
    assert 241_113 == found.people


def test_exactly_95_percent_does_not_pass() -> None:
    """The plan says more than 95 %."""
    area = AreaRef.parse(LIUHE)
    for share, passes in ((0.95, False), (0.9501, True)):
        assert passes is coverage([unit(LIUHE, 100, {"sms": share})], GROUPS, {area: {"sms": 1.0}}).passes


def test_exactly_90_percent_is_enough_for_a_town_and_one_below_hides_behind_no_total() -> None:
    """The total stands far above the gate in both; 1 - 0.2 x 0.5 is a little less than 0.9 to a machine."""
    for tv, low in ((0.5, ()), (0.49, (HUANGJING,))):
        units = [unit(LIUHE, 10_000, {"sms": 0.99}), unit(HUANGJING, 100, {"ebs": 0.8, "tv": tv})]
        found = coverage(units, GROUPS, {one.area: dict.fromkeys(GROUPS, 1.0) for one in units})
        assert found.total.grouped > 0.98
        assert (not low, low) == (found.passes, tuple(str(town.area) for town in found.low_towns))


def test_places_under_the_floor_are_listed_those_that_leave_most_people_out_first() -> None:
    """With what they have still, best first; a place without people is no gap."""
    town = "nbs:320585104"
    units = [
        unit("nbs:320585104200", 1_000, {"sms": 0.5}, town=town),
        unit("nbs:320585104201", 4_000, {"sms": 0.2, "ebs": 0.6}, town=town),
        unit("nbs:320585104202", 2_000, {"sms": 0.95}, town=town),
        unit("nbs:320585104205", 0, {}, town=town),
    ]
    found = coverage(units, GROUPS, {one.area: dict.fromkeys(GROUPS, 1.0) for one in units})
    listed = [(str(gap.unit.area), round(gap.grouped, 3), round(gap.left_out), gap.channels) for gap in found.gaps]
    assert [("nbs:320585104201", 0.68, 1_280, ("ebs", "sms")), ("nbs:320585104200", 0.5, 500, ("sms",))] == listed


def test_nobody_is_no_coverage() -> None:
    """Where nobody lives nothing passes: an empty inventory must not look like a good one."""
    found = coverage([], GROUPS, {})
    assert (Estimates(), 0, False) == (found.total, found.people, found.passes)


@given(st.dictionaries(st.sampled_from(sorted(GROUPS)), st.floats(0.0, 1.0)))
def test_the_estimates_stand_in_their_order(q: dict[str, float]) -> None:
    """Nested is the least that can be, disjoint the most."""
    found = estimates(q, GROUPS)
    rounded = [round(share, 9) for share in (found.lower, found.grouped, found.independent, found.upper)]
    assert sorted(rounded) == rounded
    assert 0.0 <= rounded[0]
    assert rounded[-1] <= 1.0
