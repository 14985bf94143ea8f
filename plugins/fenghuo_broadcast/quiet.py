"""When a loud channel may not start anything: not armed since it was installed, upgraded or restored, or at night for less than severe.

A stop is never held back by any of this.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Literal

import msgspec

from fenghuo import ChannelContext, Outcome, Permanent, Priority, Recalled, Scope, Transient, running_since, switch_stands
from fenghuo.formats.wording import BEIJING

__all__ = ["LoudSettings", "Loudness", "QuietHours"]

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_LOUDEST_OF = {"red": 1, "orange": 2}


class LoudSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every channel that people hear has in its settings.

    `armed`: the instant at which a person armed it, as in armed = 2026-07-15T09:30:00+08:00; without it nothing is ever started, and
    an instant before the last install, upgrade or restore counts as none. `quiet_hours`: Beijing time, as in ["22:00-06:00"];
    `quiet_passes`: the least colour that sounds in them; P0 always does, an exercise never.
    """

    armed: datetime | None = None
    quiet_hours: tuple[str, ...] = ("22:00-06:00",)
    quiet_passes: Literal["red", "orange"] = "orange"

    def __post_init__(self) -> None:
        QuietHours.parse(self.quiet_hours)
        if self.armed is not None and self.armed.tzinfo is None:
            raise ValueError(f"armed {self.armed.isoformat()} has no time zone; write for example armed = 2026-07-15T09:30:00+08:00")


class QuietHours(msgspec.Struct, frozen=True):
    """Spans of the day in Beijing time, each [begin, end); one whose end is not later goes over midnight."""

    spans: tuple[tuple[time, time], ...]

    @classmethod
    def parse(cls, texts: tuple[str, ...]) -> QuietHours:
        """Raises: ValueError with a sentence."""
        spans = []
        for text in texts:
            found = _HOURS.fullmatch(text)
            if found is None:
                raise ValueError(f'quiet_hours {text!r} is not a span of the day such as "22:00-06:00"')
            from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
            spans.append((time(from_hour, from_minute), time(to_hour, to_minute)))
        return cls(tuple(spans))

    def left_s(self, at: float) -> float:
        """Seconds until the quiet around `at` (UTC seconds) ends, 0 outside of any."""
        now = datetime.fromtimestamp(at, BEIJING)
        return max((self._left_s(begin, end, now) for begin, end in self.spans), default=0.0)

    @staticmethod
    def _left_s(begin: time, end: time, now: datetime) -> float:
        clock = now.time()
        over_midnight = end <= begin
        inside = begin <= clock or clock < end if over_midnight else begin <= clock < end
        if not inside:
            return 0.0
        last = datetime.combine(now.date(), end, BEIJING)
        return ((last if clock < end else last + timedelta(days=1)) - now).total_seconds()


class Loudness:
    """The switch and the quiet of one channel. `why_off`: why nothing may be started, as a sentence; empty when it is armed."""

    def __init__(self, settings: LoudSettings) -> None:
        self._settings = settings
        self._quiet = QuietHours.parse(settings.quiet_hours)
        self.why_off = "the channel has not started"

    async def look(self, ctx: ChannelContext, recalled: Recalled) -> None:
        """Note since when this version runs here, judge the switch by it, and tell the core how it stands. Raises: StoreError;
        ConfigError: armed in the future."""
        since, begun = running_since(recalled, ctx.clock.time())
        if begun:
            await ctx.notes.keep(begun)
        self.why_off = await switch_stands(ctx, self._settings.armed, since=since)

    def refusal(self, *, level: int, priority: Priority, is_exercise: bool, now: float) -> Outcome | None:
        """Why this may not be started now, None if it may. `level`: 1 red to 4 blue, beyond that daily."""
        if self.why_off:
            return Permanent(Scope.RECIPIENT, "not-armed")
        left_s = self._quiet.left_s(now)
        sounds = priority is Priority.P0 or 1 <= level <= _LOUDEST_OF[self._settings.quiet_passes]
        if left_s and (is_exercise or not sounds):
            return Transient(Scope.RECIPIENT, "quiet-hours", left_s)
        return None
