"""Counters of the lanes we send in: reserved ahead on the disk, used once, never given twice over any number of crashes.

The store fills the port: for each of `wanted()` it commits `next = first + STEP` and only then may `grant()` be called.
Source: security.md §4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from fenghuo.errors import KeyUnusable
from fenghuo.link.frame import MAX_COUNTER
from fenghuo.link.keys import Lane

__all__ = ["END", "LOW", "STEP", "Counters", "Grant", "Reservation", "Wanted"]

STEP = 1024
# So many left, and the next reservation is asked for: twenty minutes of a busy channel, while a commit takes milliseconds.
LOW = 256
# From here on nothing is sealed: a new key is due long before a nonce could repeat.
END = MAX_COUNTER - 1023


class Wanted(msgspec.Struct, frozen=True):
    """A lane that needs counters. `since`: when its key was put in; a store that was restored later knows it as stale."""

    lane: str
    since: float


class Reservation(Protocol):
    """What the store answers to a Wanted, once it is on the disk."""

    @property
    def lane(self) -> str: ...
    @property
    def first(self) -> int: ...
    @property
    def until(self) -> int: ...
    @property
    def stale(self) -> bool: ...


class Grant(msgspec.Struct, frozen=True):
    """A reservation as a value: counters `first` up to, not including, `until`; none if `stale`."""

    lane: str
    first: int
    until: int
    stale: bool = False


class _Range(msgspec.Struct):
    first: int = 0
    until: int = 0
    stale: bool = False
    # The range that was granted while this one was not yet used up.
    then: Reservation | None = None


class Counters:
    """What is left of each lane's reservation."""

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self._lanes = {lane.name: lane for lane in lanes}
        self._ranges = {name: _Range() for name in self._lanes}

    def wanted(self) -> tuple[Wanted, ...]:
        """Lanes that run low. Asking again before the grant came asks for the same."""
        low = (name for name, held in self._ranges.items() if not held.stale and held.then is None and self._left(held) < LOW)
        return tuple(Wanted(name, self._lanes[name].since) for name in low)

    def grant(self, grant: Reservation) -> None:
        """The reservation is on the disk. An unused rest of an earlier one is used up first."""
        held = self._ranges[grant.lane]
        held.stale = held.stale or grant.stale
        if grant.stale:
            held.first, held.until, held.then = 0, 0, None
        elif held.first == held.until:
            held.first, held.until = grant.first, grant.until
        else:
            held.then = grant

    def next(self, lane: Lane) -> int:
        """The counter that take() would give. Raises: KeyUnusable: stale, spent, or nothing reserved."""
        held = self._ranges[lane.name]
        if held.stale:
            raise KeyUnusable(lane.name, "the key is stale since the store was restored or copied; put in a new one at both ends")
        if held.first == held.until:
            raise KeyUnusable(lane.name, "no counters are reserved")
        if held.first >= END:
            raise KeyUnusable(lane.name, "the counters are spent; put in a new key at both ends")
        return held.first

    def take(self, lane: Lane) -> int:
        """A counter that was never given before. Raises: KeyUnusable: as next()."""
        counter = self.next(lane)
        held = self._ranges[lane.name]
        held.first += 1
        if held.first == held.until and held.then is not None:
            held.first, held.until, held.then = held.then.first, held.then.until, None
        return counter

    def are_low(self) -> bool:
        return bool(self.wanted())

    @staticmethod
    def _left(held: _Range) -> int:
        return held.until - held.first
