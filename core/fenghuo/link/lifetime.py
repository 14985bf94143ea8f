"""Expiry inside a frame: minutes since 1970 modulo 2^16, against record, jam, play later. Source: security.md §4."""

from __future__ import annotations

import math

__all__ = ["EXPIRY", "LONGEST_S", "ends_at", "expiry", "is_over"]

EXPIRY = 2  # octets
_MINUTE_S = 60
_CYCLE = 2**16  # minutes, 45 days
# Half a cycle: a minute that lies farther ahead is one that lies behind.
LONGEST_S = (_CYCLE // 2 - 1) * _MINUTE_S


def expiry(at: float, now: float) -> bytes:
    """The two octets for an end at `at` (UTC seconds), the minute rounded up; an end too far away is brought nearer."""
    minute = math.ceil(min(at, now + LONGEST_S) / _MINUTE_S)
    return (minute % _CYCLE).to_bytes(EXPIRY, "big")


def is_over(octets: bytes, now: float) -> bool:
    """Whether the end has come at `now` (UTC seconds)."""
    ahead = (int.from_bytes(octets, "big") - math.ceil(now / _MINUTE_S)) % _CYCLE
    return ahead >= _CYCLE // 2


def ends_at(octets: bytes, now: float) -> float:
    """The end in UTC seconds, as seen from `now`; in the past if it is over."""
    minute = math.ceil(now / _MINUTE_S)
    ahead = (int.from_bytes(octets, "big") - minute) % _CYCLE
    return float((minute + ahead - (_CYCLE if ahead >= _CYCLE // 2 else 0)) * _MINUTE_S)
