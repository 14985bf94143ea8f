"""A web server that is told of alarms: it keeps what it is given, and refuses as it is told to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from tests.scale import PATIENCE_S

__all__ = ["Receiver", "receiving"]


class Receiver:
    """Keeps what it is given; `answers`: the status of the next ones, 200 when it has none left; nothing is taken while `is_away`."""

    def __init__(self) -> None:
        self.got: list[tuple[Mapping[str, str], bytes]] = []
        self.refused = 0
        self.answers: deque[int] = deque()
        self.is_away = False
        self.url = ""

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """Each in the order of arrival."""
        return [alarm for _, body in self.got for alarm in msgspec.json.decode(body)["alarms"]]

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """(kind, status, state) of each."""
        return [(alarm["kind"], alarm["status"], alarm["state"]) for alarm in self.alarms]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = self.answers.popleft() if self.answers else 500 if self.is_away else 200
        if status == 200:
            self.got.append((dict(request.headers), body))
        else:
            self.refused += 1
        return web.Response(status=status, headers={"Location": self.url} if status == 302 else {})

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/alarms", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/alarms"
    try:
        yield receiver
    finally:
        await runner.cleanup()
