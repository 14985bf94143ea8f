"""Long texts as they come in, with what is known of those that were told kept where a restart finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from fenghuo.errors import FenghuoError
from fenghuo_adapters.at_inbox import Arrival
from fenghuo_adapters.short_message_framing import Concat
from fenghuo_adapters.short_message_joining import COPY, Copy, Joined, Joining

__all__ = ["LongTexts", "Noted", "TextNotes"]


class Noted(Protocol):
    """What was noted down, by name; what others noted is among it."""

    @property
    def values(self) -> Mapping[str, str]:
        """All of it."""


class TextNotes(Protocol):
    """Where it is noted down."""

    async def recall(self) -> Noted:
        """Of before the start. Raises: FenghuoError."""

    async def keep(self, values: Mapping[str, str | None]) -> None:
        """On the disk when this returns; None takes one away. Raises: FenghuoError."""


class LongTexts(Joining):
    """A Joining whose memory outlives it. `now`: UTC seconds. Without notes it forgets at a restart."""

    def __init__(self, now: Callable[[], float], notes: TextNotes | None = None) -> None:
        super().__init__()
        self._notes = notes
        self._now = now

    async def recall(self) -> None:
        """What was told before the start. Raises: FenghuoError."""
        if self._notes is not None:
            self.remember((await self._notes.recall()).values, self._now())

    def arrived(self, arrival: Arrival, sender: str, concat: Concat, text: str, *, now: float) -> Joined | Copy | None:
        """take() for a part that a modem has handed over: one that it stores is emptied when the whole is kept, and so is the last one of a
        modem that stores none, whose earlier parts were handed on and emptied at once."""
        held = arrival.acknowledge if arrival.is_stored else None
        joined = self.take(sender, concat, text, raw=arrival.raw, now=now, held=held)
        if joined is None or joined is COPY or arrival.is_stored:
            return joined
        return msgspec.structs.replace(joined, held=(*joined.held, arrival.acknowledge))

    async def kept(self, joined: Joined) -> None:
        """The core has it on the disk; what held its parts is acknowledged when this has been noted. A note that cannot be kept costs
        no more than a copy that a person may see after a restart."""
        if joined.key[2] > 1:
            await self._note(self.told(joined, self._now()))
        for acknowledge in joined.held:
            acknowledge()

    async def _note(self, notes: Mapping[str, str | None]) -> None:
        if self._notes is None:
            return
        try:
            await self._notes.keep(notes)
        except FenghuoError:
            return
