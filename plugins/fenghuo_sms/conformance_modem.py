"""A simulated modem for the conformance kit, behind a serial server; made of asyncio alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fenghuo import Ability, Arrival, ConformancePeer, Meter, Word
from fenghuo.far_end import ListeningPeer
from fenghuo_adapters.at_far_line import NETWORK_OUT_OF_ORDER, FarLine
from fenghuo_sms.conformance import BAD_NUMBER, NUMBERS_FROM
from fenghuo_sms.modem_settings import ModemSettings

__all__ = ["ModemPeer", "simulated_modem"]

_TARIFF_FEN, _PART_S = 12.0, 0.1
"""What a part costs, and how long it is on the air."""


class ModemPeer(ConformancePeer):
    """What any modem under examination has in common: how a channel reaches it, and whom it serves."""

    bad_address = BAD_NUMBER
    guests = 1

    def settings(self, port: int) -> ModemSettings:
        return ModemSettings(
            devices=(f"tcp://127.0.0.1:{port}",),
            command_s=1.5,
            prompt_s=1.5,
            send_s=2.0,
            poll_s=2.0,
            reset_s=0.2,
            open_s=1.0,
            reopen_most_s=0.5,
            part_s=_PART_S,
            receipt_q95_s=4.0,
            fee_fen=_TARIFF_FEN,
        )

    def address(self, number: int) -> str:
        return f"+86{NUMBERS_FROM + 10 * number}"

    def meter(self, heard: int) -> Meter:
        """Money for each part that it has sent."""
        return Meter(fee_fen=_TARIFF_FEN * len(self.arrivals))


class SimulatedModem(ModemPeer, ListeningPeer):
    """Takes every submission; a report stays in its storage, to be read by whoever opens it next, until somebody empties its place."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.ACKS, Ability.REFUSE})

    def __init__(self) -> None:
        super().__init__()
        self._line = FarLine(self._sent, self._emptied, lambda: self.now(), bad_number=BAD_NUMBER, part_s=_PART_S)

    async def say(self, word: Word, about: Arrival) -> None:
        self._line.say(word, about.address, int(about.ref))

    async def be_hasty(self, *, on: bool) -> None:
        self._line.modem.is_hasty = on

    async def be_refusing(self, *, after: int) -> None:
        self._line.modem.refusals = [0] * after + [NETWORK_OUT_OF_ORDER]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._line.serve(reader, writer)

    def meter(self, heard: int) -> Meter:
        return Meter(fee_fen=super().meter(heard).fee_fen, airtime_s=self._line.air.on_air_s)

    def _sent(self, number: str, text: str, of: tuple[int, int], reference: int) -> None:
        part, parts = of
        self.arrivals.append(Arrival(number, text, part=part, parts=parts, ref=str(reference)))

    def _emptied(self) -> None:
        self.acknowledged += 1


@contextlib.asynccontextmanager
async def simulated_modem() -> AsyncIterator[ConformancePeer]:
    """A modem behind a serial server that listens."""
    async with SimulatedModem().listening() as modem:
        yield modem
