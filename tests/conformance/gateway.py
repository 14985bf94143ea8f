"""A far end of a few lines for the seeded channel: JSON, one object a line, over one radio.

us: {"password"} once, then {"to", "part", "parts", "ref", "token", "text"} → them: {"ok": ref} once it was on the air, {"bad": ref}, or
{"busy": ref};
{"page": ref, "to": [], "token", "text"} → {"ok": ref, "not": []}; {"ask": ref} → {"known": ref}, {"partly": ref} or {"unknown": ref};
{"back": ref} → {"cancelled": ref} or {"late": ref}; {"receipt": ref} → {"ok": ref}.
them, at any time: {"dev": ref, "n"}, {"lost": ref, "n"} and {"message": ref, "n"}, again with each connection until {"ack": n}.
The ref of a fragment is that of the whole, a point and its number.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Any

import msgspec

from fenghuo import Ability, Arrival, ConformancePeer, Meter, Word
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
        self._unheard: dict[int, bytes] = {}
        self._air = asyncio.Lock()
        self._is_hasty = self._is_deaf = self._is_holding = False
        self._refuses_in: int | None = None
        self._held: list[Arrival] = []
        self._on_air_s = 0.0

    def meter(self, heard: int) -> Meter:
        return Meter(airtime_s=self._on_air_s)

    def settings(self, port: int) -> GatewaySettings:
        return GatewaySettings(port)

    def address(self, number: int) -> str:
        return f"T{number}"

    async def say(self, word: Word, about: Arrival) -> None:
        if word is Word.MANGLED:
            for writer in self._writers:
                writer.write(b'{"dev": "\xff' + about.ref.encode() + b"\n")
            return
        kinds = {Word.REPORT: "dev", Word.FAILED: "lost", Word.UNKNOWN: "dev", Word.MESSAGE: "message"}
        number = len(self._unheard) + self.acknowledged + 1
        said = {kinds[word]: "T0/nothing" if word is Word.UNKNOWN else about.ref, "n": number}
        self._unheard[number] = json.dumps(said).encode() + b"\n"
        for writer in self._writers:
            writer.write(self._unheard[number])

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def be_holding(self, *, on: bool) -> None:
        self._is_holding = on
        if not on:
            held, self._held = self._held, []
            self.arrivals += held

    async def be_refusing(self, *, after: int) -> None:
        self._refuses_in = after

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
        for said in tuple(self._unheard.values()):
            writer.write(said)
        while line := await reader.readline():
            with contextlib.suppress(ValueError):  # a line torn by a brown-out
                await self._do(json.loads(line), writer)

    async def _do(self, order: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        match order:
            case {"ack": number}:
                self.acknowledged += self._unheard.pop(number, None) is not None
            case {"ask": ref}:
                here = [arrival for arrival in self.arrivals if arrival.ref.partition(".")[0] == ref]
                answer = "unknown" if not here else "known" if here[-1].part == here[-1].parts else "partly"
                writer.write(json.dumps({answer: ref, "refs": [arrival.ref for arrival in here]}).encode() + b"\n")
            case {"back": ref}:
                kept = [arrival for arrival in self._held if arrival.ref.partition(".")[0] != ref]
                answer, self._held = "late" if len(kept) == len(self._held) else "cancelled", kept
                writer.write(json.dumps({answer: ref}).encode() + b"\n")
            case {"receipt": ref}:
                self.receipts.append(ref)
                writer.write(json.dumps({"ok": ref}).encode() + b"\n")
            case {"page": ref}:
                self._page(order, writer)
            case _:
                await self._send(order, writer)

    def _page(self, page: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        told = [to for to in page["to"] if to.startswith("T")]
        self.arrivals += [Arrival(to, page["text"], token=page["token"], ref=f"{page['page']}/{to}") for to in told]
        writer.write(json.dumps({"ok": page["page"], "not": [to for to in page["to"] if to not in told]}).encode() + b"\n")

    async def _send(self, order: dict[str, str], writer: asyncio.StreamWriter) -> None:
        if not order["to"].startswith("T"):
            writer.write(json.dumps({"bad": order["ref"]}).encode() + b"\n")
            return
        if self._refuses_in == 0:
            self._refuses_in = None
            writer.write(json.dumps({"busy": order["ref"]}).encode() + b"\n")
            return
        self._refuses_in = self._refuses_in - 1 if self._refuses_in is not None else None
        part, parts = int(order["part"]), int(order["parts"])
        seconds = KEYING_S + len(order["text"].encode()) / OCTETS_PER_S
        ref = order["ref"]
        arrival = Arrival(order["to"], order["text"], part=part, parts=parts, token=order["token"], ref=ref, airtime_s=seconds)
        async with self._air:
            was_deaf = self._is_deaf
            await asyncio.sleep(seconds)
            self._on_air_s += seconds
        if self._is_holding:
            self._held.append(arrival)
        elif not was_deaf:
            self.arrivals.append(arrival)
            if self._is_hasty and ref:
                await self.say(Word.REPORT, arrival)
        writer.write(json.dumps({"ok": order["ref"]}).encode() + b"\n")


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[ConformancePeer]:
    async with Gateway().listening() as far_end:
        yield far_end
