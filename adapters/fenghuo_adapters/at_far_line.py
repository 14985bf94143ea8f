"""A far end's modem behind a serial server: hosts that come and go, submissions that take their time on the air, reports on demand."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

from fenghuo_adapters.at_far_air import FarAir
from fenghuo_adapters.at_far_end import FarModem
from fenghuo_adapters.short_message_framing import Concat

__all__ = ["NETWORK_OUT_OF_ORDER", "FarLine"]

NETWORK_OUT_OF_ORDER = 38
"""A refusal for the moment. Source: 3GPP TS 24.011 Annex E."""

_DELIVERED, _EXPIRED = 0x00, 0x46
"""Source: 3GPP TS 23.040 §9.2.3.15."""
_NEVER_GIVEN = 0x80
"""How far a reference that no submission has lies from one that some has."""

Part = Callable[[str, str, tuple[int, int], int], None]
"""Told of each submission: number, text, which part of how many, reference."""


class FarLine:
    """`modem`: what it is; `air`: how long it sends. `on_part` hears what it sends, `on_emptied` a place that a host emptied."""

    def __init__(self, on_part: Part, on_emptied: Callable[[], None], now: Callable[[], float], *, bad_number: str, part_s: float) -> None:
        self.air = FarAir(part_s)
        self.modem = FarModem(self._sent, on_emptied, now, bad_number=bad_number)
        self._on_part = on_part

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One host, to its end."""
        host = self.modem.host(functools.partial(self.air.put, writer.write))
        try:
            while octets := await reader.read(4096):
                host.feed(octets)
        finally:
            host.gone()

    def say(self, word: str, number: str, reference: int) -> None:
        """What the centre says of a submission: "report", "failed", "unknown" (of one that never was), or "mangled"."""
        match word:
            case "report":
                self.modem.report(number, reference, _DELIVERED)
            case "failed":
                self.modem.report(number, reference, _EXPIRED)
            case "unknown":
                self.modem.report(number, (reference + _NEVER_GIVEN) % 256, _DELIVERED)
            case "mangled":
                self.modem.store(f"0006{reference:02X}0D91FF")

    def _sent(self, number: str, text: str, concat: Concat | None, reference: int) -> None:
        self._on_part(number, text, (concat.number, concat.total) if concat else (1, 1), reference)
