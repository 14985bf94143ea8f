"""Starts that are on their way and of which nothing has left: they make room first, and a Cancel that comes in that time ends them here.

Only in memory: what dies before it leaves has started nothing, and its note is made after the room.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fenghuo import Denied, Emission, Outcome, Permanent, Scope, Transient
from fenghuo_broadcast.ebm import Programme

__all__ = ["Start", "Starts"]

_STOPPED = Permanent(Scope.MESSAGE, "stopped-before-it-began")


@dataclass
class Start:
    """`is_first`: nothing of its delivery was ever given to the far end, so that nothing of it sounds; `level`: its severity; `until`: when
    it would be silent by itself, UTC seconds; `ended`: why it never begins."""

    message: str
    revision: int
    address: str
    level: int
    until: float
    is_first: bool
    ended: Outcome | None = None


class Starts:
    """By token."""

    def __init__(self) -> None:
        self._coming: dict[str, Start] = {}

    @contextmanager
    def coming(self, token: str, programme: Programme, address: str, *, until: float, is_first: bool) -> Iterator[Start]:
        """As long as it is on its way; opens() is the end of that."""
        start = Start(programme.message, programme.revision, address, programme.severity, until, is_first)
        self._coming[token] = start
        try:
            yield start
        finally:
            self._coming.pop(token, None)

    def has_left(self, token: str) -> bool:
        """Whether a noted play may be with the far end; of one that is not, no stop must go."""
        start = self._coming.get(token)
        return start is None or not start.is_first

    def coming_to(self, address: str) -> list[Start]:
        """Those that nobody has ended."""
        return [start for start in self._coming.values() if start.address == address and start.ended is None]

    def stop(self, message: str, address: str, *, before: int | None = None) -> bool:
        """End those of a message, of revisions `before` this one if given; whether there were any."""
        mine = [one for one in self.coming_to(address) if one.message == message and (before is None or one.revision < before)]
        for start in mine:
            start.ended = _STOPPED
        return bool(mine)

    def give_way(self, address: str, level: int, for_s: float) -> None:
        """End those that are less severe than what is coming, for as long as that sounds."""
        for start in self.coming_to(address):
            if start.level > level:
                start.ended = Transient(Scope.RECIPIENT, "more-severe-sounds", for_s)

    async def opens(self, token: str, start: Start, emission: Emission) -> Outcome | None:
        """None: it leaves in the next moment, and whoever wants it silent from now on must say so to the far end. Else why it does not."""
        try:
            await emission.turn()
        except Denied:
            start.ended = start.ended or _STOPPED
        if start.ended is None:
            del self._coming[token]
        return start.ended
