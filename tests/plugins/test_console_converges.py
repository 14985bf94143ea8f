"""Every console ends with what is, whatever happens to its line: the real server and the real client, 200 seeds, in virtual time.

Source: console.md §6, Resync.
"""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from fenghuo.rig.simloop import SimLoop, run
from tests.plugins.console_model import World

SEEDS = range(200)
STEPS = 60


async def _played(loop: SimLoop, seed: int) -> tuple[World, str]:
    """Changes in bursts and lulls while lines lag and break and the daemon restarts; then all heals, and nobody helps."""
    world = World(loop, seed)
    lives = [asyncio.create_task(world.life(number)) for number in range(len(world.machines))]
    for _ in range(STEPS):
        for _ in range(world.chance.choice((0, 1, 1, 3, 12))):
            world.truth.touch(world.chance.choice(world.paths))
        await asyncio.sleep(world.chance.choice((0.0, 0.01, 0.05, 0.3)))
        fate = world.chance.random()
        line = world.chance.choice(world.lines)
        if fate < 0.05 and line is not None:
            line.cut()
        elif fate < 0.07:
            await world.restart()
    world.heals = True
    apart, until = "not looked yet", loop.time() + 20.0
    while apart and loop.time() < until:
        await asyncio.sleep(0.5)
        apart = world.apart()
    for life in lives:
        life.cancel()
    await asyncio.wait(lives)
    await world.console.stop(loop.time() + 1.0)
    return world, apart


@pytest.mark.parametrize("part", range(4))
def test_consoles_converge(part: int) -> None:
    """Within 20 s of the last change and the last break, all five show the same as the daemon, and none has skipped a change without saying
    so; snapshots in parts, resumes and overflows all happened."""
    seen: dict[str, int] = {}
    for seed in SEEDS[part::4]:
        (world, apart), _ = run(partial(_played, seed=seed), seed)
        assert "" == apart, f"seed {seed}: {apart}"
        assert 0 == sum(machine.missed for machine in world.machines), f"seed {seed}: a gap"
        for kind, number in world.frames.items():
            seen[kind] = seen.get(kind, 0) + number
    assert all(seen.get(kind, 0) > 10 for kind in ("snap", "resumed", "resync", "delta", "ping")), seen
