"""Days in which anything goes wrong at any time, and no promise may break. Source: reliability.md §4, safety mode; G6, G26."""

from __future__ import annotations

import pytest

from fenghuo.rig.world.judge import judge
from tests.scale import TIMEOUT_SCALE
from tests.sim.day import safety
from tests.sim.seeds import BATCH, PUSH, batches, how_to_replay, seeds

QUIET, BUSY = 12, 60
"""Messages of a day; each goes to several people over several ways."""


def _broken(seed: int, amount: int) -> str:
    faults = judge(safety(seed, amount=amount).world)
    return how_to_replay(seed, faults, "test_safety") if faults else ""


@pytest.mark.parametrize("seed", seeds(PUSH))
def test_a_day_breaks_no_promise(seed: int) -> None:
    """Crashes, outages, silent networks, jumping clocks, late answers, failing disks, lost groups, rushes: I1-I10 and A1-A7 hold."""
    broken = _broken(seed, QUIET)
    assert not broken, broken


@pytest.mark.soak
@pytest.mark.timeout(10 * BATCH * TIMEOUT_SCALE)
@pytest.mark.parametrize("part", batches(), ids=lambda part: f"{part.start}-{part.stop - 1}")
def test_many_busy_days_break_no_promise(part: range) -> None:
    """The same with three times the traffic."""
    broken = [found for seed in part if (found := _broken(seed, BUSY))]
    assert not broken, "\n".join(broken)
