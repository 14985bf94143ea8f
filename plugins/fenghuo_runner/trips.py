"""When whoever carries sheets takes them along (a contact plan), and how many go on one trip. Pure.

Windows are of every day in the time of China, which has no summer time. Source: failover.md, No road; domain.md §3.6.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import msgspec

__all__ = ["Trip", "Window", "next_at", "trip_at", "window"]

DAY_S = 86_400
CHINA_S = 8 * 3600
_WINDOW = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


class Window(msgspec.Struct, frozen=True):
    """From and to, in seconds of the day; one that ends before it begins goes over midnight."""

    start_s: int
    end_s: int

    @property
    def length_s(self) -> int:
        return (self.end_s - self.start_s) % DAY_S


class Trip(msgspec.Struct, frozen=True):
    """One departure. `name`: its day and time as people read them; `ends_at`: UTC seconds."""

    name: str
    ends_at: float


def window(text: str) -> Window:
    """`07:00-07:30` as a Window. Raises: ValueError with a sentence."""
    found = _WINDOW.fullmatch(text)
    hours = [int(part) for part in found.groups()] if found else [99, 0, 99, 0]
    if hours[0] > 23 or hours[2] > 23 or hours[1] > 59 or hours[3] > 59:
        raise ValueError(f'windows holds "{text}"; write from when to when sheets are taken along, as 07:00-07:30')
    made = Window(hours[0] * 3600 + hours[1] * 60, hours[2] * 3600 + hours[3] * 60)
    if not made.length_s:
        raise ValueError(f'windows holds "{text}", which ends when it begins; leave windows out if sheets are taken at any time')
    return made


def trip_at(windows: Sequence[Window], at: float) -> Trip | None:
    """The trip that takes sheets now."""
    for one in windows:
        since_s = (at + CHINA_S - one.start_s) % DAY_S
        if since_s < one.length_s:
            began = at - since_s
            return Trip(time.strftime("%Y-%m-%d %H:%M", time.gmtime(began + CHINA_S)), began + one.length_s)
    return None


def next_at(windows: Sequence[Window], at: float) -> float:
    """When the next window opens after this instant, UTC seconds; the same instant where there are none."""
    waits = [(one.start_s - at - CHINA_S) % DAY_S or DAY_S for one in windows]
    return at + min(waits, default=0.0)
