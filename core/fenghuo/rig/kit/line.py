"""The line between a channel and its far end, which the kit can break: refuse, cut, hang, slow down, swallow."""

from __future__ import annotations

import asyncio
import contextlib
from enum import StrEnum

__all__ = ["Line", "State"]

CONNECT_S = 5.0
CHUNK = 65536
CLOSE_S = 1.0
TAKEN_S, AGAIN_S = 5.0, 0.05


class State(StrEnum):
    """OPEN passes everything; REFUSED takes no connection and drops those it had; HANGING takes connections and carries nothing, then
    delivers what waited; SLOW delays each piece; SWALLOWING takes what the channel says and loses it."""

    OPEN = "open"
    REFUSED = "refused"
    HANGING = "hanging"
    SLOW = "slow"
    SWALLOWING = "swallowing"


class Line:
    """`port` is where the channel connects; `connections`: how many it has now; `dialled`: how many it made in all."""

    def __init__(self, far_port: int, *, slow_s: float) -> None:
        self.port = 0
        self.dialled = 0
        self.heard = 0
        self._far_port = far_port
        self.slow_s = slow_s
        self._state = State.OPEN
        self._changed = asyncio.Event()
        self._server: asyncio.AbstractServer | None = None
        self._ends: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def connections(self) -> int:
        return len(self._ends)

    async def start(self) -> None:
        server = await self._listening()
        self.port = server.sockets[0].getsockname()[1]
        self._server = server

    async def _listening(self) -> asyncio.Server:
        """On the port that it had. It is one that the machine gives out, so that somebody's connection may have it for a moment."""
        end = asyncio.get_running_loop().time() + TAKEN_S
        while True:
            try:
                return await asyncio.start_server(self._taken, "127.0.0.1", self.port)
            except OSError:
                if not self.port or asyncio.get_running_loop().time() > end:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def stop(self) -> None:
        """Gone, with every connection."""
        self._refuse()
        await self.drop()

    async def set(self, state: State) -> None:
        """Behave so from now on."""
        if state is State.REFUSED:
            self._refuse()
            await self.drop()
        elif self._server is None:
            await self.start()
        self._state = state
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def drop(self) -> None:
        """Cut every connection without a word; new ones are welcome."""
        tasks = list(self._ends)
        for writer in self._ends.values():
            writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: the stream's would complain of being cancelled (Python 3.11).
        self.dialled += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name="kit line")
        self._ends[task] = writer
        task.add_done_callback(self._ends.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._join(reader, writer)
        except (OSError, TimeoutError):
            return  # either end has gone: that is what a line shows by closing
        finally:
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(CONNECT_S):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
        ways = [
            asyncio.ensure_future(self._carry(reader, far_writer, is_out=True)),
            asyncio.ensure_future(self._carry(far_reader, writer, is_out=False)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.transport.abort()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await far_writer.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_out: bool) -> None:
        while octets := await reader.read(CHUNK):
            self.heard += len(octets) if is_out else 0
            while self._state is State.HANGING:
                await self._changed.wait()
            if self._state is State.SLOW:
                await asyncio.sleep(self.slow_s)
            if self._state is State.SWALLOWING and is_out:
                continue
            writer.write(octets)
            await writer.drain()
