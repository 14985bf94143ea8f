"""How many octets of attachments one source may bring in an hour: what it uploads and never names stays for a day, and a disk is finite."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from fenghuo.errors import Overloaded

__all__ = ["MOST_OCTETS", "SPAN_S", "UploadQuota"]

MOST_OCTETS = 256 * 1024 * 1024
"""In a sliding hour: fifty of the largest, which a source with pictures of real events does not have."""
SPAN_S = 3600.0


class UploadQuota:
    """Counts by name, in this process. `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lately: dict[str, deque[tuple[float, int]]] = {}

    def take(self, name: str, octets: int) -> None:
        """Count so many more. Raises: Overloaded: it would be too many, and nothing is counted."""
        now = self._monotonic()
        lately = self._lately.setdefault(name, deque())
        while lately and lately[0][0] <= now - SPAN_S:
            lately.popleft()
        if lately and sum(size for _, size in lately) + octets > MOST_OCTETS:
            wait_s = lately[0][0] + SPAN_S - now
            raise Overloaded(f"{name} has uploaded {MOST_OCTETS >> 20} MiB of attachments within an hour", retry_after_s=wait_s)
        lately.append((now, octets))
