"""The ear of the core at a channel, whatever it speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fenghuo import Inbound, SimpleChannel
from tests.scale import PATIENCE_S

__all__ = ["Ear"]


class Ear:
    """Takes everything a channel hears and acknowledges it, as the core does after its commit; `deaf` holds that back."""

    def __init__(self, channel: SimpleChannel) -> None:
        self.heard: list[Inbound] = []
        self.deaf = False
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._listen(channel))

    async def until(self, holds: Callable[[list[Inbound]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(self.heard):
                self._news.clear()
                await self._news.wait()

    async def end(self) -> None:
        await asyncio.wait_for(self._task, PATIENCE_S)

    async def _listen(self, channel: SimpleChannel) -> None:
        async for inbound in channel.inbound():
            self.heard.append(inbound)
            if not self.deaf:
                await inbound.ack()
            self._news.set()
