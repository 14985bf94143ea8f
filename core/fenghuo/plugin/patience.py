"""How long an instance rests between two tries to reach what is not there, and what wakes it before. Owns the rest and nothing else.

On battery each knock at a closed door costs joules, and a channel that a person has switched off knocks at none. Whoever wants a channel
now ends its rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable

import msgspec

from fenghuo.plugin.backoff import RETRY_CAP_S, STUBBORN_BASE_S, Setback

__all__ = ["EAGER", "NONE", "THRIFTY", "Patience", "Rest", "Watch"]

THRIFTY_CAP_S = 900.0
"""Longest wait on battery: four knocks in an hour are nothing, and who comes back is found within a quarter of one."""
LOST_S = 60.0
"""A channel that has lost its far end for so long is let go on battery: from then on it is tried at our pace and not at its own."""


class Patience(msgspec.Struct, frozen=True):
    """Seconds. `cap_s`: the longest rest between two tries, `math.inf` for none before somebody wants it; `lost_s`: after how long a
    channel that runs and has lost its far end is let go, `math.inf` for never."""

    cap_s: float = RETRY_CAP_S
    lost_s: float = math.inf


EAGER = Patience()
"""There is power, and it is wanted."""
THRIFTY = Patience(THRIFTY_CAP_S, LOST_S)
"""On battery."""
NONE = Patience(math.inf, 0.0)
"""Nobody wants it: it is switched off."""


class Rest:
    """The rest of one instance between two tries."""

    def __init__(self, patience: Callable[[], Patience]) -> None:
        self._patience = patience
        self._wanted = asyncio.Event()
        self._setback: Setback | None = None
        self._began = 0.0
        self._until = 0.0

    def cap_s(self, setback: Setback) -> float:
        """The longest rest after this setback."""
        return max(setback.cap_s, min(self._patience().cap_s, THRIFTY_CAP_S))

    async def take(self, seconds: float, setback: Setback | None = None) -> None:
        """Rest for so long (`math.inf`: until woken), and on for as long as nobody wants the instance."""
        loop = asyncio.get_running_loop()
        self._wanted.clear()
        self._setback, self._began, self._until = setback, loop.time(), loop.time() + seconds
        try:
            await self._woken(seconds)
            while setback is not None and self._patience().cap_s == math.inf and not self._wanted.is_set():
                self._until = math.inf
                await self._woken(math.inf)
        finally:
            self._setback = None

    def end(self) -> None:
        """At once: a person has looked at it."""
        self._wanted.set()

    def knock(self) -> None:
        """Something urgent waits for it: end the rest, but no sooner after the last try than the setback allows. Credentials that were
        refused are not tried more often for that: it gets an account locked."""
        setback = self._setback
        if setback is None or setback.base_s >= STUBBORN_BASE_S or self._patience().cap_s == math.inf:
            return
        loop = asyncio.get_running_loop()
        at = self._began + setback.base_s
        if at >= self._until:
            return
        self._until = at
        loop.call_at(at, self._end, self._began)

    def look(self) -> None:
        """The patience has changed: no rest lasts longer than it allows now."""
        if self._setback is None:
            return
        loop = asyncio.get_running_loop()
        if self._until - loop.time() > max(self._patience().cap_s, self._setback.cap_s):
            self._wanted.set()

    def _end(self, began: float) -> None:
        if self._setback is not None and began == self._began:
            self._wanted.set()

    async def _woken(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if seconds == math.inf else seconds):
                await self._wanted.wait()


class Watch:
    """Lets a channel go that runs and has lost its far end for as long as patience allows: `until` is what its session waits in."""

    def __init__(self, patience: Callable[[], Patience]) -> None:
        self._patience = patience
        self._lost_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.until: asyncio.Timeout | None = None

    def saw(self, *, up: bool) -> None:
        """What the channel says of itself; the first word of a loss counts."""
        if up:
            self._lost_at = None
        elif self._lost_at is None:
            self._lost_at = asyncio.get_running_loop().time()
        self.look()

    def look(self) -> None:
        """Set the time at which it is let go, or take it back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lost_s = self._patience().lost_s
        if self._lost_at is not None and self.until is not None and lost_s != math.inf:
            self._timer = asyncio.get_running_loop().call_at(self._lost_at + lost_s, self._let_go)

    def end(self) -> None:
        """It does not run any more."""
        self._lost_at = self.until = None
        self.look()

    def _let_go(self) -> None:
        self._timer = None
        if self.until is not None and not self.until.expired():
            self.until.reschedule(asyncio.get_running_loop().time())
