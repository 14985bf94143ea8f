"""The moment at which the public is not covered any more is an alarm, and a record in the audit."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from fenghuo.engine.outages import Outage
from fenghuo.model.coverage import Inventory
from fenghuo.service.coverage_watch import CoverageWatch
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.store.tables import AUDIT
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW
from tests.core.service.test_desk_coverage import HUANGJING, INVENTORY


def watched(house: House, inventory: Inventory = INVENTORY) -> tuple[CoverageWatch, InventoryKeeper]:
    keeper = InventoryKeeper()
    keeper.use(inventory)
    return CoverageWatch(house.room, house.store, keeper), keeper


async def told(house: House) -> list[tuple[float, list[str]]]:
    """Every alarm: the grouped share, and the towns under their floor."""
    await house.settle()
    return [(event["grouped_pct"], event["towns"]) for event in await house.events("alarm.coverage")]


async def test_a_fall_is_told_at_once_and_once_and_so_is_the_return(tmp_path: Path) -> None:
    """The short messages die: the total is not more than 95 %. Then the broadcast: both towns are under their floor, which is news."""
    async with opened(tmp_path) as house:
        watch, _ = watched(house)
        watch.look()
        assert [] == await told(house)
        for name in ("a", "r"):
            house.down(name)
            await house.settle()
            for _ in range(2):
                watch.look()
        assert [(92.27, []), (0.0, ["nbs:320585104", "nbs:320585105"])] == await told(house)
        house.up("a", "r")
        await house.settle()
        watch.look()
        await house.settle()
        (restored,) = await house.events("coverage.restored")
        assert (99.25, "the gate is passed again", INVENTORY.digest) == tuple(
            restored[name] for name in ("grouped_pct", "message", "inventory")
        )
        rows = await house.store.find(AUDIT, "action = 'cover' ORDER BY seq")
        assert ["alarm.coverage", "alarm.coverage", "coverage.restored"] == [json.loads(row.detail)["event"] for row in rows]
        assert {INVENTORY.digest} == {row.content for row in rows}


async def test_where_it_stands_at_first_or_with_new_figures_is_no_alarm(tmp_path: Path) -> None:
    """An inventory of half the reach fails the gate by itself; whoever put it in force asks for it."""
    async with opened(tmp_path) as house:
        watch, keeper = watched(house)
        watch.look()
        keeper.use(msgspec.structs.replace(INVENTORY, reach=INVENTORY.reach[:2]))
        watch.look()
        assert [] == await told(house)


async def test_without_an_inventory_nothing_is_watched(tmp_path: Path) -> None:
    """Nothing is claimed, so nothing falls."""
    async with opened(tmp_path) as house:
        watch, _ = watched(house, Inventory())
        watch.look()
        house.down("a")
        await house.settle()
        watch.look()
        assert [] == await told(house)


async def test_what_somebody_says_is_out_is_told_as_that_and_taken_back_with_its_end(tmp_path: Path) -> None:
    """The short messages of one town, then its broadcast; nothing of ours is down, and a fall of ours is not told twice."""
    async with opened(tmp_path) as house:
        watch, _ = watched(house)
        watch.look()
        for number, what in enumerate(("a", "r")):
            await house.room.outages.report(Outage(str(number), what, HUANGJING, NOW, NOW, NOW + 60.0, "grid"))
            watch.look()
        assert [(94.45, []), (45.32, ["nbs:320585104"])] == await told(house)
        first, _ = await house.events("alarm.coverage")
        assert "if what is said to be out is out: the gate fails: 94.5 % is not more than 95.0 %" == first["message"]
        house.clock.now += 60.0
        watch.look()
        await house.settle()
        assert ["the gate is passed again"] == [one["message"] for one in await house.events("coverage.restored")]
        house.down("a")
        await house.settle()
        watch.look()
        assert 3 == len(await told(house))
