"""How surely several channels reach somebody, and which of them are worth their price."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.engine.admission import Load
from fenghuo.engine.confidence import (
    AVAILABILITY,
    LEAST_GAIN,
    TARGET,
    WORKING,
    Way,
    chance,
    chosen,
    groups_of,
    is_disjoint,
    joint,
    price,
)
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Priority
from tests.core.engine.values import Q95_S, situation, view

TOWER = frozenset({"cell:opA"})
SMS, LTE, SATELLITE = Way("sms", 0.95, TOWER), Way("4g", 0.90, TOWER), Way("sat", 0.80, frozenset())
STANDS = {"cell:opA": 0.90}


def test_two_channels_on_one_tower_are_worth_little_more_than_the_tower() -> None:
    """SMS .95 and 4G .90 on one tower of .90 are worth .8955, not .995; a satellite at only .80 beside them gives .979."""
    assert 0.8955 == pytest.approx(joint((SMS, LTE), STANDS))
    assert 0.9791 == pytest.approx(joint((SMS, LTE, SATELLITE), STANDS))


def test_the_satellite_is_taken_before_the_second_one_on_the_tower() -> None:
    """Alone it is the worst of the three; beside SMS it is worth more than 4G, which then adds under 1 % and is left."""
    choice = chosen((SMS, LTE, SATELLITE), STANDS, target=TARGET[Priority.P0])
    assert [("sms", 0.855), ("sat", 0.971)] == [(one.channel, round(one.reached, 3)) for one in choice.taken]
    assert "the next, 4g, would add 0.0081, less than 3 %" == choice.because


def test_nothing_is_added_once_the_target_is_reached() -> None:
    """A P4 is sure enough with what a P0 is not."""
    choice = chosen((SMS, LTE, SATELLITE), STANDS, target=TARGET[Priority.P4])
    assert (["sms"], "0.8550 is the 0.8 asked for") == ([one.channel for one in choice.taken], choice.because)


def test_what_cannot_get_through_is_not_taken() -> None:
    """A channel without a chance is not plausible, and nobody is reached by none."""
    dead = Way("dead", 0.0, frozenset())
    choice = chosen((dead,), {}, target=0.9)
    assert ((), 0.0, "nothing plausible is left") == (choice.taken, choice.reached, choice.because)


def test_the_cheaper_of_equals_goes_first() -> None:
    """Chance for its price: five times as dear must be five times as much surer."""
    dear, cheap = Way("a", 0.9, frozenset(), price=5.0), Way("b", 0.8, frozenset(), price=1.0)
    assert "b" == chosen((dear, cheap), {}, target=0.999).taken[0].channel


def test_a_channel_needs_all_of_its_risk_groups() -> None:
    """Naming one more thing that can fail never makes a channel surer."""
    one, two = Way("a", 0.9, frozenset({"mains"})), Way("a", 0.9, frozenset({"mains", "fibre"}))
    assert 0.9 * AVAILABILITY == pytest.approx(joint((one,), {}))
    assert 0.9 * AVAILABILITY**2 == pytest.approx(joint((two,), {}))


WAYS = st.lists(
    st.tuples(st.floats(0, 1), st.sets(st.sampled_from("abcd"), max_size=3)).map(lambda pair: Way("c", pair[0], frozenset(pair[1]))),
    max_size=5,
)
STANDING = st.fixed_dictionaries({group: st.floats(0, 1) for group in "abcd"})


@settings(deadline=None)
@given(WAYS, STANDING)
def test_it_is_the_sum_over_everything_that_may_stand_or_fall(ways: list[Way], standing: dict[str, float]) -> None:
    """Judged by brute force: each group stands or has fallen, and a channel works with its own chance where all of its groups stand."""
    total = 0.0
    for stand in itertools.product((True, False), repeat=4):
        state = dict(zip("abcd", stand, strict=True))
        weight = math.prod(standing[group] if up else 1 - standing[group] for group, up in state.items())
        total += weight * (1 - math.prod(1 - way.p for way in ways if all(state[group] for group in way.groups)))
    assert total == pytest.approx(joint(ways, standing), abs=1e-9)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from("ab")), min_size=1, max_size=6), STANDING)
def test_with_one_group_each_it_is_the_formula(pairs: list[tuple[float, str]], standing: dict[str, float]) -> None:
    """failover.md: 1 - prod over groups of (1 - a_g (1 - prod of (1 - p_c)))."""
    ways = [Way("c", p, frozenset({group})) for p, group in pairs]
    missed = [1 - standing[group] * (1 - math.prod(1 - way.p for way in ways if group in way.groups)) for group in "ab"]
    assert 1 - math.prod(missed) == pytest.approx(joint(ways, standing), abs=1e-9)


@settings(deadline=None)
@given(WAYS, STANDING, st.sampled_from(Priority))
def test_a_choice_stops_for_its_reason(ways: list[Way], standing: dict[str, float], priority: Priority) -> None:
    """Either it is sure enough, or what is left would add under 3 %, or nothing is left; and every step was worth it."""
    ways = [Way(f"c{n}", way.p, way.groups) for n, way in enumerate(ways)]
    choice = chosen(ways, standing, target=TARGET[priority])
    names = [one.channel for one in choice.taken]
    left = [way for way in ways if way.channel not in names and way.p > 0]
    taken = [way for way in ways if way.channel in names]
    assert choice.reached == pytest.approx(joint(taken, standing), abs=1e-9)
    gains = [joint([*taken, way], standing) - choice.reached for way in left]
    assert choice.reached >= TARGET[priority] or all(gain < LEAST_GAIN * choice.reached + 1e-9 for gain in gains)
    assert all(step.gain >= LEAST_GAIN * (step.reached - step.gain) - 1e-9 for step in choice.taken)


@pytest.mark.parametrize("health", Health)
def test_health_takes_its_part_of_the_chance(health: Health) -> None:
    """What settings promise counts as far as the channel works."""
    one = view("a", health=health, reach=0.9)
    assert 0.9 * WORKING[health] == pytest.approx(chance(one, situation(one)))


def test_what_comes_too_late_is_no_chance() -> None:
    """By its 95 % time 95 % have come, by then as much of the chance; a channel that is switched off has none."""
    one = view("a", reach=1.0)
    assert 0.95 == pytest.approx(chance(one, situation(one), left_s=Q95_S))
    assert 0.0 == chance(one, situation(one), left_s=0.0)
    assert 0.0 == chance(view("a", admin=Admin.DISABLED), situation(one))


def test_evidence_counts_more_than_settings() -> None:
    """What was proven to this recipient over this channel, and to nobody else."""
    one = view("a", reach=0.9)
    seen = situation(one)
    proven = type(seen)(at=seen.at, channels=seen.channels, proven={"wang": {"a": 0.4}})
    assert 0.4 == pytest.approx(chance(one, proven, "wang"))
    assert 0.9 == pytest.approx(chance(one, proven, "li"))
    assert seen.digest == proven.digest, "every receipt would make another plan of the same"


def test_money_airtime_and_energy_have_one_price() -> None:
    """A second on the air is worth two short messages of ten fen."""
    assert price(Load(airtime_s=1.0)) == pytest.approx(price(Load(fee_fen=20.0)))
    assert price(Load(joules=1000.0)) == pytest.approx(price(Load(fee_fen=1.0)))


def test_what_a_channel_shares_is_what_its_settings_name() -> None:
    """Without a risk group it falls alone."""
    alone, mast = view("a"), view("b", risk_groups=("mast", "mains"))
    assert (frozenset(), frozenset({"mast", "mains"})) == (groups_of(alone), groups_of(mast))
    assert (True, False) == (is_disjoint(alone, mast), is_disjoint(mast, view("c", risk_groups=("mains",))))
