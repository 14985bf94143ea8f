"""A KISS line that stays open: it is opened again with growing pauses whenever the TNC or its cable has gone.

The same class serves every driver (TcpLine, SerialLine). It owns one task, which reads, and which asks nobody's time while the
line is quiet: an idle line costs no wake-up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from fenghuo.errors import LinkBroken, LinkClosed, LinkError, LinkTimeout
from fenghuo_adapters.kiss_framing import KissDecoder, KissFrame

__all__ = ["ByteLine", "KissLine", "Pauses"]

# A line must have held this long before the next loss starts again with the shortest pause; a TNC that takes a connection
# only to drop it at once would otherwise be dialled in a hot loop.
STEADY_S = 10.0
# Frames kept while nobody takes them; then reading stops and the TNC or the kernel holds the rest.
_HELD_FRAMES = 1024
_CLOSE_S = 2.0
_CHUNK = 4096

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ByteLine(Protocol):
    """Whatever opens a byte stream to a TNC, each time anew; `name` is made for the log line."""

    name: str

    async def open(self) -> _Streams:
        """A fresh stream, within the driver's own deadline. Raises: LinkError."""


class Pauses:
    """How long to wait before the n-th attempt: doubled each time up to `most_s`, with up to half taken off at random."""

    def __init__(self, first_s: float, most_s: float, chance: random.Random) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance
        self._next_s = first_s

    def next_s(self) -> float:
        """Seconds to wait now; never the same for two lines that lost the same TNC together."""
        pause_s, self._next_s = self._next_s, min(self._next_s * 2, self._most_s)
        return pause_s * self._chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        """The line has held: begin with the shortest again."""
        self._next_s = self._first_s


class KissLine:
    """Frames in and out of one TNC. `on_state(up, reason)` is called at each change, never for a repetition.

    `greeting`: octets sent at each opening (the TNC's parameters, which it forgets when it restarts).
    """

    def __init__(
        self,
        line: ByteLine,
        *,
        on_state: Callable[[bool, str], None],
        pauses: Pauses,
        greeting: bytes = b"",
        write_s: float = 5.0,
    ) -> None:
        self.dropped = 0
        self._line = line
        self._on_state = on_state
        self._pauses = pauses
        self._greeting = greeting
        self._write_s = write_s
        self._frames: asyncio.Queue[KissFrame | None] = asyncio.Queue(_HELD_FRAMES)
        self._writer: asyncio.StreamWriter | None = None  # set while the line is up
        self._lost = asyncio.Event()  # a new one for each opening
        self._keeper: asyncio.Task[None] | None = None  # set from start() to stop()

    @property
    def name(self) -> str:
        return self._line.name

    @property
    def is_up(self) -> bool:
        return self._writer is not None

    async def start(self) -> None:
        """Open the line once, then keep it open until stop(). Raises: LinkError: it cannot be opened now; nothing keeps running."""
        if self._keeper is not None:
            raise LinkClosed(f"{self.name} was started twice")
        streams = await self._line.open()
        self._frames = asyncio.Queue(_HELD_FRAMES)
        self._rise(streams[1])
        self._keeper = asyncio.create_task(self._keep(streams), name=f"kiss {self.name}")

    async def stop(self) -> None:
        """Idempotent, within seconds; what the TNC has not taken by then is thrown away, and frames() ends."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        await asyncio.wait([keeper])
        if self._writer is not None:  # cancelled before it took its first step
            await self._close(self._writer, f"{self.name} was closed")
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(None)

    def ready(self) -> None:
        """Return if the line is up. Raises: LinkBroken."""
        self._up()

    async def write(self, frame: KissFrame) -> None:
        """Hand a frame to the TNC; returns when the operating system has all of it.

        Raises: LinkClosed: the line is down and certainly nothing left; LinkTimeout, LinkBroken: some of it may have left.
        """
        writer = self._up()
        try:
            writer.write(frame.encode())
            async with asyncio.timeout(self._write_s):
                await writer.drain()
        except TimeoutError as exc:
            writer.transport.abort()
            raise LinkTimeout(f"{self.name} took no octet for {self._write_s:g} s") from exc
        except OSError as exc:
            raise LinkBroken(f"{self.name} broke while writing: {exc}") from exc

    async def dwell(self, seconds: float) -> None:
        """Wait while the TNC is busy with what it was given. Raises: LinkBroken: the line was lost meanwhile."""
        lost = self._lost
        try:
            async with asyncio.timeout(seconds):
                await lost.wait()
        except TimeoutError:
            return
        raise LinkBroken(f"{self.name} was lost while the TNC was sending")

    async def frames(self) -> AsyncIterator[KissFrame]:
        """Every frame the TNC hands over, across reopenings, until stop()."""
        while (frame := await self._frames.get()) is not None:
            yield frame

    def _up(self) -> asyncio.StreamWriter:
        if self._writer is None:
            raise LinkClosed(f"{self.name} is down")
        return self._writer

    def _rise(self, writer: asyncio.StreamWriter) -> None:
        # Without a buffer of our own drain() means: the operating system has it. With one, a stuck TNC would look healthy.
        writer.transport.set_write_buffer_limits(high=0)
        self._lost = asyncio.Event()
        self._writer = writer
        if self._greeting:
            writer.write(self._greeting)
        self._on_state(True, f"{self.name} is open")

    def _fall(self, reason: str) -> None:
        self._writer = None
        self._lost.set()
        self._on_state(False, reason)

    async def _keep(self, streams: _Streams) -> None:
        """The line's only task: read until it breaks, wait, open again; ended by stop()."""
        clock = asyncio.get_running_loop().time
        while True:
            opened_at = clock()
            await self._serve(*streams)
            if clock() - opened_at >= STEADY_S:
                self._pauses.reset()
            streams = await self._reopen()
            self._rise(streams[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reason = f"{self.name} was closed"
        try:
            reason = await self._read(reader)
        finally:
            await self._close(writer, reason)

    async def _close(self, writer: asyncio.StreamWriter, reason: str) -> None:
        self._fall(reason)
        await _dispose(writer)

    async def _read(self, reader: asyncio.StreamReader) -> str:
        """Read until the stream ends; the result says why it did."""
        decoder = KissDecoder()
        while True:
            try:
                data = await reader.read(_CHUNK)
            except OSError as exc:
                return f"{self.name} broke: {exc}"
            if not data:
                return f"{self.name} was closed by the far end"
            before = decoder.dropped
            for frame in decoder.feed(data):
                await self._frames.put(frame)
            self.dropped += decoder.dropped - before

    async def _reopen(self) -> _Streams:
        while True:
            await asyncio.sleep(self._pauses.next_s())
            try:
                return await self._line.open()
            except LinkError:
                continue  # said once when the line fell; the next success says it again


async def _dispose(writer: asyncio.StreamWriter) -> None:
    """Close at once without sending the rest, and wait for the device to be free again."""
    writer.transport.abort()
    try:
        async with asyncio.timeout(_CLOSE_S):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return  # it was broken before: there is nothing left to save
