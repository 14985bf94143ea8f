"""Consoles for the conformance kit: somebody is on watch, and whatever is laid there is read."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from fenghuo import Ability, Arrival, ConformancePeer, Word
from fenghuo_console import DeskSettings
from fenghuo_console.watch import WATCH, Ear, Order, Watch

__all__ = ["consoles"]

GARBAGE = "\x00\ufffd'; --"


class Front(Watch):
    """The pages come back with the node, and say again what lies before them and was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def listen(self, channel: str, look: Callable[[], None]) -> Ear:
        ear = super().listen(channel, look)
        for token in self.seen:
            self.noticed(channel, token)
        return ear


class Consoles(ConformancePeer):
    """What a front is to its channel: one armed console, before which everything lies as soon as it is laid."""

    is_local = True
    abilities = frozenset({Ability.REPORT, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY})

    def __init__(self) -> None:
        super().__init__()
        self._channel = ""
        self._is_hasty = False
        self._watch = Front()
        self._watch.serve(self._lay)
        self._watch.stands(1)
        self.shared = {WATCH: self._watch}

    def settings(self, port: int) -> DeskSettings:
        return DeskSettings(receipt_q95_s=1.0)

    def address(self, number: int) -> str:
        return f"desk-{number}"

    async def say(self, word: Word, about: Arrival) -> None:
        """That a row was drawn and its tone has started, or one that nobody laid here."""
        if word is Word.REPORT:
            self._watch.seen.append(about.token)
        self._watch.noticed(self._channel, {Word.REPORT: about.token, Word.UNKNOWN: "of-nothing"}.get(word, GARBAGE))

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def _lay(self, order: Order) -> None:
        self._channel = order.channel
        self.arrivals.append(Arrival(order.desk, order.text, token=order.token, ref=order.token))
        if self._is_hasty:
            self._watch.noticed(order.channel, order.token)


@contextlib.asynccontextmanager
async def consoles() -> AsyncIterator[ConformancePeer]:
    """A watch that somebody keeps."""
    yield Consoles()
