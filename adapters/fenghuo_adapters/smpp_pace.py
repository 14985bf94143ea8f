"""How fast we may go on a line: the agreed rate, what throttling asks for, and the waits between two binds.

Pure: the time is given, nothing sleeps here.
"""

from __future__ import annotations

import random

__all__ = ["Backoff", "Pace"]

# One throttled number must not slow down all others; this many refusals in a row mean that the line itself is too fast.
STREAK = 3
THROTTLE_FIRST_S = 0.1
THROTTLE_MOST_S = 2.0


class Pace:
    """Spreads submissions evenly over time. `per_s`: submissions a second, 0 for no limit of our own."""

    def __init__(self, per_s: float) -> None:
        self._gap_s = 1.0 / per_s if per_s > 0 else 0.0
        self._next_at = 0.0
        self._refused = 0

    def take(self, now: float) -> float:
        """Take the next place; seconds to wait for it."""
        at = max(now, self._next_at)
        self._next_at = at + self._gap_s
        return at - now

    def passed(self) -> None:
        """The centre took one."""
        self._refused = 0

    def throttled(self, now: float) -> None:
        """The centre refused one as too fast: after a few in a row everyone waits a little, never longer than THROTTLE_MOST_S."""
        self._refused += 1
        if self._refused >= STREAK:
            hold_s = min(THROTTLE_MOST_S, THROTTLE_FIRST_S * 2.0 ** min(10, self._refused - STREAK))
            self._next_at = max(self._next_at, now + hold_s)


class Backoff:
    """Waits between attempts: doubling from half a second to `most_s`, each drawn between half of it and the whole."""

    FIRST_S = 0.5

    def __init__(self, most_s: float, rng: random.Random) -> None:
        self._most_s = most_s
        self._random = rng
        self._wait_s = min(self.FIRST_S, most_s)

    def reset(self) -> None:
        """Start again from the shortest wait."""
        self._wait_s = min(self.FIRST_S, self._most_s)

    def next(self) -> float:
        """Seconds to wait now."""
        wait_s = self._wait_s
        self._wait_s = min(self._most_s, wait_s * 2.0)
        return wait_s * self._random.uniform(0.5, 1.0)
