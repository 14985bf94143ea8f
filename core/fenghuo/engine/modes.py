"""The modes of this node, its sites and areas: what is sensed, what a person has declared, and which of the two holds.

Whoever senses something hands it to `Modes.signal`; nothing here waits, and nothing is decided from it here: `on_change` hears of every
change, and `next_at` is when to look again. Source: failover.md, Modes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.modes_axis import UNKNOWN, AxisState, heard, next_at, rank, settled
from fenghuo.errors import FormatError, NotFound
from fenghuo.model.mode import WORST, Axis, Signal

__all__ = ["NODE", "Change", "Declared", "Modes", "Stand"]

NODE = ""
"""The place that is the node itself."""

Key = tuple[Axis, str]


class Declared(msgspec.Struct, frozen=True):
    """A person's word, which outranks what is sensed until `expires_at`. Instants are UTC seconds."""

    axis: Axis
    place: str
    mode: str
    by: str
    reason: str
    at: float
    expires_at: float


Kept = TypeVar("Kept", AxisState, Declared)


class Stand(msgspec.Struct, frozen=True):
    """What holds on one axis of one place. `why`: who says so; `until`: of a declared mode; `sensed`: what is sensed meanwhile;
    `is_stale`: nothing is sensed by now."""

    axis: Axis
    place: str
    mode: str = UNKNOWN
    since: float = 0.0
    why: tuple[str, ...] = ()
    is_declared: bool = False
    by: str = ""
    until: float | None = None
    sensed: str = UNKNOWN
    is_stale: bool = True


class Change(msgspec.Struct, frozen=True):
    """One axis of one place stands for something else than before."""

    before: Stand
    after: Stand


class Modes:
    """Every axis of every place of which anything was ever said. `named`: the one name of a place, whatever whoever speaks calls it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sensed: dict[Key, AxisState] = {}
        self._declared: dict[Key, Declared] = {}
        self._stands: dict[Key, Stand] = {}
        self.turns = 0  # how often anything has changed
        self.named: Callable[[str], str] = _as_said
        self.on_change: Callable[[tuple[Change, ...]], None] = _told_nobody
        self.on_heard: Callable[[], None] = _nothing_waits

    # What comes in.

    def signal(self, signal: Signal) -> None:
        """Take a source's word; it never blocks. A time in the future counts as now. Raises: FormatError: no mode of this axis."""
        if signal.mode != UNKNOWN and rank(signal.axis, signal.mode) < 0:
            raise FormatError(f"{signal.axis} has no mode {signal.mode!r}; said by {signal.source}", code="bad-argument", where="mode")
        now, key = self._clock.time(), (signal.axis, self.named(signal.place))
        word = msgspec.structs.replace(signal, at=min(signal.at, now), place=key[1])
        self._sensed[key] = heard(self._sensed.get(key) or AxisState(*key), word, now)
        self._settle((key,), now)

    def declare(self, declared: Declared) -> None:
        """A person's word, from now until it expires; it replaces an earlier one about the same."""
        key = (declared.axis, self.named(declared.place))
        self._declared[key] = msgspec.structs.replace(declared, place=key[1])
        self._settle((key,), self._clock.time())

    def end(self, axis: Axis, place: str) -> None:
        """Take a declaration back; where there is none, forget what nobody says any more. Raises: NotFound: neither is there."""
        key = (axis, self.named(place))
        sensed = self._sensed.get(key)
        if self._declared.pop(key, None) is None:
            if sensed is None or not sensed.is_stale or sensed.mode == UNKNOWN:
                raise NotFound(f"nobody has declared {axis} of {place or 'the node'}; `fenghuo mode ls` shows what holds")
            del self._sensed[key]
        self._settle((key,), self._clock.time())

    def look(self) -> None:
        """Let time do what it does: words grow old, modes are entered and left."""
        now = self._clock.time()
        self._declared = {key: one for key, one in self._declared.items() if now < one.expires_at}
        self._sensed = {key: settled(one, now) for key, one in self._sensed.items()}
        self._settle({*self._sensed, *self._declared, *self._stands}, now)

    def next_at(self) -> float | None:
        """When to look again, UTC seconds; None: not before somebody says something."""
        sensed = (at for at in map(next_at, self._sensed.values()) if at is not None)
        return min((*sensed, *(one.expires_at for one in self._declared.values())), default=None)

    # What holds.

    def stands(self) -> tuple[Stand, ...]:
        """What holds, the node first, then place by place."""
        return tuple(self._stands[key] for key in sorted(self._stands, key=lambda key: (key[1], tuple(Axis).index(key[0]))))

    def stand(self, axis: Axis, place: str = NODE) -> Stand:
        """What holds on one axis of one place; unknown where nothing was ever said."""
        key = (axis, self.named(place))
        return self._stands.get(key) or Stand(*key)

    def declared(self) -> tuple[Declared, ...]:
        """The declarations that hold."""
        return tuple(self._declared.values())

    def at_worst(self, axis: Axis) -> frozenset[str]:
        """The places for which the worst holds on an axis."""
        return frozenset(place for (of, place), stand in self._stands.items() if of is axis and stand.mode == WORST[axis])

    def lost(self, covers: Callable[[str, str], bool]) -> frozenset[str]:
        """The places for which 三无 holds: on all three axes the worst holds for them, or for what they lie in."""
        worst = [self.at_worst(axis) for axis in Axis]
        if not all(worst):
            return frozenset()

        def is_lost(place: str) -> bool:
            return all(place in of_axis or any(covers(outer, place) for outer in of_axis) for of_axis in worst)

        return frozenset(filter(is_lost, frozenset().union(*worst)))

    # What is kept.

    def kept(self) -> tuple[tuple[AxisState, ...], tuple[Declared, ...]]:
        """What must outlive the process: modes and declarations, and no signal, which its source says anew."""
        bare = (msgspec.structs.replace(one, signals=(), holding={}, is_stale=True) for one in self._sensed.values())
        return tuple(bare), tuple(self._declared.values())

    def take_back(self, sensed: Iterable[AxisState], declared: Iterable[Declared]) -> None:
        """What was kept, before anything is said; `on_change` hears of what ended while nobody looked."""
        ranked = sorted(sensed, key=lambda one: rank(one.axis, one.mode))  # of two names of one place the worse word stays
        self._sensed = {(one.axis, one.place): one for one in map(self._renamed, ranked)}
        self._declared = {(one.axis, one.place): one for one in map(self._renamed, sorted(declared, key=lambda one: one.at))}
        self._stands = {key: self._stand(key, -math.inf) for key in {*self._sensed, *self._declared}}
        self.turns += 1
        self.look()

    def _renamed(self, one: Kept) -> Kept:
        return msgspec.structs.replace(one, place=self.named(one.place))

    def _settle(self, keys: Iterable[Key], now: float) -> None:
        changes = tuple(self._moved(keys, now))
        if changes:
            self.turns += 1
            self.on_change(changes)
        self.on_heard()

    def _moved(self, keys: Iterable[Key], now: float) -> Iterable[Change]:
        for key in keys:
            before, after = self._stands.get(key) or Stand(*key), self._stand(key, now)
            self._stands[key] = after
            if (before.mode, before.is_declared, before.until) != (after.mode, after.is_declared, after.until):
                yield Change(before, after)

    def _stand(self, key: Key, now: float) -> Stand:
        sensed, said = self._sensed.get(key) or AxisState(*key), self._declared.get(key)
        if said is None or now >= said.expires_at:
            return Stand(*key, sensed.mode, sensed.since, sensed.why, sensed=sensed.mode, is_stale=sensed.is_stale)
        return Stand(*key, said.mode, said.at, (said.reason,), True, said.by, said.expires_at, sensed.mode, sensed.is_stale)


def _as_said(place: str) -> str:
    """Until there is a directory to name places by."""
    return place


def _told_nobody(changes: tuple[Change, ...]) -> None:
    """Until whoever acts upon them is wired in."""


def _nothing_waits() -> None:
    """Until whoever arms the timer is wired in."""
