"""How much may go over a path in a second: a token bucket that may fall into debt, since the cost on the wire is known later."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["RateBucket"]


class RateBucket:
    """`octets_per_s` on average, `burst` at once; 0 a second lets everything pass and still counts. `spent`: octets so far."""

    def __init__(self, octets_per_s: float, burst: int, monotonic: Callable[[], float]) -> None:
        self.spent = 0
        self._per_s = octets_per_s
        self._burst = float(burst)
        self._monotonic = monotonic
        self._left = float(burst)
        self._at = monotonic()

    def take(self, octets: int) -> float:
        """Spend `octets` and return the seconds to wait before they may go. Whoever asks first goes first."""
        self._spend(octets)
        return self.wait_s()

    def settle(self, octets: int) -> None:
        """Spend what was not foreseen, or give back (negative) what was not needed; nobody waits for it but the next."""
        self._spend(octets)

    def wait_s(self, least: int = 0) -> float:
        """Seconds until all that was spent is covered and `least` octets are left; 0.0 when something may go now."""
        if self._per_s <= 0:
            return 0.0
        self._refill()
        return max(0.0, (least - self._left) / self._per_s)

    def _spend(self, octets: int) -> None:
        self.spent += octets
        if self._per_s > 0:
            self._refill()
            self._left -= octets

    def _refill(self) -> None:
        now = self._monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
