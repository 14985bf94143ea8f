"""What the others notice of a plugin that does its worst in a process of its own: not twice the time, and no longer than ten seconds."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from bench.hostile import CONTAINED_S, RATIO, Felt, feel
from tests.peers.hostile import WAYS

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.soak, pytest.mark.alone, pytest.mark.may_block, pytest.mark.timeout(900)]

ROUNDS, ORDERS = 3, 100


@pytest.mark.parametrize("how", WAYS)
async def test_a_hostile_plugin_costs_the_others_less_than_their_time_again(tmp_path: Path, how: str) -> None:
    """Orders by another channel from the post to the centre's log, before it and beside it in one run: the median ratio of three runs, each
    of the medians of a hundred orders. The order that meets it comes out by its second way."""
    runs: list[Felt] = [await feel(tmp_path / f"{how}-{number}", how, ORDERS) for number in range(ROUNDS)]
    print("", *(run.line for run in runs), sep="\n")
    assert max(run.contained_s for run in runs) <= CONTAINED_S
    assert statistics.median(run.ratio for run in runs) <= RATIO
