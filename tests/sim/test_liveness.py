"""One way is healthy, the others stay in their faults: all arrives in its bound. Source: reliability.md §4, liveness mode; C8, G7."""

from __future__ import annotations

import pytest

from fenghuo.rig.world.judge import late_arrivals
from tests.scale import TIMEOUT_SCALE
from tests.sim.day import liveness
from tests.sim.seeds import BATCH, batches, how_to_replay, seeds

PUSH = 100
QUIET, BUSY = 5, 30


def _late(seed: int, amount: int) -> str:
    living = liveness(seed, amount=amount)
    late = late_arrivals(living.ran.world, living.healthy)
    return how_to_replay(seed, late, "test_liveness") if late else ""


@pytest.mark.parametrize("seed", seeds(PUSH))
def test_with_one_healthy_way_everything_arrives(seed: int) -> None:
    """After half a day of trouble, orders, reports and alerts reach their people in the time that the ladder takes to come to that way."""
    late = _late(seed, QUIET)
    assert not late, late


@pytest.mark.soak
@pytest.mark.timeout(10 * BATCH * TIMEOUT_SCALE)
@pytest.mark.parametrize("part", batches(), ids=lambda part: f"{part.start}-{part.stop - 1}")
def test_on_many_days_everything_arrives(part: range) -> None:
    """The same with more traffic."""
    late = [found for seed in part if (found := _late(seed, BUSY))]
    assert not late, "\n".join(late)
