"""A battery that runs down by what the loads draw in each stage, and the gauge that is a little off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fenghuo.engine.energy import drain_pct_per_h, stage
from fenghuo.rig.world.log import World

__all__ = ["READ_S", "running_down"]

READ_S = 60.0
"""Between two readings of a battery, where a step does not say."""
GAUGE_PCT, EMPTY_PCT = 0.5, 2.0
"""How far a gauge is off, as a rule; and where a sensor dies with the rest."""


async def running_down(world: World, every_s: float, ends: float) -> AsyncIterator[float]:
    """Readings in percent, from a full battery on, until it is empty or `ends` (virtual seconds)."""
    energy, charge = world.ground.energy, 100.0
    assert energy is not None
    while charge > EMPTY_PCT and world.now < ends:
        yield charge + world.chance.gauss(0.0, GAUGE_PCT)
        await asyncio.sleep(every_s)
        charge -= drain_pct_per_h(energy.battery, energy.loads, stage(charge)) * every_s / 3600.0
