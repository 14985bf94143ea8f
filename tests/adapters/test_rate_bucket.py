"""A token bucket with debts, second by second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fenghuo_adapters.rate_bucket import RateBucket


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_burst_goes_at_once_and_the_rest_waits() -> None:
    """1,000 octets a second, 500 at once."""
    bucket = RateBucket(1000.0, 500, Hand())
    assert 0.0 == bucket.take(500)
    assert 0.25 == bucket.take(250)
    assert 0.5 == bucket.take(250)


def test_a_quiet_time_saves_no_more_than_the_burst() -> None:
    """An hour of silence."""
    hand = Hand()
    bucket = RateBucket(1000.0, 500, hand)
    hand.now += 3600.0
    assert 0.5 == bucket.take(1000)


def test_what_was_not_foreseen_is_paid_by_the_next() -> None:
    """And what was not needed is given back."""
    bucket = RateBucket(1000.0, 500, Hand())
    bucket.take(500)
    bucket.settle(100)
    assert 0.1 == bucket.wait_s()
    bucket.settle(-100)
    assert 0.0 == bucket.wait_s()
    assert 500 == bucket.spent


def test_whoever_leaves_something_for_the_next_waits_until_it_is_there() -> None:
    """300 of 500 octets are spent: 200 may go at once, and whoever wants 350 to be left waits for 150 more."""
    bucket = RateBucket(1000.0, 500, Hand())
    bucket.take(300)
    assert (0.0, 0.0, 0.15) == (bucket.wait_s(), bucket.wait_s(200), bucket.wait_s(350))


def test_without_a_limit_it_only_counts() -> None:
    """0 octets a second is no limit."""
    bucket = RateBucket(0.0, 1500, Hand())
    assert 0.0 == bucket.take(1_000_000)
    assert 1_000_000 == bucket.spent


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 3)), max_size=40))
def test_no_more_passes_than_burst_and_rate_allow(steps: list[tuple[int, float]]) -> None:
    """Whoever waits as long as told never brings the sum above burst + rate x time."""
    hand = Hand()
    bucket = RateBucket(1000.0, 1500, hand)
    began, sent = hand.now, 0
    for octets, pause_s in steps:
        hand.now += pause_s
        hand.now += bucket.take(octets)
        sent += octets
        assert sent <= 1500 + (hand.now - began) * 1000.0 + 1e-3
