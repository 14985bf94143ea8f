"""What the roads mean for each place: reached, in doubt, cut off (孤岛) or alone, said in a sentence, and as a word for the modes. Pure.

Source: scenarios.md, S3; domain.md §3.10, step 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

import msgspec

from fenghuo.engine.road_reports import AS_MAPPED, PERSON
from fenghuo.engine.roads import EVERY_WAY, OVERLAND, WITHOUT_AIR, Arrival, Isolation, Roads
from fenghuo.model.mode import RoadMode
from fenghuo.model.road import Layer, RoadReport, SegmentState

__all__ = ["OutlookOf", "Reach", "interval", "outlooks", "reaches", "road_modes", "sentence", "ways_said", "words_behind"]

_WORDS = {Layer.ROAD: "road", Layer.WATER: "water", Layer.AIR: "air", Layer.FOOT: "foot"}


A_MOMENT_MIN = 0.1
"""So much longer is as ever."""
Arrivals = tuple[float, float | None]
"""Earliest and latest minutes, as Roads.arrivals() gives them."""


class Reach(IntEnum):
    """How far help gets, worst last."""

    REACHED = 0
    DOUBTFUL = 1
    NO_ROAD = 2
    ALONE = 3


class OutlookOf(msgspec.Struct, frozen=True):
    """An island by its largest place, with the `others` on it, and how that can be reached now: overland, by all but air, by all."""

    place: str
    reach: Reach
    overland: Arrival
    without_air: Arrival
    by_all: Arrival
    others: tuple[str, ...] = ()


def reaches(isolation: Isolation) -> Mapping[str, Reach]:
    """Every place that help does not surely reach overland."""
    doubtful = {place: Reach.DOUBTFUL for island in isolation.doubtful for place in island}
    return doubtful | {place: Reach.ALONE if place in isolation.alone else Reach.NO_ROAD for place in isolation.cut_off}


def outlooks(roads: Roads, isolation: Isolation, wanted: Mapping[str, Reach]) -> list[OutlookOf]:
    """These places island by island, the worst and largest first. One that is reached again is told with the others that are: however many
    villages one bridge cuts off, it is one thing to hear and one search of the map."""
    island_of = {place: n for n, island in enumerate((*isolation.sure, *isolation.doubtful)) for place in island}
    groups: dict[tuple[Reach, int], list[str]] = {}
    for place, reach in wanted.items():
        groups.setdefault((reach, island_of.get(place, -1) if reach else -1), []).append(place)
    found = [_outlook(roads, reach, sorted(places, key=lambda one: _rank(roads, one))) for (reach, _), places in groups.items()]
    return sorted(found, key=lambda one: (-one.reach, _rank(roads, one.place)))


def _rank(roads: Roads, place: str) -> tuple[int, str]:
    return (-roads.map.place_by_id[place].people, place)


def _outlook(roads: Roads, reach: Reach, places: Sequence[str]) -> OutlookOf:
    """All three ways to the first of these from the nearest base."""
    overland, without_air, by_all = (roads.reach(roads.bases, places[0], layers) for layers in (OVERLAND, WITHOUT_AIR, EVERY_WAY))
    return OutlookOf(places[0], reach, overland, without_air, by_all, tuple(places[1:]))


def interval(arrival: Arrival) -> str:
    """An arrival in minutes: `29.0 min`, `29.0-51.3 min`, or that no way is sure."""
    if arrival.earliest_min is None:
        return "no way"
    if arrival.latest_min is None:
        return f"{arrival.earliest_min:.1f} min at the earliest, and no way is sure"
    if round(arrival.latest_min, 1) == round(arrival.earliest_min, 1):
        return f"{arrival.earliest_min:.1f} min"
    return f"{arrival.earliest_min:.1f}-{arrival.latest_min:.1f} min"


def ways_said(found: OutlookOf) -> str:
    """How a place without a road is reached: `127.6 min by road and water, 91.5 min by air`; empty where it is not."""
    said = [f"{interval(one)} by {_layers(one)}" for one in (found.without_air, found.by_all) if one.earliest_min is not None]
    return ", ".join(dict.fromkeys(said))


def sentence(roads: Roads, found: OutlookOf) -> str:
    """What a person must know of an island."""
    name = roads.map.place_by_id[found.place].name + (f" (and {len(found.others)} more places)" if found.others else "")
    match found.reach:
        case Reach.ALONE:
            return f"{name} is fully isolated (孤岛): no way by road, water or air; watch the weather, and keep contact by radio"
        case Reach.NO_ROAD:
            return f"{name} has no road left (孤岛): {ways_said(found)}"
        case Reach.DOUBTFUL:
            return f"nobody knows whether {name} has a road left: {interval(found.overland)} overland"
        case Reach.REACHED:
            return f"{name} is reached overland again: {interval(found.overland)}"


def road_modes(roads: Roads, usual: Mapping[str, Arrivals], found: Mapping[str, Reach]) -> Mapping[str, RoadMode]:
    """The word of every place for the modes. `usual`: arrivals overland where nothing is reported."""
    now = roads.arrivals(roads.bases, OVERLAND)
    return {place: _mode(found.get(place, Reach.REACHED), usual.get(place), now.get(place)) for place in roads.map.place_by_id}


def words_behind(roads: Roads, island: frozenset[str], reports: Iterable[RoadReport], now: float) -> int:
    """How many sources stand behind an island being one: each segment out of it must be said cut by so many. A person is two: what an
    operator has said of every road needs nobody to say it again."""
    edge = [one for one in roads.map.segments if one.layer in OVERLAND and len(island & {one.a, one.b}) == 1]
    said = {one.id: set[str]() for one in edge if roads.standing_of.get(one.id, AS_MAPPED).state is SegmentState.CUT}
    for report in reports:
        if report.state is not SegmentState.CUT or now >= report.expires_at:
            continue
        for segment in edge:
            if report.subject in (segment.id, f"layer:{segment.layer.value}"):
                said[segment.id] |= {report.source, f"{report.source} by sight"} if report.source.startswith(PERSON) else {report.source}
    return min((len(sources) for sources in said.values()), default=0)


def _mode(reach: Reach, usual: Arrivals | None, now: Arrivals | None) -> RoadMode:
    if reach >= Reach.NO_ROAD:
        return RoadMode.CUT
    if reach is Reach.DOUBTFUL or now is None or now[1] is None:
        return RoadMode.UNKNOWN
    return RoadMode.OPEN if usual is None or now[1] <= usual[0] + A_MOMENT_MIN else RoadMode.RESTRICTED


def _layers(arrival: Arrival) -> str:
    return " and ".join(_WORDS[layer] for layer in arrival.layers)
