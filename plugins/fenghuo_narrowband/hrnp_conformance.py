"""A simulated DMR gateway with the radios behind it, for the conformance kit; made of asyncio alone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator

from fenghuo import Ability, Arrival, ConformancePeer, Meter, Word
from fenghuo.far_end import FAR_END, ListeningPeer
from fenghuo_adapters.hrnp_framing import Frame, Operation, Result, StreamDecoder, Tmp, TmpKind
from fenghuo_narrowband.hrnp_settings import HrnpSettings

__all__ = ["SimulatedGateway", "simulated_gateway"]

DISPATCHER = 9000
_KEYING_S, _OCTETS_PER_S = 0.05, 2000.0
_PART = re.compile(r"\((\d+)/(\d+)\)(?:#\d{4})? ?")


class SimulatedGateway(ListeningPeer):
    """Takes messages one after the other, each for as long as it takes on the air; radios acknowledge when they are told to, and drop what
    they have under the same request."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.DEAF, Ability.AIRTIME})
    bad_address = "radio-1"

    def __init__(self) -> None:
        super().__init__()
        self._connected: list[asyncio.StreamWriter] = []
        self._to_send: asyncio.Queue[Tmp] = asyncio.Queue()
        self._packets = itertools.count(1)
        self._have: set[tuple[int, int]] = set()
        self._is_hasty = self._is_deaf = False
        self._on_air_s = 0.0

    def meter(self, heard: int) -> Meter:
        """Every message, from key down to key up."""
        return Meter(airtime_s=self._on_air_s)

    def settings(self, port: int) -> HrnpSettings:
        return HrnpSettings(
            host="127.0.0.1",
            port=port,
            driver="tcp",
            radio_id=DISPATCHER,
            characters=100,
            answer_s=0.4,
            tries=2,
            ack_s=0.3,
            connect_s=1.0,
            heartbeat_s=1.0,
            reopen_max_s=0.5,
            receipt_q95_s=3.0,
            octets_per_s=_OCTETS_PER_S,
            keying_s=_KEYING_S,
        )

    def address(self, number: int) -> str:
        return str(1000 + number)

    async def say(self, word: Word, about: Arrival) -> None:
        request = {Word.UNKNOWN: 0xDEADBEEF, Word.MANGLED: int(about.ref, 16) ^ 0xFFFF}.get(word, int(about.ref, 16))
        result = Result.BAD_PARAMETER if word is Word.FAILED else Result.OK
        self._tell(Tmp(TmpKind.PRIVATE_ACK, request, DISPATCHER, int(about.address), result=result))

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def be_deaf(self, *, on: bool) -> None:
        self._is_deaf = on

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One dispatcher, to its end."""
        frames = StreamDecoder()
        try:
            while octets := await reader.read(4096):
                for frame in frames.feed(octets):
                    self._answer(frame, writer)
        finally:
            if writer in self._connected:
                self._connected.remove(writer)

    async def transmit(self) -> None:
        """The transmitter, for ever."""
        while True:
            tmp = await self._to_send.get()
            seconds = _KEYING_S + 2 * len(tmp.text) / _OCTETS_PER_S
            was_deaf = self._is_deaf
            await asyncio.sleep(seconds)
            self._on_air_s += seconds
            if not was_deaf and (tmp.destination, tmp.request) not in self._have:
                self._have.add((tmp.destination, tmp.request))
                await self._arrived(tmp, seconds)

    async def _arrived(self, tmp: Tmp, seconds: float) -> None:
        cut = _PART.match(tmp.text)
        part, parts = (int(cut[1]), int(cut[2])) if cut else (1, 1)
        text = tmp.text[cut.end() :] if cut else tmp.text
        arrival = Arrival(str(tmp.destination), text, part=part, parts=parts, ref=f"{tmp.request:08x}", airtime_s=seconds)
        if self._is_hasty:
            await self.say(Word.REPORT, arrival)
        self.arrivals.append(arrival)

    def _answer(self, frame: Frame, writer: asyncio.StreamWriter) -> None:
        match frame.operation:
            case Operation.CONNECT:
                if writer not in self._connected:
                    self._connected.append(writer)
                writer.write(_frame(Operation.ACCEPT))
            case Operation.CLOSE:
                writer.write(_frame(Operation.CLOSE_ACK))
            case Operation.DATA:
                writer.write(_frame(Operation.DATA_ACK, frame.packet))
                tmp = Tmp.decode(frame.data)
                if tmp is not None and not tmp.is_ack:
                    self._to_send.put_nowait(tmp)

    def _tell(self, tmp: Tmp) -> None:
        for writer in self._connected:
            writer.write(_frame(Operation.DATA, next(self._packets) % 0x10000, tmp.encode()))


def _frame(operation: Operation, packet: int = 0, data: bytes = b"") -> bytes:
    return Frame(operation, packet, data, source=0x10, destination=0x20).encode()


@contextlib.asynccontextmanager
async def simulated_gateway() -> AsyncIterator[ConformancePeer]:
    """A gateway that listens and sends."""
    async with SimulatedGateway().listening() as gateway:
        transmitter = asyncio.create_task(gateway.transmit(), name=f"{FAR_END} transmitter")
        try:
            yield gateway
        finally:
            transmitter.cancel()
            await asyncio.wait([transmitter])
