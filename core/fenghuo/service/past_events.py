"""Where in the event stream something of a known time stands; there is no index on time."""

from __future__ import annotations

from fenghuo.store.store import Store

__all__ = ["SLACK_S", "first_since"]

SLACK_S = 1.0
"""A message is accepted, and its objective opened, by the clock of that turn; the event is written a moment later."""


async def first_since(store: Store, at: float) -> int:
    """The seq of about the first event since `at` (UTC seconds), found by halving."""
    low, high = 0, store.events.head
    while low < high:
        middle = (low + high) // 2
        seen = await store.scalar("SELECT at FROM event WHERE seq >= ? ORDER BY seq LIMIT 1", middle)
        if isinstance(seen, (int, float)) and seen < at:
            low = middle + 1
        else:
            high = middle
    return low
