"""Consoles that watch a node: real WebSockets that come and go, and now and then all at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Callable

from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

__all__ = ["Watchers"]

PROTOCOL = "fenghuo.console.v1"
LOOK_S = 30.0
CHURN_S = 600.0
"""A console goes and comes once in ten minutes: a tenth of them each minute."""


class Watchers:
    """`count` of them, for ever; `url`: where the node is now; `token`: as whom they watch."""

    def __init__(self, count: int, *, url: Callable[[], str], token: str) -> None:
        self._url, self._token = url, token
        self._chance = random.Random(7)
        self._open: set[ClientConnection] = set()
        self._live: set[ClientConnection] = set()
        self._tasks = [asyncio.create_task(self._watch(), name=f"console {number}") for number in range(count)]
        self.frames = 0
        self.connects = 0

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def storm(self, within_s: float) -> float | None:
        """All leave at once and come back; seconds until all have their whole state, None: not within the time."""
        began = time.monotonic()
        self._live.clear()
        for raw in tuple(self._open):
            raw.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self._live) < len(self._tasks):
                    await asyncio.sleep(0.05)
                return time.monotonic() - began
        return None

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._chance.uniform(0.5, 1.5) * CHURN_S):
                    await self._session()
            except (TimeoutError, OSError, WebSocketException):
                pass  # its time is over, or the node is away: it comes again
            await asyncio.sleep(self._chance.uniform(0.05, 0.5))

    async def _session(self) -> None:
        address = self._url().removeprefix("http://")
        async with connect(f"ws://{address}/ws/console", subprotocols=[Subprotocol(PROTOCOL)], open_timeout=LOOK_S) as raw:
            self.connects += 1
            self._open.add(raw)
            try:
                await self._read(raw)
            finally:
                self._open.discard(raw)
                self._live.discard(raw)

    async def _read(self, raw: ClientConnection) -> None:
        async for text in raw:
            self.frames += 1
            if (answer := self._answer(json.loads(text), raw)) is not None:
                await raw.send(json.dumps(answer))

    def _answer(self, frame: dict[str, object], raw: ClientConnection) -> dict[str, object] | None:
        match frame["t"]:
            case "hello":
                return {"t": "auth", "token": self._token, "proto": PROTOCOL}
            case "ready":
                return {"t": "sub", "id": 1}
            case "ping":
                return {"t": "pong", "seq": frame.get("seq", 0)}
            case "snap" if frame.get("last"):
                self._live.add(raw)
        return None
