"""The watchdog eats progress, not time: it is fed only while every part that has work gets on with it.

A part that merely waits is well; a channel that is down is no part, since a restart does not raise a dish.
Source: reliability.md §8; sd_watchdog_enabled(3).
"""

from __future__ import annotations

import asyncio
import faulthandler
import sys
from collections.abc import Callable

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.service.notify import Notify

__all__ = ["Part", "Progress", "Watchdog"]

log = structlog.stdlib.get_logger("fenghuo.watchdog")

# The manager kills at the period; at a quarter of it, two feeds may be late and one lost.
FEEDS_A_PERIOD = 4


class Progress(msgspec.Struct, frozen=True):
    """What a part reports. It is stuck when it has work and `counter` has not moved for `limit_s` seconds."""

    counter: int
    has_work: bool
    limit_s: float


class Seen(msgspec.Struct, frozen=True):
    """The last counter of a part, and since when (monotonic seconds) it has stood there with work."""

    counter: int
    since: float


Part = Callable[[], Progress]


class Watchdog:
    """Asks the parts and feeds the manager. `status`: the line that goes with each feed; `dump`: shows where every thread is."""

    def __init__(self, notify: Notify, clock: Clock, *, status: Callable[[], str] = str, dump: Callable[[], None] | None = None) -> None:
        self._notify = notify
        self._clock = clock
        self._status = status
        self._dump = dump or _dump_stacks
        self._parts: dict[str, Part] = {}
        self._seen: dict[str, Seen] = {}
        self._stuck: frozenset[str] = frozenset()
        # How late the loop woke us the last time, seconds; 0 while nobody watches.
        self.lag_s = 0.0

    def watch(self, name: str, part: Part) -> None:
        """From now on `part` must get on with its work."""
        self._parts[name] = part

    def stuck(self) -> frozenset[str]:
        """The parts that have work and have not moved for longer than their limit."""
        now = self._clock.monotonic()
        return frozenset(name for name, part in self._parts.items() if self._is_stuck(name, part(), now))

    def feed(self) -> bool:
        """Feed the manager if every part is well; else say once which is not, with all stacks. Whether it was fed."""
        stuck = self.stuck()
        if stuck - self._stuck:
            log.critical("stuck, so the watchdog is not fed", parts=sorted(stuck))
            self._dump()
        elif self._stuck and not stuck:
            log.warning("moving again", parts=sorted(self._stuck))
        self._stuck = stuck
        if stuck:
            return False
        self._notify.watchdog(self._status())
        return True

    async def run(self, period_s: float | None) -> None:
        """Feed four times a period until cancelled; with no period nobody watches, and no timer runs."""
        if period_s is None:
            return
        pause_s = period_s / FEEDS_A_PERIOD
        while True:
            self.feed()
            before = self._clock.monotonic()
            await asyncio.sleep(pause_s)
            self.lag_s = max(0.0, self._clock.monotonic() - before - pause_s)

    def _is_stuck(self, name: str, progress: Progress, now: float) -> bool:
        seen = self._seen.get(name)
        if seen is None or not progress.has_work or seen.counter != progress.counter:
            self._seen[name] = Seen(progress.counter, now)
            return False
        return now - seen.since > progress.limit_s


def _dump_stacks() -> None:
    faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
