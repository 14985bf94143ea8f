"""One Modbus master on one line, TCP or serial: a question at a time, urgent ones first, each within its deadline.

The line is opened when it is needed and thrown away after anything that went wrong: an answer that comes too late must never
be read as the answer to the next question.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator
from enum import IntEnum

from fenghuo.errors import FrameError, LinkBroken, LinkClosed, LinkError, LinkTimeout
from fenghuo_adapters.kiss_line import ByteLine
from fenghuo_adapters.modbus_framing import EXCEPTIONS, Answer, Request, Rtu, Tcp

__all__ = ["ModbusLine", "ModbusRefused", "Urgency"]

_CHUNK = 512
_DEEP_EXCEPTIONS = (4, 5, 11)
"""Behind these a unit may have acted all the same: device failure, still working, no answer behind the gateway."""


class Urgency(IntEnum):
    """Whose turn is next."""

    STOP = 0
    WRITE = 1
    LOOK = 2


class ModbusRefused(LinkError):
    """The unit answered that it will not. `code`: the exception; `is_certain`: it has done nothing for sure."""

    def __init__(self, name: str, code: int) -> None:
        self.code = code
        self.is_certain = code not in _DEEP_EXCEPTIONS
        super().__init__(f"{name} refused: exception {code} ({EXCEPTIONS.get(code, 'unknown')})")


class ModbusLine:
    """`answer_s`: longest wait for an answer. `framing`: Tcp() or Rtu(). `gap_s`: silence between two frames, which a serial line needs."""

    def __init__(self, line: ByteLine, framing: Tcp | Rtu, *, answer_s: float, gap_s: float = 0.0) -> None:
        self.name = line.name
        self._line = line
        self._framing = framing
        self._answer_s = answer_s
        self._gap_s = gap_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._is_closed = False
        self._is_busy = False
        self._asked: Request | None = None  # whose answer is awaited
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    @property
    def is_open(self) -> bool:
        """Whether the line was open when it was last looked at."""
        return self._streams is not None and not self._streams[0].at_eof() and not self._streams[1].is_closing()

    async def open(self) -> None:
        """Open it if it is not. Raises: LinkError: nothing was written."""
        async with self._turn(Urgency.LOOK):
            await self._open()

    async def ask(self, request: Request, *, urgency: Urgency = Urgency.LOOK) -> Answer:
        """The unit's answer. Raises: ModbusRefused; LinkError: no answer, and a write may have been carried out."""
        async with self._turn(urgency):
            reader, writer = await self._open()
            self._asked = request
            try:
                async with asyncio.timeout(self._answer_s):
                    return await self._exchange(reader, writer, request)
            except TimeoutError as late:
                self._drop()
                raise LinkTimeout(f"unit {request.unit} on {self.name} did not answer within {self._answer_s:g} s") from late
            except FrameError as noise:
                self._drop()
                raise LinkBroken(f"unit {request.unit} on {self.name}: {noise}") from noise
            except OSError as gone:
                self._drop()
                raise LinkBroken(f"{self.name} broke: {gone}") from gone
            except BaseException as fault:
                if not isinstance(fault, ModbusRefused):
                    self._drop()
                raise
            finally:
                self._asked = None

    def interject(self, request: Request, *, after_s: float = 0.0) -> None:
        """Write it behind the question whose answer is awaited, if that has not come within `after_s`, and not before it spoils nothing.
        Whoever must know what became of it asks again."""
        if self._asked is None:
            return
        wait_s = max(after_s, self._framing.beside_after_s)
        if wait_s > 0:
            asyncio.get_running_loop().call_later(wait_s, self._beside, self._asked, request)
        else:
            self._beside(self._asked, request)

    def _beside(self, asked: Request, request: Request) -> None:
        if self._asked is asked and self._streams is not None and self.is_open:
            self._streams[1].write(self._framing.beside(request))

    async def close(self) -> None:
        """For good; whoever waits for a turn is refused."""
        self._is_closed = True
        streams = self._streams
        self._drop()
        if streams is not None:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await streams[1].wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request) -> Answer:
        if self._gap_s:
            await asyncio.sleep(self._gap_s)
        writer.write(self._framing.encode(request))
        await writer.drain()
        while octets := await reader.read(_CHUNK):
            answer = self._framing.feed(octets, request)
            if answer is not None and answer.exception:
                raise ModbusRefused(f"unit {request.unit} on {self.name}", answer.exception)
            if answer is not None:
                return answer
        self._drop()
        raise LinkBroken(f"{self.name} was closed by the far end")

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._is_closed:
            raise LinkClosed(f"{self.name} is closed")
        if self._streams is None or not self.is_open:
            self._drop()
            self._streams = await self._line.open()
            self._framing.restart()
        return self._streams

    def _drop(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].transport.abort()

    @contextlib.asynccontextmanager
    async def _turn(self, urgency: Urgency) -> AsyncIterator[None]:
        """One at a time; whoever stops something goes before whoever starts, and both before whoever only looks."""
        if self._is_busy:
            self._count += 1
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (urgency, self._count, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._pass_on()
                raise
        self._is_busy = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        """The turn stays taken while it is handed to the next, so that nobody slips in between."""
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._is_busy = False
