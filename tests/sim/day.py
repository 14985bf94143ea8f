"""One simulated day by its seed: in safety mode anything may go wrong and no promise may break; in liveness mode one way is healthy."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import msgspec
from structlog.testing import capture_logs

from fenghuo.rig.simloop import SimLoop, run
from fenghuo.rig.world.log import World
from tests.sim.county import County
from tests.sim.squeeze import Squeeze
from tests.sim.traffic import Traffic
from tests.sim.trouble import AMBUSH, Trouble

DAY_S = 86_400.0
RUSHES = 10
"""One day of so many has a rush of messages."""
SQUEEZES, SQUEEZED = 5, 3
"""One day of so many has two minutes in which licences are asked for at the last moment."""
DRAIN_S = 5 * 3600.0
"""After the day, until the last message has expired."""


SETTLE_S = 400.0
"""A way that was down is asked again within 300 s, and its session made anew within 60 s."""


class Ran(msgspec.Struct, frozen=True):
    """A day that is over."""

    world: World
    trace: str
    steps: int


class Living(msgspec.Struct, frozen=True):
    """A day of liveness mode, and which way was healthy."""

    ran: Ran
    healthy: str


def safety(seed: int, *, amount: int = 60, ambush: float = AMBUSH, fifo: bool = False) -> Ran:
    """A day of trouble, and the hours after it in which everything comes to its end."""

    async def day(loop: SimLoop, folder: Path) -> World:
        county = County(loop, folder, seed)
        await county.start()
        trouble = Trouble(county, DAY_S, ambush=ambush)
        trouble.begin()
        traffic = Traffic(county, trouble, amount=amount, end=DAY_S)
        traffic.begin()
        if seed % RUSHES == 1:
            county.world.spawn(traffic.rush())
        if seed % SQUEEZES == SQUEEZED:
            county.world.spawn(Squeeze(county, seed, end=DAY_S).run())
        await asyncio.sleep(DAY_S + DRAIN_S)
        await county.look_at_all()
        await county.audit()
        await county.end()
        return county.world

    return _ran(day, seed, fifo=fifo)


def liveness(seed: int, *, amount: int = 20) -> Living:
    """Half a day of trouble; then one way is healthy and the others stay in their faults, and everything must arrive in its bound."""

    async def day(loop: SimLoop, folder: Path) -> World:
        county = County(loop, folder, seed)
        await county.start()
        trouble = Trouble(county, DAY_S / 2)
        trouble.begin()
        Traffic(county, trouble, amount=amount, end=DAY_S / 2).begin()
        await asyncio.sleep(DAY_S / 2)
        await trouble.freeze(healthy)
        await asyncio.sleep(SETTLE_S)
        await Traffic(county, None, amount=amount, end=DAY_S).plainly(DAY_S / 2 / amount)
        await county.end()
        return county.world

    healthy = ("sms-a", "radio-a")[seed % 2]
    return Living(_ran(day, seed, fifo=False), healthy)


def _ran(day, seed: int, *, fifo: bool) -> Ran:  # type: ignore[no-untyped-def]
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder, capture_logs():
        world, trace = run(lambda loop: day(loop, Path(folder)), seed, fifo=fifo)
    world.failures += [f"something wanted a thread: {what}" for what in world.loop.escapes]
    return Ran(world, trace, world.loop.steps)
