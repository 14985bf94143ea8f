"""A connection to a terminal, or to the adapter before many: asks by session number, hands over what comes unasked, dials again."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

from fenghuo.errors import LinkBroken, LinkClosed, LinkError, LinkTimeout
from fenghuo_adapters.broadcast_terminal_framing import ANSWER, Codec, Frame, FrameReader
from fenghuo_adapters.kiss_line import ByteLine, Pauses

__all__ = ["NotWritten", "TerminalLine"]

STEADY_S = 10.0
_HELD = 1024
_CHUNK = 4096
OnState = Callable[[bool, str], None]
Octets = Callable[[Frame], Awaitable[bytes]]
"""Makes a frame into octets, signed or not."""


class NotWritten(LinkError):
    """Certainly no octet has left."""


class TerminalLine:
    """`open()` once; `on_state` hears each change after it. `dropped`: frames that came unasked and found no room."""

    def __init__(self, line: ByteLine, codec: Codec, on_state: OnState, *, most_s: float, chance: random.Random) -> None:
        self.name = line.name
        self._line = line
        self._codec = codec
        self._on_state = on_state
        self._pauses = Pauses(0.2, most_s, chance)
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._unasked: asyncio.Queue[Frame | None] = asyncio.Queue(_HELD)
        self.dropped = 0

    async def open(self) -> None:
        """Connect. Raises: LinkError."""
        reader, self._writer = await self._line.open()
        self._task = asyncio.create_task(self._live(reader), name=f"{self.name} reader")

    async def close(self) -> None:
        """For good; what was asked is answered by LinkClosed."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await self._drop(LinkClosed(f"{self.name} was closed"))
        while self._unasked.full():
            self._unasked.get_nowait()
        self._unasked.put_nowait(None)

    async def ask(self, octets: bytes, session: int, *, timeout_s: float) -> Frame:
        """The answer of that session. Raises: NotWritten; LinkTimeout, LinkBroken, LinkClosed: it may have acted."""
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[session] = answer
        try:
            self.write(octets)
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError as late:
            raise LinkTimeout(f"{self.name} did not answer within {timeout_s:g} s") from late
        finally:
            self._answers.pop(session, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # whoever gave up waiting has been told already

    def write(self, octets: bytes) -> None:
        """Without waiting for an answer. Raises: NotWritten."""
        if self._writer is None or self._writer.is_closing():
            raise NotWritten(f"{self.name} is not connected")
        self._writer.write(octets)

    async def unasked(self) -> AsyncIterator[Frame]:
        """What the far end says by itself, until close(). What nobody takes in time is dropped: unanswered, it is said again."""
        while (frame := await self._unasked.get()) is not None:
            yield frame

    async def _live(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            why = await self._read(reader)
            await self._drop(LinkBroken(f"{self.name}: {why}"))
            self._on_state(False, why)
            if loop.time() - began >= STEADY_S:
                self._pauses.reset()
            reader = await self._again()
            self._on_state(True, "connected")

    async def _again(self) -> asyncio.StreamReader:
        while True:
            await asyncio.sleep(self._pauses.next_s())
            try:
                reader, self._writer = await self._line.open()
                return reader
            except LinkError:
                continue

    async def _read(self, reader: asyncio.StreamReader) -> str:
        """To its end; why it ended."""
        frames = FrameReader(self._codec)
        try:
            while octets := await reader.read(_CHUNK):
                for frame in frames.feed(octets):
                    self._took(frame)
        except OSError as broken:
            return f"broke: {broken.strerror or broken}"
        return "was closed by the far end"

    def _took(self, frame: Frame) -> None:
        """Never waits: an answer to our stop may stand behind all the reports of the world."""
        waiting = self._answers.get(frame.session) if frame.kind == ANSWER else None
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)
        elif frame.kind != ANSWER:
            if self._unasked.full():
                self.dropped += 1
            else:
                self._unasked.put_nowait(frame)

    async def _drop(self, cause: LinkError) -> None:
        writer, self._writer = self._writer, None
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(cause)
        if writer is not None:
            writer.transport.abort()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()
