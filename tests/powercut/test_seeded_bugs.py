"""Each bug that is put into the code under test is caught: a checker that never failed is no checker."""

from __future__ import annotations

import pytest

from fenghuo.rig.powercut.bugs import Bug
from fenghuo.rig.powercut.campaign import Campaign
from tests.powercut.test_cuts import told
from tests.scale import TIMEOUT_SCALE

pytestmark = pytest.mark.usefixtures("_quiet")

CAUGHT_BY = {
    Bug.NO_INTENT: 5,
    Bug.NORMAL_SYNC: 2,
    Bug.EARLY_ACK: 2,
    Bug.SPLIT_RECEIPT: 3,
    Bug.EARLY_COUNTER: 9,
    Bug.IGNORED_EXPIRY: 7,
    Bug.SHORT_MEMORY: 3,
    Bug.LATE_PAGE: 6,
    Bug.LATE_WORD: 2,
    Bug.SPLIT_AUDIT: 10,
}


@pytest.mark.timeout(120 * TIMEOUT_SCALE)
@pytest.mark.parametrize("bug", list(Bug), ids=lambda bug: bug.name.lower())
def test_a_seeded_bug_is_caught(bug: Bug) -> None:
    """By the check that is there for it; and the cut that showed it shows it again."""
    score = Campaign(bug=bug, throws=1, every=2, until=CAUGHT_BY[bug]).run()
    assert CAUGHT_BY[bug] in score.broken, told(score)
    cut = next(failure.cut for failure in score.failures if failure.verdict.check == CAUGHT_BY[bug])
    assert CAUGHT_BY[bug] in {verdict.check for verdict in Campaign(bug=bug).replay(cut)}
