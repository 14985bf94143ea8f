from __future__ import annotations

import random

from fenghuo_adapters.smpp_pace import Backoff, Pace


def test_an_agreed_rate_spreads_submissions() -> None:
    """Ten a second: one every tenth of a second."""
    pace = Pace(10.0)
    assert [0.0, 0.1, 0.2] == [round(pace.take(100.0), 6) for _ in range(3)]


def test_without_a_rate_nobody_waits() -> None:
    """0 is no limit."""
    pace = Pace(0.0)
    assert [0.0, 0.0] == [pace.take(1.0) for _ in range(2)]


def test_one_throttled_number_slows_nobody() -> None:
    """Two refusals in a row, then a success: the line goes on at once."""
    pace = Pace(0.0)
    pace.throttled(1.0)
    pace.throttled(1.0)
    assert 0.0 == pace.take(1.0)
    pace.passed()
    pace.throttled(1.0)
    assert 0.0 == pace.take(1.0)


def test_a_throttled_line_waits_a_little_and_never_long() -> None:
    """From the third refusal in a row everyone waits, at most two seconds."""
    pace = Pace(0.0)
    for _ in range(100):
        pace.throttled(1.0)
    assert 2.0 == pace.take(1.0)


def test_binds_back_off_with_jitter_up_to_the_longest_wait() -> None:
    """Doubling from half a second, each wait between half of itself and the whole; a reset starts again."""
    backoff = Backoff(15.0, random.Random(1))
    waits = [backoff.next() for _ in range(10)]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, [0.5, 1, 2, 4, 8, 15, 15, 15, 15, 15], strict=True))
    backoff.reset()
    assert 0.5 >= backoff.next()
