"""The expiry inside a frame."""

from __future__ import annotations

import pytest

from fenghuo.link.lifetime import LONGEST_S, expiry, is_over
from tests.core.link.posts import NOW


@pytest.mark.parametrize("life_s", [1.0, 59.0, 60.0, 3600.0, LONGEST_S])
def test_a_frame_lives_to_its_end_and_less_than_a_minute_longer(life_s: float) -> None:
    """The minute is rounded up, never down."""
    end = expiry(NOW + life_s, NOW)
    assert not is_over(end, NOW)
    assert not is_over(end, NOW + life_s)
    assert is_over(end, NOW + life_s + 60.0)


def test_it_stays_over_for_three_weeks() -> None:
    """Half of the cycle of 45 days; by then its counter has left the window."""
    end = expiry(NOW + 60, NOW)
    assert all(is_over(end, NOW + 120 + day * 86_400) for day in range(22))


def test_an_end_too_far_away_is_brought_nearer() -> None:
    """A year does not fit; it never reads as the past."""
    assert not is_over(expiry(NOW + 365 * 86_400, NOW), NOW)


def test_the_two_octets_are_minutes_since_1970() -> None:
    """1,764,000,060 s are 29,400,001 minutes, 40129 modulo 65536."""
    assert 29_400_001 % 65_536 == int.from_bytes(expiry(NOW + 60, NOW), "big")
