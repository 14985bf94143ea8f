"""Sirens on a serial line: RTU over a pair of ptys, with pymodbus's serial server at the other end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo import Evidence, InboundKind, Permanent, Reached, Scope, Transient
from tests.peers.modbus import Cable, Sirens
from tests.plugins.siren_fakes import Job, running, settings_of

pytestmark = pytest.mark.peer


async def test_sirens_on_one_serial_line_sound_and_stop(tmp_path: Path) -> None:
    """Two units on one wire; a unit that is not there costs the others nothing."""
    async with Cable(tmp_path) as cable:
        with Sirens(serial=cable.far) as sirens:
            settings = settings_of(sirens, port=502, driver="serial", device=str(cable.near), sirens=("1/1", "2/3", "99/1"), answer_s=0.6)
            async with running(settings) as run:
                assert Reached(Evidence.ACCEPTED) == await run.channel.send(Job("1/1"))
                assert InboundKind.LATE_OUTCOME is (await run.inbound()).kind
                assert Reached(Evidence.ACCEPTED) == await run.channel.send(Job("2/3", "t-2"))
                absent = await run.channel.send(Job("99/1", "t-3"))
                assert isinstance(absent, Transient)
                assert Scope.RECIPIENT is absent.scope
                await run.channel.send(Job("1/1", "t-4", stop=True))
                await sirens.until(lambda: sirens.ends("1/1"))
                assert Permanent(Scope.RECIPIENT, "no-such-siren") == await run.channel.send(Job("2/1", "t-5"))
            assert ["1/1", "2/3"] == [line["coil"] for line in sirens.starts()]
            assert [] == sirens.ends("2/3")


async def test_a_stop_on_a_serial_line_waits_for_no_echo_that_is_slow(tmp_path: Path) -> None:
    """The relay has closed and its echo is kept back by a modem on the way: the Cancel opens it before the echo has come, and every answer
    then finds its question."""
    async with Cable(tmp_path) as cable:
        with Sirens(serial=cable.far) as sirens:
            settings = settings_of(sirens, port=502, driver="serial", device=str(cable.near), sirens=("1/1",), answer_s=60.0, watch_s=60.0)
            async with running(settings) as run:
                job = Job("1/1")

                async def on_its_way() -> None:
                    cable.hold()

                job.emission.on_turn = on_its_way
                start = asyncio.create_task(run.channel.send(job))
                await sirens.until(lambda: sirens.starts("1/1"))
                stop = asyncio.create_task(run.channel.send(Job("1/1", "t-2", stop=True)))
                await sirens.until(lambda: sirens.ends("1/1"))
                assert (False, False) == (start.done(), stop.done())
                cable.let_go()
                assert Reached(Evidence.ACCEPTED) == await start
                assert isinstance(await stop, Reached)
            assert (1, 1) == (len(sirens.starts()), len(sirens.ends()))


@pytest.mark.soak
async def test_a_serial_line_whose_controller_is_gone_is_down_and_comes_back(tmp_path: Path) -> None:
    """Told once each."""
    (tmp_path / "one").mkdir()
    async with Cable(tmp_path / "one") as cable:
        with Sirens(serial=cable.far) as sirens:
            settings = settings_of(sirens, port=502, driver="serial", device=str(cable.near))
            async with running(settings) as run:
                await sirens.until(lambda: run.vouched)
                sirens.kill()
                await sirens.until(lambda: run.told)
                sirens.start()
                await sirens.until(lambda: len(run.told) == 2)
                assert Reached(Evidence.ACCEPTED) == await run.channel.send(Job("1/1"))
                await asyncio.sleep(0)
    assert [False, True] == [up for up, _ in run.told]
