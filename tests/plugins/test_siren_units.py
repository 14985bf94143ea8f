"""Several units on one line: one that hangs costs the others nothing but its share of the line."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tests.plugins.siren_bench import bench, settings_at
from tests.plugins.siren_fakes import Job, running

WATCHDOG = 16


async def test_a_hung_unit_keeps_no_siren_of_another_on() -> None:
    """Eight of unit 1 are due at the same time as the one of unit 2, and unit 1 answers nothing."""
    async with bench() as there:
        settings = settings_at(there, sirens=(*(f"1/{relay}" for relay in range(1, 9)), "2/1"), sound_s=1.2)
        async with running(settings) as run:
            for relay in range(1, 9):
                await run.channel.send(Job(f"1/{relay}", f"t-{relay}"))
            await run.channel.send(Job("2/1", "u"))
            there.hung.add(1)
            await there.until(lambda: not there.coils[2, 0])
            there.hung.clear()
        began, ended = (at for at, unit, _, _ in there.writes if unit == 2)
    assert 1.2 == pytest.approx(ended - began, abs=3 * settings.answer_s)


async def test_a_relay_that_is_broken_keeps_no_other_of_its_unit_on() -> None:
    """Two of them are refused each time they are tried."""
    async with bench() as there, running(settings_at(there, sirens=("1/1", "1/2", "1/3"))) as run:
        for relay in (1, 2, 3):
            await run.channel.send(Job(f"1/{relay}", f"t-{relay}"))
        there.broken |= {(1, 0), (1, 1)}
        await there.until(lambda: not there.coils[1, 2])
        there.broken.discard((1, 1))
        await there.until(lambda: not there.coils[1, 1])
        assert there.coils[1, 0]


async def test_a_watchdog_that_is_refused_starves_no_other_of_its_unit() -> None:
    """The first of the unit."""
    async with bench() as there, running(settings_at(there, sirens=("1/1", "1/2"), watchdog=WATCHDOG, watchdog_s=0.6, sound_s=4.0)) as run:
        for relay in (1, 2):
            await run.channel.send(Job(f"1/{relay}", f"t-{relay}"))
        there.broken.add((1, WATCHDOG))
        count = len(there.writes)
        await there.until(lambda: [at for _, _, at, _ in there.writes[count:]] == [WATCHDOG + 1] * 2)


async def test_a_hung_unit_starves_no_watchdog_of_another() -> None:
    """Unit 1 is first in every round, and answers nothing."""
    async with bench() as there:
        settings = settings_at(there, watchdog=WATCHDOG, watchdog_s=1.2, sound_s=4.0)
        async with running(settings) as run:
            await run.channel.send(Job("1/1", "t-1"))
            await run.channel.send(Job("2/1", "t-2"))
            there.hung.add(1)
            await asyncio.sleep(2.5)
            kicks = [at for at, unit, coil, _ in there.writes if (unit, coil) == (2, WATCHDOG)]
            now = asyncio.get_running_loop().time()
            there.hung.clear()
    assert settings.watchdog_s > max(later - earlier for earlier, later in itertools.pairwise([*kicks, now]))
