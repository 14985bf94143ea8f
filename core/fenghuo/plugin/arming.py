"""The armed switch of whatever is loud: off until a person arms it, and off again after an upgrade, a restore or a copy of the store.

Source: security.md §1 (wrong time, wrong clip). A stop is never held back by it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Mapping
from datetime import datetime, timedelta

from fenghuo.errors import ConfigError
from fenghuo.formats.wording import BEIJING
from fenghuo.plugin.given import ChannelContext, Recalled

__all__ = ["installed_files", "installed_version", "running_since", "switch_stands", "why_unarmed"]

_UNKNOWN = "unknown"
"""Of what was never installed, whose upgrade nobody could see: it is armed anew at each start."""
_RUNNING = "running"
"""Name of the note that says since when which version runs on a store."""
_SLACK = timedelta(minutes=1)
"""A person writes an instant by the minute."""


@functools.cache
def installed_version() -> str:
    """Of the distribution on this machine; with another one the switch is off until a person has armed it again. Read once, when the plugin
    says who it is: what is installed over a process that runs is what the next one runs."""
    try:
        installed_files()
        return importlib.metadata.version("fenghuo")
    except importlib.metadata.PackageNotFoundError:
        return _UNKNOWN


@functools.cache
def installed_files() -> str:
    """Which files the installation consists of: two builds may have one number. Empty where nobody recorded them."""
    record = importlib.metadata.distribution("fenghuo").read_text("RECORD") or ""
    return hashlib.blake2b(record.encode(), digest_size=8).hexdigest() if record else ""


def running_since(recalled: Recalled, now: float) -> tuple[float, Mapping[str, str]]:
    """Since when (UTC seconds) this version runs on this store as it is, and what is to be noted of it."""
    said, _, since = recalled.values.get(_RUNNING, "").partition(" ")
    version = installed_version()
    build = version if version == _UNKNOWN else f"{version}+{installed_files()}"
    if said == build != _UNKNOWN:
        return max(float(since), recalled.turned_back_at), {}
    return max(now, recalled.turned_back_at), {_RUNNING: f"{build} {now!r}"}


async def switch_stands(ctx: ChannelContext, armed: datetime | None, *, since: float) -> str:
    """Why nothing may be started, empty if it may, as why_unarmed(); told to the core, which has each change in its audit when this
    returns. Raises: StoreError; ConfigError: armed in the future."""
    try:
        why_off = why_unarmed(armed, since=since, now=ctx.clock.time(), name=ctx.name)
    except ConfigError as future:
        await ctx.armed(str(future), armed)
        raise
    await ctx.armed(why_off, armed)
    return why_off


def why_unarmed(armed: datetime | None, *, since: float, now: float, name: str) -> str:
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
