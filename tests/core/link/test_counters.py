"""Counters, reserved before they are used."""

from __future__ import annotations

import pytest

from fenghuo.errors import KeyUnusable
from fenghuo.link.counters import END, LOW, STEP, Counters, Grant
from fenghuo.link.frame import FrameKind
from tests.core.link.posts import CENTRE, TOWN, ring

LANE = ring(CENTRE).sending(TOWN, FrameKind.COMMAND)


def counters(*grants: Grant) -> Counters:
    made = Counters([LANE])
    for grant in grants:
        made.grant(grant)
    return made


def test_nothing_is_given_before_the_disk_has_it() -> None:
    """Without a grant no frame is sealed, and the reservation is asked for."""
    fresh = counters()
    with pytest.raises(KeyUnusable, match="no counters are reserved"):
        fresh.take(LANE)
    assert [LANE.name] == [wanted.lane for wanted in fresh.wanted()]


def test_a_grant_is_used_in_order_and_to_its_end() -> None:
    """first … until - 1, and then no more."""
    some = counters(Grant(LANE.name, 5, 8))
    assert [5, 6, 7] == [some.take(LANE) for _ in range(3)]
    with pytest.raises(KeyUnusable):
        some.take(LANE)


def test_the_next_grant_is_asked_for_in_time_and_used_after_the_first() -> None:
    """While the disk is asked, the rest lasts."""
    some = counters(Grant(LANE.name, 0, STEP))
    taken = [some.take(LANE) for _ in range(STEP - LOW)]
    assert () == some.wanted()
    taken.append(some.take(LANE))
    assert 1 == len(some.wanted())
    some.grant(Grant(LANE.name, STEP, 2 * STEP))
    assert () == some.wanted()
    taken += [some.take(LANE) for _ in range(2 * STEP - len(taken))]
    assert list(range(2 * STEP)) == taken


def test_a_stale_key_seals_nothing() -> None:
    """And what was granted before is gone with it."""
    some = counters(Grant(LANE.name, 0, STEP), Grant(LANE.name, 0, 0, stale=True))
    with pytest.raises(KeyUnusable, match="stale since the store was restored or copied; put in a new one at both ends"):
        some.take(LANE)
    assert () == some.wanted()


def test_a_counter_near_its_end_refuses() -> None:
    """2^32 - 1024 is the first that is not given."""
    some = counters(Grant(LANE.name, END - 1, END + 1024))
    assert 2**32 - 1025 == some.take(LANE)
    with pytest.raises(KeyUnusable, match="the counters are spent; put in a new key at both ends"):
        some.take(LANE)


def test_looking_at_the_next_does_not_use_it() -> None:
    """next() is what take() gives."""
    some = counters(Grant(LANE.name, 5, 8))
    assert 5 == some.next(LANE) == some.next(LANE) == some.take(LANE)
