"""Which days are simulated: 200 in `make test`, 10,000 in `make soak`, or the one that FENGHUO_SIM_SEED names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ONE = os.environ.get("FENGHUO_SIM_SEED")
PUSH = 200
SOAK = 10_000
BATCH = 100
"""Seeds of one test of the soak."""


def seeds(count: int) -> list[int]:
    """The seeds to run: the first `count`, or the one that was asked for."""
    return [int(ONE)] if ONE else list(range(count))


def batches() -> list[range]:
    """The seeds of the soak behind those of the push tier, in parts of a hundred."""
    return [range(first, first + BATCH) for first in range(PUSH, PUSH + SOAK, BATCH)]


def how_to_replay(seed: int, faults: list[str], test: str) -> str:
    """What was broken, and the one line that brings it back."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    commit = head.stdout.strip() or "an unknown commit"
    lines = "\n  ".join(faults[:20])
    return f'seed {seed} at {commit}:\n  {lines}\nagain: FENGHUO_SIM_SEED={seed} make test ARGS="tests/sim/{test}.py"'
