"""What a message costs beside the ceiling that was signed with it: a person hears once, also after a start, and nothing is held back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from fenghuo.plugin.ports import Emission, Estimate
from fenghuo.service.cost_watch import CostWatch
from tests.core.engine.house import CAPABILITIES, House, opened
from tests.core.service.manned import cap
from tests.scale import PATIENCE_S

PRICED = msgspec.structs.replace(CAPABILITIES["a"], fee_fen=5.0)
ALARM = "alarm.cost_exceeded"


@asynccontextmanager
async def watched(house: House) -> AsyncIterator[None]:
    watch = asyncio.ensure_future(CostWatch(house.room.book, house.store).run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        await house.settle()
        watch.cancel()
        await asyncio.wait([watch])


async def test_whoever_signed_for_less_hears_it_once(tmp_path: Path) -> None:
    """One informant, four messages at the most over a channel of five fen: the channel counts thirty for the first. Nothing is held back,
    and a watch that begins anew finds the same."""
    async with opened(tmp_path, a=PRICED) as house:
        async with watched(house):
            await house.take(cap().encode(), "anna", "bert")
            house.channel["a"].during = counted
            await house.take(cap("A-2", code="320585105").encode(), "anna", "bert")
            await heard(house, 1)
        assert [(20.0, 30.0)] == [(told["ceiling_fen"], told["spent_fen"]) for told in await house.events(ALARM)]
        async with watched(house):
            await heard(house, 2)  # told again at a start, which the alarm takes for no recurrence


async def heard(house: House, times: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(await house.events(ALARM)) < times:
            await house.settle()
    assert times == len(await house.events(ALARM))


async def counted(emission: Emission) -> None:
    """It comes to six parts."""
    emission.book(Estimate(fee_fen=30.0))
