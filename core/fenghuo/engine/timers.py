"""One timer armed for whatever is due first, and none when nothing is."""

from __future__ import annotations

import asyncio
import heapq
import itertools

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.book import OpenTarget
from fenghuo.engine.facts import Facts
from fenghuo.model.message import MessageId

__all__ = ["Deadline", "Due", "Expiry", "Timers"]


class Expiry(msgspec.Struct, frozen=True, gc=False):
    """A revision is over."""

    id: MessageId
    revision: int


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """An objective should have been met by now."""

    objective: int


Due = OpenTarget | Expiry | Deadline
"""What a timer is about: a target to look at again, a revision that expires, an objective that is late."""


class Timers:
    """A heap of (UTC seconds, what). Nothing is taken out early: who wakes up too early finds nothing to do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Due]] = []
        self._order = itertools.count()
        self._armed: dict[int, float] = {}

    def at(self, when: float, what: Due) -> None:
        """Have `what` looked at not later than `when`."""
        if isinstance(what, OpenTarget):
            if self._armed.get(id(what), float("inf")) <= when:
                return
            self._armed[id(what)] = when
        heapq.heappush(self._heap, (when, next(self._order), what))

    def due(self, now: float) -> list[Due]:
        """All that is due, earliest first."""
        found: list[Due] = []
        while self._heap and self._heap[0][0] <= now:
            _, _, what = heapq.heappop(self._heap)
            self._armed.pop(id(what), None)
            found.append(what)
        return found

    async def until_due_or(self, facts: Facts) -> None:
        """Return when the first timer is due or a fact arrives."""
        if not self._heap:
            await facts.arrival()
            return
        wait_s = self._heap[0][0] - self._clock.time()
        if wait_s <= 0:
            return
        loop = asyncio.get_running_loop()
        alarm = loop.call_later(wait_s, facts.wake)
        try:
            await facts.arrival()
        finally:
            alarm.cancel()
