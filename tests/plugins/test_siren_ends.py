"""Every sound has an end: of a process that died, of a start whose echo was lost or that is on its way when somebody means silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from fenghuo import AttemptRef, Evidence, Permanent, PowerLevel, Reached, Scope, Token, Unknown
from fenghuo.plugin.context import LoneNotes
from fenghuo_siren.plays import Attempt
from fenghuo_siren.settings import Place
from tests.plugins.siren_bench import Bench, FarBench, bench, settings_at
from tests.plugins.siren_fakes import Job, Running, running

ROOF = (1, 0)
REF = AttemptRef(Token("t-1"), 1, "1/1")


async def notes_of_the_dead(*, started_s_ago: float, sound_s: float, is_over: bool = False) -> LoneNotes:
    """What a process leaves that was killed after it had started 1/1."""
    notes, at = LoneNotes(), (datetime.now(UTC) - timedelta(seconds=started_s_ago)).timestamp()
    left = Attempt(Token("t-1"), 1, Place(1), at, at + sound_s, is_started=True, is_over=is_over)
    await notes.keep({left.name: msgspec.json.encode(left).decode()})
    return notes


async def test_what_a_dead_process_left_on_is_opened_also_after_its_time() -> None:
    """It was down for longer than the sound should have lasted, and the relay knows of no end."""
    async with bench() as there:
        there.coils[ROOF] = True
        async with running(settings_at(there), notes=await notes_of_the_dead(started_s_ago=300, sound_s=60)):
            await there.until(lambda: not there.coils[ROOF])


async def test_what_we_ended_and_somebody_switched_on_since_is_left_alone() -> None:
    """A hand at the cabinet may mean it."""
    async with bench() as there:
        there.coils[ROOF] = True
        async with running(settings_at(there), notes=await notes_of_the_dead(started_s_ago=300, sound_s=60, is_over=True)):
            await asyncio.sleep(0.4)
        assert [] == there.writes


async def test_what_was_ended_is_noted_as_ended() -> None:
    """Else the next process would take a hand's start for ours."""
    notes = LoneNotes()
    async with bench() as there:
        async with running(settings_at(there), notes=notes) as run:
            await run.channel.send(Job("1/1"))
            await run.channel.send(Job("1/1", "t-2", stop=True))
        there.coils[ROOF], count = True, len(there.writes)
        async with running(settings_at(there), notes=notes):
            await asyncio.sleep(0.4)
        assert count == len(there.writes)


async def test_a_start_whose_echo_was_lost_ends_in_time() -> None:
    """The unit has closed the relay and nobody has heard so; then the line is away for longer than the sound."""
    async with bench() as there, running(settings_at(there)) as run:
        there.is_mute = True
        assert isinstance(await run.channel.send(Job("1/1")), Unknown)
        there.hung.add(1)
        await asyncio.sleep(1.2)
        there.is_mute = False
        there.hung.clear()
        assert there.coils[ROOF]
        await there.until(lambda: not there.coils[ROOF])


async def test_a_look_that_began_before_the_relay_closed_ends_no_play() -> None:
    """It has read the relay, and the start is written before it reads the rest: who took it for a device's own end would end it no more."""
    async with bench() as there:
        slow = settings_at(there, sirens=("1/1",), stop_input=64, feedback="register", feedback_at=400, feedback_s=0.001, answer_s=5.0)
        async with running(slow) as run:
            await straddling(there, run)


async def straddling(there: Bench, run: Running) -> None:
    """Start it while a look has asked for the relay and not yet for the sensor, and see it end."""
    job = Job("1/1")

    async def asked() -> None:
        there.sees.clear()
        there.is_asked = False
        await there.until(lambda: there.is_asked)
        asyncio.get_running_loop().call_soon(there.sees.set)

    job.emission.on_turn = asked
    assert Reached(Evidence.ACCEPTED) == await run.channel.send(job)
    await there.until(lambda: not there.coils[ROOF])


async def test_a_start_that_is_broken_off_on_its_write_ends_in_time() -> None:
    """The core waits no longer than it was told a start takes; the relay has closed all the same."""
    async with bench() as there, running(settings_at(there)) as run:
        there.goes_on.clear()
        start = asyncio.create_task(run.channel.send(Job("1/1")))
        await there.until(lambda: there.writes)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        there.goes_on.set()
        await there.until(lambda: not there.coils[ROOF])


async def test_a_stop_of_the_service_waits_for_the_write_under_way() -> None:
    """And ends what it has begun."""
    async with bench() as there:
        async with running(settings_at(there, sound_s=4.0)) as run:
            there.goes_on.clear()
            start = asyncio.create_task(run.channel.send(Job("1/1")))
            await there.until(lambda: there.writes)
            asyncio.get_running_loop().call_later(0.1, there.goes_on.set)
        assert Reached(Evidence.ACCEPTED) == await start
        assert not there.coils[ROOF]


async def test_whoever_switches_it_off_stops_also_what_is_on_its_way() -> None:
    """Nothing sounds yet, so there is nothing to open; the relay is not written any more."""
    async with bench() as there, running(settings_at(there)) as run:
        job = Job("1/1")
        job.emission.on_turn = lambda: run.channel.set_power(PowerLevel.LISTEN)
        assert Permanent(Scope.MESSAGE, "stopped-before-it-began") == await run.channel.send(job)
        assert [] == there.writes


async def test_what_was_on_its_way_stays_stopped_when_it_is_switched_on_again() -> None:
    """Off and on is a stop all the same."""
    async with bench() as there, running(settings_at(there)) as run:
        job = Job("1/1")

        async def off_and_on() -> None:
            await run.channel.set_power(PowerLevel.LISTEN)
            await run.channel.set_power(PowerLevel.FULL)

        job.emission.on_turn = off_and_on
        assert Permanent(Scope.MESSAGE, "stopped-before-it-began") == await run.channel.send(job)
        assert [] == there.writes


async def test_whoever_switches_it_off_opens_the_relay_that_is_being_closed() -> None:
    """The write is under way and nothing is known to sound."""
    async with bench() as there, running(settings_at(there, sound_s=4.0)) as run:
        there.goes_on.clear()
        start = asyncio.create_task(run.channel.send(Job("1/1")))
        await there.until(lambda: there.writes)
        asyncio.get_running_loop().call_later(0.1, there.goes_on.set)
        await run.channel.set_power(PowerLevel.LISTEN)
        assert not there.coils[ROOF]
        await start
        assert [True, False, False] == [on for *_, on in there.writes], "behind the start, and once more when its echo has come"


@pytest.mark.parametrize("is_order", [True, False])
async def test_a_stop_waits_for_no_echo_of_the_start_that_it_ends(*, is_order: bool) -> None:
    """The relay is closed, and the echo is on its way through a slow modem: a Cancel, or whoever switches the siren off, opens it before.
    When the echo has come it is told once more, for of the first word nobody awaits the answer."""
    async with bench(FarBench) as there, running(settings_at(there, sound_s=4.0, answer_s=5.0)) as run:
        there.goes_on.clear()
        start = asyncio.create_task(run.channel.send(Job("1/1")))
        await there.until(lambda: there.writes)
        stops: Callable[[], Coroutine[object, object, object]] = partial(run.channel.send, Job("1/1", "t-2", stop=True))
        stopping = asyncio.create_task(stops() if is_order else run.channel.set_power(PowerLevel.LISTEN))
        await there.until(lambda: len(there.writes) > 1)
        assert (False, False, False) == (there.coils[ROOF], start.done(), stopping.done())
        there.goes_on.set()
        assert Reached(Evidence.ACCEPTED) == await start
        assert (Reached(Evidence.ACCEPTED) if is_order else None) == await stopping
        assert [True, False, False] == [on for *_, on in there.writes]


async def test_a_stop_opens_no_relay_that_another_message_is_closing() -> None:
    """The one sounds and is cancelled while the echo of the other's start is on its way: the siren sounds on for that."""
    async with bench(FarBench) as there, running(settings_at(there, sound_s=4.0, answer_s=5.0)) as run:
        await run.channel.send(Job("1/1"))
        there.goes_on.clear()
        other = asyncio.create_task(run.channel.send(Job("1/1", "t-2", about="other")))
        await there.until(lambda: len(there.writes) > 1)
        stop = asyncio.create_task(run.channel.send(Job("1/1", "t-3", stop=True)))
        for _ in range(20):
            await asyncio.sleep(0)
        there.goes_on.set()
        assert [Reached(Evidence.ACCEPTED)] * 2 == [*await asyncio.gather(other, stop)]
        assert [True, True] == [on for *_, on in there.writes]
