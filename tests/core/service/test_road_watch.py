"""Roads as the daemon keeps them: a word and its alarm in one commit, doubt when a word is over, and the same after a restart."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from fenghuo.clock import SystemClock
from fenghuo.engine.road_names import subject_named
from fenghuo.model.mode import RoadMode, Signal
from fenghuo.model.road import RoadReport, SegmentState
from fenghuo.plugin.ports import Observation
from fenghuo.rig.simloop import SimLoop, run
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.rig.virtual_store_disk import VirtualDisk
from fenghuo.service.road_watch import RoadWatch
from fenghuo.store import Store, StoreSettings
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import META
from fenghuo.store.transaction import Tx
from tests.core.engine.county_roads import county

CUT, OPEN = SegmentState.CUT, SegmentState.OPEN
DAY_S = 86_400.0


class Watched:
    """A watch over a store on virtual time."""

    def __init__(self, store: Store, clock: SystemClock) -> None:
        self.store, self.clock = store, clock
        self.signals: list[Signal] = []
        self.watch = RoadWatch(store, clock)
        self.watch.on_signal = self.signals.append

    async def begin(self) -> None:
        await self.watch.load()
        self.watch.use(county())

    async def say(self, state: SegmentState, *names: str, source: str = "person:duty", for_s: float = DAY_S) -> None:
        now = self.clock.time()
        await self.watch.report(*(RoadReport(subject_named(county(), name), state, source, now, now + for_s) for name in names))

    def see(self, what: str, value: float | str, *, sensor: str = "drone", for_s: float = 60.0) -> None:
        self.watch.observe(sensor, Observation(what, value, "", self.clock.time(), for_s))

    async def told(self, *kinds: str) -> list[dict[str, Any]]:
        await self.store.run(lambda tx: None)
        return [dict(event.body) for event in await self.store.events.read(0, 1000) if event.type in kinds]

    def modes(self) -> list[tuple[str, str, str]]:
        return [(one.place, one.mode, one.source) for one in self.signals]


def watched(folder: Path, *lives: Callable[[Watched], Awaitable[None]]) -> None:
    """Each life is a process on the same disk, on virtual time."""
    fill = VirtualFill(random.Random(1), VirtualDisk(random.Random(1)))
    settings = StoreSettings(min_free=1, ballast=1, log_frames=0, fill=fill)

    async def all_of_them(loop: SimLoop) -> None:
        for life in lives:
            clock = SystemClock(wall=loop.time, monotonic=loop.time)
            store = await Store.open(folder, clock=clock, node="sim", settings=settings, connect=fill.disk.connect)
            there = Watched(store, clock)
            await there.begin()
            await life(there)
            there.watch.stop()
            await store.close()

    run(all_of_them)


def test_the_alarm_of_an_island_is_in_the_commit_of_the_report_that_makes_it(tmp_path: Path) -> None:
    """S3: it names the town and the ways that are left; when the wind stops those it is fully isolated; the way back is told."""

    async def life(there: Watched) -> None:
        await there.say(CUT, "沙鹿公路")
        assert [] == await there.told("alarm.isolated")
        await there.say(CUT, "港口路北")
        (alarm,) = await there.told("alarm.isolated")
        assert "璜泾 has no road left (孤岛): 127.6 min by road and water, 91.5 min by air" == alarm["message"]
        assert ("mca:320585105", 66_113, "no way") == (alarm["area"], alarm["people"], alarm["overland"])
        there.see("weather.wind", 20.0, for_s=600.0)
        (_, alone) = await there.told("alarm.isolated")
        assert ("alone", "no way") == (alone["reach"], alone["by_all"])
        assert alone["message"].startswith("璜泾 is fully isolated (孤岛): no way by road, water or air")
        await there.watch.report(RoadReport("road-shaxi-huangjing", OPEN, "person:duty", there.clock.time(), float("inf"), settles=True))
        (back,) = await there.told("road.reached")
        assert "璜泾 is reached overland again: 29.0 min" == back["message"]

    watched(tmp_path, life)


def test_a_word_that_is_over_is_doubt_by_itself_and_a_restart_tells_nothing_twice(tmp_path: Path) -> None:
    """What was cut becomes unknown, never open; after the restart the same holds, and only what has changed meanwhile is told."""

    async def before(there: Watched) -> None:
        await there.say(CUT, "沙鹿公路", for_s=100.0)
        await there.say(CUT, "港口路北", for_s=DAY_S)
        assert 1 == len(await there.told("alarm.isolated"))

    async def after(there: Watched) -> None:
        assert (1, 0) == (len(await there.told("alarm.isolated")), len(await there.told("road.unknown")))
        await asyncio.sleep(101.0)
        (doubt,) = await there.told("road.doubtful")
        assert "nobody knows whether 璜泾 has a road left: 29.0 min at the earliest, and no way is sure overland" == doubt["message"]
        assert ["沙鹿公路 (沙溪-璜泾)"] == [one["name"] for one in await there.told("road.unknown")]

    async def later(there: Watched) -> None:
        assert 1 == len(await there.told("road.doubtful"))
        await asyncio.sleep(DAY_S)
        assert 2 == len(await there.told("road.unknown"))

    watched(tmp_path, before, after, later)


def test_two_sources_for_every_road_are_two_words_for_the_modes(tmp_path: Path) -> None:
    """One drone's word on a road is one signal, a person's is two: nobody need say again what an operator has. Slower is restricted; open
    again, open, for as long as that word holds."""
    town = "mca:320585105"

    async def life(there: Watched) -> None:
        assert [] == there.modes()
        await there.say(CUT, "港口路北")
        await there.say(SegmentState.RESTRICTED, "沙鹿公路")
        await there.say(OPEN, "沙鹿公路", for_s=100.0)
        await asyncio.sleep(101.0)
        there.see("road:沙鹿公路", "cut", for_s=600.0)
        assert (town, RoadMode.CUT, "roads") == [one for one in there.modes() if one[1] == RoadMode.CUT][-1]
        await there.say(CUT, "沙鹿公路")
        assert (town, RoadMode.CUT, "roads:second word") == there.modes()[-1]
        there.signals.clear()
        await there.say(OPEN, "沙鹿公路", for_s=100.0)
        there.see("road:沙鹿公路", 0.5, for_s=600.0)
        assert (town, RoadMode.OPEN, "roads:second word") == there.modes()[-1]
        await asyncio.sleep(101.0)
        assert [(town, RoadMode.OPEN), (town, RoadMode.RESTRICTED)] == list(
            dict.fromkeys((place, mode) for place, mode, _ in there.modes())
        )

    watched(tmp_path, life)


def test_a_sensors_word_that_says_nothing_here_changes_nothing(tmp_path: Path) -> None:
    """An unknown segment, no state, no wind: the map stands, and what is said twice is kept once."""

    async def life(there: Watched) -> None:
        for what, value in (
            ("road:no such", "cut"),
            ("road:沙鹿公路", "blocked"),
            ("road:沙鹿公路", 1.5),
            ("weather.wind", "strong"),
            ("weather.wind", -1),
        ):
            there.see(what, value)
        assert () == there.watch.reports
        assert (True, False) == tuple(there.watch.takes(Observation(what, 1.0, "", 0.0, 1.0)) for what in ("road:x", "power.state"))
        there.see("road:沙鹿公路", "cut")
        there.see("road:沙鹿公路", "cut")
        assert 1 == len(await there.told("road.reported"))

    watched(tmp_path, life)


def test_villages_behind_one_bridge_are_one_alarm_that_names_them(tmp_path: Path) -> None:
    """By the largest of them; a second word that is over is taken back at the modes."""

    async def life(there: Watched) -> None:
        await there.say(CUT, "沙鹿公路", "S80/G346", "滨江大道")
        (alarm,) = await there.told("alarm.isolated")
        assert ("港区", ["璜泾"], 166_113) == (alarm["name"], alarm["others"], alarm["people"])
        assert alarm["message"].startswith("港区 (and 1 more places) has no road left (孤岛): ")
        for road in ("沙鹿公路", "S80/G346", "滨江大道"):
            there.see(f"road:{road}", "cut", for_s=600.0)
        words = [(one.place, one.mode, one.source) for one in there.signals]
        assert ("mca:320585103", RoadMode.CUT, "roads:second word") in words
        await there.say(CUT, "滨江大道", for_s=300.0)
        there.signals.clear()
        await asyncio.sleep(301.0)  # the drone's word stands, and is one
        said = [(one.mode, one.source) for one in there.signals if one.place == "mca:320585103"]
        assert [(RoadMode.CUT, "roads"), (RoadMode.UNKNOWN, "roads:second word")] == said

    watched(tmp_path, life)


def test_no_word_of_roads_stops_the_next_start(tmp_path: Path) -> None:
    """A sensor's word without an end, the null of an older version, and what is no row at all: the daemon starts, and says what it lost."""
    row = '{"reports":[{"subject":"road-shaxi-huangjing","state":"cut","source":"person:a","at":0.0,"expires_at":null}]}'

    async def endless(there: Watched) -> None:
        there.see("road:滨江大道", "open", for_s=float("inf"))
        await there.told()

    async def older(there: Watched) -> None:
        assert ["sensor:drone"] == [one.source for one in there.watch.reports]
        await there.store.run(lambda tx: tx.put(META, MetaRow("roads", row)))

    async def broken(there: Watched) -> None:
        assert [("person:a", True)] == [(one.source, one.expires_at > there.clock.time()) for one in there.watch.reports]
        for name in ("roads", "road.orders"):
            await there.store.run(partial(_put, name))

    async def lost(there: Watched) -> None:
        assert () == there.watch.reports
        assert 2 == len(await there.told("alarm.roads_lost"))

    watched(tmp_path, endless, older, broken, lost)


def _put(name: str, tx: Tx) -> None:
    tx.put(META, MetaRow(name, '{"reports":[{}]}'))
