"""A simulated adapter with terminals behind it, for the conformance kit: sounds each number once, answers for it, and reports it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from fenghuo import Ability, Arrival, ConformancePeer, Word
from fenghuo.far_end import FAR_END, ListeningPeer
from fenghuo.formats.wording import BEIJING
from fenghuo_adapters.broadcast_terminal_framing import ANSWER, REQUEST, Codec, Frame, FrameReader, bcd, digits_of
from fenghuo_broadcast.terminal_settings import TerminalSettings

__all__ = ["SimulatedAdapter", "simulated_adapter"]

OPEN, CLOSE, QUERY, REPORT = 1, 2, 3, 4
_NUMBER = 15
_TEXT_AT = _NUMBER + 2 + 5 + 1 + 8 + 1
_AGAIN_S = 0.5
_CODES = {Word.REPORT: 1, Word.FAILED: 0, Word.UNKNOWN: 1, Word.MANGLED: 1}
_sources = itertools.count(1)


class _Played(msgspec.Struct):
    source: str
    target: str
    state: int = 2


class SimulatedAdapter(ListeningPeer):
    """Its terminals do whatever they are told."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.ACKS})
    bad_address = "01053205"

    def __init__(self) -> None:
        super().__init__()
        self._codec = Codec(18, "ieee")
        self._played: dict[str, _Played] = {}
        self._writers: dict[str, asyncio.StreamWriter] = {}
        self._kept: dict[int, asyncio.Event] = {}
        self._words: set[asyncio.Task[None]] = set()
        self._frames = itertools.count(1)
        self._is_hasty = False

    def settings(self, port: int) -> TerminalSettings:
        return TerminalSettings(
            host="127.0.0.1",
            port=port,
            source=f"0103{next(_sources):012d}01",
            op_open=OPEN,
            op_close=CLOSE,
            op_query=QUERY,
            op_report=REPORT,
            event_type="11B01",
            charset="utf-8",
            charset_code=3,
            unsigned=True,
            absent_is_certain=True,
            armed=datetime.fromtimestamp(self.now(), BEIJING),
            quiet_hours=(),
            answer_s=1.0,
            connect_s=0.5,
            reconnect_most_s=0.5,
            query_s=8.0,
            receipt_q95_s=10.0,
        )

    def address(self, number: int) -> str:
        return f"0106{number:012d}01"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader(self._codec)
        while octets := await reader.read(4096):
            for frame in frames.feed(octets):
                self._writers[frame.source] = writer
                self._took(frame)
                await writer.drain()

    async def say(self, word: Word, about: Arrival) -> None:
        played = self._played[about.ref]
        number = about.ref[:-4] + "9999" if word is Word.UNKNOWN else about.ref
        data = bcd(number) + bytes((_CODES[word],))
        if word is Word.MANGLED:
            self._send(Frame(next(self._frames), REQUEST, played.target, (played.source,), REPORT, data[5:]))
        else:
            self._spawn(self._said(played, data))

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def hang_up(self) -> None:
        for task in self._words:
            task.cancel()
        await asyncio.gather(*self._words, return_exceptions=True)

    def _took(self, frame: Frame) -> None:
        if frame.kind == ANSWER:
            self._kept.setdefault(frame.session, asyncio.Event()).set()
            return
        answer = b""
        if frame.operation == OPEN:
            self._sounds(frame)
        elif frame.operation == CLOSE:
            self._played.setdefault(digits_of(frame.data), _Played(frame.source, frame.targets[0])).state = 0
        elif frame.operation == QUERY:
            number = digits_of(frame.data[9 : 9 + _NUMBER])
            answer = bcd(number) + bytes((self._played[number].state,)) if number in self._played else b""
        self._send(Frame(frame.session, ANSWER, frame.targets[0], (frame.source,), frame.operation, answer))

    def _sounds(self, frame: Frame) -> None:
        number, target = digits_of(frame.data[:_NUMBER]), frame.targets[0]
        if number in self._played:
            return
        self._played[number] = _Played(frame.source, target)
        rest = frame.data[_TEXT_AT:]
        rest = rest[3 + rest[1] * rest[2] :]  # behind the areas
        size = int.from_bytes(rest[5:7], "big")
        self.arrivals.append(Arrival(target, rest[7 : 7 + size].decode("utf-8" if rest[4] else "gb2312"), ref=number))
        if self._is_hasty:
            self._send(Frame(next(self._frames), REQUEST, target, (frame.source,), REPORT, bcd(number) + b"\1"))

    async def _said(self, played: _Played, data: bytes) -> None:
        """Until it is answered for, as a terminal does."""
        session = next(self._frames)
        kept = self._kept.setdefault(session, asyncio.Event())
        self._send(Frame(session, REQUEST, played.target, (played.source,), REPORT, data))
        try:
            async with asyncio.timeout(_AGAIN_S):
                await kept.wait()
            self.acknowledged += 1
        except TimeoutError:
            await self._said(played, data)

    def _send(self, frame: Frame) -> None:
        writer = self._writers.get(frame.targets[0])
        if writer is not None and not writer.is_closing():
            writer.write(self._codec.closed(self._codec.covered(frame, is_signed=False), None))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=FAR_END)
        self._words.add(task)
        task.add_done_callback(self._words.discard)


@asynccontextmanager
async def simulated_adapter() -> AsyncIterator[ConformancePeer]:
    """An adapter that listens."""
    peer = SimulatedAdapter()
    async with peer.listening():
        try:
            yield peer
        finally:
            await peer.hang_up()
