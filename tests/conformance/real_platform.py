"""The far end of broadcast.platform for the kit: the SIMULATOR in a process of its own, which shares no code with the plugin."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from fenghuo import Arrival, ConformancePeer, Word
from fenghuo.far_end import FAR_END
from fenghuo_broadcast.conformance import PlatformPeer
from tests.peers.platform_simulator import Happened, PlatformSimulator

__all__ = ["platform_process"]

_AGAIN_S = 0.5
_DONE, _FAILED = 3, 4


class PlatformProcess(PlatformPeer):
    """Its words are said until they are answered for."""

    version = "platform_simulator.py"

    def __init__(self, simulator: PlatformSimulator) -> None:
        self._simulator = simulator
        self._started: list[Happened] = []
        self._read: list[Arrival] = []
        self._seen = 0
        self._doors: dict[str, int] = {}
        self._words: set[asyncio.Task[None]] = set()
        self.port = simulator.port
        super().__init__()

    @property
    def arrivals(self) -> list[Arrival]:
        lines, self._seen = self._simulator.lines[self._seen :], len(self._simulator.lines)
        started = [line for line in lines if line.what == "start"]
        self._started += started
        self._read += [Arrival(line.dest, line.text, ref=line.ebmid) for line in started]
        return self._read

    @arrivals.setter
    def arrivals(self, none: list[Arrival]) -> None:
        """There are none to begin with."""

    def door(self) -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return int(free.getsockname()[1])

    def has_door(self, source: str, port: int) -> None:
        self._doors[source] = port

    async def say(self, word: Word, about: Arrival) -> None:
        (start,) = (line for line in self._started if line.ebmid == about.ref)
        number = {Word.UNKNOWN: about.ref[:-4] + "9999", Word.MANGLED: about.ref[::-1] + "x"}.get(word, about.ref)
        work = self._said(start, number, _FAILED if word is Word.FAILED else _DONE)
        task = asyncio.get_running_loop().create_task(work, name=FAR_END)
        self._words.add(task)
        task.add_done_callback(self._words.discard)

    async def be_hasty(self, *, on: bool) -> None:
        await self._simulator.be_hasty({source: self._url(source) for source in self._doors} if on else {})

    async def hang_up(self) -> None:
        for task in self._words:
            task.cancel()
        await asyncio.gather(*self._words, return_exceptions=True)

    async def _said(self, start: Happened, number: str, code: int) -> None:
        while (await self._simulator.report(self._url(start.source), start, code, terminal=True, ebmid=number)).code != "1":
            await asyncio.sleep(_AGAIN_S)
        self.acknowledged += 1

    def _url(self, source: str) -> str:
        return f"http://127.0.0.1:{self._doors[source]}/"


@contextlib.asynccontextmanager
async def platform_process() -> AsyncIterator[ConformancePeer]:
    async with PlatformSimulator() as simulator:
        peer = PlatformProcess(simulator)
        try:
            yield peer
        finally:
            await peer.hang_up()
