"""What cannot come in time, and the sentence with its seconds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.engine.admission import NO_LOAD, Load, late

SLOW = Load(airtime_s=6.0, ahead_s=300.0, latency_q50_s=20.0, latency_q95_s=60.0)


def test_what_arrives_after_its_end_is_not_counted_on() -> None:
    """Backlog, airtime and the usual way there, each with its seconds, against the end of the content."""
    says = "it would take 326 s (300 s of others first, 6 s on the air, 20 s on the way), and the content expires in 120 s"
    assert says == late(SLOW, math.inf, 120.0)
    assert "" == late(SLOW, math.inf, 326.0)


def test_what_may_be_late_is_not_counted_on() -> None:
    """95 % of confirmations must fit before the deadline; without one nothing is late."""
    says = "it would take 366 s (300 s of others first, 6 s on the air, 60 s on the way), and the deadline is in 300 s"
    assert says == late(SLOW, 300.0)
    assert ["", ""] == [late(SLOW, 366.0), late(SLOW, math.inf)]


@pytest.mark.parametrize("left_s", [0.0, 0.4, 10.0])
def test_a_channel_that_says_nothing_is_admitted(left_s: float) -> None:
    """No estimate is no reason."""
    assert "" == late(NO_LOAD, left_s, left_s)


SECONDS = st.floats(0, 1e5)


@settings(deadline=None)
@given(SECONDS, SECONDS, SECONDS, SECONDS, SECONDS)
def test_more_time_never_shuts_a_channel_out(air: float, ahead: float, usual: float, left_s: float, more_s: float) -> None:
    """Whatever is admitted now is admitted with more time to go, or with less before it."""
    load = Load(airtime_s=air, ahead_s=ahead, latency_q50_s=usual, latency_q95_s=usual)
    for limits, more in [((left_s, math.inf), (left_s + more_s, math.inf)), ((math.inf, left_s), (math.inf, left_s + more_s))]:
        if not late(load, *limits):
            assert "" == late(load, *more)
            assert "" == late(Load(airtime_s=air, ahead_s=ahead / 2, latency_q50_s=usual, latency_q95_s=usual), *limits)
