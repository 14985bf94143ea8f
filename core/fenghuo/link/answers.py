"""Receipts that are owed: at once, or in a slot; and the link's own questions and proofs. They go before everything but their slot."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from fenghuo.link.arrivals import Arrivals
from fenghuo.link.frame import FrameKind
from fenghuo.link.parcels import Intent, Key
from fenghuo.link.receipts import HeldList, encode_receipt

__all__ = ["LATE_S", "Answers"]

# Transfers that one receipt names at most: it stays shorter than a second on the air.
_TOGETHER = 8
# A slot has room for a modem that needs some time to get the channel; a station that is busy may use up most of that.
LATE_S = 0.4


class _Slot(msgspec.Struct, frozen=True, order=True):
    at: float
    key: Key


class Answers:
    """What is owed to whom, by the source of the transfer."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._owed: dict[Key, None] = {}
        self._slots: list[_Slot] = []
        self._others: deque[Intent] = deque()

    def owe(self, key: Key) -> None:
        """A receipt at once; several to one source go in one frame."""
        self._owed[key] = None

    def owe_in_slot(self, key: Key, at: float) -> None:
        """A receipt at `at`, not earlier and hardly later: after it comes somebody else's slot."""
        self._slots = sorted(slot for slot in self._slots if slot.key != key)
        self._slots.append(_Slot(at, key))
        self._owed.pop(key, None)

    def say(self, intent: Intent) -> None:
        """Something else that goes like a receipt."""
        self._others.append(intent)

    def in_slot(self, now: float) -> Intent | None:
        """The answer whose slot has come. One that is too late for its slot is not given: a poll will fetch it."""
        while self._slots and self._slots[0].at <= now:
            slot = self._slots.pop(0)
            if now - slot.at <= LATE_S and not self._arrivals.is_waiting(slot.key):
                return self._receipt([slot.key])
            if now - slot.at <= LATE_S:
                self._slots.insert(0, slot)
                return None
        return None

    def at_once(self, follows: Callable[[int], bool]) -> Intent | None:
        """The next answer that has no slot; `follows`: whether something else goes to this post right behind it."""
        if self._others:
            return self._others.popleft()
        ready = [key for key in self._owed if not self._arrivals.is_waiting(key)]
        together = [key for key in ready if key.source == ready[0].source][:_TOGETHER]
        for key in together:
            del self._owed[key]
        return self._receipt(together, follows=follows(together[0].source)) if together else None

    @property
    def has_more(self) -> bool:
        return bool(self._others) or any(not self._arrivals.is_waiting(key) for key in self._owed)

    @property
    def next_slot_at(self) -> float | None:
        return min((slot.at for slot in self._slots), default=None)

    def give_back(self, intent: Intent) -> None:
        """It may not go yet after all: first in line next time."""
        self._others.appendleft(intent)

    def _receipt(self, keys: list[Key], *, follows: bool = False) -> Intent:
        entries = tuple(self._arrivals.held(key) for key in keys)
        return Intent(keys[0].source, FrameKind.RECEIPT, encode_receipt(HeldList(entries, follows)))
