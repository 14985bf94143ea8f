"""The far end of sms.at for the kit: a modem of its own process, whose PDUs libgammu reads and writes, behind a serial server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from importlib import metadata

from fenghuo import Ability, Arrival, ConformancePeer, Word
from fenghuo_sms.conformance_modem import ModemPeer
from tests.peers.atmodem import AtModem

__all__ = ["real_modem"]

_DELIVERED, _EXPIRED = 0x00, 0x46
_MANGLED = "00062AFF91"


class RealModem(ModemPeer):
    """One modem; so its checks come one after the other."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY})

    def __init__(self, modem: AtModem) -> None:
        self._modem = modem
        self._read: list[Arrival] = []
        self.port = modem.port
        self.version = f"libgammu by python-gammu {metadata.version('python-gammu')}"
        super().__init__()

    @property
    def arrivals(self) -> list[Arrival]:
        new = self._modem.submits[len(self._read) :]
        self._read += [Arrival(sent.to, sent.text, part=sent.part, parts=sent.parts, ref=str(sent.reference)) for sent in new]
        return self._read

    @arrivals.setter
    def arrivals(self, none: list[Arrival]) -> None:
        """There are none to begin with."""

    async def say(self, word: Word, about: Arrival) -> None:
        reference = int(about.ref)
        match word:
            case Word.REPORT:
                await self._modem.report(about.address, reference, _DELIVERED)
            case Word.FAILED:
                await self._modem.report(about.address, reference, _EXPIRED)
            case Word.UNKNOWN:
                await self._modem.report(about.address, (reference + 128) % 256, _DELIVERED)
            case Word.MANGLED:
                await self._modem.raw(_MANGLED)

    async def be_hasty(self, *, on: bool) -> None:
        await self._modem.behave(silent=not on, hasty=on)


@contextlib.asynccontextmanager
async def real_modem() -> AsyncIterator[ConformancePeer]:
    async with AtModem() as modem:
        await modem.behave(silent=True)
        yield RealModem(modem)
