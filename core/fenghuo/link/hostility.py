"""Counts frames whose tag does not fit: past the limit a link is hostile and alarmed, and its short tags are tried once a second.

Source: security.md §1 (EN 50159, black channel), §4.
"""

from __future__ import annotations

from collections import deque

import msgspec

from fenghuo.link.keys import Lane

__all__ = ["LIMIT", "QUIET_S", "Vigil"]

# More than this in a minute is no noise: the check sum of the bearer has passed each of them.
LIMIT = 10
SPAN_S = 60.0
TRY_S = 1.0
# Guessing more octets than these takes longer than anybody lives, at whatever rate the air allows.
GUESSED = 4
# So long without a bad tag and the link is trusted again.
QUIET_S = 600.0

Key = tuple[int, int]


class _Record(msgspec.Struct):
    bad: deque[float]
    hostile: bool = False


class Vigil:
    """One record for each key and source, so that who forges one town's frames does not silence another town."""

    def __init__(self) -> None:
        self._records: dict[Key, _Record] = {}
        self._tried: dict[str, float] = {}

    def may_try(self, lane: Lane, tag: int, now: float) -> bool:
        """Whether a frame of this lane with a tag of so many octets may be tried at all; at one a second guessing 4 takes 68 years.

        A longer one always: a forger who could use the tries up would silence a link with five cheap frames a second.
        """
        if tag > GUESSED:
            return True
        record = self._records.get((lane.key_id, lane.source))
        if record is None or not record.hostile:
            return True
        if now - self._tried.get(lane.name, now - TRY_S) < TRY_S:
            return False
        self._tried[lane.name] = now
        return True

    def bad(self, lane: Lane, now: float) -> bool:
        """A tag did not fit. True: with this one the link has become hostile, once each time."""
        record = self._records.setdefault((lane.key_id, lane.source), _Record(deque(maxlen=LIMIT + 1)))
        record.bad.append(now)
        became = not record.hostile and len(record.bad) > LIMIT and now - record.bad[0] <= SPAN_S
        record.hostile = record.hostile or became
        return became

    def calm(self, now: float) -> tuple[Key, ...]:
        """(key id, source) of links that are trusted again, once each time."""
        calmed = tuple(key for key, record in self._records.items() if record.hostile and now - record.bad[-1] >= QUIET_S)
        for key in calmed:
            del self._records[key]
        return calmed

    def is_hostile(self, key_id: int, source: int) -> bool:
        record = self._records.get((key_id, source))
        return record is not None and record.hostile
