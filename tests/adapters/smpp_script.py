"""A centre of a few lines that does exactly what a test wants, wrong things included; its PDUs are aiosmpplib's or plain octets."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

from fenghuo_adapters.smpp_framing import Command, Pdu, PduReader
from tests.scale import TIMEOUT_SCALE

__all__ = ["Far", "deliver_octets", "response", "scripted"]


def response(pdu: Pdu, *, status: int = 0, body: bytes = b"\0") -> bytes:
    """The response to a request."""
    return struct.pack("!IIII", 16 + len(body), pdu.command | 0x80000000, status, pdu.sequence) + body


def deliver_octets(sequence: int, text: bytes, *, esm_class: int = 0, coding: int = 0, source: bytes = b"8613800138000") -> bytes:
    """A deliver_sm."""
    body = b"\0\1\1" + source + b"\0\0\1" + b"1069\0" + bytes((esm_class, 0, 0)) + b"\0\0" + bytes((0, 0, coding, 0, len(text))) + text
    return struct.pack("!IIII", 16 + len(body), Command.DELIVER_SM, 0, sequence) + body


class Far:
    """The far end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._pdus = PduReader()
        self._ready: list[Pdu] = []

    async def next(self, command: Command | None = None) -> Pdu:
        """The next PDU, or the next of this command; ends with EOFError when the near end closes."""
        async with asyncio.timeout(5.0 * TIMEOUT_SCALE):
            while (pdu := await self._any()).command != (command or pdu.command):
                continue
            return pdu

    async def _any(self) -> Pdu:
        while not self._ready:
            octets = await self._reader.read(65536)
            if not octets:
                raise EOFError
            self._ready = list(self._pdus.feed(octets))
        return self._ready.pop(0)

    async def accept_bind(self, *, status: int = 0) -> None:
        """Answer the bind."""
        self.send(response(await self.next(Command.BIND_TRANSCEIVER), status=status, body=b"SMSC\0"))

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    def reset(self) -> None:
        """Cut the connection without a word."""
        self.writer.transport.abort()


@contextlib.asynccontextmanager
async def scripted(script: Callable[[Far, int], Awaitable[None]]) -> AsyncIterator[int]:
    """A listening centre that runs `script(far, number of the connection from 0)` for each connection; yields its port."""
    scripts: set[asyncio.Task[None]] = set()
    count = 0

    async def serve(far: Far, number: int) -> None:
        try:
            with contextlib.suppress(EOFError, ConnectionError):
                await script(far, number)
        finally:
            far.writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        scripts.add(asyncio.ensure_future(serve(Far(reader, writer), count)))
        count += 1

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for script_task in scripts:
            script_task.cancel()
        await asyncio.gather(*scripts, return_exceptions=True)
