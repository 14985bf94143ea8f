"""A controller of boards for the conformance kit: takes texts, and says of each what the kit wants said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fenghuo import Ability, Arrival, ConformancePeer, Word
from fenghuo.far_end import ListeningPeer

from fenghuo_beacon import BeaconSettings

__all__ = ["Controller", "controller"]


class Controller(ListeningPeer):
    """What nobody has acknowledged is said again to whoever listens next."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.ACKS})
    bad_address = "9999"

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[asyncio.StreamWriter] = []
        self._unheard: dict[str, bytes] = {}
        self._events = 0
        self._is_hasty = False

    def settings(self, port: int) -> BeaconSettings:
        return BeaconSettings(host="127.0.0.1", port=port, timeout_s=1.0, again_s=0.2)

    def address(self, number: int) -> str:
        return str(number + 1)

    async def say(self, word: Word, about: Arrival) -> None:
        ref = {Word.UNKNOWN: "never-given", Word.MANGLED: about.token[::-1] + "\ufffd"}.get(word, about.token)
        self._event("DARK" if word is Word.FAILED else "SHOWN", ref)

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self._answer(line.decode().rstrip("\n"), writer)
                await writer.drain()
        finally:
            if writer in self._listeners:
                self._listeners.remove(writer)

    def _answer(self, line: str, writer: asyncio.StreamWriter) -> None:
        match line.split(" ", 3):
            case ["SHOW", _, self.bad_address, _]:
                writer.write(b"NO BOARD\n")
            case ["SHOW", ref, board, text]:
                self.arrivals.append(Arrival(board, text, token=ref, ref=ref))
                if self._is_hasty:
                    self._event("SHOWN", ref)
                writer.write(b"TAKEN\n")
            case ["LISTEN"]:
                self._listeners.append(writer)
                for event in self._unheard.values():
                    writer.write(event)
            case ["HEARD", number]:
                self.acknowledged += self._unheard.pop(number, None) is not None
            case ["PING"]:
                writer.write(b"PONG\n")

    def _event(self, what: str, ref: str) -> None:
        self._events += 1
        line = f"EVENT {self._events} {what} {ref}\n".encode()
        self._unheard[str(self._events)] = line
        for listener in self._listeners[-1:]:
            listener.write(line)


@contextlib.asynccontextmanager
async def controller() -> AsyncIterator[ConformancePeer]:
    """One that listens."""
    async with Controller().listening() as peer:
        yield peer
