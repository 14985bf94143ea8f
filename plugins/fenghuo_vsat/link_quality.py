"""What the modem's number says of the link: good, degraded, or unknown. Pure.

A modem that does not answer says nothing of the satellite: its management port may be down while traffic flows. So silence makes the
link unknown, never down.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["SILENT_AFTER", "LinkQuality", "Quality"]

SILENT_AFTER = 3
"""Questions without an answer, one after the other, until what was known counts no more."""


class Quality(StrEnum):
    """UNKNOWN: nobody says; DEGRADED: it still carries, and may not for long."""

    GOOD = "good"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"


class LinkQuality:
    """Takes readings; `quality` and `reason` are what they make. Between the two thresholds what was said before holds."""

    def __init__(self, degraded_below: float, good_from: float) -> None:
        self.quality = Quality.UNKNOWN
        self.reason = "not asked yet"
        self._degraded_below = degraded_below
        self._good_from = good_from
        self._missed = 0

    def heard(self, value: float) -> bool:
        """One reading, scaled. True: the quality has changed."""
        self._missed = 0
        if value < self._degraded_below:
            return self._become(Quality.DEGRADED, f"the modem reads {value:g}, below {self._degraded_below:g}")
        if value >= self._good_from or self.quality is not Quality.DEGRADED:
            return self._become(Quality.GOOD, f"the modem reads {value:g}")
        return False

    def missed(self, why: str) -> bool:
        """A question without an answer. True: the quality has changed."""
        self._missed += 1
        if self._missed < SILENT_AFTER:
            return False
        return self._become(Quality.UNKNOWN, f"{self._missed} questions to the modem without an answer: {why}")

    def _become(self, quality: Quality, reason: str) -> bool:
        changed = quality is not self.quality
        self.quality, self.reason = quality, reason
        return changed
