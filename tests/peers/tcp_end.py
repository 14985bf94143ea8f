"""The far end of a TCP line, without a protocol: takes what comes, gives what it is told, and misbehaves on demand."""

from __future__ import annotations

import asyncio
import contextlib

__all__ = ["FarEnd"]


class FarEnd:
    """`taken` holds every octet that came; `reads` off makes it mute; it hangs up when told to, or at once."""

    def __init__(self) -> None:
        self.taken = bytearray()
        self.connections = 0
        self.writer: asyncio.StreamWriter | None = None
        self.reads = True
        self.hangs_up_at_once = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Gone, with every connection."""
        assert self._server is not None
        self._server.close()
        self.hang_up()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    def hang_up(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.writer = writer
        if self.hangs_up_at_once:
            writer.transport.abort()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            if not self.reads:
                await asyncio.Event().wait()
            while data := await reader.read(4096):
                self.taken += data
        writer.transport.abort()
