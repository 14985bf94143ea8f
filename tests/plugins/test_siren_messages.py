"""Two messages at one siren: what ends one of them leaves the other its sound."""

from __future__ import annotations

import asyncio

from fenghuo import AttemptRef, CancelResult, Evidence, Permanent, Reached, Scope, Token
from fenghuo.plugin.context import LoneNotes
from tests.plugins.siren_bench import bench, settings_at
from tests.plugins.siren_fakes import Job, running

ROOF, SENSOR = (1, 0), 64
ACCEPTED = Reached(Evidence.ACCEPTED)


async def test_a_cancel_of_one_alert_leaves_the_other_its_sound() -> None:
    """It is silent when the last of them is ended."""
    async with bench() as there, running(settings_at(there, sound_s=4.0)) as run:
        await run.channel.send(Job("1/1", "a", about="A"))
        await run.channel.send(Job("1/1", "b", about="B"))
        assert ACCEPTED == await run.channel.send(Job("1/1", "a-end", stop=True, about="A"))
        assert there.coils[ROOF]
        assert ACCEPTED == await run.channel.send(Job("1/1", "b-end", stop=True, about="B"))
        assert not there.coils[ROOF]


async def test_the_newer_alert_that_is_cancelled_leaves_the_older_its_own_time() -> None:
    """Not the time of the one that has ended."""
    async with bench() as there, running(settings_at(there, sound_s=1.2)) as run:
        await run.channel.send(Job("1/1", "a", about="A"))
        await asyncio.sleep(0.5)
        await run.channel.send(Job("1/1", "b", about="B"))
        assert CancelResult.TOO_LATE == await run.channel.cancel(AttemptRef(Token("b"), 1, "1/1"))
        assert there.coils[ROOF]
        await there.until(lambda: not there.coils[ROOF])
    assert 1.5 > there.writes[-1][0] - there.writes[0][0]


async def test_the_sensor_speaks_for_every_order_that_sounds_there() -> None:
    """The second was given before it did, and took nothing from the first."""
    async with bench() as there, running(settings_at(there, sound_s=4.0, feedback="input", feedback_at=SENSOR)) as run:
        await run.channel.send(Job("1/1", "a", about="A"))
        await run.channel.send(Job("1/1", "b", about="B"))
        there.inputs.add((1, SENSOR))
        late = [await run.inbound(), await run.inbound()]
    assert {("a", Evidence.AIRED), ("b", Evidence.AIRED)} == {(one.token, one.level) for one in late}


async def test_a_cancel_ends_every_update_of_its_alert() -> None:
    """They have its id."""
    async with bench() as there, running(settings_at(there, sound_s=4.0)) as run:
        await run.channel.send(Job("1/1", "a", about="A"))
        await run.channel.send(Job("1/1", "a-2", about="A"))
        await run.channel.send(Job("1/1", "a-end", stop=True, about="A"))
        assert not there.coils[ROOF]


async def test_a_cancel_of_one_alert_does_not_stop_the_start_of_another_on_its_way() -> None:
    """And does stop its own."""
    async with bench() as there, running(settings_at(there, sound_s=4.0)) as run:
        mine, other = Job("1/1", "a", about="A"), Job("1/1", "b", about="B")

        async def cancelled() -> None:
            await run.channel.send(Job("1/1", "a-end", stop=True, about="A"))

        mine.emission.on_turn = other.emission.on_turn = cancelled
        assert Permanent(Scope.MESSAGE, "stopped-before-it-began") == await run.channel.send(mine)
        assert ACCEPTED == await run.channel.send(other)
        assert there.coils[ROOF]


async def test_the_end_of_one_sound_does_not_stop_the_start_of_the_next_on_its_way() -> None:
    """The time of the first is over while the second lets others pass."""
    async with bench() as there, running(settings_at(there)) as run:
        await run.channel.send(Job("1/1", "a", about="A"))
        other = Job("1/1", "b", about="B")
        other.emission.on_turn = lambda: there.until(lambda: not there.coils[ROOF])
        assert ACCEPTED == await run.channel.send(other)
        assert there.coils[ROOF]


async def test_a_stop_that_is_owed_is_forgiven_when_another_message_sounds_there() -> None:
    """The unit did not answer the Cancel, and answers the next order."""
    async with bench() as there, running(settings_at(there, sound_s=4.0)) as run:
        await run.channel.send(Job("1/1", "a", about="A"))
        there.broken.add(ROOF)
        assert ACCEPTED != await run.channel.send(Job("1/1", "a-end", stop=True, about="A"))
        await asyncio.sleep(0.1)
        there.broken.clear()
        await run.channel.send(Job("1/1", "b", about="B"))
        await asyncio.sleep(1.2)
        assert there.coils[ROOF]


async def test_the_next_process_knows_both() -> None:
    """By the notes of the one that was killed: here one that leaves the sound to the device."""
    notes = LoneNotes()
    async with bench() as there:
        settings = settings_at(there, sound_s=4.0, timer=200)
        async with running(settings, notes=notes) as run:
            await run.channel.send(Job("1/1", "a", about="A"))
            await run.channel.send(Job("1/1", "b", about="B"))
        async with running(settings, notes=notes) as run:
            await asyncio.sleep(0.3)
            await run.channel.send(Job("1/1", "b-end", stop=True, about="B"))
            assert there.coils[ROOF]
            await run.channel.send(Job("1/1", "a-end", stop=True, about="A"))
            assert not there.coils[ROOF]
