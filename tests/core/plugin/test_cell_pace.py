"""How fast a plugin's process may do something."""

from __future__ import annotations

import asyncio

from fenghuo.plugin.cell_pace import Pace
from fenghuo.rig.simloop import SimLoop


def test_what_is_more_waits_in_its_turn() -> None:
    """Ten at once, a hundred a second; a large one counts as several; and what was not used comes back, up to the burst."""
    loop = SimLoop(seed=1)

    async def taken(*costs: float) -> float:
        began = loop.time()
        await asyncio.gather(*(pace.take(cost) for cost in costs))
        return round(loop.time() - began, 3)

    async def all_of_it() -> list[float]:
        found = [await taken(*[1.0] * 10), await taken(*[1.0] * 20), await taken(30.0)]
        await asyncio.sleep(3600)
        return [*found, await taken(*[1.0] * 10), await taken(1.0)]

    pace = Pace(10, 100)
    try:
        assert [0.0, 0.2, 0.3, 0.0, 0.01] == loop.run_until_complete(all_of_it())
    finally:
        loop.close()
