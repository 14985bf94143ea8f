"""What this channel started, by the token of its delivery: one token is one EBMID for good, noted before the first octet leaves.

So a second emission of one delivery names the same broadcast, which the far end has or has not, and a stop finds all that it must stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from fenghuo import Emission, FenghuoError, Notes, Outcome, Token
from fenghuo_broadcast.ebd_numbers import EBMIDS_A_DAY, STARTS_A_DAY, ebmid, next_ebm_sequence
from fenghuo_broadcast.ebm import Programme
from fenghuo_broadcast.platform_starts import Start, Starts

__all__ = ["DONE", "ENDED", "FAILED", "OVER", "SOUNDS", "STOPPED", "DayIsFull", "Play", "Plays"]

SOUNDS, DONE, FAILED, STOPPED = 2, 3, 4, 5
"""States of a broadcast, as in BrdStateCode."""
ENDED = frozenset({DONE, FAILED, STOPPED})
OVER = frozenset({DONE, STOPPED})
"""FAILED is not of these: "in part" is one of its meanings, and the other part sounds."""

KEEP_S = 30 * 86_400.0
"""How long a play is remembered after the end of its message, as receivers keep keys (delivery.md)."""
_LEAD = "play "
_COUNT = "count"
_DAY = 8


class DayIsFull(Exception):
    """All numbers of the day are given: 9,499 to starts, the rest of the standard's 9,999 is kept for stops."""


class Play(msgspec.Struct, frozen=True):
    """A delivery that was given to the far end. `ebmids`: its numbers, one but for a stop of several; `stops`: what a stop names, side by
    side with its numbers; `event_type`: of what was started, for its stop; `ends`: UTC seconds; `state`: the last reported, -1 for none;
    `level`: its severity, 1 red to 4 blue, then daily, tests and exercises; `until`: when it is silent by itself, UTC seconds, 0 where
    only the far end knows; `is_silenced`: the far end said that it is off after we had told it to stop it."""

    message: str
    revision: int
    address: str
    ebmids: tuple[str, ...]
    stops: tuple[str, ...] = ()
    event_type: str = ""
    ends: float = 0.0
    state: int = -1
    level: int = 0
    until: float = 0.0
    is_silenced: bool = False

    def may_sound(self, now: float) -> bool:
        """Whether a stop must go for it: until its end, whatever else was reported, for that may be true of a part of it."""
        return not self.is_silenced and (self.until or self.ends) > now


class Plays:
    """`await load()` first. Every change is on the disk when its call returns."""

    def __init__(self, notes: Notes, source: str) -> None:
        self._notes = notes
        self._source = source
        self._plays: dict[str, Play] = {}
        self._owners: dict[str, str] = {}
        self._count = ""
        self._noting = asyncio.Lock()
        self.starts = Starts()

    async def load(self, values: Mapping[str, str], now: float) -> None:
        """Take up what was noted, and forget what ended long ago. Raises: StoreError."""
        self._count = values.get(_COUNT, "")
        decoder, old = msgspec.json.Decoder(Play), []
        for name, value in values.items():
            if name.startswith(_LEAD):
                play = decoder.decode(value)
                if play.ends + KEEP_S < now:
                    old.append(name)
                else:
                    self._remember(name.removeprefix(_LEAD), play)
        if old:
            await self._notes.keep(dict.fromkeys(old))

    @property
    def sample(self) -> str:
        """A number as any other, to measure what it stands in; it is given to nothing."""
        return ebmid(self._source, 0.0, 1)

    def of(self, token: Token) -> Play | None:
        return self._plays.get(token)

    def owner(self, number: str) -> tuple[Token, Play] | None:
        """Whose number this is."""
        token = self._owners.get(number)
        return (Token(token), self._plays[token]) if token is not None else None

    def stop_of(self, number: str) -> str:
        """The number of the last stop that names this one, empty if none does."""
        found = ""
        for play in self._plays.values():
            found = next((own for own, stopped in zip(play.ebmids, play.stops, strict=False) if stopped == number), found)
        return found

    def started(self, message: str, address: str, *, before: int | None = None) -> list[Play]:
        """What was started of a message at an address, of revisions `before` this one if given, whatever became of it."""
        return [
            play
            for token, play in self._plays.items()
            if play.message == message and play.address == address and not play.stops and (before is None or play.revision < before)
            if self.starts.has_left(token)
        ]

    def all_sounding(self, now: float) -> list[Play]:
        """What was started and may still sound, as far as is known here."""
        there = [play for token, play in self._plays.items() if not play.stops and self.starts.has_left(token)]
        return [play for play in there if play.state not in ENDED and play.until > now]

    def sounding(self, address: str, now: float) -> list[Play]:
        """As all_sounding(), at one address."""
        return [play for play in self.all_sounding(now) if play.address == address]

    def look_for_room(self, token: Token, now: float) -> None:
        """Before something is silenced for a start. Raises: DayIsFull: it would get no number."""
        if token not in self._plays:
            self._numbers(1, now, most=STARTS_A_DAY)

    async def start(self, token: Token, programme: Programme, address: str, now: float, *, until: float = 0.0) -> Play:
        """Its play, made if it has none yet. Raises: DayIsFull; StoreError: it is not noted, and nothing of it may leave."""
        async with self._noting:
            play = _play(programme, address, level=programme.severity, until=until)
            return self._plays.get(token) or await self._note(token, play, now)

    async def opens(self, token: Token, start: Start, emission: Emission) -> Outcome | None:
        """As Starts.opens(); what never begins is forgotten, so that no stop goes for it."""
        ended = await self.starts.opens(token, start, emission)
        if ended is None or not start.is_first:
            return ended
        async with self._noting:
            self._forget(token, self._plays[token], None)
            try:
                await self._notes.keep({_LEAD + token: None})
            except FenghuoError:
                return ended  # the note that stays costs a needless stop after a restart
        return ended

    async def stop(self, token: Token, programme: Programme, address: str, *, stops: Sequence[str], now: float) -> Play:
        """As start(), for a stop of these. Raises: DayIsFull, StoreError."""
        async with self._noting:
            known = self._plays.get(token)
            if known is not None and set(known.stops) >= set(stops):
                return known
            return await self._note(token, _play(programme, address, stops=tuple(stops)), now)

    async def reported(self, number: str, state: int, *, is_silenced: bool = False) -> None:
        """The far end said what became of it. Raises: StoreError: said again, it is noted then."""
        token = self._owners.get(number)
        if token is None:
            return
        play = msgspec.structs.replace(self._plays[token], state=state, is_silenced=is_silenced)
        if play != self._plays[token]:
            await self._notes.keep({_LEAD + token: msgspec.json.encode(play).decode()})
            self._plays[token] = play

    async def _note(self, token: Token, play: Play, now: float) -> Play:
        """A Cancel finds it while it is being noted, for it may leave in the next moment; what could not be noted is forgotten again."""
        before = self._plays.get(token)
        numbers, count = self._numbers(max(1, len(play.stops)), now, most=EBMIDS_A_DAY if play.stops else STARTS_A_DAY)
        play = msgspec.structs.replace(play, ebmids=numbers)
        self._remember(token, play)
        try:
            await self._notes.keep({_COUNT: count, _LEAD + token: msgspec.json.encode(play).decode()})
        except BaseException:
            self._forget(token, play, before)
            raise
        self._count = count
        return play

    def _numbers(self, many: int, now: float, *, most: int) -> tuple[tuple[str, ...], str]:
        """The next ones, and the count when they are given. Raises: DayIsFull."""
        numbers, count = [], self._count
        for _ in range(many):
            day = ebmid(self._source, now, 0)[-_DAY - 4 : -4]
            last = int(count[_DAY:]) if count.startswith(day) else 0
            sequence = next_ebm_sequence(last, now)
            if sequence > most:
                raise DayIsFull
            count = f"{day}{sequence}"
            numbers.append(ebmid(self._source, now, sequence))
        return tuple(numbers), count

    def _remember(self, token: str, play: Play) -> None:
        self._plays[token] = play
        self._owners.update(dict.fromkeys(play.ebmids, token))

    def _forget(self, token: str, play: Play, before: Play | None) -> None:
        """As it was before."""
        for number in play.ebmids:
            self._owners.pop(number, None)
        del self._plays[token]
        if before is not None:
            self._remember(token, before)


def _play(programme: Programme, address: str, *, stops: tuple[str, ...] = (), level: int = 0, until: float = 0.0) -> Play:
    """A play that has no number yet."""
    return Play(programme.message, programme.revision, address, (), stops, programme.event_type, programme.ends, level=level, until=until)
