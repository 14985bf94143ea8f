"""How fast a plugin's own process may do something: so much at once, so much each second after that; what is more waits in its turn."""

from __future__ import annotations

import asyncio

__all__ = ["Pace"]


class Pace:
    """`burst`: how much may come at once; `a_second`: how much of it comes back."""

    def __init__(self, burst: float, a_second: float) -> None:
        self._burst, self._a_second = burst, a_second
        self._credit, self._credited_at = burst, 0.0
        self._turn = asyncio.Lock()

    async def take(self, cost: float = 1.0) -> None:
        """Return when that may be done."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            self._credit = min(self._burst, self._credit + (now - self._credited_at) * self._a_second) - cost
            self._credited_at = now
            if self._credit < 0:
                await asyncio.sleep(-self._credit / self._a_second)
