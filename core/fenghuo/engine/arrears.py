"""What has waited through an outage of its channel, and goes out behind what is new: at most a quarter of the time of the medium. Pure.

Where one can speak at a time the quarter is measured in time on the air: after each of them the medium is left to others for three times as
long. Elsewhere it is a quarter of what may be under way at once, and, while anything new waits, one after each three of those. What is new
goes first; then the most urgent of what waited, and of equals the oldest. P0 and P1 are never in arrears: what is urgent is as new as ever.
Source: delivery.md, Failures have a scope ("live first, backlog ≤ 25 % of airtime"); Order, supersession, expiry.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import NamedTuple

from fenghuo.engine.health import ChannelHealth
from fenghuo.model.delivery import Delivery
from fenghuo.model.traffic import Priority

__all__ = ["SHARE", "Arrears", "Waiting", "is_in_arrears"]

SHARE = 0.25
"""Of the time of a medium."""
NEW_TO_OLD = round((1.0 - SHARE) / SHARE)
"""So many new ones for each of what waited."""
URGENT = Priority.P1
OUTAGE_S = 60.0
"""What was away for less has flapped, and what waited is as good as new."""
RETURN_S = 120.0
"""So long after the return whatever was planned before it comes in from the outage; later it is a retry like any other."""


class Waiting(NamedTuple):
    """A delivery with what orders it, as Medium.put() was told."""

    deadline: float
    audience: int
    delivery: Delivery


def is_in_arrears(priority: Priority, opened_at: float, health: ChannelHealth, now: float) -> bool:
    """Whether a delivery has waited through an outage that has just ended. `opened_at`, `now`: UTC seconds."""
    was_out_s = health.back_at - health.left_at
    is_back = health.back_at <= now < health.back_at + RETURN_S and was_out_s >= OUTAGE_S
    return priority > URGENT and is_back and opened_at < health.back_at


class Arrears:
    """Of one medium. `rests_until`: UTC seconds, when the next may begin where one can speak at a time."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Priority, int, int, int, Waiting]] = []
        self._under_way: set[int] = set()
        self._order = itertools.count()
        self._gone = NEW_TO_OLD  # how many new ones have gone since the last of these
        self.rests_until = 0.0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, waiting: Waiting) -> None:
        """Wait behind what is new; the first copy to everyone goes before the second to anyone."""
        one = waiting.delivery
        self._under_way.discard(one.id)  # it was let in, and something else was under way to its address
        heapq.heappush(self._waiting, (one.priority, one.tries, one.id, next(self._order), waiting))

    def take(self, now: float, *, is_new_waiting: bool, is_exclusive: bool, room: int) -> Waiting | None:
        """The next that may be queued with the others at `now`; `room`: how many may be under way at once on its channels."""
        if not self._waiting or (is_new_waiting and self._gone < (1 if is_exclusive else NEW_TO_OLD)):
            return None
        most = 1 if is_exclusive else max(1, int(room * SHARE))
        if len(self._under_way) >= most or (is_exclusive and now < self.rests_until):
            return None
        *_, waiting = heapq.heappop(self._waiting)
        self._under_way.add(waiting.delivery.id)
        self._gone = 0
        return waiting

    def with_it(self, leader: Delivery, goes: Callable[[Delivery], bool]) -> list[Delivery]:
        """Take out those that go along with one that was let in, in their order."""
        if leader.id not in self._under_way:
            return []
        chosen = [entry for entry in sorted(self._waiting, key=lambda entry: entry[:-1]) if goes(entry[-1].delivery)]
        self._waiting = [entry for entry in self._waiting if entry not in chosen]
        heapq.heapify(self._waiting)
        return [entry[-1].delivery for entry in chosen]

    def went(self, delivery: Delivery) -> None:
        """Something was taken to its channel."""
        if delivery.id not in self._under_way:
            self._gone += 1

    def done(self, delivery: Delivery, took_s: float, now: float) -> None:
        """An emission is over that took so many seconds, at `now`; one that was given up took none."""
        if delivery.id in self._under_way:
            self._under_way.discard(delivery.id)
            self.rests_until = max(self.rests_until, now + took_s * (1.0 - SHARE) / SHARE)

    def held(self) -> set[int]:
        """Every delivery that waits here."""
        return {entry[-1].delivery.id for entry in self._waiting}

    def queued(self, channel: str) -> int:
        """How many of them are for a channel instance."""
        return sum(entry[-1].delivery.channel == channel for entry in self._waiting)
