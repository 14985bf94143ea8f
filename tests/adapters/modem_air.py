"""A modem on virtual time: the far end's dialogue behind a loopback of its own, and whatever a test wants to be told of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Self, TypeVar

from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_adapters.at_far_end import FarHost, FarModem
from fenghuo_adapters.at_pool import ModemPool
from fenghuo_adapters.at_profile import Profile
from fenghuo_adapters.at_session import AtSession, News
from fenghuo_adapters.short_message_framing import Concat
from fenghuo_adapters.tcp_line import TcpLine

__all__ = ["Air", "on_virtual_time"]

T = TypeVar("T")
EPOCH = 1_795_514_700.0
BAD = "+8613800000066"


def on_virtual_time(scenario: Coroutine[Any, Any, T]) -> T:
    """Run it where hours take no time; two of them are the limit."""
    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        return runner.run(asyncio.wait_for(scenario, 7200))


class Air:
    """`async with Air() as air`. `commands`: every line that came; `sent`: texts with their numbers; `emptied`: how many places;
    `answers_in_s`: how long each answer takes, `sends_in_s`: one of a submission; `is_mute`: it hears and says nothing; `hangs`: it falls
    mute in its next submission; `on_emptied`: what comes in as soon as a place is free."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.sent: list[tuple[str, str]] = []
        self.emptied = 0
        self.answers_in_s = 0.0
        self.sends_in_s = 0.0
        self.is_mute = self.hangs = False
        self.told: list[tuple[bool, str]] = []
        self.on_emptied: list[str] = []
        self.modem = FarModem(self._sent, self._emptied, lambda: EPOCH + asyncio.get_running_loop().time(), bad_number=BAD)
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._server.close()
        self.drop()
        await asyncio.sleep(0.01)

    def stands(self, *, up: bool, reason: str) -> None:
        """How a pool is (PoolEvents)."""
        self.told.append((up, reason))

    async def pin_refused(self, line: str) -> None:
        """A pool of these tests gives no PIN (PoolEvents)."""
        raise AssertionError(line)

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[tuple[AtSession, list[News]]]:
        """One opened line, and what it told unasked."""
        news: list[News] = []
        session = AtSession(await TcpLine("127.0.0.1", self.port).open(), name="the modem", on_news=news.append)
        try:
            yield session, news
        finally:
            await session.close()

    @contextlib.asynccontextmanager
    async def pool(self, **profile: Any) -> AsyncIterator[ModemPool[str]]:
        """A pool of this one modem."""
        pool: ModemPool[str] = ModemPool([TcpLine("127.0.0.1", self.port)], Profile(**profile), self, random.Random(1))
        await pool.open()
        try:
            yield pool
        finally:
            await pool.close()

    def say(self, octets: bytes) -> None:
        """Unasked, to every host."""
        for writer in self._writers:
            writer.write(octets)

    def drop(self) -> None:
        """Cut every line."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        self._writers.add(writer)

        def put(octets: bytes) -> None:
            if not self.is_mute:
                loop.call_later(self.sends_in_s if b"+CMGS:" in octets else self.answers_in_s, writer.write, octets)

        host: FarHost = self.modem.host(put)
        try:
            with contextlib.suppress(ConnectionError):
                while octets := await reader.read(4096):
                    self.commands += octets.decode("ascii", "replace").replace("\x1b", "").split("\r")
                    host.feed(octets)
        finally:
            host.gone()
            self._writers.discard(writer)
            writer.close()

    def _sent(self, number: str, text: str, concat: Concat | None, reference: int) -> None:
        self.sent.append((number, text))
        self.is_mute = self.is_mute or self.hangs

    def _emptied(self) -> None:
        self.emptied += 1
        if self.on_emptied:
            self.modem.store(self.on_emptied.pop(0))
