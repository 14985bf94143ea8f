"""What holds of what power sensors said, and for how long."""

from __future__ import annotations

import math
from itertools import starmap

import pytest

from fenghuo.engine.power import PowerState, Sensed, has_moved, next_stale_at, overall, sensed
from fenghuo.plugin.values import Observation


def seen(at: float = 100.0, stale_after_s: float = 15.0, **values: float | str | bool) -> dict[str, Observation]:
    """Observations of power, all of one instant."""
    return {f"power.{what}": Observation(f"power.{what}", value, "", at, stale_after_s) for what, value in values.items()}


def test_a_reading_holds_until_it_is_stale_and_is_unknown_from_then_on() -> None:
    """Never its last value: the state, the charge and the runtime go at once."""
    reading = seen(state="mains", charge=90.0, runtime=3600.0, low=False, cause="")
    assert Sensed(PowerState.MAINS, False, 90.0, 14.0, 3600.0, 14.0) == sensed(reading, 114.0)
    assert Sensed(cause="nothing was heard of the sensor lately") == sensed(reading, 115.0)
    assert (115.0, None) == (next_stale_at(reading, 114.0), next_stale_at(reading, 115.0))


def test_a_figure_that_is_not_renewed_grows_old_beside_a_fresh_state() -> None:
    """As when upsd is lost: the state is unknown now, and the runtime is the last one with its age."""
    reading = seen(charge=8.0, runtime=300.0) | seen(at=110.0, state="unknown", cause="upsd is gone")
    assert Sensed(PowerState.UNKNOWN, False, 8.0, 12.0, 300.0, 12.0, "upsd is gone") == sensed(reading, 112.0)
    assert Sensed(PowerState.UNKNOWN, cause="upsd is gone") == sensed(reading, 120.0)


@pytest.mark.parametrize("value", [-1.0, 100.5, math.nan, math.inf, True, "90"])
def test_a_charge_that_makes_no_sense_is_none(value: float | str | bool) -> None:
    """A sensor of anybody's may say anything."""
    assert sensed(seen(state="battery", charge=value), 101.0).charge_pct is None


@pytest.mark.parametrize("value", ["MAINS", "online", "", True, 1.0])
def test_a_word_that_is_none_of_the_three_is_unknown(value: float | str | bool) -> None:
    """And never mains."""
    assert PowerState.UNKNOWN is sensed(seen(state=value), 101.0).state


def test_what_says_that_it_is_never_stale_or_was_always_so_is_unknown_or_holds() -> None:
    """A figure for the time that is no number does not hold for a moment."""
    assert PowerState.UNKNOWN is sensed(seen(state="mains", stale_after_s=math.nan), 100.0).state
    assert PowerState.UNKNOWN is sensed(seen(state="mains", stale_after_s=-1.0), 100.0).state
    assert PowerState.MAINS is sensed(seen(state="mains", stale_after_s=math.inf), 1e9).state


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ("", "unknown"),
        ("mains", "mains"),
        ("mains mains", "mains"),
        ("mains unknown", "unknown"),
        ("mains battery", "battery"),
        ("unknown battery", "battery"),
    ],
)
def test_the_node_is_on_battery_by_one_word_and_on_mains_by_all(states: str, word: str) -> None:
    """Without any sensor nobody knows."""
    assert word == overall(map(PowerState, states.split()))


def test_a_curve_has_a_point_every_five_percent() -> None:
    """Up or down; the first is always one."""
    steps = [(None, None), (None, 50.0), (50.0, None), (50.0, 45.1), (50.0, 45.0), (50.0, 55.0)]
    assert [False, True, False, False, True, True] == list(starmap(has_moved, steps))
