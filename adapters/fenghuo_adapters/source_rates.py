"""How many requests a source may make: a token bucket for each, of bounded number."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Rates"]

SOURCES_MAX = 10_000  # sources are names that we issued, so this is never reached by strangers


class Rates:
    """Lets each source make `per_s` requests a second, `burst` at once; 0 a second lets everything pass."""

    def __init__(self, per_s: float, burst: int, monotonic: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = float(burst or max(1.0, per_s))
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_s(self, source: str) -> float:
        """Take one request; 0.0 when it may go on, else the seconds after which one more will be welcome."""
        if self._per_s <= 0:
            return 0.0
        now = self._monotonic()
        left, at = self._buckets.pop(source, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        allowed = left >= 1.0
        # Put back last: the dict stays ordered by last use and the longest silent source is the first to be forgotten.
        self._buckets[source] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > SOURCES_MAX:
            del self._buckets[next(iter(self._buckets))]
        return 0.0 if allowed else (1.0 - left) / self._per_s
