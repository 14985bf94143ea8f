"""A page in doubt is looked at when it is due, however the clock moves while somebody looks what is due."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fenghuo.model.delivery import DeliveryState, ObjectiveState, Unknown
from tests.core.engine.house import opened
from tests.core.engine.public import BULK, PUBLIC_RULES, SOUTH, SOUTH_AREA, alert, enrol, rows
from tests.core.store.rows import StillClock
from tests.scale import PATIENCE_S


class Ticking(StillClock):
    """Goes on by `tick_s` with every look at it."""

    tick_s = 0.0

    def time(self) -> float:
        self.now += self.tick_s
        return self.now - self.tick_s


async def test_a_page_that_comes_due_while_others_are_looked_at_is_not_forgotten(tmp_path: Path) -> None:
    """Half a millisecond too early for it, and too late to wait for it a moment after: nothing else wakes anybody, and it goes again."""
    clock = Ticking()
    async with opened(tmp_path, rules=PUBLIC_RULES.replace('["a", "b"]', '["a"]'), clock=clock, a=BULK) as house:
        await enrol(house, [], SOUTH)
        house.channel["a"].page_outcomes.append(Unknown("timeout"))
        await alert(house, "one", SOUTH_AREA, severity="Severe")
        (page,) = await rows(house)
        assert DeliveryState.IN_DOUBT is page.state
        clock.now, clock.tick_s = page.not_before - 0.0005, 0.001
        house.room.fan_outs.pump()
        clock.now, clock.tick_s = page.not_before, 0.0
        async with asyncio.timeout(PATIENCE_S):
            while len(house.channel["a"].pages) < 2:
                await asyncio.sleep(0)
        await house.settle()
        assert [(ObjectiveState.MET, 700)] == [(row.state, row.met) for row in await house.objectives()]
