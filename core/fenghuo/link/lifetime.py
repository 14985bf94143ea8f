"""Expiry inside a frame: minutes since 1970 modulo 2^24, and the longest life of each purpose, against record, jam, play later.

Source: security.md §4; EN 50159:2010 §7.3, delay. Sixteen bits come round after 45 days, and then a jammed command would open again;
these come round after 31 years, which no key sees, and a receiver without a clock needs to know no era to check a tag.
"""

from __future__ import annotations

import math
from typing import Final

from fenghuo.link.frame import Purpose

__all__ = ["EXPIRY", "MINUTE_S", "SLACK_S", "TIMELESS", "ends_at", "expiry", "is_over", "longest_s", "nearest"]

EXPIRY = 3  # octets
# The end of a frame that is late by no clock. Of control: its nonce says whether it is, and clocks that differ must be found out by it. Of
# a receipt whose sender does not know the time: its counter is new, and it tells of a transfer whose end the receiver set himself.
TIMELESS = 0.0
_TIMELESS = (Purpose.CONTROL, Purpose.RECEIPT)
# What clocks of two posts may differ by.
SLACK_S = 3600.0
MINUTE_S = 60  # the grain of every end
_CYCLE: Final = 1 << 8 * EXPIRY  # minutes, 31 years
_HOUR_S = 3600.0
_DAY_S = 86_400.0

# A command that was jammed can be played until its end, so it has hours; a message is good as long as the compact frame can say
# (compact-frame.md §6), and heard late it still says when it ends; what is measured or answered is stale after a day.
_LIVES = {
    Purpose.MESSAGE: 32_767.0 * MINUTE_S,
    Purpose.COMMAND: 6 * _HOUR_S,
    Purpose.CONTROL: _DAY_S,
    Purpose.RECEIPT: _DAY_S,
    Purpose.TELEMETRY: _DAY_S,
}


def longest_s(purpose: Purpose) -> float:
    """Seconds that a frame of this purpose may have to live when it is sealed."""
    return _LIVES[purpose]


def nearest(at: float, now: float, purpose: Purpose) -> float:
    """An end at `at` (UTC seconds), brought as near as its purpose allows. A parcel gets it once, for its pieces know each other by it."""
    return min(at, now + longest_s(purpose))


def expiry(at: float) -> bytes:
    """The three octets for an end at `at` (UTC seconds), the minute rounded up."""
    return (math.ceil(at / MINUTE_S) % _CYCLE).to_bytes(EXPIRY, "big")


def is_over(octets: bytes, now: float, purpose: Purpose) -> bool:
    """Whether the end has come at `now` (UTC seconds). One that lies farther ahead than any sender puts it lies behind."""
    if purpose in _TIMELESS and octets == expiry(TIMELESS):
        return False
    ahead = (int.from_bytes(octets, "big") - math.ceil(now / MINUTE_S)) % _CYCLE
    return ahead * MINUTE_S > longest_s(purpose) + SLACK_S + MINUTE_S


def ends_at(octets: bytes, now: float) -> float:
    """The end in UTC seconds, as seen from `now`; in the past if it is over."""
    minute = math.ceil(now / MINUTE_S)
    ahead = (int.from_bytes(octets, "big") - minute) % _CYCLE
    return float((minute + ahead - (_CYCLE if ahead >= _CYCLE // 2 else 0)) * MINUTE_S)
