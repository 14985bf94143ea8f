"""Orders that send units to a place: where each starts, when it is there, and what is said where one cannot be."""

from __future__ import annotations

from functools import cache

from fenghuo.engine.road_orders import Aim, judged, refusal, said, units_of
from fenghuo.engine.roads import OVERLAND, Roads
from fenghuo.formats.directory_csv import read_directory
from fenghuo.model.directory import Directory, Org, Person
from fenghuo.model.road import SegmentState
from tests.core.engine.county_roads import FOLDER, county, cut, files, standing

ISLAND = ("沙鹿公路", "港口路北")


@cache
def directory() -> Directory:
    found, _ = read_directory(files(FOLDER), dict.fromkeys(("msisdn", "callsign", "place"), str))
    return found


def lines(roads: Roads, *to: str, aim: Aim) -> list[str]:
    return [said(one, roads.map) for one in judged(units_of(to, directory(), roads.map), aim, roads)]


def test_a_unit_starts_where_the_map_has_its_organisation() -> None:
    """A person goes with theirs, once; a team of a town from its town; what stands nowhere is said to, and is no refusal."""
    aim = Aim("huangjing", OVERLAND)
    assert ["沙溪镇 from 沙溪: 12.0 min", "太仓市应急指挥中心 from 城厢: 29.0 min"] == lines(
        cut(), "org:shaxi", "person:tc-duty-officer", "person:shaxi-duty-officer", "person:nobody", aim=aim
    )
    team = Org("boats", "水上救援队", parent="liuhe")
    loner = Org("loner", "外地队")
    grown = Directory(
        orgs=(*directory().orgs, team, loner), persons=(Person("bo", "波", "boats"), Person("lo", "罗", "loner")), areas=directory().areas
    )
    found = judged(units_of(("bo", "lo"), grown, county()), aim, cut())
    assert ["liuhe", ""] == [one.unit.start for one in found]
    assert (False, "外地队: where it stands is on no map") == (found[1].is_impossible, said(found[1], county()))
    doubt = Roads(county(), standing(county(), SegmentState.UNKNOWN, *ISLAND))
    assert ["沙溪镇 from 沙溪: 12.0 min at the earliest, and no way is sure"] == lines(doubt, "org:shaxi", aim=aim)


def test_a_refusal_says_by_what_else_it_goes_and_who_else_could() -> None:
    """S3 and S8: by water and by air; the port is cut off from its west and reached by whoever is on its side."""
    roads, aim = cut(*ISLAND), Aim("huangjing", OVERLAND)
    units = units_of(("org:shaxi", "org:huangjing"), directory(), roads.map)
    assert (
        "璜泾 cannot be reached by road: 沙溪镇 from 沙溪: no way. With --by water 沙溪镇 from 沙溪: 110.6 min. "
        "With --by air,water 沙溪镇 from 沙溪: 102.1 min. --leave-out sends it to 璜泾镇 alone"
    ) == refusal(judged(units, aim, roads), aim, roads, directory())
    split = cut("滨江大道", "S80/G346", "沙鹿公路")  # the port and 璜泾 have each other left
    aim = Aim("gangqu", OVERLAND)
    says = refusal(judged(units_of(("org:shaxi",), directory(), split.map), aim, split), aim, split, directory())
    assert "Instead could go 璜泾镇 from 璜泾: 18.7 min" in says
    alone = cut(*ISLAND, "water", "air")
    only = judged(units_of(("org:shaxi",), directory(), alone.map), Aim("huangjing", OVERLAND), alone)
    assert "璜泾 cannot be reached by road: 沙溪镇 from 沙溪: no way" == refusal(only, Aim("huangjing", OVERLAND), alone, directory())
