"""Simulated sirens on one Modbus TCP gateway, for the conformance kit; made of asyncio alone."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fenghuo import Ability, Arrival, ConformancePeer, Evidence, Meter, Word
from fenghuo.far_end import ListeningPeer
from fenghuo_siren.settings import Place, SirenSettings

__all__ = ["SimulatedSirens", "SirenPeer", "simulated_sirens"]

_RELAYS = 4
_UNITS = 10
_PLACES = tuple(Place(unit, relay) for unit in range(1, _UNITS + 1) for relay in range(1, _RELAYS + 1))
_COIL, _SENSOR, _TIMER, _SESSION = 0, 100, 200, 300
_HEAD = struct.Struct(">HHHB")


class SirenPeer(ConformancePeer):
    """What any gateway under examination has in common: forty sirens, each with a sensor and a timer. `wiring`: coil, sensor, timer and
    session of the first."""

    bad_address = "247/64"
    wiring = (_COIL, _SENSOR, _TIMER, _SESSION)
    reports = Evidence.AIRED
    is_wordless = True

    def settings(self, port: int) -> SirenSettings:
        coil, sensor, timer, session = self.wiring
        return SirenSettings(
            sirens=tuple(map(str, _PLACES)),
            port=port,
            coil=coil,
            feedback="input",
            feedback_at=sensor,
            timer=timer,
            session=session,
            armed=datetime.fromtimestamp(self.now(), UTC),
            sound_s=60.0,
            open_s=1.0,
            answer_s=1.0,
            feedback_s=0.3,
            watch_s=0.3,
            reopen_max_s=0.5,
        )

    def address(self, number: int) -> str:
        return str(_PLACES[number % len(_PLACES)])


class SimulatedSirens(SirenPeer, ListeningPeer):
    """Relays that close when they are told; a sensor shows sound when the kit says so, or at once while it is hasty."""

    abilities = frozenset({Ability.REPORT, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY})

    def __init__(self) -> None:
        super().__init__()
        self._coils: dict[Place, bool] = defaultdict(bool)
        self._sensors: dict[Place, bool] = defaultdict(bool)
        self._registers: dict[tuple[int, int], int] = defaultdict(int)
        self._is_hasty = False
        self._on_since: dict[Place, float] = {}
        self._sounded_s = 0.0

    def meter(self, heard: int) -> Meter:
        """Seconds that relays were closed, with those that still are."""
        now = asyncio.get_running_loop().time()
        return Meter(airtime_s=self._sounded_s + sum(now - since for since in self._on_since.values()))

    async def say(self, word: Word, about: Arrival) -> None:
        """The sensor of that siren shows sound; for an id of nobody's, that of one which nobody started."""
        place = Place.parse(about.address)
        stray = next(other for other in reversed(_PLACES) if not self._coils[other] and other != place)
        self._sensors[place if word is Word.REPORT else stray] = True

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One master, to its end."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                number, _, length, unit = _HEAD.unpack(await reader.readexactly(_HEAD.size))
                answer = self._answer(unit, await reader.readexactly(length - 1))
                writer.write(_HEAD.pack(number, 0, len(answer) + 1, unit) + answer)
                await writer.drain()

    def _answer(self, unit: int, pdu: bytes) -> bytes:
        function, at, count = struct.unpack(">BHH", pdu[:5])
        match function:
            case 1 | 2:
                bits = [self._bit(Place(unit, at % 100 + 1 + step), is_coil=function == 1) for step in range(count)]
                octets = bytes(sum(bit << place for place, bit in enumerate(bits[first : first + 8])) for first in range(0, count, 8))
                return bytes((function, len(octets))) + octets
            case 3:
                values = [self._registers[unit, at + step] for step in range(count)]
                return struct.pack(f">BB{count}H", function, 2 * count, *values)
            case 5:
                self._switch(Place(unit, at - _COIL + 1), on=count == 0xFF00)
            case 6:
                self._registers[unit, at] = count
            case 16:
                for step, value in enumerate(struct.unpack(f">{count}H", pdu[6:])):
                    self._registers[unit, at + step] = value
            case _:
                return bytes((function | 0x80, 1))
        return pdu[:5]

    def _bit(self, place: Place, *, is_coil: bool) -> bool:
        return self._coils[place] if is_coil else self._sensors[place]

    def _switch(self, place: Place, *, on: bool) -> None:
        now = asyncio.get_running_loop().time()
        if on:
            self._on_since.setdefault(place, now)
        elif place in self._on_since:
            self._sounded_s += now - self._on_since.pop(place)
        self._sensors[place] = (self._sensors[place] and on) or (on and self._is_hasty)
        self._coils[place] = on
        if on:
            self.arrivals.append(Arrival(str(place), "", ref=str(place)))


@contextlib.asynccontextmanager
async def simulated_sirens() -> AsyncIterator[ConformancePeer]:
    """A gateway that listens."""
    async with SimulatedSirens().listening() as sirens:
        yield sirens
