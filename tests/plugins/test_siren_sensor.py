"""A sensor that shows sound before anything was started: it vouches for no start and for no channel until it has shown silence."""

from __future__ import annotations

from fenghuo import AttemptRef, Evidence, InboundKind, Reached, Token
from fenghuo.plugin.context import LoneNotes
from tests.plugins.siren_bench import bench, settings_at
from tests.plugins.siren_fakes import Job, report_of, running

ROOF, SENSOR = (1, 0), 64
STUCK = {"sirens": ("1/1",), "feedback": "input", "feedback_at": SENSOR}
REF = AttemptRef(Token("t-1"), 1, "1/1")
ACCEPTED = Reached(Evidence.ACCEPTED)


async def test_a_sensor_that_was_on_before_the_start_vouches_for_nothing_until_it_was_silent() -> None:
    """A dead siren with a stuck sensor would be AIRED, and its channel UP. The core is told why it is not, once."""
    async with bench() as there:
        there.inputs.add((1, SENSOR))
        async with running(settings_at(there, **STUCK, sound_s=60.0, max_on_s=60.0)) as run:
            assert ACCEPTED == await run.channel.send(Job("1/1"))
            await there.looked()
            assert (ACCEPTED, 0, []) == (await run.channel.query(REF), run.vouched, run.heard)
            there.inputs.clear()
            await there.until(lambda: run.vouched)
            assert (ACCEPTED, []) == (await run.channel.query(REF), run.heard)
            there.inputs.add((1, SENSOR))
            late = await run.inbound()
    assert (InboundKind.LATE_OUTCOME, Evidence.AIRED, "t-1") == (late.kind, late.level, late.token)


async def test_a_channel_whose_sensors_all_sound_before_any_start_is_not_vouched_for_and_says_why() -> None:
    """`fenghuo channel why` shows it; one that agrees with its relay will do."""
    async with bench() as there:
        there.inputs |= {(1, SENSOR), (2, SENSOR)}
        async with running(settings_at(there, **STUCK | {"sirens": ("1/1", "2/1")})) as run:
            await there.looked(6)
            why = "no sensor vouches for its siren: each has shown sound since before any start"
            assert (0, {why}) == (run.vouched, set(run.strains))
            there.inputs.discard((2, SENSOR))
            await there.until(lambda: run.vouched)
        assert 1 == run.vouched


async def test_the_next_process_does_not_believe_it_either() -> None:
    """By the note of the start, which says that the sensor was on before."""
    notes = LoneNotes()
    async with bench() as there:
        there.inputs.add((1, SENSOR))
        settings = settings_at(there, **STUCK, sound_s=60.0, max_on_s=60.0, timer=200)
        async with running(settings, notes=notes) as run:
            assert ACCEPTED == await run.channel.send(Job("1/1"))
        async with running(settings, notes=notes) as run:
            await there.looked()
            assert (0, ACCEPTED) == (run.vouched, await run.channel.query(REF))
            assert [] == run.heard


async def test_a_stuck_sensor_is_reported_once_and_not_after_every_play() -> None:
    """As a siren that sounds and that nobody here started, which it may be."""
    async with bench() as there, running(settings_at(there, **STUCK, alarm_to=("role:duty_officer",))) as run:
        there.inputs.add((1, SENSOR))
        assert "警报器1/1异常鸣响" == report_of(await run.inbound())["subject"]
        await run.channel.send(Job("1/1"))
        await there.until(lambda: not there.coils[ROOF])
        await there.looked(8)
        assert [] == run.heard
