"""How many hedges may begin: a second way beside one that is only slow is a luxury, and a slow channel must not double the traffic of all.

A hedge is what begins by the clock although the way before it may still work. What begins as another one failed is no hedge and needs no
budget; nor does what the ladder itself times (`after_s`). Pure but for the owner of the count.
Source: failover.md, Which channels, how many (P1).
"""

from __future__ import annotations

__all__ = ["AT_ONCE", "Hedging"]

AT_ONCE = 50
"""Hedges in a row without a budget earned: orders to a few are never held back."""
SHARE = 0.1
"""Of those that begin, so many more hedges are earned: one in ten is slower than it ever was, not half."""
A_SECOND = 1.0
"""Earned by time alone, so that nobody waits for others to begin."""


class Hedging:
    """The budget of a node. Times in UTC seconds; a clock that goes back earns nothing."""

    def __init__(self) -> None:
        self._left = float(AT_ONCE)
        self._at = 0.0
        self._promised = 0.0

    def left(self, now: float) -> int:
        """Hedges that may begin now."""
        if self._at:
            self._left = min(float(AT_ONCE), self._left + A_SECOND * max(0.0, now - self._at))
        self._at = now
        return int(self._left)

    def began(self) -> None:
        """One more recipient is being told by a first way."""
        self._left = min(float(AT_ONCE), self._left + SHARE)

    def next_at(self, now: float) -> float:
        """When there is one for whoever asks next, behind those to whom an instant was promised."""
        return max(now, self._promised) + 1 / A_SECOND

    def spend(self, hedges: int, *, promised: float = 0.0) -> None:
        """`promised`: the instant at which somebody comes back for the one that is earned by then."""
        self._left -= hedges
        self._promised = max(self._promised, promised)
