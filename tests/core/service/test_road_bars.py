"""Channels that travel: a way that is none is left out of the plan with a sentence, and taken when there is one again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo.engine.road_names import subject_named
from fenghuo.engine.road_ways import barred
from fenghuo.engine.roads import Roads
from fenghuo.model.directory import ContactPoint, Directory
from fenghuo.model.evidence import Evidence
from fenghuo.model.road import RoadMap, RoadReport, SegmentState
from fenghuo.plugin.ports import Capabilities
from fenghuo.service.roads import RoadKeeper
from fenghuo.service.showing import remark_of
from tests.core.engine.county_roads import county, cut
from tests.core.engine.house import House, opened

CUT, OPEN, UNKNOWN = SegmentState.CUT, SegmentState.OPEN, SegmentState.UNKNOWN
BOTH = ("沙鹿公路", "港口路北")
COURIER = Capabilities(form="sms", evidence_max=Evidence.DEVICE, concurrency=8, needs=("road",))
RULES = """
[ladders.courier]
[[ladders.courier.rungs]]
channels = ["a"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
needed = "ACCEPTED"
ladder = "courier"
"""


def with_huang() -> RoadMap:
    """huang's organisation stands at 璜泾."""
    places = tuple(msgspec.structs.replace(one, orgs=(*one.orgs, "hj")) if one.id == "huangjing" else one for one in county().places)
    return msgspec.structs.replace(county(), places=places)


async def say(keeper: RoadKeeper, house: House, state: SegmentState, *names: str) -> None:
    now = house.office.clock.time()
    await keeper.here.report(*(RoadReport(subject_named(county(), name), state, "person:duty", now, now + 86_400.0) for name in names))
    await house.settle()


async def test_nobody_is_sent_where_there_is_no_road_and_who_waits_is_served_when_there_is_one(tmp_path: Path) -> None:
    """The plan says why; the other recipient is served; the way back needs nobody's hand."""
    async with opened(tmp_path, rules=RULES, a=COURIER) as house:
        keeper = RoadKeeper(house.store, house.office.clock, lambda: house.office.directory)
        await keeper.use(with_huang())
        keeper.bar(house.room)
        await say(keeper, house, CUT, *BOTH)
        instance = house.room.board.get("a")
        assert instance is not None
        assert {"+8613800000003": "no way by road or on foot to 璜泾 now"} == instance.no_way
        assert "no way by road or on foot to 璜泾 now" == remark_of(instance)
        await house.order("person:wang", "person:huang")
        await house.settle()
        assert ["+8613800000001"] == [mail.address for mail in house.sent]
        (told,) = [one["left_out"] for one in await house.events("objective.left_out")]
        assert [("no way by road or on foot to 璜泾 now; it waits until there is one", ["huang"])] == [
            (one["reason"], one["recipients"]) for one in told
        ]
        await house.order("person:huang", text="特提", priority="P0")
        assert 1 == len(house.sent)  # not even a last attempt goes where nobody gets to
        await say(keeper, house, OPEN, "沙鹿公路")
        assert ["+8613800000001", *["+8613800000003"] * 2] == [mail.address for mail in house.sent]
        keeper.stop()


def test_each_kind_goes_by_its_own_layers() -> None:
    """A courier by road, a boat by road and water, a drone by air; in doubt nobody is barred, and who is on no map neither."""
    points = [ContactPoint("x", "place", "璜泾镇政府"), ContactPoint("x", "place", "沙溪镇政府"), ContactPoint("x", "place", "洪泾村")]
    island, windy = cut(*BOTH), cut(*BOTH, "air")

    def shut(roads: Roads, *needs: str) -> list[str]:
        return list(barred(roads, needs, points, Directory()))

    assert ["璜泾镇政府"] == shut(island, "grid", "road")
    assert [] == shut(island, "water")
    assert ["沙溪镇政府"] == shut(island, "air")  # no pad on this map
    assert ["璜泾镇政府", "沙溪镇政府"] == shut(windy, "air")
    assert {"璜泾镇政府": "no way by road or water to 璜泾 now"} == barred(cut(*BOTH, "water"), ("water",), points, Directory())
    assert [] == shut(cut(*BOTH), "ip")
    assert [] == shut(
        Roads(county(), {one: msgspec.structs.replace(found, state=UNKNOWN) for one, found in island.standing_of.items()}), "road"
    )
