"""What was started at which siren, and what sounds by our order: in memory, and as far as it must outlive us in the channel's notes.

Every start is noted before its relay is written. So an attempt without a note never sounded, whatever died in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from fenghuo import AttemptRef, Notes, Token, running_since
from fenghuo_siren.settings import Place
from fenghuo_siren.sounded import Sounded

__all__ = ["Attempt", "Play", "Plays"]

_LEAD = "start "
_KEPT_S = 2 * 86400.0
"""No attempt is asked for after so long: its message has expired."""


class Attempt(msgspec.Struct, frozen=True):
    """One licence used at one siren for a `message`. `at`: UTC seconds of the note; `ends_at`: when it is silent at the latest;
    `session`: the number left at the device before; `is_started`: its unit has echoed the relay; `is_over`: its relay was opened, or
    seen open, since; `was_heard`: its sensor showed sound before."""

    token: Token
    n: int
    place: Place
    at: float
    ends_at: float
    session: int = 0
    is_started: bool = False
    is_over: bool = False
    message: str = ""
    was_heard: bool = False

    @property
    def name(self) -> str:
        return f"{_LEAD}{self.token}/{self.n}"


@dataclass
class Play:
    """A siren that sounds. `began_at`: UTC seconds of the first of several plays without a pause; `due`: every start that still wants it,
    `attempt` for the longest; `aired`: those that the sensor has spoken for; `is_sure`: its relay was seen closed, or the unit has said
    so. One that may sound is ended in time like one that does. `told_at`: when the newest of its starts was echoed, or given up; a look
    that began before says nothing of it. `fed_at`: when its watchdog was last fed for sure; `has_starved`: it may have been hungry
    before that. `is_deaf`: its sensor has shown sound since before the first of its starts, and so vouches for none."""

    attempt: Attempt
    began_at: float
    is_sure: bool = True
    due: tuple[Attempt, ...] = ()
    aired: frozenset[str] = frozenset()
    told_at: float = 0.0
    fed_at: float = 0.0
    has_starved: bool = False
    is_deaf: bool = False

    def hear(self, *, is_sound: bool) -> tuple[Attempt, ...]:
        """What its sensor shows: the starts of which that is news."""
        self.is_deaf = self.is_deaf and is_sound
        news = tuple(one for one in self.due if one.name not in self.aired) if is_sound and not self.is_deaf else ()
        self.aired |= {one.name for one in news}
        return news

    def is_due(self, attempt: Attempt) -> bool:
        """Whether this start still wants it."""
        return any(one.name == attempt.name for one in self.due)

    def is_hungry(self, now: float, within_s: float) -> bool:
        """Whether its watchdog may have gone without food for longer than that since its start."""
        return self.has_starved or now - self.fed_at > within_s


@dataclass
class Plays:
    """Everything of one channel. All instants are UTC seconds of the core's clock. `stops`: how often each siren was told to stop, for
    which message or for all (""), so that a start on its way notices; `quiet_from`: when it was last; `sounded`: what is booked."""

    notes: Notes
    since: float = 0.0
    sounding: dict[Place, Play] = field(default_factory=dict)
    stops: dict[tuple[Place, str], int] = field(default_factory=dict)
    quiet_from: dict[Place, float] = field(default_factory=dict)
    sounded: Sounded = field(default_factory=Sounded)
    _tried: dict[tuple[Token, int], Attempt] = field(default_factory=dict)
    _coming: set[str] = field(default_factory=set)
    _left: dict[Place, list[Attempt]] = field(default_factory=dict)
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
                self._left.setdefault(attempt.place, []).append(attempt)
        self._turned_back_at = recalled.turned_back_at
        self.since, begun = running_since(recalled, now)
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
        self._coming.add(attempt.name)
        for old in [key for key, one in self._tried.items() if one.at < attempt.at - _KEPT_S]:
            del self._tried[old]

    async def began(self, attempt: Attempt) -> None:
        """The unit has echoed it. Raises: StoreError."""
        known = self._tried.get((attempt.token, attempt.n), attempt)
        started = self._tried[attempt.token, attempt.n] = msgspec.structs.replace(known, is_started=True)
        await self.notes.keep({attempt.name: msgspec.json.encode(started).decode()})

    async def forget(self, attempt: Attempt) -> None:
        """Its relay was never written, or refused for certain. Raises: StoreError."""
        self._coming.discard(attempt.name)
        self.sounded.never(attempt.place, attempt.name)
        self._tried.pop((attempt.token, attempt.n), None)
        await self.notes.keep({attempt.name: None})

    def left_behind(self, place: Place) -> list[Attempt]:
        """What an earlier process started and nobody has ended since, as far as the notes say, however long ago, oldest first; told once.
        One whose echo is not noted counts only if nothing was started after it."""
        left = self._left.pop(place, [])
        return [attempt for attempt in left if attempt.is_started or attempt is left[-1]]

    async def ended(self, place: Place, until: float, message: str = "") -> None:
        """Its relay is open: what was started until then, and is found closed later, is not ours. `message`: only what was started for
        that one is over. Raises: StoreError."""
        over = [
            msgspec.structs.replace(attempt, is_over=True)
            for attempt in self._tried.values()
            if attempt.place == place and attempt.at <= until and not attempt.is_over
            if message in ("", attempt.message) and attempt.name not in self._coming
        ]
        for attempt in over:
            self._tried[attempt.token, attempt.n] = attempt
        if over:
            await self.notes.keep({attempt.name: msgspec.json.encode(attempt).decode() for attempt in over})

    def until(self, place: Place, now: float, *, sound_s: float, max_on_s: float) -> float:
        """When a play that begins now ends: a siren that sounds goes on no longer than `max_on_s` from its first start."""
        playing = self.sounding.get(place)
        return min(now + sound_s, (playing.began_at if playing is not None else now) + max_on_s)

    def begin(self, attempt: Attempt, *, told_at: float = 0.0, is_sure: bool = True) -> Play:
        """It sounds now, or may. `told_at`: when its relay was; 0: long ago, by another process."""
        self._coming.discard(attempt.name)
        before = self.sounding.get(attempt.place, Play(attempt, attempt.at, is_deaf=attempt.was_heard))
        due = (*(one for one in before.due if one.ends_at > attempt.at), attempt)
        play = Play(attempt, before.began_at, is_sure, due, before.aired, told_at, fed_at=attempt.at, is_deaf=before.is_deaf)
        self.sounding[attempt.place] = play
        self.sounded.begins(attempt.place, attempt.name, told_at or attempt.at)
        return play

    def is_credible(self, place: Place, *, is_on: bool, is_sound: bool) -> bool:
        """Whether its sensor agrees with its relay, and so may speak for the siren."""
        play = self.sounding.get(place)
        return not is_sound or (is_on and (play is None or not play.is_deaf))

    def fed(self, place: Place, asked_at: float, now: float, within_s: float) -> None:
        """Its watchdog was fed, at one instant of those two."""
        play = self.sounding.get(place)
        if play is not None:
            play.has_starved = play.is_hungry(now, within_s)
            play.fed_at = asked_at

    def begun_by(self, attempt: Attempt) -> Play | None:
        """What sounds, or may, and does so by this start alone; none that was stopped since, here or on the spot."""
        play = self.sounding.get(attempt.place)
        return play if play is not None and play.attempt.name == attempt.name and play.began_at == attempt.at else None

    def was_seen_on(self, attempt: Attempt) -> bool:
        """Whether its relay was closed by this start, and was seen so."""
        play = self.begun_by(attempt)
        return play is not None and play.is_sure

    def goes_on(self, place: Place, message: str, now: float) -> bool:
        """Whether it still sounds for another message than this, for which it does no longer."""
        play = self.sounding.get(place)
        rest = tuple(one for one in play.due if one.ends_at > now and one.message not in ("", message)) if play is not None else ()
        if play is None or not message or not rest:
            return False
        play.due, play.attempt = rest, max(rest, key=lambda one: one.ends_at)
        return True

    def never_began(self, attempt: Attempt) -> None:
        """The device has shown that it did not."""
        playing = self.sounding.get(attempt.place)
        if playing is not None and playing.attempt.name == attempt.name:
            del self.sounding[attempt.place]
            self.sounded.never(attempt.place, attempt.name)

    def stop(self, place: Place, now: float) -> Play | None:
        """It is to be silent from now on; what sounded, if anything did."""
        self.quiet_from[place] = now
        return self.sounding.pop(place, None)

    def halt(self, place: Place, message: str = "") -> None:
        """No start that is on its way may go on, of this message or, without one, of any."""
        self.stops[place, message] = self.stopped(place, message) + 1

    def stopped(self, place: Place, message: str = "") -> int:
        return self.stops.get((place, message), 0)
