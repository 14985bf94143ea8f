"""Airtime of one medium, whoever uses it: a hard cap that nothing passes, a soft cap, a reserve, and a share for receipts.

Seconds are reserved on the disk before they are used, some at a time, so that a cap of the law outlives a crash: what was reserved and not
accounted for counts as spent. Source: delivery.md, Priorities and the transmit scheduler; I7.
"""

from __future__ import annotations

from collections import deque

import msgspec

from fenghuo.errors import ConfigError
from fenghuo.model.traffic import Priority

__all__ = ["Aired", "Caps", "Ledger", "Ledgers"]

# Shares of the hard cap that are reserved at a time, and of the span that are told apart on the disk.
_RESERVED = 32
_BINS = 64
_LEAST_S = 4.0


class Caps(msgspec.Struct, frozen=True):
    """Shares of each span of `span_s` seconds, 0 to 1. `hard`: the law's or the licence's, for everybody; `soft`: above it P3 and
    P4 wait; `reserve`: the part of `hard` that only P0 and P1 may use; `receipts`: most that receipts and polls may use.
    """

    span_s: float = 600.0
    hard: float = 1.0
    soft: float = 0.7
    reserve: float = 0.2
    receipts: float = 0.1

    def __post_init__(self) -> None:
        if self.span_s <= 0 or not 0 < self.hard <= 1:
            raise ValueError("the span must be longer than 0 s and the hard cap between 0 and 1")
        if not 0 <= self.reserve < self.hard or not 0 < self.soft <= self.hard or not 0 < self.receipts <= 1:
            raise ValueError("soft cap, reserve and receipts must be shares within the hard cap")

    def with_those(self, other: Caps) -> Caps:
        """The stricter of two, each share for itself. Raises: ConfigError: shares of different spans cannot be compared."""
        if self.span_s != other.span_s:
            raise ConfigError(f"span_s {other.span_s:g} differs from the {self.span_s:g} of another channel on the same medium")
        hard, soft = min(self.hard, other.hard), min(self.soft, other.soft)
        return Caps(
            self.span_s, hard, min(soft, hard), min(max(self.reserve, other.reserve), hard * 0.99), min(self.receipts, other.receipts)
        )


class Aired(msgspec.Struct, frozen=True):
    """What the disk knows of a medium. `spent`: (UTC seconds, seconds on the air), oldest first; `reserved`: seconds that may have been
    spent besides; `ever`: seconds that this process had spent when it said so, 0 on the disk."""

    spent: tuple[tuple[float, float], ...] = ()
    reserved: float = 0.0
    ever: float = 0.0


class _Spent(msgspec.Struct, frozen=True):
    at: float
    seconds: float
    is_receipt: bool


class Ledger:
    """What was spent in the span that ends now. One for each frequency, talk group or beam; all channels on it share it.

    `before`: what the disk knew at `now`, the start; from then on only what was reserved is spent. None: nothing is kept on a disk.
    """

    def __init__(self, caps: Caps | None = None, before: Aired | None = None, now: float = 0.0) -> None:
        self.caps = caps or Caps()
        self._spent: deque[_Spent] = deque()
        self._total = 0.0
        self._receipts = 0.0
        self._ever = self._longest = 0.0
        self._until = float("inf") if before is None else 0.0  # how far `ever` may go
        self._is_short = False
        if before is not None:
            for at, seconds in (*before.spent, (now, before.reserved)):
                self._add(_Spent(min(at, now), seconds, is_receipt=False))

    def spend(self, seconds: float, now: float, *, is_receipt: bool = False) -> None:
        """A frame goes on the air; told at its start, with its whole length."""
        self._forget(now)
        self._add(_Spent(now, seconds, is_receipt))
        self._ever += seconds
        self._longest = max(self._longest, seconds)

    def may(self, seconds: float, now: float, priority: Priority, *, is_receipt: bool = False) -> bool:
        """Whether a frame of so many seconds may go now. If only a reservation is missing, wanted() asks for it."""
        self._forget(now)
        if is_receipt and self._receipts + seconds > self.caps.receipts * self.caps.span_s:
            return False
        if self._total + seconds > self._limit_s(priority, is_receipt=is_receipt):
            return False
        self._is_short = self._ever + seconds > self._until
        self._longest = max(self._longest, seconds)
        return not self._is_short

    def open_at(self, seconds: float, now: float, priority: Priority, *, is_receipt: bool = False) -> float:
        """When may() will say yes, if nothing else is spent; infinity if the frame is longer than all that is allowed."""
        self._forget(now)
        total, receipts, at = self._total, self._receipts, now
        limit_s = self._limit_s(priority, is_receipt=is_receipt)
        receipts_s = self.caps.receipts * self.caps.span_s if is_receipt else float("inf")
        for spent in (*self._spent, None):
            if total + seconds <= limit_s and (not is_receipt or receipts + seconds <= receipts_s):
                return at
            if spent is None:
                break
            total -= spent.seconds
            receipts -= spent.seconds if spent.is_receipt else 0.0
            at = spent.at + self.caps.span_s
        return float("inf")

    def expect(self) -> None:
        """Somebody may have to be answered, in a slot that waits for no disk."""
        self._is_short = self._is_short or self._ever >= self._until

    def wanted(self) -> Aired | None:
        """What must stand on the disk before more is spent; None: enough is reserved. Who never sends reserves nothing."""
        step_s = max(self.caps.hard * self.caps.span_s / _RESERVED, _LEAST_S, 2 * self._longest)
        is_low = self._ever > 0 and self._until - self._ever < step_s / 2
        return Aired(self._binned(), step_s, self._ever) if self._is_short or is_low else None

    def reserved(self, aired: Aired) -> None:
        """It stands there."""
        self._until = max(self._until, aired.ever + aired.reserved)
        self._is_short = False

    def used(self, now: float) -> float:
        """The share of the span that was spent, 0 to 1."""
        self._forget(now)
        return self._total / self.caps.span_s

    def _limit_s(self, priority: Priority, *, is_receipt: bool) -> float:
        caps = self.caps
        if priority <= Priority.P1 or is_receipt:
            return caps.hard * caps.span_s
        usual = (caps.hard - caps.reserve) * caps.span_s
        return usual if priority is Priority.P2 else min(usual, caps.soft * caps.span_s)

    def _add(self, spent: _Spent) -> None:
        self._spent.append(spent)
        self._total += spent.seconds
        self._receipts += spent.seconds if spent.is_receipt else 0.0

    def _binned(self) -> tuple[tuple[float, float], ...]:
        """What was spent, what lies close together under its latest moment."""
        bins: list[tuple[float, float, float]] = []
        for spent in self._spent:
            if bins and spent.at - bins[-1][0] < self.caps.span_s / _BINS:
                bins[-1] = (bins[-1][0], max(bins[-1][1], spent.at), bins[-1][2] + spent.seconds)
            else:
                bins.append((spent.at, spent.at, spent.seconds))
        return tuple((latest, seconds) for _, latest, seconds in bins)

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0].at + self.caps.span_s <= now:
            gone = self._spent.popleft()
            self._total -= gone.seconds
            self._receipts -= gone.seconds if gone.is_receipt else 0.0
        if not self._spent:
            self._total = self._receipts = 0.0  # what rounding left over


class Ledgers:
    """One ledger for each medium, by its name, for every channel on it. It outlives a channel that is started anew."""

    def __init__(self) -> None:
        self._open: dict[str, Ledger] = {}

    def of(self, medium: str, caps: Caps, before: Aired | None = None, now: float = 0.0) -> Ledger:
        """The ledger of a medium, from now on by the stricter of these caps and those it had. Raises: ConfigError: another span.
        `before`: what the disk knew of it at `now`, for the first who asks."""
        ledger = self._open.setdefault(medium, Ledger(caps, before, now))
        ledger.caps = ledger.caps.with_those(caps)
        return ledger
