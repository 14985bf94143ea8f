"""A town has one name, whatever whoever speaks of it calls it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo.engine.modes import Declared
from fenghuo.engine.place_names import place_named
from fenghuo.model.mode import WORST, Axis, Signal
from tests.core.engine.house import opened
from tests.core.engine.values import HUANGJING_MCA, HUANGJING_NBS, NOW, SHUANGFENG_NBS, directory

TOWN = str(HUANGJING_MCA)


def test_a_town_goes_by_its_legal_code() -> None:
    """Its office, either list, and a bare code that stands for it alone; what stands for two towns, or for nothing here, stays."""
    known = directory()
    names = ["hj", str(HUANGJING_NBS), TOWN, "", "nbs:999999", "no such", HUANGJING_MCA.code, HUANGJING_NBS.code]
    assert [TOWN, TOWN, TOWN, "", "nbs:999999", "no such", HUANGJING_MCA.code, TOWN] == [place_named(name, known) for name in names]


async def test_no_power_no_network_and_no_road_under_three_names_are_one_sanwu(tmp_path: Path) -> None:
    """The sensor knows the site, the feed the statistics' code, the person the legal one; what was kept under other names is one, too."""
    async with opened(tmp_path) as house:
        modes = house.room.modes
        modes.signal(Signal(Axis.POWER, "hj", "last_gasp", "sensor:site", NOW, NOW + 1e6))
        modes.declare(Declared(Axis.NETWORK, str(HUANGJING_NBS), WORST[Axis.NETWORK], "duty", "x", NOW, NOW + 1e6))
        modes.declare(Declared(Axis.ROAD, TOWN, WORST[Axis.ROAD], "duty", "x", NOW, NOW + 1e6))
        house.clock.now += 31.0
        modes.look()
        assert {TOWN} == modes.lost(house.room.in_force.covers)
        assert ("last_gasp", TOWN) == ((power := modes.stand(Axis.POWER, "hj")).mode, power.place)
        sensed, declared = modes.kept()
        modes.take_back(
            [msgspec.structs.replace(one, place="hj") for one in sensed],
            [msgspec.structs.replace(one, place=str(HUANGJING_NBS)) for one in declared],
        )
        assert {TOWN} == modes.lost(house.room.in_force.covers)
        modes.end(Axis.ROAD, "hj")
        assert frozenset() == modes.lost(house.room.in_force.covers)


async def test_a_mode_of_the_county_is_over_a_town_that_has_a_code_of_the_other_list_alone(tmp_path: Path) -> None:
    """Where the directory says that both codes of the town are one."""
    async with opened(tmp_path) as house:
        covers = house.room.in_force.covers
        assert (True, True, False) == (
            covers("mca:320585", str(HUANGJING_NBS)),
            covers("hj", "hj"),
            covers(str(SHUANGFENG_NBS), str(HUANGJING_MCA)),
        )
