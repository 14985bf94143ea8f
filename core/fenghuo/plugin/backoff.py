"""How long to wait after a failure, and when to stop trying: pure figures and one table, no waiting here."""

from __future__ import annotations

import random
from collections import deque

import msgspec

from fenghuo.errors import AuthFailed, ConfigError, LinkError, NotReady

__all__ = ["Backoff", "Setback", "Strikes", "setback_of"]

RETRY_BASE_S = 5.0
RETRY_CAP_S = 60.0
"""Longest wait for a device that is absent: an operator who plugs it in sees it taken up within a minute."""

STUBBORN_BASE_S = 60.0
STUBBORN_CAP_S = 900.0
"""Wrong credentials or settings: the same ones will not help, and knocking every few seconds gets an account locked."""

CRASHES = 5
CRASH_WINDOW_S = 600.0
"""Five crashes in ten minutes quarantine an instance (plugins.md, Supervision)."""


class Setback(msgspec.Struct, frozen=True):
    """What a failure means: a sentence, the shortest and longest wait in seconds, and whether it counts as a crash."""

    reason: str
    base_s: float
    cap_s: float
    is_crash: bool


def setback_of(fault: BaseException) -> Setback:
    """The whole table: what a plugin instance raised → how to go on."""
    match fault:
        case NotReady():
            base_s = max(0.1, fault.retry_after_s)
            return Setback(f"not ready: {fault}", base_s, max(RETRY_CAP_S, base_s), is_crash=False)
        case AuthFailed():
            return Setback(f"refused by the far end: {fault}", STUBBORN_BASE_S, STUBBORN_CAP_S, is_crash=False)
        case ConfigError():
            return Setback(f"settings cannot work: {fault}", STUBBORN_BASE_S, STUBBORN_CAP_S, is_crash=False)
        case LinkError() | OSError():  # the world's doing: a peer that is away for an hour must not end in quarantine
            return Setback(f"{type(fault).__name__}: {fault}", RETRY_BASE_S, RETRY_CAP_S, is_crash=False)
        case _:
            return Setback(f"{type(fault).__name__}: {fault}", RETRY_BASE_S, RETRY_CAP_S, is_crash=True)


class Backoff:
    """Decorrelated jitter: each wait is random between the base and three times the last one, never above the cap.

    Source: M. Brooker, Exponential Backoff and Jitter (AWS Architecture Blog, 2015), "decorrelated jitter".
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._last_s = 0.0

    def next_s(self, setback: Setback, cap_s: float | None = None) -> float:
        """Seconds to wait after this setback, `cap_s` at most where that is given."""
        widest = max(setback.base_s, self._last_s * 3)
        self._last_s = min(cap_s or setback.cap_s, self._chance.uniform(setback.base_s, widest))
        return self._last_s

    def reset(self) -> None:
        """The instance works again: the next failure starts from the base."""
        self._last_s = 0.0


class Strikes:
    """Counts crashes; `is_out` once there were five within ten minutes."""

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=CRASHES)

    def add(self, now: float) -> None:
        """A crash at `now`, monotonic seconds."""
        self._at.append(now)

    def is_out(self, now: float) -> bool:
        """Whether the last five crashes all lie in the window that ends at `now`, monotonic seconds."""
        return len(self._at) == CRASHES and now - self._at[0] <= CRASH_WINDOW_S

    def clear(self) -> None:
        """A person has looked at it: count anew."""
        self._at.clear()
