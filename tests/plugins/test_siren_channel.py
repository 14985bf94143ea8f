"""Sirens at pymodbus's server, which runs in a process of its own; what happened is read in its log of coils."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from fenghuo import (
    AttemptRef,
    Evidence,
    InboundKind,
    NotReady,
    Permanent,
    PowerLevel,
    ProbeBudget,
    Reached,
    Scope,
    Token,
    Transient,
    Unknown,
    Withdrawn,
)
from fenghuo.plugin.context import LoneNotes
from tests.peers.modbus import Sirens
from tests.plugins.siren_fakes import DOGGED, STOPPABLE, UNWATCHED, Job, report_of, running, settings_of

pytestmark = pytest.mark.peer

ACCEPTED = Reached(Evidence.ACCEPTED)
REF = AttemptRef(Token("t-1"), 1, "1/1")


@pytest.fixture(scope="module")
def cabinet() -> Iterator[Sirens]:
    with Sirens() as there:
        yield there


@pytest.fixture
def sirens(cabinet: Sirens) -> Sirens:
    """The one cabinet of this module, as if it were new."""
    cabinet.reset()
    return cabinet


async def test_an_order_sounds_one_siren_once_and_the_sensor_makes_it_aired(sirens: Sirens) -> None:
    """The relay's echo is ACCEPTED; AIRED is what the sensor shows."""
    async with running(settings_of(sirens)) as run:
        assert ACCEPTED == await run.channel.send(Job("1/1"))
        late = await run.inbound()
        assert (InboundKind.LATE_OUTCOME, Evidence.AIRED, "t-1") == (late.kind, late.level, late.token)
    assert ["1/1"] == [line["coil"] for line in sirens.starts()]


async def test_the_longest_on_time_is_at_the_device_before_the_relay_closes(sirens: Sirens) -> None:
    """In its own units, so that it ends the sound also when nobody here lives."""
    async with running(settings_of(sirens)) as run:
        await run.channel.send(Job("1/2"))
    writes = [(line["write"], line.get("value", line.get("on"))) for line in sirens.log if "write" in line]
    assert [("timer", 50), ("coil", True)] == writes


async def test_without_a_sensor_nothing_is_more_than_accepted(sirens: Sirens) -> None:
    """A relay that closed is no sound."""
    async with running(settings_of(sirens, feedback="none", feedback_at=-1)) as run:
        assert ACCEPTED == await run.channel.send(Job("1/1"))
        await asyncio.sleep(0.4)
        assert [] == run.heard
        assert ACCEPTED == await run.channel.query(REF)
    assert 0 == run.vouched


async def test_a_current_below_the_threshold_is_no_sound(sirens: Sirens) -> None:
    """The motor of 1/1 stands still at 3 units of current; that of 1/2 draws 82."""
    sirens.do("dead 1/1")
    async with running(settings_of(sirens, feedback="register", feedback_at=400, threshold=50)) as run:
        await run.channel.send(Job("1/1", "t-1"))
        await run.channel.send(Job("1/2", "t-2"))
        assert "t-2" == (await run.inbound()).token
        assert [] == run.heard


async def test_it_ends_by_itself_when_its_time_is_over(sirens: Sirens) -> None:
    """Where the device has no timer, by our own hand."""
    async with running(settings_of(sirens, **UNWATCHED, sound_s=1.2)) as run:
        await run.channel.send(Job("1/1"))
        await sirens.until(lambda: sirens.ends())
    (start,), (end,) = sirens.starts(), sirens.ends()
    assert 1.2 == pytest.approx(end["at"] - start["at"], abs=0.3)
    assert "master" == end["by"]


@pytest.mark.parametrize("by", ["order", "cancel", "disarm"])
async def test_a_stop_is_silence(sirens: Sirens, by: str) -> None:
    """A Cancel, cancel() and the switch; within 200 ms, as test_stops.py shows on virtual time."""
    async with running(settings_of(sirens)) as run:
        await run.channel.send(Job("1/1"))
        await run.inbound()
        if by == "order":
            assert Reached(Evidence.AIRED) == await run.channel.send(Job("1/1", "t-2", stop=True))
        elif by == "cancel":
            await run.channel.cancel(REF)
        else:
            await run.channel.set_power(PowerLevel.LISTEN)
        await sirens.until(lambda: sirens.ends("1/1"))
    assert 1 == len(sirens.starts())


async def test_a_stop_that_overtakes_its_start_keeps_it_silent(sirens: Sirens) -> None:
    """It comes while the start lets others pass, and the relay never closes."""
    async with running(settings_of(sirens)) as run:
        start = Job("1/1")

        async def stopped() -> None:
            await run.channel.send(Job("1/1", "t-2", stop=True))

        start.emission.on_turn = stopped
        assert Permanent(Scope.MESSAGE, "stopped-before-it-began") == await run.channel.send(start)
    assert [] == sirens.starts()


async def test_a_withdrawn_order_never_reaches_the_relay(sirens: Sirens) -> None:
    """The last look is right before it."""
    async with running(settings_of(sirens)) as run:
        job = Job("1/1")
        job.emission.is_withdrawn = True
        with pytest.raises(Withdrawn):
            await run.channel.send(job)
    assert [] == sirens.starts()


@pytest.mark.parametrize("armed", [None, datetime(2020, 1, 1, tzinfo=UTC)])
async def test_nothing_sounds_before_a_person_has_armed_it(sirens: Sirens, armed: datetime | None) -> None:
    """After the install it is off; an instant before it counts as none. A stop goes all the same."""
    async with running(settings_of(sirens, armed=armed)) as run:
        assert Permanent(Scope.RECIPIENT, "not-armed") == await run.channel.send(Job("1/1"))
        sirens.do("force 1/1 on")
        await sirens.until(lambda: sirens.starts())
        assert isinstance(await run.channel.send(Job("1/1", "t-2", stop=True)), Reached)
    assert ["hand"] == [line["by"] for line in sirens.starts()]


@pytest.mark.parametrize(
    ("address", "code"), [("9/1", "no-such-siren"), ("1/4", "no-such-siren"), ("0", "no-such-siren"), ("北门", "no-such-siren")]
)
async def test_an_address_that_is_not_listed_is_never_touched(sirens: Sirens, address: str, code: str) -> None:
    """Also where the unit is there."""
    async with running(settings_of(sirens)) as run:
        job = Job(address)
        assert Permanent(Scope.RECIPIENT, code) == await run.channel.send(job)
        assert 0 == job.begun


async def test_a_siren_that_sounds_without_our_order_is_reported_once(sirens: Sirens) -> None:
    """To those whom the settings name; it is not touched, for somebody may mean it."""
    async with running(settings_of(sirens, alarm_to=("role:duty_officer",))) as run:
        sirens.do("force 2/1 on")
        report = report_of(await run.inbound())
        assert (["role:duty_officer"], "Report", "警报器2/1异常鸣响") == (report["to"], report["kind"], report["subject"])
        await asyncio.sleep(0.3)
        assert [] == run.heard
    assert [] == sirens.ends()


async def test_a_siren_held_stopped_on_the_spot_is_not_started(sirens: Sirens) -> None:
    """And one that is stopped there while it sounds stays so."""
    async with running(settings_of(sirens, **STOPPABLE)) as run:
        await run.channel.send(Job("1/1"))
        sirens.do("held 1/1 on")
        await sirens.until(lambda: sirens.ends())
        outcome = await run.channel.send(Job("1/1", "t-2"))
        assert Transient(Scope.RECIPIENT, "held-stopped-at-the-siren") == outcome
    assert 1 == len(sirens.starts())


async def test_one_order_after_the_other_does_not_pass_the_longest_on_time(sirens: Sirens) -> None:
    """Each prolongs it; together they are bounded from the first start."""
    async with running(settings_of(sirens, **UNWATCHED, sound_s=1.0, max_on_s=1.6)) as run:
        for number in range(4):
            await run.channel.send(Job("1/1", f"t-{number}"))
            await asyncio.sleep(0.3)
        await sirens.until(lambda: sirens.ends())
    assert 1.9 > sirens.ends()[0]["at"] - sirens.starts()[0]["at"]
    assert 1 == len(sirens.starts())


async def test_a_watchdog_ends_what_nobody_keeps_alive() -> None:
    """While the channel lives it is fed; it opens the relay when the channel has gone."""
    with Sirens(watchdog_s=0.3) as sirens:
        async with running(settings_of(sirens, **DOGGED, watchdog_s=0.2, sound_s=60.0, max_on_s=60.0)) as run:
            await run.channel.send(Job("1/1"))
            await asyncio.sleep(0.6)
            assert [] == sirens.ends()
        await sirens.until(lambda: sirens.ends())
        assert "watchdog" == sirens.ends()[0]["by"]


async def test_what_only_we_can_end_is_ended_when_we_stop(sirens: Sirens) -> None:
    """What the device ends by itself goes on."""
    async with running(settings_of(sirens, **UNWATCHED)) as run:
        await run.channel.send(Job("1/1"))
    assert "master" == sirens.ends("1/1")[0]["by"]
    async with running(settings_of(sirens)) as run:
        await run.channel.send(Job("1/2"))
    await asyncio.sleep(0.2)
    assert [] == sirens.ends("1/2")


# Death.


async def test_a_controller_that_dies_with_the_relay_closed_is_not_started_again() -> None:
    """It was killed on the write itself: whether anybody heard it nobody can say, and nobody here guesses."""
    with Sirens(die_on="coil") as sirens:
        async with running(settings_of(sirens)) as run:
            assert isinstance(await run.channel.send(Job("1/1")), Unknown)
            await sirens.died()
            sirens.options = {}
            sirens.start()
            answer = await run.channel.query(REF)
        assert isinstance(answer, Unknown), answer
        assert 1 == len(sirens.starts())


async def test_a_controller_that_dies_before_the_relay_is_written_leaves_no_doubt() -> None:
    """It is certain that nothing sounded, and the core may try again."""
    with Sirens(die_on="timer") as sirens:
        async with running(settings_of(sirens)) as run:
            assert isinstance(await run.channel.send(Job("1/1")), Transient)
            await sirens.died()
        assert [] == sirens.starts()


async def test_a_dead_line_is_told_once_and_comes_back() -> None:
    """Down when no siren answers, up when one does; meanwhile nothing is begun."""
    with Sirens() as sirens:
        async with running(settings_of(sirens)) as run:
            await sirens.until(lambda: run.vouched)
            sirens.kill()
            await sirens.until(lambda: run.told)
            job = Job("1/1")
            assert Transient(Scope.CHANNEL, "line-down") == await run.channel.send(job)
            assert 0 == job.begun
            sirens.start()
            await sirens.until(lambda: len(run.told) == 2)
            assert [False, True] == [up for up, _ in run.told]
            assert ACCEPTED == await run.channel.send(Job("1/1"))
        assert 2 == run.vouched


async def test_a_controller_that_is_away_at_the_start_is_waited_for() -> None:
    """The supervisor tries again."""
    sirens = Sirens()
    with pytest.raises(NotReady, match="cannot be opened"):
        async with running(settings_of(sirens, port=9)):
            pass


async def test_the_next_process_knows_what_was_started_and_ends_it(sirens: Sirens) -> None:
    """By its notes: what they name was started, what they do not name never was."""
    notes = LoneNotes()
    settings = settings_of(sirens, sound_s=1.5)
    async with running(settings, notes=notes) as run:
        await run.channel.send(Job("1/1"))
    async with running(settings, notes=notes) as run:
        await run.inbound()
        assert Reached(Evidence.AIRED) == await run.channel.query(REF)
        never = AttemptRef(Token("t-9"), 1, "1/2")
        assert Transient(Scope.RECIPIENT, "never-started") == await run.channel.query(never)
        await sirens.until(lambda: sirens.ends())
    assert 1 == len(sirens.starts())


async def test_an_upgrade_takes_the_arming_away(sirens: Sirens) -> None:
    """The notes say which version ran; an instant before the new one counts as none."""
    notes = LoneNotes()
    before = datetime.now(UTC) - timedelta(hours=1)
    await notes.keep({"running": f"0.0.9 {before.timestamp()!r}"})
    async with running(settings_of(sirens, armed=before), notes=notes) as run:
        assert Permanent(Scope.RECIPIENT, "not-armed") == await run.channel.send(Job("1/1"))


async def test_a_probe_says_how_long_the_first_siren_took(sirens: Sirens) -> None:
    """Without a sound."""
    async with running(settings_of(sirens)) as run:
        result = await run.channel.probe(ProbeBudget())
    assert result.answered
    assert "1/1 answers" == result.detail
    assert [] == sirens.starts()
