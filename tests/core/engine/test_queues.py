"""What waits and what is on the air, single deliveries and pages alike."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fenghuo.model.delivery import Unknown
from fenghuo.plugin.ports import Emission
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, PUBLIC_RULES, SOUTH, alert, enrol, numbers

FOUR_AT_ONCE = 4


def counts(house: House, *channels: str) -> tuple[int, ...]:
    queues = house.room.queues
    return (*(queues.queued(name) for name in channels), queues.in_flight, queues.in_doubt)


async def test_pages_are_counted_with_the_channel_they_wait_for(tmp_path: Path) -> None:
    """Six thousand people: four pages on the air and two that have not begun; when the first alternate is down they wait for the second."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as house:
        await enrol(house, numbers(0, 6_000), SOUTH)
        gate = asyncio.Event()

        async def hang(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = house.channel["b"].during = hang
        await alert(house, "one", "mca:320585105")
        assert (2, 0, FOUR_AT_ONCE, 0) == counts(house, "a", "b")
        house.down("a")
        await house.settle()
        assert (0, FOUR_AT_ONCE + 2) == (counts(house, "a", "b")[0], counts(house, "a", "b")[2])
        gate.set()
        await house.settle()
        assert (0, 0, 0, 0) == counts(house, "a", "b")


async def test_what_waits_with_every_channel_down_waits_for_the_first(tmp_path: Path) -> None:
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as house:
        await enrol(house, numbers(0, 6_000), SOUTH)
        house.down("a")
        house.down("b")
        await alert(house, "one", "mca:320585105")
        assert (6, 0, 0, 0) == counts(house, "a", "b")


async def test_a_page_in_doubt_is_counted_until_it_is_settled(tmp_path: Path) -> None:
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as house:
        await enrol(house, [], SOUTH)
        house.channel["a"].page_outcomes.append(Unknown("timeout"))
        await alert(house, "one", "mca:320585109")
        assert (0, 0, 1) == counts(house, "a")
        await house.later(3.0)
        assert (0, 0, 0) == counts(house, "a")
