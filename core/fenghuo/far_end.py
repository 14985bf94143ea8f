"""Far ends that listen, for the conformance kit: a plugin's own simulated peer is one, and says only what it answers.

Beside `fenghuo` itself since it needs asyncio, which `fenghuo status` does not pay for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self

from fenghuo.plugin.conformance import FAR_END, ConformancePeer

__all__ = ["FAR_END", "ListeningPeer"]


class ListeningPeer(ConformancePeer):
    """A far end made of asyncio alone, on virtual time as on real: `async with peer.listening()`, and `serve()` for each connection."""

    def __init__(self) -> None:
        super().__init__()
        self._sessions: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end; it is closed then. That the channel breaks it is no fault."""
        raise NotImplementedError(f"{type(self).__name__} must serve its connections")

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        """Take connections on `port`; at the end each is cut."""
        server = await asyncio.start_server(self._taken, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for session in self._sessions:
                session.cancel()
            await asyncio.gather(*self._sessions, return_exceptions=True)

    def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: the stream's would complain of being cancelled (Python 3.11).
        session = asyncio.get_running_loop().create_task(self._served(reader, writer), name=FAR_END)
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                await self.serve(reader, writer)
        finally:
            writer.close()
