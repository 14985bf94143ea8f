"""A far end of a few lines for the seeded channel: JSON, one object a line, over one radio.

us: {"password"} once, then {"to", "part", "parts", "ref", "token", "text"} → them: {"ok": ref} once it was on the air, or {"bad": ref};
them, at any time: {"dev": ref} and {"lost": ref}.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from types import MappingProxyType

import msgspec

from fenghuo import Ability, Arrival, ConformancePeer, Word
from fenghuo.far_end import ListeningPeer

__all__ = ["KEYING_S", "OCTETS_PER_S", "SECRET", "GatewaySettings", "gateway"]

KEYING_S, OCTETS_PER_S = 0.01, 2000.0
SECRET = "open-5esame"


class GatewaySettings(msgspec.Struct, frozen=True):
    """Of the seeded channel."""

    port: int
    password_file: str = "gateway"


class Gateway(ListeningPeer):
    """Takes everything to stations called T…; tells what it is told to."""

    abilities = frozenset(Ability)
    secrets = MappingProxyType({"gateway": SECRET})
    bad_address = "nobody"

    def __init__(self) -> None:
        super().__init__()
        self._writers: list[asyncio.StreamWriter] = []
        self._unheard: list[bytes] = []
        self._air = asyncio.Lock()
        self._is_hasty = self._is_deaf = False

    def settings(self, port: int) -> GatewaySettings:
        return GatewaySettings(port)

    def address(self, number: int) -> str:
        return f"T{number}"

    async def say(self, word: Word, about: Arrival) -> None:
        said = {
            Word.REPORT: json.dumps({"dev": about.ref}).encode(),
            Word.FAILED: json.dumps({"lost": about.ref}).encode(),
            Word.UNKNOWN: b'{"dev": "T0/nothing"}',
            Word.MANGLED: b'{"dev": "\xff' + about.ref.encode(),
        }
        self._tell(said[word])

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def be_deaf(self, *, on: bool) -> None:
        self._is_deaf = on

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if json.loads(await reader.readline() or b"{}").get("password") == SECRET:
                await self._talk(reader, writer)
        finally:
            if writer in self._writers:
                self._writers.remove(writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        unheard, self._unheard = self._unheard, []
        for line in unheard:
            self._tell(line)
        while line := await reader.readline():
            with contextlib.suppress(ValueError):  # a line torn by a brown-out
                await self._send(json.loads(line), writer)

    async def _send(self, order: dict[str, str], writer: asyncio.StreamWriter) -> None:
        if not order["to"].startswith("T"):
            writer.write(json.dumps({"bad": order["ref"]}).encode() + b"\n")
            return
        part, parts = int(order["part"]), int(order["parts"])
        seconds = KEYING_S + len(order["text"].encode()) / OCTETS_PER_S
        ref = order["ref"] if part == parts else ""
        arrival = Arrival(order["to"], order["text"], part=part, parts=parts, token=order["token"], ref=ref, airtime_s=seconds)
        async with self._air:
            was_deaf = self._is_deaf
            await asyncio.sleep(seconds)
        if not was_deaf:
            self.arrivals.append(arrival)
            if self._is_hasty and ref:
                await self.say(Word.REPORT, arrival)
        writer.write(json.dumps({"ok": order["ref"]}).encode() + b"\n")

    def _tell(self, line: bytes) -> None:
        if not self._writers:
            self._unheard.append(line)
        for writer in self._writers:
            writer.write(line + b"\n")


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[ConformancePeer]:
    async with Gateway().listening() as far_end:
        yield far_end
