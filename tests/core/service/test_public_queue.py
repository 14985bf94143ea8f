"""A public that is being told stands in the queue with one line for each channel and state of its pages."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fenghuo.plugin.ports import Emission
from tests.core.engine.public import BULK, NORTH_AREA, PUBLIC_RULES, alert, cap, enrol, numbers
from tests.core.service.manned import manned


async def test_the_queue_shows_a_public_by_channel_and_state(tmp_path: Path) -> None:
    """Four pages on the air, two that have not begun, behind an order of a higher class; narrowed to a channel, and gone at its end."""
    async with manned(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as there:
        house = there.house
        await enrol(house, numbers(0, 6_000), [])
        gate = asyncio.Event()

        async def hang(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = hang
        house.down("r")
        await alert(house, "one", NORTH_AREA, severity="Minor")

        async def asked(**args: Any) -> list[tuple[str, str, str, str]]:
            return [(row["recipient"], row["channel"], row["state"], row["reason"]) for row in await there.do("queue.ls", **args)]

        public = [("everybody: 2 pages", "a", "READY", "not begun"), ("everybody: 4 pages", "a", "EMITTING", "")]
        assert public == await asked()
        assert [None, None] == [row["id"] for row in await there.do("queue.ls")]
        await there.do("message.send", to=["wang"], text="到岗", priority="P0", via=["r"])
        assert ["wang", "everybody: 2 pages", "everybody: 4 pages"] == [recipient for recipient, *_ in await asked()]
        assert ([], public[:1]) == (await asked(channel="b"), await asked(channel="a", limit=1))
        status = await there.do("status")
        assert (2, 4) == (status["queued"], status["in_flight"])
        assert {"a": 2, "b": 0, "r": 0} == {one["name"]: one["queued"] for one in await there.do("channel.ls")}
        gate.set()
        await house.settle()
        assert [] == await asked(channel="a")


async def test_a_public_that_waits_for_signatures_is_held(tmp_path: Path) -> None:
    rules = PUBLIC_RULES.replace("signatures = 0", "signatures = 2")
    async with manned(tmp_path, rules=rules, a=BULK) as there:
        await enrol(there.house, numbers(0, 6_000), [])
        await there.house.take(cap("one", NORTH_AREA))
        assert [("HELD", "release")] == [(row["state"], row["reason"]) for row in await there.do("queue.ls")]
        assert 0 == (await there.do("status"))["queued"]
