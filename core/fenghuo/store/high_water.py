"""A number that only rises, awaited without polling."""

from __future__ import annotations

import asyncio

__all__ = ["HighWater"]


class HighWater:
    """How far something has come. Lives in the loop."""

    def __init__(self, mark: int = 0) -> None:
        self.mark = mark
        self._waiting: dict[asyncio.Future[None], None] = {}  # no set: its order would change from run to run

    async def wait(self, after: int) -> int:
        """Return the mark as soon as it is > `after`."""
        while self.mark <= after:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[woken] = None
            try:
                await woken
            finally:
                self._waiting.pop(woken)
        return self.mark

    def rise(self, mark: int) -> None:
        """Called in the loop; a mark that is not higher changes nothing."""
        if mark <= self.mark:
            return
        self.mark = mark
        for woken in self._waiting:
            if not woken.done():
                woken.set_result(None)
