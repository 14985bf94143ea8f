"""What is opened although it may come late, and before whom."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fenghuo.model.directory import ContactPoint, Person
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities, Emission
from tests.core.engine.house import opened


async def test_what_would_come_too_late_is_planned_all_the_same_and_the_reason_is_kept(tmp_path: Path) -> None:
    """Ten orders of a minute each wait for the radio; one that ends in five minutes says so by its seconds, and goes
    when the queue was quicker than it looked."""
    radio = Capabilities(form="radio", evidence_max=Evidence.DEVICE, half_duplex=True, concurrency=1, repeat_safe=True)
    async with opened(tmp_path, r=radio) as house:
        never = asyncio.Event()
        house.channel["r"].airtime_s = 60.0
        house.channel["r"].before = never.wait  # type: ignore[assignment]  # what it gives is not looked at
        for number in range(10):
            await house.order("shuang", text=str(number), via=["r"])
        await house.order("shuang", text="late", via=["r"], expires_s=300)
        (left,) = [one for event in await house.events("objective.left_out") for one in event["left_out"] if "expires" in one["reason"]]
        says = "it would take 661 s (600 s of others first, 60 s on the air, 1 s on the way), and the content expires in 300 s"
        assert (f"{says}; tried when no way in time is left", ["shuang"]) == (left["reason"], left["recipients"])
        assert [] == await house.events("target.no_way")
        never.set()
        await house.settle()
        assert ["late"] == [mail.text.split("#")[0] for mail in house.sent if mail.text.startswith("late")]


@pytest.mark.parametrize("priority", ["P0", "P1", "P2"])
async def test_an_order_to_one_is_sent_before_a_crowd_that_was_there_first(tmp_path: Path, priority: str) -> None:
    """Half an hour of a crowd waits for the radio: the order ends in twenty minutes, and is the very next."""
    radio = Capabilities(form="radio", evidence_max=Evidence.DEVICE, half_duplex=True, concurrency=1, repeat_safe=True)
    async with opened(tmp_path, r=radio) as house:
        crowd = tuple(f"p{number}" for number in range(300))
        known, calls = house.office.directory, tuple(ContactPoint(name, "callsign", name.upper()) for name in crowd)
        people = known.persons + tuple(Person(name, name, "tc") for name in crowd)
        house.office.directory = msgspec.structs.replace(known, persons=people, contacts=known.contacts + calls)
        gate = asyncio.Semaphore(0)

        async def turn(emission: Emission) -> None:
            await gate.acquire()

        house.channel["r"].airtime_s, house.channel["r"].during = 5.0, turn
        await house.order(*crowd, priority=priority, via=["r"])
        await house.order("wang", priority=priority, via=["r"], expires_s=1200)
        left = [one for event in await house.events("objective.left_out") for one in event["left_out"] if "wang" in one["recipients"]]
        assert ["a"] == [one["channel"] for one in left]
        gate.release()
        await house.settle()
        assert "BJ1WANG" == house.sent[1].address
        for _ in crowd:
            gate.release()
        await house.settle()
