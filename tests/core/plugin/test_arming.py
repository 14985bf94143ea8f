"""The armed switch: off until a person's instant is newer than the last install, upgrade or restore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fenghuo.errors import ConfigError
from fenghuo.plugin.arming import why_unarmed

NOW = datetime(2026, 7, 15, 1, 30, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)


def why(armed: datetime | None) -> str:
    return why_unarmed(armed, since=SINCE.timestamp(), now=NOW.timestamp(), name="roof")


def test_nobody_armed_it() -> None:
    """The sentence says what to write, ready to be copied."""
    assert "it is not armed: put armed = 2026-07-15T09:30:00+08:00 into [channels.roof.settings] when it may sound" == why(None)


def test_it_was_armed_before_the_upgrade() -> None:
    """The instant of what changed is named."""
    assert why(SINCE - timedelta(hours=2)).startswith(
        "it was armed before 2026-07-15 08:30:00, when it was installed, upgraded or restored:"
    )


@pytest.mark.parametrize("after", [timedelta(0), timedelta(minutes=30), timedelta(seconds=-50)])
def test_a_person_armed_it_since(after: timedelta) -> None:
    """A person writes an instant by the minute."""
    assert "" == why(SINCE + after)


def test_an_instant_in_the_future_would_arm_what_is_not_installed_yet() -> None:
    """It is refused."""
    with pytest.raises(ConfigError, match="lies in the future"):
        why(NOW + timedelta(minutes=5))
