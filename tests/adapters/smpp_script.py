"""A centre of a few lines that does exactly what a test wants, wrong things included, and a line bound to it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from fenghuo_adapters.smpp_framing import Command, Pdu, PduReader, Submission
from fenghuo_adapters.smpp_line import Arrival, LineSettings, SmppLine, Submitted
from tests.scale import PATIENCE_S

__all__ = ["SETTINGS", "Far", "Told", "answering", "arrival", "bound_line", "deliver_octets", "response", "scripted", "silent", "submit"]


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
        async with asyncio.timeout(PATIENCE_S):
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


SETTINGS = LineSettings("127.0.0.1", 0, "fenghuo", "lab", connect_s=2.0, response_s=2.0, reconnect_most_s=0.05)
TO = Submission("1069", "8613800138000")


class Told:
    """What a line told its owner, in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._news = asyncio.Event()

    def bound(self) -> None:
        self._say("bound")

    def lost(self, reason: str) -> None:
        self._say(f"lost: {reason}")

    def _say(self, word: str) -> None:
        self.words.append(word)
        self._news.set()

    async def until(self, predicate: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not predicate(self.words):
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def bound_line(port: int, **settings: float | str) -> AsyncIterator[tuple[SmppLine[str], Told]]:
    told = Told()
    line: SmppLine[str] = SmppLine(msgspec.structs.replace(SETTINGS, port=port, **settings), told, random.Random(1))
    await line.open()
    try:
        yield line, told
    finally:
        await line.close(timeout_s=0.2)


async def submit(line: SmppLine[str], text: str = "转移", *, key: str = "k", timeout_s: float = 20.0) -> Submitted:
    async with line.slot(within_s=2.0) as slot:
        return await slot.submit(text, TO, key, timeout_s=timeout_s)


async def arrival(line: SmppLine[str]) -> Arrival:
    async with asyncio.timeout(PATIENCE_S):
        item = await line.receive()
    assert isinstance(item, Arrival)
    return item


async def answering(far: Far, number: int) -> None:
    """A centre that takes everything; ids count from 1."""
    await far.accept_bind()
    count = 0
    while True:
        pdu = await far.next()
        if pdu.command == Command.SUBMIT_SM:
            count += 1
            far.send(response(pdu, body=b"%d\0" % count))
        elif not pdu.is_response:
            far.send(response(pdu, body=b""))


async def silent(far: Far, number: int) -> None:
    """A centre that binds and never speaks again."""
    await far.accept_bind()
    while True:
        await far.next()
