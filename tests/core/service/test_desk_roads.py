"""Roads over the desk: a person's word, what follows from it, and every mistake as a sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fenghuo.engine.judging import Origin
from fenghuo.errors import FormatError, NotAllowed, NotFound, SettingsError
from fenghuo.model.area import AreaRef
from fenghuo.model.directory import Directory
from fenghuo.model.mode import Axis, Signal
from fenghuo.model.road import RoadMap
from fenghuo.plugin.ports import Observation
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.desk_roads import RoadVerbs
from fenghuo.service.roads import RoadKeeper
from fenghuo.service.secrets import Secret
from tests.core.engine.county_roads import county
from tests.core.engine.house import House, opened
from tests.core.service.hosted import CHANNEL_C, Parts, hosted

RIGHTS = {"duty": ("operator", "viewer"), "drone": ("source",), "guest": ("viewer",)}


class Roaded:
    """A house with these verbs at its desk."""

    def __init__(self, house: House, keeper: RoadKeeper) -> None:
        self.house = house
        self.keeper = keeper
        self.desk = Desk()
        self.desk.add(RoadVerbs(self.desk, keeper, house.room).verbs())
        holders = [(Secret(f"{name}-secret"), Holder(name, rights, Origin(name))) for name, rights in RIGHTS.items()]
        town = Origin("town", areas=(AreaRef.parse("mca:320585105"),))
        self.desk.hold([*holders, (Secret("town-secret"), Holder("town", ("source",), town))])

    async def do(self, verb: str, who: str = "duty", **args: Any) -> Any:
        return await self.desk.do(self.desk.actor(f"{who}-secret", "test"), f"road.{verb}", args)


@asynccontextmanager
async def roaded(folder: Path, road_map: RoadMap | None = None) -> AsyncIterator[Roaded]:
    async with opened(folder) as house:
        keeper = RoadKeeper(house.store, house.office.clock)
        await keeper.use(county() if road_map is None else road_map)
        yield Roaded(house, keeper)
        keeper.stop()


async def test_a_report_is_answered_with_what_follows_from_it(tmp_path: Path) -> None:
    """Who is cut off by it; how to get there; what hangs on what; and every word with who said it."""
    async with roaded(tmp_path) as there:
        first = await there.do("report", segment="沙鹿公路", state="cut", reason="桥断", for_s=3600)
        assert ("road-shaxi-huangjing", "cut", "person:duty", []) == (first["subject"], first["state"], first["source"], first["isolated"])
        assert ["城厢-科教 (公路)", "港口路北 (璜泾-港区)"] == [one["name"] for one in await there.do("bridges")]
        assert 3 == len(await there.do("bridges", layer="water"))
        alone = await there.do("report", who="drone", segment="road-huangjing-gangqu", state="cut")
        assert ("unknown", ["doubtful"]) == (alone["state"], [one["reach"] for one in alone["isolated"]])
        second = await there.do("report", segment="road-huangjing-gangqu", state="cut")
        assert ["璜泾 has no road left (孤岛): 127.6 min by road and water, 91.5 min by air"] == [one["says"] for one in second["isolated"]]
        assert second["isolated"] == await there.do("isolated", who="guest")
        by_boat = await there.do("reach", to="璜泾镇", by=["road", "water"])
        assert (127.6, 127.6, "chengxiang", ["road", "water"]) == tuple(
            by_boat[key] for key in ("earliest_min", "latest_min", "from", "layers")
        )
        overland = await there.do("reach", to="璜泾", by=["road"])
        assert ("no way", None) == (overland["says"], overland["earliest_min"])
        assert 95.0 == (await there.do("reach", start="gangqu", to="mca:320585105", by=["water"]))["earliest_min"]
        said = await there.do("ls")
        assert (9, 20, 33) == (said["places"], said["segments"], said["unverified"])
        assert [("source:drone", True), ("person:duty", True), ("person:duty", True)] == [
            (one["source"], one["holds"]) for one in said["reports"]
        ]


async def test_a_mistake_is_a_sentence_and_no_report(tmp_path: Path) -> None:
    """What is not clear is asked back; a viewer reports nothing; a node without a map says where one would lie."""
    async with roaded(tmp_path) as there:
        for wrong, says in (
            ({"segment": "太浏公路", "state": "cut"}, "is 2 segments, give the id of one: road-loudong-ludu is 太浏公路 (娄东-陆渡)"),
            ({"segment": "沙溪-璜泾", "state": "cut"}, "water-shaxi-huangjing is 沙溪-璜泾 (水路)"),
            ({"segment": "沙鹿公", "state": "cut"}, 'did you mean "沙鹿公路"?'),
            ({"segment": "air", "state": "restricted"}, "a restricted segment has a factor"),
            ({"segment": "air", "state": "cut", "factor": 0.5}, "no other has one"),
            ({"segment": "air", "state": "cut", "for_s": 1}, "for_s: a word holds for a minute at least"),
            ({"segment": "air", "state": "cut", "until": "tomorrow"}, "'tomorrow' is no time"),
            ({"segment": "air", "state": "cut", "until": "2026-11-26T20:00:00"}, "has no time zone"),
            ({"segment": "air", "state": "cut", "until": "x", "for_s": 100}, "not both"),
            ({"segment": "air", "state": "cut", "reason": "长" * 501}, "at most 500"),
        ):
            with pytest.raises(FormatError) as refusal:
                await there.do("report", **wrong)
            assert says in str(refusal.value), refusal.value
        with pytest.raises(FormatError, match="'rail' is no layer"):
            await there.do("reach", to="璜泾", by=["rail"])
        with pytest.raises(FormatError, match="start: '昆山' is no place of the map"):
            await there.do("reach", to="璜泾", start="昆山")
        with pytest.raises(NotAllowed):
            await there.do("report", who="guest", segment="air", state="cut")
        for beyond in ("air", "滨江大道"):
            with pytest.raises(NotAllowed, match="town speaks for mca:320585105 alone, and not for"):
                await there.do("report", who="town", segment=beyond, state="cut")
        assert [] == (await there.do("ls"))["reports"]
    async with roaded(tmp_path / "bare", RoadMap()) as bare:
        with pytest.raises(NotFound, match="this node has no map of roads"):
            await bare.do("isolated")


async def test_the_station_is_sent_to_whom_no_working_channel_reaches(tmp_path: Path) -> None:
    """Nobody, while one works; then whoever waits, by where they are; somebody who is on no map is counted apart."""
    async with roaded(tmp_path) as there:
        await there.house.order("person:wang", "person:huang")
        there.house.down("a")
        await there.house.settle()
        found = await there.do("place")
        assert (1, []) == (found["unplaced"], found["proposals"])  # huang has a telephone alone, and stands on no map
        there.house.down("r")
        await there.house.settle()
        found = await there.do("place", start="科教")
        best = found["proposals"][0]
        assert ("城厢", 1, 1, 145_000, "7.5 min") == tuple(best[key] for key in ("name", "objectives", "recipients", "people", "arrival"))
        assert (2, 1) == (found["waiting"]["recipients"], found["unplaced"])
        assert "send it to 城厢: 7.5 min; 1 open objectives, 1 recipients become reachable" == found["says"]
        there.house.up("a", "r")
        await there.house.settle()
        assert "nobody waits whom no working channel reaches" == (await there.do("place"))["says"]


async def test_the_modes_hear_of_every_place_from_when_they_listen(tmp_path: Path) -> None:
    """What was cut before they were there is said when they are; what an operator has seen of every road is the mode after its time."""
    async with roaded(tmp_path) as there:
        await there.do("report", segment="沙鹿公路", state="cut")
        await there.do("report", segment="港口路北", state="cut")
        heard: list[Signal] = []
        there.keeper.tell(heard.append)
        assert [("mca:320585105", "cut"), ("mca:320585105", "cut")] == [(one.place, one.mode) for one in heard]
        assert 2 == len({one.source for one in heard})
        for one in heard:
            there.house.room.modes.signal(one)
        there.house.clock.now += 31.0
        there.house.room.modes.look()
        assert "cut" == there.house.room.modes.stand(Axis.ROAD, "mca:320585105").mode


async def test_a_town_speaks_for_its_own_roads(tmp_path: Path) -> None:
    """One end in it is enough: whoever stands at the broken bridge."""
    async with roaded(tmp_path) as there:
        assert "source:town" == (await there.do("report", who="town", segment="沙鹿公路", state="cut"))["source"]


async def test_the_map_lies_beside_the_directory_and_is_taken_whole_or_not(tmp_path: Path) -> None:
    """A fault names folder, file, line and column."""
    async with roaded(tmp_path / "state", RoadMap()) as there:
        assert RoadMap() == await there.keeper.read_folder(tmp_path, Directory())
        (tmp_path / "roads").mkdir()
        (tmp_path / "roads" / "places.csv").write_text("id,name,base,source,verified\na,城厢,perhaps,s,no\n", encoding="utf-8")
        with pytest.raises(SettingsError, match=r'roads/places\.csv, line 2, column base: "perhaps" must be yes or no'):
            await there.keeper.read_folder(tmp_path, Directory())


async def test_what_a_plugins_sensor_sees_of_a_road_is_a_word_on_it(tmp_path: Path) -> None:
    """And its channels are told whom nobody gets to; without a map an observation is told as it is."""
    parts = Parts()
    parts.sees = [Observation("road:沙鹿公路", "cut", "", 1e12, 600.0), Observation("road:港口路北", "cut", "", 1e12, 600.0)]
    async with hosted(tmp_path, f'{CHANNEL_C}[sensors.drone]\ntype = "test.sensor"\n', parts=parts) as there:
        keeper = RoadKeeper(there.house.store, there.house.office.clock)
        await keeper.use(county())
        there.hosting.roads = keeper
        there.start()
        watch = keeper.here
        await there.until(lambda: len(watch.reports) == 2)
        assert {"sensor:drone"} == {one.source for one in watch.reports}
        await there.house.store.run(lambda tx: None)
        assert ["璜泾"] == [one["name"] for one in await there.house.events("alarm.isolated")]
        await there.until(lambda: bool(parts.contexts))
        instance = there.house.room.board.get("c")
        assert instance is not None
        instance.no_way = {"+86138": "no way by road or on foot to 璜泾 now"}
        assert ("no way by road or on foot to 璜泾 now", "") == tuple(parts.contexts[0].no_way(one) for one in ("+86138", "+86139"))
