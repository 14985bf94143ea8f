"""How many urgent messages one source may bring in a minute before a person must look. No I/O, no clock."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

__all__ = ["SPAN_S", "USUAL", "Flood", "Floods"]

SPAN_S = 60.0
USUAL = 60
"""P0 in a minute of a source, where its rules name no figure: more than a real one has to say. A whole country has some tens of red
warnings in force at once."""
# Sources that are remembered; the one that was silent for longest is forgotten first.
_SOURCES = 1024


class Flood(StrEnum):
    """Whether a source says more than it may in a minute."""

    NONE = "none"
    BEGINS = "begins"
    GOES_ON = "goes on"


class Floods:
    """Counts by source, over a sliding minute. All times are monotonic seconds."""

    def __init__(self) -> None:
        self._lately: dict[str, deque[float]] = {}
        self._flooding: set[str] = set()

    def count(self, source: str, limit: int, now: float) -> Flood:
        """Count one more, and say whether it is within the limit, 0 for none. That one begins is told once, until the source is within it
        again."""
        was, is_one = source in self._flooding, bool(limit) and self._is_too_many(source, limit, now)
        (self._flooding.add if is_one else self._flooding.discard)(source)
        return Flood.NONE if not is_one else Flood.GOES_ON if was else Flood.BEGINS

    def _is_too_many(self, source: str, limit: int, now: float) -> bool:
        lately = self._lately.pop(source, deque())
        self._lately[source] = lately
        while lately and lately[0] <= now - SPAN_S:
            lately.popleft()
        if len(self._lately) > _SOURCES:
            self._flooding.discard(forgotten := next(iter(self._lately)))
            del self._lately[forgotten]
        if len(lately) < limit:
            lately.append(now)
            return False
        return True
