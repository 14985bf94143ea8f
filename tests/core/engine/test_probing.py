"""A probe is asked where nothing was heard, spread in time, and paid for."""

from __future__ import annotations

import random

from fenghuo.engine.probing import DAY_S, IDLE_SPREAD, Purse, longer_s, next_look_at, paid, refilled
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Probing

IP = Probing(idle_s=45.0)
SATELLITE = Probing(idle_s=600.0, shortest_s=60.0, longest_s=1800.0, fee_fen=40.0, joules=900.0)


def test_waits_grow_with_jitter_and_stay_between_their_limits() -> None:
    """Five seconds to five minutes on IP, one to thirty minutes on a satellite; no two channels keep step."""
    for probing in (IP, SATELLITE):
        chance, waits = random.Random(3), [probing.shortest_s]
        for _ in range(200):
            waits.append(longer_s(probing, waits[-1], chance.uniform))
        assert (True, True) == (min(waits) >= probing.shortest_s, max(waits) <= probing.longest_s)
        assert max(waits) > probing.longest_s / 2
        assert len(set(waits)) > 100


def test_a_channel_that_was_heard_is_not_asked() -> None:
    """Evidence moves the question away; without it, it comes within a third more than the window."""
    assert (1045.0, 1060.0) == (next_look_at(Health.UP, IP, 1000.0, min), next_look_at(Health.UP, IP, 1000.0, max))
    assert IDLE_SPREAD * 45.0 + 1000.0 == next_look_at(Health.UP, IP, 1000.0, max)


def test_a_channel_that_is_suspected_is_asked_soon() -> None:
    """Whether it is dead is worth knowing before somebody needs it."""
    assert 1005.0 == next_look_at(Health.SUSPECT, IP, 1000.0, min)


def test_a_channel_that_cannot_be_asked_is_not() -> None:
    """The default: no question while it works."""
    assert float("inf") == next_look_at(Health.UP, Probing(), 1000.0, max)


def test_a_purse_pays_until_it_is_empty_and_fills_by_the_day() -> None:
    """In money and in joules, whichever ends first; what was spent is counted."""
    purse = Purse.of(100.0, 9000.0, 0.0)
    for _ in range(2):
        after = paid(purse, SATELLITE)
        assert after is not None
        purse = after
    assert (80.0, 1800.0, 2) == (purse.spent_fen, purse.spent_joules, purse.probes)
    assert paid(purse, SATELLITE) is None
    assert paid(refilled(purse, DAY_S / 5), SATELLITE) is not None
    assert (100.0, 9000.0) == ((full := refilled(purse, 9 * DAY_S)).fen, full.joules)


def test_an_empty_battery_stops_probes_that_money_would_pay() -> None:
    """Joules are a price of their own."""
    assert paid(Purse.of(1e6, 899.0, 0.0), SATELLITE) is None
    assert paid(Purse.of(0.0, 0.0, 0.0), IP) is not None
