"""The one ordered stream of what happened: read by cursor, awaited without polling."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from fenghuo.model.event import Event
from fenghuo.store.high_water import HighWater
from fenghuo.store.reader import Reader
from fenghuo.store.tables import EVENT

__all__ = ["EventStream"]

# Newest events kept in memory, so that those who follow closely never touch the disk: a few seconds at full load, about 3 MB.
KEPT = 4_096


class EventStream:
    """Committed events only; `seq` has no holes. Readers never delay the writer."""

    def __init__(self, reader: Reader, *, epoch: str, head: int) -> None:
        self._reader = reader
        self._epoch = epoch
        self._water = HighWater(head)
        self._recent: deque[Event] = deque(maxlen=KEPT)

    @property
    def epoch(self) -> str:
        """Names this stream; a cursor of another epoch is worthless."""
        return self._epoch

    @property
    def head(self) -> int:
        """The seq of the newest committed event."""
        return self._water.mark

    async def read(self, after: int, limit: int) -> list[Event]:
        """Up to `limit` committed events with seq > `after`, in order. One that the disk damaged is left out."""
        if after >= self._water.mark:
            return []
        if self._recent and self._recent[0].seq <= after + 1:
            first = after + 1 - self._recent[0].seq
            return [self._recent[i] for i in range(first, min(first + limit, len(self._recent)))]
        rows = await self._reader.find(EVENT, "seq > ? ORDER BY seq", (after,), limit)
        return [Event(row.seq, row.at, row.type, row.subject, msgspec.json.decode(row.body)) for row in rows]

    async def wait(self, after: int) -> int:
        """Return the head as soon as it is > `after`."""
        return await self._water.wait(after)

    def advance(self, events: Sequence[Event], head: int) -> None:
        """Called in the loop after the commit that made `events` durable."""
        if head <= self._water.mark:
            return
        if head != self._water.mark + len(events):  # some became durable by a commit that failed: they are read from the disk
            self._recent.clear()
        self._recent.extend(events)
        self._water.rise(head)
