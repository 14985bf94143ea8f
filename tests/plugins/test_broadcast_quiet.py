"""A loud channel is off after install, upgrade and restore, and quiet at night; what saves lives sounds all the same."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace

import pytest

import fenghuo_broadcast
from fenghuo import ConfigError, Permanent, Priority, Recalled, Scope, Transient, installed_version
from fenghuo.clock import SystemClock
from fenghuo.formats.wording import BEIJING
from fenghuo.plugin.arming import installed_files
from fenghuo.plugin.context import HostedChannelContext, LoneNotes
from fenghuo_broadcast.quiet import Loudness, LoudSettings, QuietHours

NIGHT = QuietHours.parse(("22:00-06:00",))


def at(hour: int, minute: int = 0, *, day: int = 15) -> datetime:
    return datetime(2026, 7, day, hour, minute, tzinfo=BEIJING)


async def looked(settings: LoudSettings, notes: LoneNotes, now: datetime, *, turned_back_at: float = 0.0) -> Loudness:
    loudness = Loudness(settings)
    recalled = await notes.recall()
    clock = SystemClock(wall=now.timestamp, monotonic=now.timestamp)
    ctx = HostedChannelContext("county", settings, clock, lambda path: path, lambda up, reason: None, notes=notes)
    await loudness.look(ctx, Recalled(recalled.values, turned_back_at))
    return loudness


async def armed_at_nine() -> Loudness:
    return await looked(LoudSettings(armed=at(9)), LoneNotes(), at(9))


@pytest.mark.parametrize(
    ("hour", "minute", "left_h"), [(21, 59, 0), (22, 0, 8), (23, 30, 6.5), (0, 0, 6), (5, 59, 1 / 60), (6, 0, 0), (12, 0, 0)]
)
def test_the_night_goes_over_midnight(hour: int, minute: int, left_h: float) -> None:
    """Its first minute is quiet, the minute of its end is not."""
    assert left_h * 3600 == pytest.approx(NIGHT.left_s(at(hour, minute).timestamp()))


def test_a_siesta_is_a_span_of_one_day() -> None:
    """Two spans stand side by side; none is no quiet at all."""
    both = QuietHours.parse(("22:00-06:00", "12:30-14:00"))
    assert 1800 == both.left_s(at(13, 30).timestamp())
    assert 0 == QuietHours.parse(()).left_s(at(3).timestamp())


async def test_after_an_install_nothing_sounds() -> None:
    """The sentence says what to write, with the instant of now."""
    loudness = await looked(LoudSettings(), LoneNotes(), at(9))
    assert loudness.why_off.startswith("it is not armed: put armed = 2026-07-15T09:00:00+08:00 into [channels.county.settings]")
    said = loudness.refusal(level=1, priority=Priority.P0, is_exercise=False, now=at(9).timestamp())
    assert Permanent(Scope.RECIPIENT, "not-armed") == said


async def test_settings_brought_from_elsewhere_do_not_arm_it() -> None:
    """An instant before the install counts as none."""
    loudness = await looked(LoudSettings(armed=at(9, day=14)), LoneNotes(), at(9))
    assert "it was armed before 2026-07-15 09:00:00" in loudness.why_off


async def test_a_person_arms_it_and_it_stays_so_over_restarts() -> None:
    """Also when it was armed in the minute of the install."""
    notes = LoneNotes()
    assert not (await looked(LoudSettings(armed=at(9)), notes, at(9))).why_off
    assert not (await looked(LoudSettings(armed=at(9)), notes, at(12, day=20))).why_off


async def test_an_upgrade_switches_it_off() -> None:
    """What ran before is another version; the same instant does not count any more, a new one does."""
    notes = LoneNotes()
    await notes.keep({"running": f"0.0.9 {at(8).timestamp()!r}"})
    assert (await looked(LoudSettings(armed=at(9)), notes, at(12))).why_off
    assert (await looked(LoudSettings(armed=at(9)), notes, at(13))).why_off
    assert not (await looked(LoudSettings(armed=at(12, 30)), notes, at(13))).why_off


async def test_a_restore_switches_it_off() -> None:
    """It was armed before the store went back in time."""
    notes = LoneNotes()
    assert not (await looked(LoudSettings(armed=at(9)), notes, at(9))).why_off
    assert (await looked(LoudSettings(armed=at(9)), notes, at(12), turned_back_at=at(11).timestamp())).why_off
    assert not (await looked(LoudSettings(armed=at(12)), notes, at(12), turned_back_at=at(11).timestamp())).why_off


async def test_nobody_arms_it_for_tomorrow() -> None:
    """It would outlive an upgrade of today."""
    with pytest.raises(ConfigError, match="armed 2026-07-16T09:00:00\\+08:00 lies in the future"):
        await looked(LoudSettings(armed=at(9, day=16)), LoneNotes(), at(9))


@pytest.mark.parametrize(
    ("level", "priority", "is_exercise", "sounds"),
    [
        (1, Priority.P1, False, True),
        (2, Priority.P1, False, True),
        (3, Priority.P2, False, False),
        (10, Priority.P4, False, False),
        (10, Priority.P0, False, True),
        (0, Priority.P1, False, False),
        (1, Priority.P0, True, False),
    ],
)
async def test_at_night_only_what_is_severe_sounds(level: int, priority: Priority, is_exercise: bool, sounds: bool) -> None:
    """Red, orange and P0; the rest waits for the morning, and an exercise too, whatever its colour."""
    loudness = await armed_at_nine()
    said = loudness.refusal(level=level, priority=priority, is_exercise=is_exercise, now=at(23).timestamp())
    assert said == (None if sounds else Transient(Scope.RECIPIENT, "quiet-hours", 7 * 3600.0))
    assert loudness.refusal(level=level, priority=priority, is_exercise=is_exercise, now=at(12).timestamp()) is None


async def test_orange_can_be_kept_quiet_too() -> None:
    """As the settings say."""
    loudness = await looked(LoudSettings(armed=at(9), quiet_passes="red"), LoneNotes(), at(9))
    assert loudness.refusal(level=2, priority=Priority.P1, is_exercise=False, now=at(23).timestamp()) is not None
    assert loudness.refusal(level=1, priority=Priority.P1, is_exercise=False, now=at(23).timestamp()) is None


@pytest.mark.parametrize("text", ["22-6", "22:00-24:00", "nights", "22:00 - 06:00"])
def test_a_span_that_is_none_is_told(text: str) -> None:
    """With one that is."""
    with pytest.raises(ValueError, match='is not a span of the day such as "22:00-06:00"'):
        LoudSettings(quiet_hours=(text,))


def test_an_instant_without_a_zone_is_told() -> None:
    """Nobody guesses which clock was meant."""
    with pytest.raises(ValueError, match="has no time zone; write for example armed = 2026-07-15T09:30:00"):
        LoudSettings(armed=datetime(2026, 7, 15, 9))  # noqa: DTZ001  # the mistake


@pytest.fixture
def next_process() -> Iterator[Callable[[], None]]:
    """Nothing that was read before is known any more."""

    def forget() -> None:
        installed_version.cache_clear()
        installed_files.cache_clear()

    yield forget
    forget()


@pytest.mark.may_block("the next process reads the installed files anew, here inside the loop")
async def test_another_build_of_one_release_switches_it_off_too(monkeypatch: pytest.MonkeyPatch, next_process: Callable[[], None]) -> None:
    """Two wheels may have one number: what counts is which files are installed."""
    notes = LoneNotes()
    assert not (await looked(LoudSettings(armed=at(9)), notes, at(9))).why_off
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: SimpleNamespace(read_text={"RECORD": "loop.py,sha256=x,9"}.get))
    monkeypatch.setattr("importlib.metadata.version", {"fenghuo": installed_version()}.__getitem__)
    next_process()
    assert "it was armed before" in (await looked(LoudSettings(armed=at(9)), notes, at(12))).why_off
    assert not (await looked(LoudSettings(armed=at(12)), notes, at(12))).why_off


@pytest.mark.may_block("the next process reads the installed version anew, here inside the loop")
async def test_the_next_release_switches_it_off_by_being_installed(
    monkeypatch: pytest.MonkeyPatch, next_process: Callable[[], None]
) -> None:
    """The version is that of the installed distribution: nobody has to remember to write it anywhere else."""
    notes = LoneNotes()
    assert not (await looked(LoudSettings(armed=at(9)), notes, at(9))).why_off
    assert (await notes.recall()).values["running"].startswith(f"{importlib.metadata.version('fenghuo')}+")
    monkeypatch.setattr("importlib.metadata.version", {"fenghuo": "99.0.0"}.__getitem__)
    assert not (await looked(LoudSettings(armed=at(9)), notes, at(10))).why_off  # it runs on as it was loaded
    next_process()
    assert "it was armed before" in (await looked(LoudSettings(armed=at(9)), notes, at(12))).why_off
    assert not (await looked(LoudSettings(armed=at(12)), notes, at(12))).why_off
    assert "99.0.0" == fenghuo_broadcast.fenghuo_plugin().version


@pytest.mark.may_block("the next process reads the installed version anew, here inside the loop")
async def test_what_was_never_installed_is_armed_anew_at_each_start(
    monkeypatch: pytest.MonkeyPatch, next_process: Callable[[], None]
) -> None:
    """Nobody could see its upgrade."""

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    notes = LoneNotes()
    monkeypatch.setattr("importlib.metadata.version", missing)
    next_process()
    assert not (await looked(LoudSettings(armed=at(9)), notes, at(9))).why_off
    assert (await looked(LoudSettings(armed=at(9)), notes, at(12))).why_off
