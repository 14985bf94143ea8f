"""Which counters of a lane were heard: the newest one and the 63 before it. Source: security.md §4; RFC 4303 §3.4.3."""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["FAR", "SIZE", "Place", "Window"]

SIZE = 64
_MASK = (1 << SIZE) - 1

# A sender that restarts skips up to 1,024 counters; a thousand restarts unheard are no longer likely. Farther ahead may be a
# counter that a captured device was driven to, and needs a proof of freshness.
FAR = 2**20


class Place(StrEnum):
    """Where a counter falls."""

    FRESH = "fresh"
    SEEN = "seen"
    OLD = "old"
    FAR = "far"


class Window(msgspec.Struct, frozen=True):
    """`highest`: newest counter heard, -1 for none; bit i of `seen`: counter `highest` - i was heard."""

    highest: int = -1
    seen: int = 0

    def place(self, counter: int) -> Place:
        """Where a counter falls; only FRESH may be taken."""
        ahead = counter - self.highest
        if ahead > FAR:
            return Place.FAR
        if ahead > 0:
            return Place.FRESH
        if -ahead >= SIZE:
            return Place.OLD
        return Place.SEEN if self.seen >> -ahead & 1 else Place.FRESH

    def taken(self, counter: int) -> Window:
        """The window after a counter was heard."""
        ahead = counter - self.highest
        if ahead > 0:
            kept = self.seen << ahead if ahead < SIZE else 0
            return Window(counter, (kept | 1) & _MASK)
        return Window(self.highest, self.seen | 1 << -ahead)

    def moved(self, counter: int) -> Window:
        """The window that takes nothing below `counter`, after its sender proved that it has come that far."""
        return Window(counter - 1, _MASK) if counter - 1 > self.highest else self

    def skipped(self, counter: int) -> int:
        """How many counters between the newest and this one were not heard: deletions, or a sender that restarted."""
        return max(0, counter - self.highest - 1)
