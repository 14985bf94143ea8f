"""What is remembered of starts: in the notes, and only for as long as it matters."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator

import pytest

import fenghuo_siren
from fenghuo import AttemptRef, Recalled, Token, installed_version
from fenghuo.plugin.context import LoneNotes
from fenghuo_siren.plays import Attempt, Plays
from fenghuo_siren.settings import Place

NOW = 1_790_000_000.0
DAY_S = 86_400.0
ROOF = Place(1, 1)


@pytest.fixture
def next_process() -> Iterator[Callable[[], None]]:
    """Nothing that was read before is known any more."""
    yield installed_version.cache_clear
    installed_version.cache_clear()


class Restored(LoneNotes):
    """Notes of a store that went back in time an hour ago."""

    async def recall(self) -> Recalled:
        return Recalled((await super().recall()).values, NOW - 3600.0)


def attempt(token: str = "t", *, at: float = NOW, ends_at: float = NOW + 60) -> Attempt:
    return Attempt(Token(token), 1, ROOF, at, ends_at)


def ref(token: str = "t") -> AttemptRef:
    return AttemptRef(Token(token), 1, str(ROOF))


async def test_what_is_meant_and_what_has_begun_outlives_the_process() -> None:
    """Both are on the disk before anything else happens."""
    notes = LoneNotes()
    plays = Plays(notes)
    await plays.recall(NOW)
    await plays.mean(attempt("meant"))
    await plays.mean(attempt("begun"))
    await plays.began(attempt("begun"))
    after = Plays(notes)
    await after.recall(NOW + 1)
    found = [after.tried(ref(token)) for token in ("meant", "begun", "never")]
    assert [False, True, None] == [one and one.is_started for one in found]


async def test_what_is_older_than_two_days_is_forgotten() -> None:
    """Its message has expired, and the notes do not grow for ever."""
    notes = LoneNotes()
    plays = Plays(notes)
    await plays.recall(NOW)
    await plays.mean(attempt("old"))
    after = Plays(notes)
    await after.recall(NOW + 3 * DAY_S)
    assert ["running"] == list((await notes.recall()).values)


async def test_since_when_this_version_runs_is_noted_once() -> None:
    """A restart changes nothing."""
    notes = LoneNotes()
    first, second = Plays(notes), Plays(notes)
    await first.recall(NOW)
    await second.recall(NOW + 100)
    assert [NOW, NOW] == [first.since, second.since]


@pytest.mark.may_block("the next process reads the installed version anew, here inside the loop")
async def test_the_next_release_is_seen_by_being_installed(monkeypatch: pytest.MonkeyPatch, next_process: Callable[[], None]) -> None:
    """The version is that of the installed distribution: nobody has to remember to write it anywhere else."""
    notes = LoneNotes()
    before, running_on, after = Plays(notes), Plays(notes), Plays(notes)
    await before.recall(NOW)
    assert (await notes.recall()).values["running"].startswith(f"{importlib.metadata.version('fenghuo')}+")
    monkeypatch.setattr("importlib.metadata.version", {"fenghuo": "99.0.0"}.__getitem__)
    await running_on.recall(NOW + 100)
    assert NOW == running_on.since
    next_process()
    await after.recall(NOW + 200)
    assert NOW + 200 == after.since
    assert "99.0.0" == fenghuo_siren.fenghuo_plugin().version


@pytest.mark.may_block("the next process reads the installed version anew, here inside the loop")
async def test_what_was_never_installed_is_new_at_each_start(monkeypatch: pytest.MonkeyPatch, next_process: Callable[[], None]) -> None:
    """Nobody could see its upgrade."""

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    notes = LoneNotes()
    next_process()
    monkeypatch.setattr("importlib.metadata.version", missing)
    first, second = Plays(notes), Plays(notes)
    await first.recall(NOW)
    await second.recall(NOW + 100)
    assert [NOW, NOW + 100] == [first.since, second.since]


async def test_after_a_restore_a_missing_note_says_nothing_for_two_days() -> None:
    """The start may be one of the time that was lost."""
    plays, whole = Plays(Restored()), Plays(LoneNotes())
    await plays.recall(NOW)
    await whole.recall(NOW)
    assert [False, True, True] == [plays.knows_all(NOW), plays.knows_all(NOW + 2 * DAY_S), whole.knows_all(NOW)]


def test_plays_without_a_pause_are_bounded_from_the_first() -> None:
    """Whatever is ordered meanwhile."""
    plays = Plays(LoneNotes())
    plays.begin(attempt())
    assert NOW + 30 + 60 == plays.until(ROOF, NOW + 30, sound_s=60, max_on_s=100)
    plays.begin(attempt("u", at=NOW + 30, ends_at=NOW + 90))
    assert NOW + 100 == plays.until(ROOF, NOW + 80, sound_s=60, max_on_s=100)
    assert NOW + 80 + 60 == plays.until(Place(2), NOW + 80, sound_s=60, max_on_s=100)


async def test_the_newest_start_that_nobody_has_ended_was_left_behind() -> None:
    """However long ago; told once, and nothing where a relay was opened since."""
    notes = LoneNotes()
    plays = Plays(notes)
    await plays.recall(NOW - 300)
    for token, at in (("first", NOW - 200), ("second", NOW - 100)):
        await plays.mean(attempt(token, at=at, ends_at=at + 60))
    after = Plays(notes)
    await after.recall(NOW)
    assert ["second"] == [left.token for left in after.left_behind(ROOF)]
    assert [] == after.left_behind(ROOF)
    for token in ("first", "second"):
        plays.begin(attempt(token))
    await plays.ended(ROOF, NOW)
    ended = Plays(notes)
    await ended.recall(NOW)
    assert [] == ended.left_behind(ROOF)


async def test_a_start_that_is_noted_after_its_end_stays_ended() -> None:
    """The echo and the stop may be noted in either order."""
    plays = Plays(LoneNotes())
    await plays.mean(attempt())
    plays.begin(attempt())
    await plays.ended(ROOF, NOW)
    await plays.began(attempt())
    known = plays.tried(ref())
    assert known is not None
    assert (True, True) == (known.is_started, known.is_over)


async def test_a_start_that_never_came_to_the_relay_is_forgotten() -> None:
    """Else a hand's start would be taken for it by the next process."""
    notes = LoneNotes()
    plays = Plays(notes)
    await plays.recall(NOW)
    await plays.mean(attempt())
    await plays.forget(attempt())
    assert plays.tried(ref()) is None
    assert ["running"] == list((await notes.recall()).values)


async def test_the_end_of_one_sound_is_not_that_of_a_start_on_its_way() -> None:
    """It is noted before its relay, and the end comes in between."""
    plays = Plays(LoneNotes())
    await plays.mean(attempt())
    await plays.ended(ROOF, NOW)
    known = plays.tried(ref())
    assert known is not None
    assert not known.is_over
