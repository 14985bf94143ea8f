"""pymodbus's server as the far end of sirens, for the conformance kit."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import AsyncIterator

from fenghuo import Ability, Arrival, ConformancePeer, Word
from fenghuo_siren import SirenSettings
from fenghuo_siren.conformance import SirenPeer
from fenghuo_siren.settings import Place
from tests.peers.modbus import Sirens
from tests.peers.modbus_server import COIL, SENSOR, SESSION, TIMER

__all__ = ["real_sirens"]


class RealSirens(SirenPeer):
    """One cabinet of forty sirens; every check finds it as it was at its start, so they come one after the other."""

    abilities = frozenset({Ability.REPORT, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY})
    guests = 1
    wiring = (COIL, SENSOR, TIMER, SESSION)

    def __init__(self, sirens: Sirens) -> None:
        self._sirens = sirens
        self._read: list[Arrival] = []
        self._lines = 0
        self.port = sirens.port
        self.version = f"pymodbus {importlib.metadata.version('pymodbus')}"
        super().__init__()

    @property
    def arrivals(self) -> list[Arrival]:
        lines = self._sirens.log[self._lines :]
        self._lines += len(lines)
        writes = (line for line in lines if line.get("write") == "coil" and line["on"])
        self._read += [Arrival(name, "", ref=name) for line in writes for name in (f"{line['unit']}/{line['relay']}",)]
        return self._read

    @arrivals.setter
    def arrivals(self, none: list[Arrival]) -> None:
        """There are none to begin with."""

    def settings(self, port: int) -> SirenSettings:
        self._sirens.do("reset 0/0")
        return super().settings(port)

    async def say(self, word: Word, about: Arrival) -> None:
        """The sensor of that siren shows sound; for an id of nobody's, that of one which nobody started."""
        mine = Place.parse(about.address)
        place = mine if word is Word.REPORT else Place(mine.unit % 10 + 1, mine.relay)
        self._sirens.do(f"loud {place} on")

    async def be_hasty(self, *, on: bool) -> None:
        self._sirens.do(f"told 1/1 {'off' if on else 'on'}")


@contextlib.asynccontextmanager
async def real_sirens() -> AsyncIterator[ConformancePeer]:
    with Sirens(is_told=True, delay_s=0.0) as sirens:
        yield RealSirens(sirens)
