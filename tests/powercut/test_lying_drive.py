"""A drive that lies about its syncs may lose what was promised, and then somebody notices."""

from __future__ import annotations

import pytest

from fenghuo.rig.powercut.lie import lie
from tests.scale import TIMEOUT_SCALE

pytestmark = pytest.mark.usefixtures("_quiet")


@pytest.mark.timeout(60 * TIMEOUT_SCALE)
def test_what_a_lying_drive_loses_is_noticed() -> None:
    """By SQLite, by digests and census, or because the second place has read further than the store reaches."""
    score = lie(every=20)
    assert (True, []) == (score.lost > 50, score.unnoticed), score
