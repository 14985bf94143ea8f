"""What is reported of roads, kept on the disk; what it means is told the moment it changes: who is cut off, and who is reached again.

A report and the alarm that follows from it are one commit. Shapes: docs/reference/roads.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.engine.road_names import label_of, subject_named
from fenghuo.engine.road_outlook import OutlookOf, Reach, interval, outlooks, reaches, road_modes, sentence, words_behind
from fenghuo.engine.road_reports import LONGEST_S, next_over, standings, taken, wind_reports
from fenghuo.engine.roads import OVERLAND, Isolation, Roads
from fenghuo.errors import FormatError
from fenghuo.model.directory import Directory
from fenghuo.model.mode import Axis, RoadMode, Signal
from fenghuo.model.road import RoadMap, RoadReport, SegmentState
from fenghuo.plugin.ports import Observation
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.road_answers import RoadAnswers
from fenghuo.service.road_bars import RoadBars
from fenghuo.service.road_orders import RoadOrders
from fenghuo.service.road_placing import placing
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META
from fenghuo.store.transaction import Tx

__all__ = ["RoadWatch"]

ROW = "roads"
ROAD, WIND = "road:", "weather.wind"
"""What a sensor may observe: `road:NAME` with a state or a factor below 1, and the wind in m/s."""
SIGNAL_HOLDS_S = 86_400.0
"""A word for the modes is said anew at each change; so long it holds where nothing that it rests on ends before."""
SOURCES = ("roads", "roads:second word")
BOTH = 2
MOST_NAMED = 50
"""Places of an island that an event lists."""
LONGEST_WAIT_S = 3_600.0
SHORTEST_WAIT_S = 0.01

log = structlog.stdlib.get_logger("fenghuo.roads")


class Kept(msgspec.Struct, frozen=True):
    """The row on the disk. `told`: the places of which a person was told last that they are not surely reached; `over`: segments of which
    they were told that the word on them is over."""

    reports: tuple[RoadReport, ...] = ()
    told: dict[str, int] = {}
    over: frozenset[str] = frozenset()


class News(msgspec.Struct, frozen=True):
    """What is told: an event, and with an `action` a record of the audit."""

    kind: str
    subject: str
    action: str
    body: dict[str, Any]


class Word(msgspec.Struct, frozen=True):
    """What was said of a place to the modes last."""

    mode: RoadMode
    sources: tuple[str, ...]
    until: float


class RoadWatch:
    """The roads as they are by all that is reported. `on_signal`: the modes."""

    def __init__(self, store: Store, clock: Clock, directory: Callable[[], Directory] = Directory) -> None:
        self._store = store
        self.clock = clock
        self.reports: tuple[RoadReport, ...] = ()
        self._told: dict[str, int] = {}
        self._over: frozenset[str] = frozenset()
        self._intact = self.roads = Roads(RoadMap())
        self._usual: frozenset[str] = frozenset()
        self._usual_min: Mapping[str, tuple[float, float | None]] = {}
        self._words: dict[str, Word] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.answers = RoadAnswers(self)
        self.placing = partial(placing, self)
        self.orders = RoadOrders(self, store, directory)
        self.on_signal: Callable[[Signal], None] = _nobody
        self._bars: RoadBars | None = None

    async def load(self) -> None:
        """Take back what was reported before the start. What cannot be read stops no start: a person is told. Raises: StoreError."""
        await self.orders.load()
        row = await self._store.sound(META, ROW)
        try:
            kept = _read(row.value, self.clock.time()) if row is not None else Kept()
        except msgspec.MsgspecError as fault:
            kept, says = Kept(), f"what was reported of roads cannot be read, and must be reported again: {fault}"
            await self._store.run(lambda tx: tx.event("alarm.roads_lost", "node", message=says))
        self.reports, self._told, self._over = kept.reports, dict(kept.told), kept.over

    def use(self, road_map: RoadMap) -> None:
        """Take a map, and look at once what the reports mean on it. What is cut off on the bare map is told to nobody."""
        self._intact = self.roads = Roads(road_map)
        self._usual = frozenset(reaches(self._intact.isolation()))
        self._usual_min = self._intact.arrivals(self._intact.bases, OVERLAND)
        self._move(())

    async def report(self, *reports: RoadReport) -> None:
        """Take somebody's word; it is on the disk, with what follows from it, when this returns. Raises: StoreError."""
        await self._move(reports)

    def takes(self, observation: Observation) -> bool:
        return observation.what.startswith((ROAD, WIND))

    def observe(self, sensor: str, observation: Observation) -> None:
        """A sensor's word. One that names no segment here, or is no state, is logged and kept from the map."""
        try:
            found = self._observed(f"sensor:{sensor}", observation)
        except FormatError as refusal:
            log.warning("a sensor's word on roads is not taken", sensor=sensor, says=str(refusal))
            return
        if any(report not in self.reports for report in found):
            self._move(found)

    def outlooks(self) -> list[OutlookOf]:
        """Every island that is not surely reached, the worst first."""
        isolation = self.roads.isolation()
        return outlooks(self.roads, isolation, reaches(isolation))

    def tell(self, on_signal: Callable[[Signal], None]) -> None:
        """Who hears the words for the modes from now on; what holds is said at once."""
        self.on_signal = on_signal
        self._words.clear()
        self._signal(self.roads.isolation(), self.clock.time())

    def bar(self, room: EngineRoom) -> None:
        """The channels of this board hear from now on whom they cannot reach."""
        self._bars = RoadBars(self, room)
        self._bars.look()

    def look(self) -> None:
        """Something has changed: whoever depends on roads looks again."""
        self.orders.look()
        if self._bars is not None:
            self._bars.look()

    def stop(self) -> None:
        """No timer is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _observed(self, source: str, observation: Observation) -> tuple[RoadReport, ...]:
        now = self.clock.time()
        at = min(observation.observed_at, now)
        until, value = at + observation.stale_after_s, observation.value
        if observation.what.startswith(WIND):
            if isinstance(value, str | bool) or not 0 <= value < 200:
                raise FormatError(f"a wind of {value!r}; it must be a number of m/s", code="bad-argument", where="value")
            return wind_reports(self.roads.map, value, source=source, at=at, expires_at=until)
        subject = subject_named(self.roads.map, observation.what.removeprefix(ROAD))
        if isinstance(value, float | int) and not isinstance(value, bool) and 0 < value < 1:
            return (RoadReport(subject, SegmentState.RESTRICTED, source, at, until, value),)
        if value not in (SegmentState.OPEN, SegmentState.CUT, SegmentState.UNKNOWN):
            says = f"{value!r} is no state; it must be open, cut, unknown, or the share of the usual speed that is left, as 0.5"
            raise FormatError(says, code="bad-argument", where="value")
        return (RoadReport(subject, SegmentState(str(value)), source, at, until),)

    def _move(self, reports: Iterable[RoadReport]) -> asyncio.Future[None]:
        """Take reports in, and keep and tell in one commit what they are and mean."""
        now, new = self.clock.time(), tuple(reports)
        for report in new:
            bounded = msgspec.structs.replace(report, expires_at=min(report.expires_at, now + LONGEST_S))
            self.reports = taken(self.reports, bounded)
        self.roads = self._intact.standing(standings(self._intact.map, self.reports, now))
        is_over = frozenset(segment for segment, one in self.roads.standing_of.items() if one.is_over)
        over, self._over = sorted(is_over - self._over), is_over
        isolation = self.roads.isolation()
        turned = self._turned(reaches(isolation))
        rest = {place: stage for place, stage in self._told.items() if place not in turned}
        self._told = rest | {place: reach.value for place, reach in turned.items() if reach}
        digest = self.roads.map.digest
        kept, news = Kept(self.reports, dict(self._told), self._over), [*self._reported(new), *self._ends(over)]
        news += [self._turn(one) for one in outlooks(self.roads, isolation, turned)]

        def keep(tx: Tx) -> None:
            tx.put(META, MetaRow(ROW, msgspec.json.encode(kept).decode()))
            for one in news:
                tx.event(one.kind, one.subject, **one.body)
                if one.action:
                    tx.audit(Deed.of(one.action, one.subject, content=digest, **one.body))

        kept_at = self._store.submit(keep) if news else _done()
        self._signal(isolation, now)
        self._rearm(now)
        self.look()
        return kept_at

    def _turned(self, reach_of: Mapping[str, Reach]) -> dict[str, Reach]:
        """Places that stand otherwise than a person was told last."""
        found = {place: reach for place, reach in reach_of.items() if place not in self._usual}
        asked = {*found, *self._told} & set(self._intact.map.place_by_id)
        return {place: found.get(place, Reach.REACHED) for place in asked if found.get(place, Reach.REACHED) != self._told.get(place, 0)}

    def _reported(self, reports: Iterable[RoadReport]) -> list[News]:
        named = ((one, msgspec.structs.asdict(one) | {"name": label_of(self.roads.map, one.subject)}) for one in reports)
        return [News("road.reported", f"road/{one.subject}", "report", body) for one, body in named]

    def _ends(self, segments: Iterable[str]) -> list[News]:
        said = ((one, {"name": label_of(self.roads.map, one), "message": "the word on it is over"}) for one in segments)
        return [News("road.unknown", f"road/{one}", "", body) for one, body in said]

    def _turn(self, found: OutlookOf) -> News:
        kind = {Reach.REACHED: "road.reached", Reach.DOUBTFUL: "road.doubtful"}.get(found.reach, "alarm.isolated")
        place = self.roads.map.place_by_id[found.place]
        others = [self.roads.map.place_by_id[one] for one in found.others]
        body: dict[str, Any] = {
            "message": sentence(self.roads, found),
            "place": place.id,
            "name": place.name,
            "area": str(place.area) if place.area is not None else None,
            "people": place.people + sum(one.people for one in others),
            "others": [one.name for one in others[:MOST_NAMED]],
            "reach": found.reach.name.lower(),
            "overland": interval(found.overland),
            "without_air": interval(found.without_air),
            "by_all": interval(found.by_all),
            "map": self.roads.map.digest,
        }
        return News(kind, f"road/{place.id}", "isolate" if kind == "alarm.isolated" else "reach", body)

    def _signal(self, isolation: Isolation, now: float) -> None:
        """The word of each place for the modes where it has changed, or holds for longer; a second source only where every road of its
        island was said cut by two."""
        until = max((one.expires_at for one in self.reports if one.expires_at > now), default=now + SIGNAL_HOLDS_S)
        island_of = {place: island for island in isolation.sure for place in island}
        twice = {island for island in isolation.sure if words_behind(self.roads, island, self.reports, now) >= BOTH}
        for place, mode in road_modes(self.roads, self._usual_min, reaches(isolation)).items():
            last = self._words.get(place)
            area = self._intact.map.place_by_id[place].area
            sources = SOURCES[:1] if mode is RoadMode.CUT and island_of[place] not in twice else SOURCES
            if area is None or (last is None and mode is RoadMode.OPEN):
                continue
            if last is not None and (last.mode, last.sources) == (mode, sources) and until <= last.until:
                continue
            self._words[place] = Word(mode, sources, until)
            for source in SOURCES if last is not None else sources:  # what a source does not say any more it takes back
                said = mode if source in sources else RoadMode.UNKNOWN
                self.on_signal(Signal(Axis.ROAD, str(area), said.value, source, now, until, self._intact.map.place_by_id[place].name))

    def _rearm(self, now: float) -> None:
        self.stop()
        at = next_over(self.reports, now)
        if at is not None:
            wait_s = min(max(at - now, SHORTEST_WAIT_S), LONGEST_WAIT_S)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._move, ())


def _read(text: str, now: float) -> Kept:
    """The row; where an end stands as null it was written when "without an end" could be said. Raises: MsgspecError."""
    row = msgspec.json.decode(text, type=dict[str, Any])
    reports = msgspec.convert(row.get("reports", ()), tuple[dict[str, Any], ...])
    endless = {"expires_at": now + LONGEST_S}
    row["reports"] = [one | endless if one.get("expires_at", 0) is None else one for one in reports]
    return msgspec.convert(row, Kept)


def _nobody(signal: Signal) -> None:
    """Until the modes are wired in."""


def _done() -> asyncio.Future[None]:
    """Nothing had to be kept."""
    found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    found.set_result(None)
    return found
