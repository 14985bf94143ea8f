"""What one source may upload in an hour."""

from __future__ import annotations

import pytest

from fenghuo.errors import Overloaded
from fenghuo.service.upload_quota import MOST_OCTETS, SPAN_S, UploadQuota


def test_a_source_that_uploads_without_end_waits_and_another_does_not() -> None:
    """Until its oldest is an hour old; what was refused does not count."""
    now = [0.0]
    quota = UploadQuota(lambda: now[0])
    half = MOST_OCTETS // 2
    quota.take("mad", half)
    now[0] = 60.0
    quota.take("mad", half)
    for _ in range(2):
        with pytest.raises(Overloaded, match="mad has uploaded 256 MiB") as refused:
            quota.take("mad", 1)
        assert SPAN_S - 60.0 == refused.value.retry_after_s
    quota.take("genuine", half)
    now[0] = SPAN_S
    quota.take("mad", half)
