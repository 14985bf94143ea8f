"""Checks of endurance: a storm over a bad line, and many lives. Platinum."""

from __future__ import annotations

import asyncio

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
        await bench.ended(order, within_s=STORM_S)
        bench.only_declared(number)


CHECKS = (
    Check("a storm over a bad line loses nothing", Grade.PLATINUM, storm, over_a_line),
    Check("five sudden deaths lose nothing", Grade.PLATINUM, many_lives),
)
