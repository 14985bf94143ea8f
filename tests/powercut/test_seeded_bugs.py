"""Each bug that is put into the code under test is caught: a checker that never failed is no checker."""

from __future__ import annotations

import pytest

from fenghuo.rig.powercut.bugs import Bug
from fenghuo.rig.powercut.campaign import Campaign
from tests.powercut.test_cuts import told
from tests.scale import TIMEOUT_SCALE

pytestmark = pytest.mark.usefixtures("_quiet")

CAUGHT_BY = {
    Bug.NO_INTENT: (5, 1.95, 6),
    Bug.NORMAL_SYNC: (2, 0.95, 6),
    Bug.EARLY_ACK: (2, 0.95, 3),
    Bug.SPLIT_RECEIPT: (3, 3.95, 6),
    Bug.EARLY_COUNTER: (9, 3.95, 6),
    Bug.IGNORED_EXPIRY: (7, 0.95, 3),
    Bug.ENDLESS_REPEAT: (7, 16.15, 3),
    Bug.SHORT_MEMORY: (3, 3.95, 6),
    Bug.LATE_PAGE: (6, 5.55, 3),
    Bug.LATE_WORD: (2, 9.35, 3),
    Bug.ENDLESS_PUBLIC: (8, 15.55, 3),
    Bug.FORGOTTEN_PLAN: (6, 12.15, 2),
    Bug.SPLIT_AUDIT: (10, 0.95, 6),
}
"""By which check, the second of the script before which it cannot show, and how thinly the cuts may lie."""

ENOUGH_S = 5.0
"""How long after that the script goes on: each shows by then."""


@pytest.mark.timeout(120 * TIMEOUT_SCALE)
@pytest.mark.parametrize("bug", list(Bug), ids=lambda bug: bug.name.lower())
def test_a_seeded_bug_is_caught(bug: Bug) -> None:
    """By the check that is there for it; and the cut that showed it shows it again. Each state is lived on soon and later: with one of both
    the dice may leave out the one that shows it."""
    check, since_s, every = CAUGHT_BY[bug]
    lasts_s = since_s + ENOUGH_S
    score = Campaign(bug=bug, throws=1, every=every, lasts_s=lasts_s).run(since_s=since_s, until=check)
    print(f"{score.cuts} cuts: {score.broken}")
    assert check in score.broken, told(score)
    cut = next(failure.cut for failure in score.failures if failure.verdict.check == check)
    assert check in {verdict.check for verdict in Campaign(bug=bug, lasts_s=lasts_s).replay(cut)}
