"""What was started at which siren, and what sounds by our order: in memory, and as far as it must outlive us in the channel's notes.

Every start is noted before its relay is written. So an attempt without a note never sounded, whatever died in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from fenghuo import AttemptRef, Evidence, Notes, Recalled, Token
from fenghuo_siren.arming import VERSION
from fenghuo_siren.settings import Place

__all__ = ["Attempt", "Play", "Plays"]

_RUNNING = "running"
"""Name of the note that says since when which version runs here."""
_LEAD = "start "
_KEPT_S = 2 * 86400.0
"""No attempt is asked for after so long: its message has expired."""


class Attempt(msgspec.Struct, frozen=True):
    """One licence used at one siren. `at`: UTC seconds of the note; `ends_at`: when it is silent at the latest; `session`: the number left
    at the device before; `is_started`: its unit has echoed the relay; `is_over`: its relay was opened, or seen open, since."""

    token: Token
    n: int
    place: Place
    at: float
    ends_at: float
    session: int = 0
    is_started: bool = False
    is_over: bool = False

    @property
    def name(self) -> str:
        return f"{_LEAD}{self.token}/{self.n}"


@dataclass
class Play:
    """A siren that sounds. `began_at`: UTC seconds of the first of several plays without a pause; `level`: what is known of it so far;
    `is_sure`: its relay was seen closed, or the unit has said so. One that may sound is ended in time like one that does."""

    attempt: Attempt
    began_at: float
    is_sure: bool = True
    level: Evidence = Evidence.ACCEPTED


@dataclass
class Plays:
    """Everything of one channel. All instants are UTC seconds of the core's clock. `stops`: how often each siren was told to stop, so that
    a start on its way notices; `quiet_from`: when it was last."""

    notes: Notes
    since: float = 0.0
    sounding: dict[Place, Play] = field(default_factory=dict)
    stops: dict[Place, int] = field(default_factory=dict)
    quiet_from: dict[Place, float] = field(default_factory=dict)
    _tried: dict[tuple[Token, int], Attempt] = field(default_factory=dict)
    _left: dict[Place, Attempt] = field(default_factory=dict)
    _turned_back_at: float = 0.0

    async def recall(self, now: float) -> None:
        """What was started before this process, and since when this version runs here. Raises: StoreError."""
        recalled = await self.notes.recall()
        changes: dict[str, str | None] = {}
        for name, value in recalled.values.items():
            if name.startswith(_LEAD):
                attempt = msgspec.json.decode(value, type=Attempt)
                changes |= {name: None} if attempt.at < now - _KEPT_S else {}
                self._tried[attempt.token, attempt.n] = attempt
        for attempt in sorted(self._tried.values(), key=lambda attempt: attempt.at):
            if not attempt.is_over:
                self._left[attempt.place] = attempt
        self._turned_back_at = recalled.turned_back_at
        self.since, begun = _since(recalled, now)
        if changes or begun:
            await self.notes.keep({**changes, **begun})

    def tried(self, ref: AttemptRef) -> Attempt | None:
        return self._tried.get((ref.token, ref.n))

    def knows_all(self, now: float) -> bool:
        """Whether an attempt that is not known was never begun: the store has not gone back in time lately."""
        return self._turned_back_at < now - _KEPT_S

    async def mean(self, attempt: Attempt) -> None:
        """It is about to be started. Raises: StoreError: it is not noted, and so must not be."""
        await self.notes.keep({attempt.name: msgspec.json.encode(attempt).decode()})
        self._tried[attempt.token, attempt.n] = attempt
        for old in [key for key, one in self._tried.items() if one.at < attempt.at - _KEPT_S]:
            del self._tried[old]

    async def began(self, attempt: Attempt) -> None:
        """The unit has echoed it. Raises: StoreError."""
        known = self._tried.get((attempt.token, attempt.n), attempt)
        started = self._tried[attempt.token, attempt.n] = msgspec.structs.replace(known, is_started=True)
        await self.notes.keep({attempt.name: msgspec.json.encode(started).decode()})

    def left_behind(self, place: Place) -> Attempt | None:
        """The last start of an earlier process that nobody has ended since, as far as the notes say, however long ago; told once."""
        return self._left.pop(place, None)

    async def ended(self, place: Place, until: float) -> None:
        """Its relay is open: what was started until then, and is found closed later, is not ours. Raises: StoreError."""
        over = [
            msgspec.structs.replace(attempt, is_over=True)
            for attempt in self._tried.values()
            if attempt.place == place and attempt.at <= until and not attempt.is_over
        ]
        for attempt in over:
            self._tried[attempt.token, attempt.n] = attempt
        if over:
            await self.notes.keep({attempt.name: msgspec.json.encode(attempt).decode() for attempt in over})

    def until(self, place: Place, now: float, *, sound_s: float, max_on_s: float) -> float:
        """When a play that begins now ends: a siren that sounds goes on no longer than `max_on_s` from its first start."""
        playing = self.sounding.get(place)
        return min(now + sound_s, (playing.began_at if playing is not None else now) + max_on_s)

    def begin(self, attempt: Attempt, *, is_sure: bool = True) -> Play:
        """It sounds now, or may."""
        before = self.sounding.get(attempt.place)
        play = self.sounding[attempt.place] = Play(attempt, before.began_at if before is not None else attempt.at, is_sure)
        return play

    def never_began(self, attempt: Attempt) -> None:
        """The device has shown that it did not."""
        playing = self.sounding.get(attempt.place)
        if playing is not None and playing.attempt.name == attempt.name:
            del self.sounding[attempt.place]

    def stop(self, place: Place, now: float) -> Play | None:
        """It is to be silent from now on; what sounded, if anything did."""
        self.halt(place)
        self.quiet_from[place] = now
        return self.sounding.pop(place, None)

    def halt(self, place: Place) -> None:
        """No start that is on its way may go on."""
        self.stops[place] = self.stops.get(place, 0) + 1

    def stopped(self, place: Place) -> int:
        return self.stops.get(place, 0)


def _since(recalled: Recalled, now: float) -> tuple[float, Mapping[str, str]]:
    """Since when this version runs on this store, and the note to be kept of it."""
    said, _, since = recalled.values.get(_RUNNING, "").partition(" ")
    if said == VERSION:
        return max(float(since), recalled.turned_back_at), {}
    return now, {_RUNNING: f"{VERSION} {now!r}"}
