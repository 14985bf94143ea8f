"""Whether the wall clock may be believed at the start, and what is told of a clock that cannot be, or that jumps.

A clock that is not believed is replaced by the newest instant on the disk, from which it goes on: the true time is never earlier. So
whatever expires by it has expired, nothing that is open is late for a year that never was, and no timer waits for one that is over.
Source: delivery.md, Order, supersession, expiry (three clocks; a jump never causes mass expiry or a second emission).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fenghuo.clock import Clock, ClockQuality, instant
from fenghuo.store.audit import Deed
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["AHEAD_S", "STEP_S", "Jumps", "Settable", "is_credible", "keep_time"]

STEP_S = 2.0
"""A step of the wall clock that is told: more than what a time server corrects and a start may lose."""
AHEAD_S = 7 * 86_400.0
"""How long a node may have been off for a clock without a source to be believed: longer than any message of ours holds, so that a
clock that is wrong by less ends nothing but what its days would have ended."""


class Settable(Clock, Protocol):
    """A clock that can be told to go on from an instant that it did not read off the wall."""

    def resume(self, at: float, quality: ClockQuality) -> None:
        """Be `at` (UTC seconds) now, and of this quality from now on."""


def is_credible(now: float, newest: float, quality: ClockQuality) -> bool:
    """Whether a wall clock that says `now` may be right, when `newest` is on the disk. Both UTC seconds."""
    if now < newest - STEP_S:
        return False
    return quality is not ClockQuality.FREERUN or now - newest <= AHEAD_S


async def keep_time(store: Store, clock: Settable) -> bool:
    """Once, before anything asks the clock: whether it is believed. If not, it goes on from the disk, and a person hears of it."""
    newest, now = store.newest_at, clock.time()
    if newest is None or is_credible(now, newest, clock.quality()):
        return True
    clock.resume(newest, ClockQuality.FREERUN)
    await store.run(_telling("alarm.clock", now - newest, wall=now))
    return False


class Jumps:
    """Notices steps of the wall clock while we run; whoever is awake anyway asks it to look."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self._clock = clock
        self._store = store
        self._off_s = clock.jump_s()

    def look(self) -> None:
        """Tell of a step since the last look, or since this was made."""
        off_s, before = self._clock.jump_s(), self._off_s
        if abs(off_s - before) > STEP_S:
            self._off_s = off_s
            self._store.submit(_telling("clock.jumped", off_s - before, wall=self._clock.time() + off_s))


def _telling(kind: str, step_s: float, *, wall: float) -> Callable[[Tx], None]:
    """The job that tells people and the audit. `wall`: what the wall clock says, UTC seconds."""
    says = _text(wall)

    def tell(tx: Tx) -> None:
        tx.event(kind, "node", wall=says, step_s=round(step_s, 3))
        tx.audit(Deed.of(kind.rpartition(".")[2], "node", wall=says, step_s=round(step_s, 3)))

    return tell


def _text(at: float) -> str:
    """An instant for a person; a clock may say what no calendar has."""
    try:
        return instant(at).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f} s"
