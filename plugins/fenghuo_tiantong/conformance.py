"""A simulated terminal for the conformance kit, behind a serial server; made of asyncio alone. No Tiantong terminal took part in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fenghuo import Ability, Arrival, ConformancePeer, Meter, Word
from fenghuo.far_end import ListeningPeer
from fenghuo_adapters.at_far_line import NETWORK_OUT_OF_ORDER, FarLine
from fenghuo_tiantong.settings import TiantongSettings

__all__ = ["SimulatedTerminal", "simulated_terminal"]

_NUMBERS_FROM = 17_400_000_000
_BAD_NUMBER = "+8617400000066"


_TARIFF_FEN, _PART_S = 150.0, 0.1
"""What a part costs, and how long it is on the air."""


class SimulatedTerminal(ListeningPeer):
    """Takes every submission; what comes in stays in its storage until somebody empties its place."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.ACKS, Ability.REFUSE})
    bad_address = _BAD_NUMBER

    def __init__(self) -> None:
        super().__init__()
        self._line = FarLine(self._sent, self._emptied, lambda: self.now(), bad_number=_BAD_NUMBER, part_s=_PART_S)
        self.modem = self._line.modem

    def settings(self, port: int) -> TiantongSettings:
        return TiantongSettings(
            device=f"tcp://127.0.0.1:{port}",
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
        return f"+86{_NUMBERS_FROM + 1000 + 10 * number}"

    async def say(self, word: Word, about: Arrival) -> None:
        self._line.say(word, about.address, int(about.ref))

    async def be_hasty(self, *, on: bool) -> None:
        self.modem.is_hasty = on

    async def be_refusing(self, *, after: int) -> None:
        self._line.modem.refusals = [0] * after + [NETWORK_OUT_OF_ORDER]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._line.serve(reader, writer)

    def meter(self, heard: int) -> Meter:
        """Money for each part, and the seconds that they were on the air."""
        return Meter(fee_fen=_TARIFF_FEN * len(self.arrivals), airtime_s=self._line.air.on_air_s)

    def _sent(self, number: str, text: str, of: tuple[int, int], reference: int) -> None:
        part, parts = of
        self.arrivals.append(Arrival(number, text, part=part, parts=parts, ref=str(reference)))

    def _emptied(self) -> None:
        self.acknowledged += 1


@contextlib.asynccontextmanager
async def simulated_terminal() -> AsyncIterator[ConformancePeer]:
    """A terminal behind a serial server that listens."""
    async with SimulatedTerminal().listening() as terminal:
        yield terminal
