"""When alarms come faster than a person can follow, and which of them was the first. Pure.

Source: ANSI/ISA-18.2-2016 §16.6 (10 in 10 minutes for one operator; over when it is below 5); console.md §4.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fenghuo.model.alarm import Alarm

__all__ = ["ENDS_BELOW", "FLOOD_ABOVE", "WINDOW_S", "flood_of", "spans"]

WINDOW_S = 600.0
FLOOD_ABOVE = 10
ENDS_BELOW = 5


def flood_of(recent: Sequence[Alarm]) -> tuple[int, list[Alarm]]:
    """The first alarm of the flood that the newest came in, 0: none, and those that are not marked with it yet. `recent`: what has called
    within the window, the newest last."""
    going = next((alarm.flood for alarm in reversed(recent[:-1]) if alarm.flood), 0)
    if going and len(recent) >= ENDS_BELOW and recent[-2].flood == going:
        return going, [recent[-1]]
    if len(recent) <= FLOOD_ABOVE:
        return 0, []
    return recent[0].id, list(recent)


def spans(calls: Sequence[float], since: float, until: float) -> float:
    """Seconds between two instants in which there was a flood, by the times of all calls in order."""
    total, is_flood, low, high = 0.0, False, 0, 0
    turns = {at for call in calls for at in (call, call + WINDOW_S) if since < at < until}
    for here, there in pairwise(sorted({since, until, *turns})):
        while high < len(calls) and calls[high] <= here:
            high += 1
        while low < high and calls[low] + WINDOW_S <= here:
            low += 1
        going = high - low
        is_flood = going > FLOOD_ABOVE or (is_flood and going >= ENDS_BELOW)
        total += (there - here) if is_flood else 0.0
    return total
