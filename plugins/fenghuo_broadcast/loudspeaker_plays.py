"""What was played over loudspeakers, in the channel's notes: every play is noted before its first packet, so that none begins twice."""

from __future__ import annotations

import msgspec

from fenghuo import AttemptRef, Evidence, Notes, Outcome, Reached, Recalled, Scope, Transient, Unknown

__all__ = ["Play", "Plays"]

_LEAD = "play "
_KEPT_S = 2 * 86_400.0
"""No attempt is asked for after so long: its message has expired."""


class Play(msgspec.Struct, frozen=True):
    """One licence used. `at`: UTC seconds when it began; `level`: what is known of its end, None before it."""

    token: str
    n: int
    at: float
    level: Evidence | None = None

    @property
    def name(self) -> str:
        return f"{_LEAD}{self.token}/{self.n}"


class Plays:
    """Of one channel instance."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._known: dict[str, Play] = {}
        self._turned_back_at = 0.0

    async def recall(self, recalled: Recalled, now: float) -> None:
        """What was played before this process. Raises: StoreError."""
        self._turned_back_at = recalled.turned_back_at
        plays = [msgspec.json.decode(value, type=Play) for name, value in recalled.values.items() if name.startswith(_LEAD)]
        self._known = {play.name: play for play in plays if play.at > now - _KEPT_S}
        old = {play.name: None for play in plays if play.name not in self._known}
        if old:
            await self._notes.keep(old)

    async def note(self, play: Play) -> None:
        """It begins, or it has ended. Raises: StoreError: it is not noted, and so must not begin."""
        old = {name: None for name, one in self._known.items() if one.at < play.at - _KEPT_S}
        await self._notes.keep({**old, play.name: msgspec.json.encode(play).decode()})
        self._known = {name: one for name, one in self._known.items() if name not in old} | {play.name: play}

    def said_of(self, ref: AttemptRef, now: float) -> Outcome:
        """What became of an attempt. Sound leaves no trace: whatever was cut off in the middle only people know."""
        play = self._known.get(Play(ref.token, ref.n, now).name)
        if play is not None and play.level is not None:
            return Reached(play.level)
        if play is not None:
            return Unknown("it was cut off while it was played")
        if self._turned_back_at < now - _KEPT_S:
            return Transient(Scope.RECIPIENT, "never-begun")
        return Unknown("the store was turned back, and nobody knows whether it was played")
