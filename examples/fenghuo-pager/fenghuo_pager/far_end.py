"""A gateway for the conformance kit to examine the channel with. Yours stands at the far end in earnest: begin with what it really says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fenghuo import Arrival, ConformancePeer
from fenghuo.far_end import ListeningPeer

from fenghuo_pager import Settings

__all__ = ["Gateway", "gateway"]


class Gateway(ListeningPeer):
    """Takes lines of a number and a text."""

    bad_address = "+8613800000066"

    def settings(self, port: int) -> Settings:
        return Settings(host="127.0.0.1", port=port, timeout_s=1.0)

    def address(self, number: int) -> str:
        return f"+86{13_900_000_000 + number}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            number, _, text = line.decode().rstrip("\n").partition(" ")
            if number == self.bad_address:
                writer.write(b"NO SUCH NUMBER\n")
            else:
                self.arrivals.append(Arrival(number, text))
                writer.write(b"OK\n")
            await writer.drain()


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[ConformancePeer]:
    """One that listens."""
    async with Gateway().listening() as peer:
        yield peer
