"""The armed switch of sirens: off until a person arms it, and off again after an upgrade, a restore or a copy of the store.

Source: security.md §1 (wrong time, wrong clip). A stop is never held back by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fenghuo import ConfigError
from fenghuo.formats.wording import BEIJING

__all__ = ["VERSION", "why_off"]

VERSION = "0.1.0"
"""Of what is installed: with another one the switch is off until a person has armed it again."""
_SLACK = timedelta(minutes=1)
"""A person writes an instant by the minute."""


def why_off(armed: datetime | None, *, since: float, now: float, name: str) -> str:
    """Why nothing may be started, as a sentence, empty if it may. `since`: UTC seconds of the last install, upgrade or restore.

    Raises: ConfigError: armed in the future, which would arm whatever is installed until then.
    """
    here, changed = datetime.fromtimestamp(now, BEIJING), datetime.fromtimestamp(since, BEIJING)
    how = f"put armed = {here.isoformat(timespec='seconds')} into [channels.{name}.settings]"
    if armed is None:
        return f"it is not armed: {how} when it may sound"
    if armed > here + _SLACK:
        raise ConfigError(f"armed {armed.isoformat()} lies in the future: {how} when it may sound")
    if armed < changed - _SLACK:
        return f"it was armed before {changed:%Y-%m-%d %H:%M:%S}, when it was installed, upgraded or restored: {how} when it may sound"
    return ""
