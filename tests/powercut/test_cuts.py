"""The power is cut at every disk operation of a life, and inside recoveries: what was promised holds (docs/reliability.md)."""

from __future__ import annotations

import pytest

from fenghuo.rig.powercut.campaign import Campaign, Score
from tests.scale import TIMEOUT_SCALE

pytestmark = pytest.mark.usefixtures("_quiet")


def told(score: Score) -> str:
    """The numbers, and the first failures with what replays them."""
    numbers = f"{score.cuts} cuts ({score.double} in a recovery), {score.images} images, {score.recoveries} recoveries"
    first = "\n".join(f"check {failure.verdict.check}: {failure.verdict.sentence} [{failure.cut}]" for failure in score.failures[:20])
    return f"{numbers}: {score.broken or 'all hold'}\n{first}".strip()


@pytest.mark.timeout(240 * TIMEOUT_SCALE)
def test_what_was_promised_holds_after_20000_cuts() -> None:
    """0 lost, 0 forgotten, 0 second starts of a siren, copies no more than crashes allow; 0 in 20,000 bounds the rate by 1.5e-4."""
    score = Campaign(every=2.2).run(is_short=True)
    print(told(score))
    assert score.cuts >= 20_000, told(score)
    assert [] == score.failures, told(score)


@pytest.mark.timeout(120 * TIMEOUT_SCALE)
def test_it_holds_after_a_second_cut_inside_the_recovery() -> None:
    """Two crashes allow three copies, and nothing else that one does not. Here jobs that wait together are committed together."""
    score = Campaign(every=150, grouped=True).run(inside=4, places=42, is_short=True)
    print(told(score))
    assert score.double >= 1_000, told(score)
    assert [] == score.failures, told(score)


@pytest.mark.soak
@pytest.mark.timeout(900 * TIMEOUT_SCALE)
@pytest.mark.parametrize("seed", range(2, 16))
def test_a_million_cuts(seed: int) -> None:
    """Of 14 orders of events at least 72,000 cuts each, each state lived on twice; some inside recoveries, half with commits in groups."""
    score = Campaign(seed=seed, throws=4, grouped=seed % 2 == 1).run(inside=8, places=120)
    print(told(score))
    assert (True, True) == (score.cuts >= 72_000, score.double >= 8_000), told(score)
    assert [] == score.failures, told(score)
