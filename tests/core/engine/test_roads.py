"""The graph of roads, water, air and footpaths: arrivals, islands and bridges of the acceptance scenarios, to the figure."""

from __future__ import annotations

from fenghuo.engine.road_reports import Standing
from fenghuo.engine.roads import EVERY_WAY, NO_WAY, OVERLAND, WITHOUT_AIR, Arrival, Isolation, Roads
from fenghuo.model.road import Layer, LayerTerms, RoadMap, RoadPlace, Segment, SegmentState
from tests.core.engine.county_roads import county, cut, standing

BASE = ("chengxiang",)
BOTH = ("沙鹿公路", "港口路北")


def minutes(roads: Roads, place: str, layers: frozenset[Layer] = EVERY_WAY) -> float | None:
    earliest = roads.reach(BASE, place, layers).earliest_min
    return None if earliest is None else round(earliest, 1)


def names(roads: Roads, layer: Layer = Layer.ROAD) -> list[str]:
    return [roads.map.label(segment) for segment in roads.bridges(layer)]


def test_a_town_whose_roads_are_cut_is_reached_by_water_then_by_air_then_not_at_all() -> None:
    """scenarios.md §0 and S3: 29.0, 127.6, 91.5, none; the town stands alone only when the wind stops both."""
    assert (29.0, "沙鹿公路") == (minutes(cut(), "huangjing"), cut().reach(BASE, "huangjing").legs[-1].segment.name)
    island = cut(*BOTH)
    assert (None, 127.6, 91.5) == tuple(minutes(island, "huangjing", layers) for layers in (OVERLAND, WITHOUT_AIR, EVERY_WAY))
    assert (Layer.ROAD, Layer.WATER) == island.reach(BASE, "huangjing", WITHOUT_AIR).layers
    assert Isolation((frozenset({"huangjing"}),)) == island.isolation()
    windy = cut(*BOTH, Layer.WATER, Layer.AIR)
    assert (NO_WAY, frozenset({"huangjing"})) == (windy.reach(BASE, "huangjing"), windy.isolation().alone)


def test_supplies_for_the_port_go_by_road_and_river_when_its_three_roads_are_cut() -> None:
    """S8: 119.3 minutes by 浏河; boarding and leaving the boat are part of it."""
    roads = cut("滨江大道", "S80/G346", "港口路北")
    assert 119.3 == minutes(roads, "gangqu", WITHOUT_AIR)
    assert {"gangqu"} == roads.isolation().cut_off
    assert 29.0 == minutes(roads, "huangjing")


def test_what_a_place_hangs_on_is_known_before_the_storm() -> None:
    """scenarios.md §0: the bridge of the intact map, and one more with 沙鹿公路 lost; a lost segment is none any more."""
    assert ["城厢-科教 (公路)"] == names(cut())
    assert ["城厢-科教 (公路)", "港口路北 (璜泾-港区)"] == names(cut("沙鹿公路"))
    assert ["城厢-浏河 (水路)", "杨林塘 (双凤-港区)", "长江 (浏河-港区)"] == names(cut(), Layer.WATER)


def test_an_unknown_segment_widens_the_arrival_and_is_never_open() -> None:
    """The same town: certain by one road, by the long way round, or by no road that is sure."""
    doubt = standing(county(), SegmentState.UNKNOWN, "沙鹿公路")
    roads = Roads(county(), doubt)
    arrival = roads.reach(BASE, "huangjing", OVERLAND)
    assert (29.0, 51.3) == (arrival.earliest_min, round(arrival.latest_min or 0, 1))
    assert {"huangjing": (29.0, arrival.latest_min)}.items() <= roads.arrivals(BASE, OVERLAND).items()
    both = Roads(county(), standing(county(), SegmentState.UNKNOWN, *BOTH))
    assert (29.0, None) == (both.reach(BASE, "huangjing", OVERLAND).earliest_min, both.reach(BASE, "huangjing", OVERLAND).latest_min)
    assert Isolation((), (frozenset({"huangjing"}),)) == both.isolation()


def test_a_restricted_segment_is_slower_and_left_where_another_is_quicker() -> None:
    """沙鹿公路 at half speed: 12 minutes more; at a tenth the way by the port is quicker."""
    half, tenth = ({"road-shaxi-huangjing": Standing(SegmentState.RESTRICTED, factor)} for factor in (0.5, 0.1))
    assert (41.0, 51.3) == (minutes(cut().standing(half), "huangjing"), minutes(cut().standing(tenth), "huangjing"))


def test_of_two_ways_between_two_places_the_quicker_that_stands_is_gone_and_neither_is_a_bridge() -> None:
    """On foot at 4 km/h beside a road; leaving a layer that costs nothing is a change at the place."""
    places = (RoadPlace("a", "甲", is_base=True), RoadPlace("b", "乙"), RoadPlace("c", "丙"))
    ways = [("old", Layer.ROAD, "a", "b", 10, 20), ("new", Layer.ROAD, "a", "b", 10, 60), ("path", Layer.FOOT, "b", "c", 2, 4)]
    roads = Roads(RoadMap(places, tuple(Segment(*way) for way in ways), (LayerTerms(Layer.ROAD),)))
    assert (40.0, ["new", "path"]) == (roads.reach(("a",), "c").earliest_min, [leg.segment.id for leg in roads.reach(("a",), "c").legs])
    assert () == roads.bridges(Layer.ROAD)
    left = roads.standing({"new": Standing(SegmentState.CUT)})
    assert (60.0, ("old",)) == (left.reach(("a",), "c").earliest_min, tuple(one.id for one in left.bridges(Layer.ROAD)))
    assert (Arrival(0.0, 0.0), NO_WAY, {}) == (roads.reach(("a",), "a"), roads.reach((), "a"), roads.arrivals(("nowhere",)))
