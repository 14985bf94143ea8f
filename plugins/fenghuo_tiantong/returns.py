"""A person's receipts on their way back to the head: on the disk before the key is answered, sent until the terminal has taken them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from fenghuo import ChannelContext, FenghuoError, Traffic

__all__ = ["LIFE_S", "RETRY_S", "Return", "Returns"]

RETRY_S = 60.0
LIFE_S = 86_400.0
"""How long a person's receipt is worth sending."""

_PREFIX = "return/"


class Return(msgspec.Struct, frozen=True):
    """One receipt: a compact frame in hex for the post with this number. `ends_at`: UTC seconds."""

    number: str
    body: str
    traffic: Traffic
    ends_at: float


class Returns:
    """`send`: gives one to the terminal and says whether it took it; asked again after a minute until it does, for a day."""

    def __init__(self, ctx: ChannelContext, send: Callable[[Return], Awaitable[bool]]) -> None:
        self._ctx = ctx
        self._send = send
        self._waiting: dict[str, Return] = {}
        self._news = asyncio.Event()

    async def recall(self) -> None:
        """Those of before the start. Raises: StoreError."""
        recalled = await self._ctx.notes.recall()
        kept = {name: value for name, value in recalled.values.items() if name.startswith(_PREFIX)}
        self._waiting = {name: msgspec.json.decode(value, type=Return) for name, value in kept.items()}

    async def add(self, name: str, item: Return) -> None:
        """On the disk when this returns. Raises: StoreError."""
        key = f"{_PREFIX}{name}"
        await self._ctx.notes.keep({key: msgspec.json.encode(item).decode()})
        self._waiting[key] = item
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._news.clear()
            await self.send_waiting()
            try:
                async with asyncio.timeout(RETRY_S if self._waiting else None):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def send_waiting(self) -> None:
        """Each of them once; what is over is let go."""
        for key, item in tuple(self._waiting.items()):
            await self._try(key, item)

    async def _try(self, key: str, item: Return) -> None:
        try:
            if item.ends_at <= self._ctx.clock.time() or await self._send(item):
                await self._ctx.notes.keep({key: None})
                self._waiting.pop(key, None)
        except FenghuoError as fault:
            self._ctx.log.warning("receipt not sent yet", cause=str(fault))
