"""Cuts a recording everywhere, rebuilds what the platter may hold, lets the engine recover, checks, and cuts recoveries too.

What is counted: every cut's image is built, and opened by this machine's SQLite unless the very same octets were. Images that it
reads as the same database, at the same place of the world, are recovered once: what the engine does next depends on nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from fenghuo.errors import FenghuoError
from fenghuo.rig.powercut.bugs import Bug
from fenghuo.rig.powercut.checks import Verdict, at_the_cut, at_the_end
from fenghuo.rig.powercut.house import Life, live
from fenghuo.rig.powercut.journal import Journal, Seen
from fenghuo.rig.powercut.ledger import Ledger
from fenghuo.rig.powercut.platter import Image, Platter, Policy
from fenghuo.rig.powercut.recorder import Recorder
from fenghuo.rig.powercut.recording import FILES, Recording, desk_space, put_down, record
from fenghuo.rig.powercut.script import END_S, START
from fenghuo.rig.powercut.world import Ended, Head, Shown, World
from fenghuo.store.disk import DATABASE

__all__ = ["Campaign", "Cut", "Failure", "Score"]

SOON_S = 3.0
LATER_S = (1_800.0, 7_200.0)
"""How long nobody is there after a cut: each state is recovered soon, and once more later, when some or all of it has expired."""
LATER_SHARE = 0.4
"""How many are recovered later, where each is once only."""
REST_S = 8_000.0
"""How long a recovered life lasts: beyond the end of everything in the script."""
RECORDED_S = 60.0
"""How much of a recovery is recorded, to be cut in its turn: beyond the end of every doubt."""
THROWN = (Policy.PREFIX, Policy.SUBSET, Policy.TORN)
INDEX_HEAD, COUNTED = 48, slice(16, 40)
"""Of the index of a log: octets of its first header, and where that has the last valid frame, pages, checksum of all frames, and salt.
Source: SQLite WAL-mode file format §2.1."""
INDEX = f"{DATABASE}-shm"
MERELY_TOLD = (Shown, Ended, Head)
"""What changes nothing for the engine; of states that differ by these alone, the one that was told most is recovered."""


class Cut(msgspec.Struct, frozen=True):
    """Where and how: `place` entries of the journal had happened; `throw`: of the dice; `inside`: the recovery from which cut."""

    place: int
    policy: Policy
    throw: int = 0
    inside: Cut | None = None

    def __str__(self) -> str:
        where = f"place {self.place}, {self.policy}, throw {self.throw}"
        return f"{self.inside}; in its recovery {where}" if self.inside else where


class Failure(msgspec.Struct, frozen=True):
    """What did not hold after a cut."""

    cut: Cut
    verdict: Verdict


class Score(msgspec.Struct):
    """What was done. `cuts`: images built; `double`: how many of them inside a recovery; `images`: different ones, all opened;
    `recoveries`: lives after a cut, two for each different database with the world around it, lived to their end and checked."""

    cuts: int = 0
    double: int = 0
    images: int = 0
    recoveries: int = 0
    failures: list[Failure] = msgspec.field(default_factory=list)

    @property
    def broken(self) -> dict[int, int]:
        """Failures by the number of the check; 0: the engine gave up."""
        found: dict[int, int] = {}
        for failure in self.failures:
            found[failure.verdict.check] = found.get(failure.verdict.check, 0) + 1
        return dict(sorted(found.items()))


class _State(msgspec.Struct, frozen=True):
    """A database that cuts leave: the last cut that does, its image, and the world by then."""

    cut: Cut
    image: Image
    past: tuple[Seen, ...] = ()
    seen: int = 0


class Campaign:
    """`throws`: of the dice at each place, for each policy that has any; `every`: cut at one of so many places only; `grouped`: lives
    that are recorded commit in groups; `lasts_s`: how much of the script is recorded: the same, as far as it goes."""

    def __init__(
        self,
        *,
        seed: int = 1,
        bug: Bug | None = None,
        throws: int = 2,
        every: float = 1.0,
        grouped: bool = False,
        lasts_s: float = END_S,
    ) -> None:
        self._lasts_s = lasts_s
        self._since = 0.0
        self._until: int | None = None
        self._is_short = False
        self._grouped = grouped
        self._seed = seed
        self._bug = bug
        self._throws = throws
        self._every = every
        self._score = Score()

    def run(self, *, inside: int = 0, places: int = 1, since_s: float = 0.0, until: int | None = None, is_short: bool = False) -> Score:
        """Cut one recording, from `since_s` seconds of the script on, then `inside` of the recoveries, each of these at `places` places.

        `until`: stop as soon as this check has failed; `is_short`: live each state on once, soon or later as the dice say, and not both.
        """
        self._since, self._until, self._is_short = START + since_s, until, is_short
        recording = self._record()
        with desk_space() as space:
            states = self._cut(recording, space, every=self._every)
            chance = random.Random(f"inside {self._seed}")
            for state in chance.sample(states, min(inside, len(states))):
                again = self._recorded_recovery(state, recording.marker, space)
                self._cut(again, space, every=max(1.0, len(again.entries) / places), inside=state.cut)
        return self._score

    def replay(self, cut: Cut) -> list[Verdict]:
        """One cut again, as it was in run() with the same seed; what did not hold."""
        recording = self._record()
        with desk_space() as space:
            if cut.inside is not None:
                recording = self._recorded_recovery(self._arrive(recording, cut.inside), recording.marker, space)
            state = self._arrive(recording, cut)
            self._recover({b"": state}, list(state.past), recording.marker, space)
        return [failure.verdict for failure in self._score.failures]

    def _record(self) -> Recording:
        recording = record(seed=self._seed, bug=self._bug, grouped=self._grouped, lasts_s=self._lasts_s)
        self._fail(Cut(0, Policy.ALL), (Verdict(0, fault) for fault in recording.faults))
        return recording

    def _arrive(self, recording: Recording, cut: Cut) -> _State:
        platter, past = Platter(recording.image), list(recording.past)
        for entry in recording.entries[: cut.place]:
            if isinstance(entry, Seen):
                past.append(entry)
            else:
                platter.feed(entry)
        return _State(cut, self._image(platter, cut), tuple(past), len(past))

    def _image(self, platter: Platter, cut: Cut) -> Image:
        return platter.image(cut.policy, random.Random(f"{self._seed} {cut}"))

    def _cut(self, recording: Recording, space: Path, *, every: float, inside: Cut | None = None) -> list[_State]:
        """Cut at one of `every` places, which are spread evenly; the states that were recovered."""
        platter, reader = Platter(recording.image), _Reader(Path(tempfile.mkdtemp(dir=space)))
        past, waiting, done = list(recording.past), dict[bytes, _State](), list[_State]()
        phase, now = random.Random(f"places {self._seed} {inside}").random(), 0.0
        for place, entry in enumerate(recording.entries, 1):
            if isinstance(entry, Seen):
                if not isinstance(entry, MERELY_TOLD):
                    done += self._recover(waiting, past, recording.marker, space)
                past.append(entry)
                now = max(now, getattr(entry, "at", 0.0))
            else:
                platter.feed(entry)
            if self._until in self._score.broken:
                break
            if now >= self._since and int(place / every + phase) > int((place - 1) / every + phase):
                for state in self._states(platter, Cut(place, Policy.NONE, inside=inside), seen=len(past)):
                    self._note(state, reader, waiting)
        done += self._recover(waiting, past, recording.marker, space)
        self._score.images += reader.opened
        return done

    def _states(self, platter: Platter, here: Cut, *, seen: int) -> Iterator[_State]:
        """What the platter may hold at one place."""
        throws = [(policy, throw) for policy in THROWN for throw in range(self._throws if platter.pending else 0)]
        for policy, throw in ((Policy.NONE, 0), (Policy.ALL, 0), *throws):
            cut = msgspec.structs.replace(here, policy=policy, throw=throw)
            self._score.cuts += 1
            self._score.double += cut.inside is not None
            yield _State(cut, self._image(platter, cut), seen=seen)

    def _note(self, state: _State, reader: _Reader, waiting: dict[bytes, _State]) -> None:
        try:
            waiting[reader.content(state.image)] = state
        except sqlite3.DatabaseError as error:
            self._fail(state.cut, (Verdict(1, f"the database cannot be opened: {error}"),))

    def _recover(self, waiting: dict[bytes, _State], past: list[Seen], marker: bytes, space: Path) -> list[_State]:
        """Live each state that waits to its end, in the world that there was when it last arose."""
        states = [msgspec.structs.replace(state, past=tuple(past[: state.seen])) for state in waiting.values()]
        waiting.clear()
        for state in states:
            put_down(state.image, marker, space / "life")
            self._fail(state.cut, at_the_cut(Ledger(space / "life" / DATABASE), World(past=state.past)))
            for downtime_s in self._downtimes(state.cut):
                self._fail(state.cut, self._live_on(state, marker, space / "life", downtime_s))
        return states

    def _downtimes(self, cut: Cut) -> tuple[float, ...]:
        chance = random.Random(f"later {cut}")
        both = (SOON_S, chance.choice(LATER_S))
        return (both[chance.random() < LATER_SHARE],) if self._is_short else both

    def _live_on(self, state: _State, marker: bytes, folder: Path, downtime_s: float) -> Iterator[Verdict]:
        put_down(state.image, marker, folder)
        world = World(past=state.past)
        self._score.recoveries += 1
        try:
            faults = live(Life(folder, world.now + downtime_s, REST_S, bug=self._bug, seed=_order(state.cut)), world)
        except (FenghuoError, sqlite3.DatabaseError) as error:
            faults = [f"it does not start: {error!r}"]
        yield from (Verdict(0, fault) for fault in faults)
        yield from at_the_end(Ledger(folder / DATABASE), world)

    def _recorded_recovery(self, state: _State, marker: bytes, space: Path) -> Recording:
        folder, journal = space / "again", Journal()
        put_down(state.image, marker, folder)
        recorder, world = Recorder(journal), World(journal, state.past)
        life = Life(folder, world.now + SOON_S, RECORDED_S, recorder=recorder, bug=self._bug, seed=_order(state.cut), grouped=self._grouped)
        faults = live(life, world)
        recorder.close()
        self._fail(state.cut, (Verdict(0, fault) for fault in faults))
        return Recording(state.image, marker, state.past, tuple(journal.entries))

    def _fail(self, cut: Cut, verdicts: Iterable[Verdict]) -> None:
        self._score.failures += [Failure(cut, verdict) for verdict in verdicts]


class _Reader:
    """Opens images and says which hold the same database. `opened`: how many different ones there were."""

    def __init__(self, folder: Path) -> None:
        self._place_of = {name: f"{folder}/{name}" for name in (*FILES, INDEX)}
        self._placed: Image = {}
        self._known: dict[bytes, bytes] = {}
        self._read: dict[bytes, bytes] = {}
        self._names: dict[str, tuple[bytes, bytes]] = {}
        self.opened = 0

    def content(self, image: Image) -> bytes:
        """A hash over the database that SQLite finds in an image. Raises: sqlite3.DatabaseError."""
        name = b"".join(file.encode() + self._name(file, octets) for file, octets in sorted(image.items()))
        known = self._known.get(name)
        if known is None:
            self.opened += 1
            known = self._known[name] = self._open(image)
        return known

    def _name(self, file: str, octets: bytes) -> bytes:
        """A hash of a file, made once for octets that the platter gives again and again."""
        last, name = self._names.get(file, (b"", b""))
        if last is not octets:
            name = hashlib.sha1(octets, usedforsecurity=False).digest()
            self._names[file] = (octets, name)
        return name

    def _open(self, image: Image) -> bytes:
        """Read-only, so that nothing is moved from the log into the database, and an unchanged file need not be put down again.

        What SQLite took from the log stands in the index that it makes of it; together with the database's own octets that says what is
        read, and the whole need be fetched but once.
        """
        self._place(image)
        with closing(sqlite3.connect(f"file:{self._place_of[DATABASE]}?mode=ro", uri=True, isolation_level=None)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            name = self._names.get(DATABASE, (b"", b""))[1] + self._taken()
            if name not in self._read:
                self._read[name] = hashlib.sha1(connection.serialize(), usedforsecurity=False).digest()
            return self._read[name]

    def _taken(self) -> bytes:
        """How many frames of the log count, and their checksum, as the index has it; nothing without a log."""
        try:
            with open(self._place_of[INDEX], "rb") as file:
                return file.read(INDEX_HEAD)[COUNTED]
        except FileNotFoundError:
            return b""

    def _place(self, image: Image) -> None:
        changed = {name: octets for name, octets in image.items() if self._placed.get(name) is not octets}
        gone = [name for name in self._placed if name not in image]
        for name, octets in changed.items():
            with open(self._place_of[name], "wb") as file:
                file.write(octets)
        for name in (*gone, INDEX):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._place_of[name])
        self._placed = image


def _order(cut: Cut) -> int:
    """The seed of the life after a cut: of what is ready at once, another comes first after each."""
    return zlib.crc32(str(cut).encode())
