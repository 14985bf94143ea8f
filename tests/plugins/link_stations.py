"""Link channels on a wire of the test's own: the air between them, a core behind one, and jobs that are sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Self

import msgspec

from fenghuo import InboundKind, Notes
from fenghuo.plugin.context import LoneNotes
from fenghuo_narrowband.link_channel import LinkChannel
from tests.plugins.link_fakes import LinkContext, LinkJob, MemoryDisk, settings_of
from tests.scale import TIMEOUT_SCALE

__all__ = ["LIMIT_S", "TOWN", "Air", "core_of", "sent", "station"]

LIMIT_S = 40.0 * TIMEOUT_SCALE
TOWN = "BJ1T11"


class Air:
    """A hub of KISS over TCP: what one end says, all others hear. `deaf`: ends that hear nothing; `said`: frames so far; `octets`: all of
    it."""

    def __init__(self) -> None:
        self.port = 0
        self.said = 0
        self.octets = b""
        self.is_deaf = False
        self._ends: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """As a TNC that lost its power."""
        self._server.close()
        for writer in self._ends:
            writer.close()

    def say(self, octets: bytes) -> None:
        """Somebody who is none of them."""
        for writer in self._ends:
            writer.write(octets)

    def _carry(self, octets: bytes, by: asyncio.StreamWriter) -> None:
        for other in self._ends:
            if other is not by and not self.is_deaf:
                other.write(octets)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        with contextlib.suppress(OSError):
            while octets := await reader.read(65536):
                self.said += 1
                self.octets += octets
                self._carry(octets, writer)
        writer.close()


@contextlib.asynccontextmanager
async def station(
    air: Air,
    code: int,
    others: Sequence[int],
    disk: MemoryDisk | None = None,
    members: Sequence[int] = (),
    behind: Sequence[str] = (),
    notes: Notes | None = None,
    **more: object,
) -> AsyncIterator[LinkChannel]:
    settings = settings_of(code, others, port=air.port, members=members, **{"configure_tnc": False, **more})
    if behind:
        posts = {call: msgspec.structs.replace(post, relays=True, behind=tuple(behind)) for call, post in settings.posts.items()}
        settings = msgspec.structs.replace(settings, posts=posts)
    channel = LinkChannel(LinkContext(settings, disk or MemoryDisk(), notes or LoneNotes()))
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop(0.0)


async def taking(channel: LinkChannel, got: list[bytes]) -> None:
    """The core of the far end: keeps what comes, then acknowledges."""
    async for thing in channel.inbound():
        if thing.kind is InboundKind.MESSAGE:
            got.append(thing.raw)
        await thing.ack()


@contextlib.asynccontextmanager
async def core_of(channel: LinkChannel) -> AsyncIterator[list[bytes]]:
    got: list[bytes] = []
    task = asyncio.create_task(taking(channel, got))
    try:
        yield got
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sent(channel: LinkChannel, job: LinkJob) -> object:
    async with asyncio.timeout(LIMIT_S):
        return await channel.send(job)
