"""The same seed is the same day, in this process and in another, whatever that process hashes by. Source: reliability.md §6, G8."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.scale import TIMEOUT_SCALE
from tests.sim.day import safety
from tests.sim.seeds import ROOT

SEEDS = (3, 14, 15, 92, 65)
TRACE = "from tests.sim.day import safety\nfor seed in {seeds}: print(safety(seed, amount=5).trace)"


@pytest.mark.timeout(120 * TIMEOUT_SCALE)
def test_a_seed_is_replayed_bit_for_bit() -> None:
    """Five days here and in two other processes with other hashes of strings: the traces are equal, and tell the days apart."""
    here = [safety(seed, amount=5).trace for seed in SEEDS]
    assert len(SEEDS) == len(set(here))
    assert [_elsewhere("1"), _elsewhere("2")] == [here, here]


def test_the_order_of_a_real_loop_is_kept_beside_the_shuffle() -> None:
    """FIFO mode is another day of the same seed, and replays as well."""
    first, second = (safety(7, amount=5, fifo=True).trace for _ in range(2))
    assert first == second
    assert first != safety(7, amount=5).trace


def _elsewhere(hash_seed: str) -> list[str]:
    """The traces as another process finds them."""
    program = TRACE.format(seeds=SEEDS)
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100 * TIMEOUT_SCALE, check=True
    )
    return done.stdout.split()
