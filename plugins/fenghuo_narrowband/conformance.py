"""A simulated TNC with the stations behind it, for the conformance kit; made of asyncio alone."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

from fenghuo import Ability, Arrival, ConformancePeer, FrameError, Meter, Word
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_narrowband.conformance_tnc import BITRATE, SimulatedKiss, on_air_s
from fenghuo_narrowband.settings import RadioSettings

__all__ = ["MYCALL", "RadioPeer", "arrival_of", "simulated_tnc"]

MYCALL = "BJ1CMD"
_PART = re.compile(r"\((\d+)/(\d+)\)(?:#(\d{4}))? ?")
_NUMBER = re.compile(r"#(\d{4})")


class RadioPeer(ConformancePeer):
    """What any TNC under examination has in common. Stations answer by their own call, so one far end stands for all."""

    bad_address = "NO-CALL-99"

    def settings(self, port: int) -> RadioSettings:
        return RadioSettings(
            mycall=MYCALL,
            port=port,
            bitrate=BITRATE,
            txdelay_ms=50,
            txtail_ms=30,
            open_s=1.0,
            write_s=1.0,
            reopen_max_s=0.5,
            receipt_q95_s=3.0,
        )

    def address(self, number: int) -> str:
        return f"T{number // 10}" if number % 10 == 0 else f"T{number // 10}-{number % 10}"


class SimulatedTnc(RadioPeer, SimulatedKiss):
    """Sends frame after frame, each for as long as it takes; half-duplex: while it is deaf, the stations hear nothing."""

    abilities = frozenset({Ability.REPORT, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.DEAF, Ability.AIRTIME})

    def __init__(self) -> None:
        super().__init__()
        self._is_hasty = False
        self._on_air_s = 0.0

    def meter(self, heard: int) -> Meter:
        """Every frame, from key down to key up."""
        return Meter(airtime_s=self._on_air_s)

    async def say(self, word: Word, about: Arrival) -> None:
        number = about.ref.rpartition("/")[2]
        said = {Word.REPORT: f"DEV {number}".encode(), Word.UNKNOWN: b"DEV 9999", Word.MANGLED: b"DEV \xff" + number[::-1].encode()}
        frame = UiFrame(Address.parse(MYCALL), Address.parse(about.address), said[word])
        self.receive(frame.encode())

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def transmit(self) -> None:
        """The transmitter, for ever."""
        while True:
            octets = await self.to_send.get()
            seconds = on_air_s(octets)
            was_deaf = self.is_deaf
            arrival = _heard(octets, seconds)
            if arrival is not None and self._is_hasty and arrival.ref and not was_deaf:
                await self.say(Word.REPORT, arrival)
            await asyncio.sleep(seconds)
            self._on_air_s += seconds
            if arrival is not None and not was_deaf:
                self.arrivals.append(arrival)


def _heard(octets: bytes, seconds: float) -> Arrival | None:
    try:
        frame = UiFrame.decode(octets)
    except FrameError:
        return None
    return arrival_of(str(frame.destination), frame.info.decode("utf-8", "replace"), seconds)


def arrival_of(station: str, text: str, seconds: float = 0.0) -> Arrival:
    """What a station reads in a frame; only the last of several has the id that a receipt names."""
    cut = _PART.match(text)
    part, parts = (int(cut[1]), int(cut[2])) if cut else (1, 1)
    named = cut[3] if cut and cut[3] else next(iter(_NUMBER.findall(text)[-1:]), "")
    ref = f"{station}/{named}" if named and part == parts else ""
    return Arrival(station, text[cut.end() :] if cut else text, part=part, parts=parts, ref=ref, airtime_s=seconds)


@contextlib.asynccontextmanager
async def simulated_tnc() -> AsyncIterator[ConformancePeer]:
    """A TNC that listens and sends."""
    async with SimulatedTnc().listening() as tnc:
        transmitter = asyncio.create_task(tnc.transmit(), name="simulated transmitter")
        try:
            yield tnc
        finally:
            transmitter.cancel()
            await asyncio.wait([transmitter])
