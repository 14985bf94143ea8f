"""Orders over roads at the desk of a whole engine: refused, answered with an arrival, and watched while they are open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fenghuo.engine.judging import Origin
from fenghuo.engine.road_names import subject_named
from fenghuo.errors import FormatError
from fenghuo.model.road import RoadReport, SegmentState
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.desk_messages import MessageVerbs
from fenghuo.service.road_watch import RoadWatch
from fenghuo.service.roads import RoadKeeper
from fenghuo.service.secrets import Secret
from fenghuo.store.tables import AUDIT
from tests.core.engine.county_roads import county
from tests.core.engine.house import House, opened

CUT, OPEN, UNKNOWN = SegmentState.CUT, SegmentState.OPEN, SegmentState.UNKNOWN
BOTH = ("沙鹿公路", "港口路北")


class Ordering:
    """A house with a desk that sends, and a map on which its centre (tc) stands at 城厢 and another organisation (hj) nowhere."""

    def __init__(self, house: House, keeper: RoadKeeper) -> None:
        self.house = house
        self.keeper = keeper
        self.desk = Desk()
        messages = MessageVerbs(self.desk, house.room.intake, house.store)
        messages.roads = keeper
        self.desk.add(messages.verbs())
        self.desk.hold([(Secret("duty-secret"), Holder("duty", ("operator",), Origin("duty")))])

    @property
    def watch(self) -> RoadWatch:
        return self.keeper.here

    async def send(self, *to: str, **more: Any) -> Any:
        order = {"to": to, "text": "支援", "go_to": "璜泾", **more}
        answer = await self.desk.do(self.desk.actor("duty-secret", "test"), "message.send", order)
        await self.house.settle()
        return answer

    async def say(self, state: SegmentState, *names: str) -> None:
        now = self.house.office.clock.time()
        await self.watch.report(*(RoadReport(subject_named(county(), name), state, "person:duty", now, now + 86_400.0) for name in names))
        await self.house.settle()

    async def told(self, *kinds: str) -> list[dict[str, Any]]:
        await self.house.store.run(lambda tx: None)
        return [dict(event.body) for event in await self.house.store.events.read(0, 1000) if event.type in kinds]


@asynccontextmanager
async def ordering(folder: Path) -> AsyncIterator[Ordering]:
    async with opened(folder) as house:
        keeper = RoadKeeper(house.store, house.office.clock, lambda: house.office.directory)
        await keeper.use(county())
        yield Ordering(house, keeper)
        keeper.stop()


def arrivals(answer: Any) -> list[tuple[str, bool]]:
    return [(one.value, one.ok) for one in answer.verdicts if one.check == "arrival"]


async def test_an_order_says_where_and_is_answered_with_when(tmp_path: Path) -> None:
    """The units read the place; whoever stands on no map is sent all the same, and said; what is unknown is an interval and not sure."""
    async with ordering(tmp_path) as there:
        answer = await there.send("person:wang", "person:huang")
        assert [("29.0 min", True), ("unknown", False)] == arrivals(answer)
        assert {True} == {"报到地点：璜泾" in mail.text for mail in there.house.sent}
        assert [] == arrivals(await there.send("person:wang", go_to=""))
        await there.say(UNKNOWN, "沙鹿公路")
        assert [("29.0-51.3 min", True)] == arrivals(await there.send("person:wang"))


async def test_an_order_to_a_unit_that_cannot_arrive_is_refused_or_goes_to_the_others(tmp_path: Path) -> None:
    """Nothing is sent, the refusal stands in the log; --by water goes; left out is who cannot, where somebody can."""
    async with ordering(tmp_path) as there:
        await there.say(CUT, *BOTH)
        for to in (("person:wang",), ("person:wang", "role:informant")):
            with pytest.raises(FormatError, match="go_to: 璜泾 cannot be reached by road: 太仓市应急管理局 from 城厢: no way") as refusal:
                await there.send(*to)
            assert "no-way" == refusal.value.code
        assert [] == there.house.sent
        assert 2 == len(await there.told("order.refused"))
        with pytest.raises(FormatError, match="no-such"):
            await there.send("person:wang", go_to="no-such")
        with pytest.raises(FormatError, match="cannot be reached"):
            await there.send("person:wang", leave_out=True)
        assert [("127.6 min", True)] == arrivals(await there.send("person:wang", by=("water",)))
        assert [("unknown", False), ("left out", False)] == arrivals(await there.send("person:wang", "person:huang", leave_out=True))
        assert {"huang"} == {one.recipient for one in await there.house.targets()} - {"wang"}


async def test_a_person_sends_an_order_despite_the_map_and_one_feed_refuses_none(tmp_path: Path) -> None:
    """The reason is in the audit and the log, the arrival is not sure; that unit is no news; a feed alone only doubts."""
    async with ordering(tmp_path) as there:
        now = there.house.office.clock.time()
        feed = [RoadReport(subject_named(county(), name), CUT, "source:jtj", now, now + 60.0) for name in BOTH]
        await there.watch.report(*feed)
        assert [("29.0 min at the earliest, and no way is sure", False)] == arrivals(await there.send("person:wang"))
        await there.say(CUT, *BOTH)
        answer = await there.send("person:wang", despite="自带冲锋舟")
        assert [("no way", False)] == arrivals(answer)
        (told,) = await there.told("order.despite")
        assert ("自带冲锋舟", ["tc"]) == (told["reason"], told["units"])
        assert ["despite"] == [one.action for one in await there.house.store.find(AUDIT, "action = 'despite'")]
        assert 2 == len(there.house.sent)
        there.watch.orders.look()
        assert 1 == len(await there.told("alarm.order_cut_off"))  # of the first order


async def test_a_road_that_is_cut_while_the_order_is_open_is_a_persons_business(tmp_path: Path) -> None:
    """Once, with what else there is; the way back is told; an order that is over is nobody's."""
    async with ordering(tmp_path) as there:
        first = await there.send("person:wang")
        await there.say(CUT, *BOTH)
        (alarm,) = await there.told("alarm.order_cut_off")
        assert (["tc"], "huangjing") == (alarm["units"], alarm["place"])
        assert "太仓市应急管理局 from 城厢: no way. With --by water" in alarm["message"]
        await there.say(CUT, "air")
        assert 1 == len(await there.told("alarm.order_cut_off"))
        again = RoadKeeper(there.house.store, there.house.office.clock, lambda: there.house.office.directory)
        await again.use(county())
        again.here.orders.look()
        again.stop()
        assert 1 == len(await there.told("alarm.order_cut_off"))
        await there.say(OPEN, "沙鹿公路")
        await there.say(OPEN, "港口路北")
        assert ["璜泾 can be reached again: 太仓市应急管理局 from 城厢: 29.0 min"] == [
            one["message"] for one in await there.told("order.reachable")
        ]
        await there.desk.do(there.desk.actor("duty-secret", "test"), "alert.cancel", {"id": first.id})
        await there.house.settle()
        await there.say(CUT, *BOTH)
        assert 1 == len(await there.told("alarm.order_cut_off"))
