"""Who goes first on one path: every text before every piece of an attachment, and a part of the budget is always left for the next text."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from fenghuo_adapters.bound_http import PIECE_OCTETS
from fenghuo_adapters.rate_bucket import RateBucket

__all__ = ["Precedence"]

_PIECE_COST = PIECE_OCTETS + 256
"""A piece with the headers of its segments."""
_SOON_S = 0.001
"""What is missing of the last octet takes less than any clock can tell: to look again at once would go on for ever."""


class Precedence:
    """Of one path. `burst`: octets that the bucket holds when it is full."""

    def __init__(self, bucket: RateBucket, burst: int) -> None:
        self._bucket = bucket
        self._least = min(burst, burst // 2 + _PIECE_COST)
        self._texts = 0
        self._is_clear = asyncio.Event()
        self._is_clear.set()

    @contextlib.contextmanager
    def text(self) -> Iterator[None]:
        """A text is under way, from when it is asked to go until its answer."""
        self._texts += 1
        self._is_clear.clear()
        try:
            yield
        finally:
            self._texts -= 1
            if not self._texts:
                self._is_clear.set()

    async def clear(self) -> None:
        """Return when a piece of an attachment may go: no text is under way, and after it half of the burst is left for one."""
        while True:
            await self._is_clear.wait()
            wait_s = self._bucket.wait_s(self._least)
            if wait_s <= 0:
                return
            await asyncio.sleep(max(wait_s, _SOON_S))
