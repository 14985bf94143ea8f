"""The only place that asks what time it is. Everything else is handed a Clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

__all__ = ["Clock", "ClockQuality", "SystemClock", "instant", "seconds"]


class ClockQuality(StrEnum):
    """How far the wall clock may be trusted; content expires only by a clock of known quality."""

    GNSS = "gnss"
    NTP = "ntp"
    PEER = "peer"
    FREERUN = "freerun"


class Clock(Protocol):
    """Time as the engine sees it: `time()` is UTC seconds that never jump while the process lives, `monotonic()` orders waits."""

    def time(self) -> float:
        """UTC seconds since 1970."""

    def monotonic(self) -> float:
        """Seconds on a clock that no operator can set."""

    def quality(self) -> ClockQuality:
        """How far time() may be trusted."""

    def jump_s(self) -> float:
        """By how many seconds the wall clock has moved away from time() since the start; positive means ahead."""


class SystemClock:
    """The machine's clock, anchored once: a jump of the wall clock moves `jump_s()`, never `time()`.

    So no jump causes a mass expiry or a second emission (delivery.md, Order, supersession, expiry). `wall`, `monotonic`: the
    machine's two readings, which a simulation replaces.
    """

    def __init__(
        self,
        *,
        quality: ClockQuality = ClockQuality.NTP,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quality = quality
        self._wall = wall
        self._monotonic = monotonic
        self._anchor_wall = wall()
        self._anchor_monotonic = monotonic()

    def time(self) -> float:
        return self._anchor_wall + (self._monotonic() - self._anchor_monotonic)

    def resume(self, at: float, quality: ClockQuality) -> None:
        """Go on from `at` (UTC seconds): the wall clock is not believed. To be called before anybody else has asked the time."""
        self._anchor_wall, self._anchor_monotonic = at, self._monotonic()
        self._quality = quality

    def monotonic(self) -> float:
        return self._monotonic()

    def quality(self) -> ClockQuality:
        return self._quality

    def jump_s(self) -> float:
        return self._wall() - self.time()


def instant(at: float) -> datetime:
    """UTC seconds as an aware datetime."""
    return datetime.fromtimestamp(at, UTC)


def seconds(at: datetime) -> float:
    """An aware datetime as UTC seconds."""
    return at.timestamp()
