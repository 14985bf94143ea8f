"""Checks of endurance: a storm over a bad line, and many lives. Platinum."""

from __future__ import annotations

import asyncio

from fenghuo.model.delivery import DeliveryState
from fenghuo.plugin.ports import Doubt
from fenghuo.rig.kit.bench import Bench, Broken
from fenghuo.rig.kit.check import Check, over_a_line
from fenghuo.rig.kit.grades import Grade
from fenghuo.rig.kit.line import State

__all__ = ["CHECKS"]

TEXT = "各镇每小时报一次水位"
ORDERS = 20
GUST_S = 0.5
LIVES = 5
STORM_S = 60.0


async def storm(bench: Bench) -> None:
    await bench.up()
    orders = [await bench.order(TEXT, to=number) for number in range(ORDERS)]

    async def gusts() -> None:
        for state in (State.SLOW, State.SWALLOWING, State.OPEN, State.REFUSED, State.OPEN):
            await bench.pause(GUST_S)
            await bench.line.drop()
            await bench.line.set(state)

    await asyncio.gather(gusts(), *(bench.ended(order, within_s=STORM_S) for order in orders))
    for number in range(ORDERS):
        bench.only_declared(number)
    if bench.life.supervisor.crashes:
        raise Broken(f"a storm made the channel crash {bench.life.supervisor.crashes} times")


async def many_lives(bench: Bench) -> None:
    orders = []
    for number in range(LIVES):
        await bench.up()
        orders.append(await bench.order(TEXT, to=number))
        await bench.pause(number * GUST_S / LIVES)
        await bench.kill()
        await bench.live()
    for number, order in enumerate(orders):
        await _is_kept(bench, order)
        if bench.emissions(number):
            bench.only_declared(number)


async def _is_kept(bench: Bench, order: str) -> None:
    """Confirmed; or in doubt, where a device that may have started waits for a person's word."""
    if bench.capabilities.doubt is not Doubt.ACTUATOR:
        await bench.ended(order, within_s=STORM_S)
        return

    async def look() -> bool:
        row = await bench.delivery(order)
        return row.evidence >= bench.needed or row.state is DeliveryState.IN_DOUBT

    await bench.until(look, "an order is confirmed, or waits for a person", within_s=STORM_S)


CHECKS = (
    Check("a storm over a bad line loses nothing", Grade.PLATINUM, storm, over_a_line),
    Check("five sudden deaths lose nothing", Grade.PLATINUM, many_lives),
)
