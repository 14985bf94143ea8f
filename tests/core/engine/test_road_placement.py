"""Where a mobile base station is sent: by who waits within its radius, and how soon it is there."""

from __future__ import annotations

import msgspec

from fenghuo.engine.road_placement import RADIUS_KM, Reach, Waiting, place_of, proposals
from fenghuo.engine.roads import Roads
from tests.core.engine.county_roads import county, cut
from tests.core.engine.test_road_orders import directory

VEHICLE = ("kejiao",)


def ranked(roads: Roads, *waiting: Waiting, radius_km: float = RADIUS_KM) -> list[tuple[str, int, int]]:
    found = proposals(roads, VEHICLE, waiting, Reach(radius_km))
    return [(one.site, one.objectives, one.people) for one in found]


def test_the_seat_of_the_town_whose_base_station_is_gone_comes_first() -> None:
    """S5: the vehicle stands at 科教新城; 浏河 waits, and the way there is 34.8 minutes; a site that serves nobody stands last."""
    teams = [Waiting(1, f"team-{n}", "liuhe") for n in range(4)] + [Waiting(2, "head", "liuhe")]
    found = proposals(cut(), VEHICLE, teams, Reach())
    best = found[0]
    assert ("liuhe", 2, 5, 75_000, 34.8) == (
        best.site,
        best.objectives,
        best.recipients,
        best.people,
        round(best.arrival.earliest_min or 0, 1),
    )
    assert ("ludu", 2) == (found[1].site, found[1].objectives)  # sooner there, and 浏河 lies at the rim of its radius
    assert {0} == {one.objectives for one in found[2:]}


def test_more_open_objectives_go_before_more_people_and_a_site_that_is_cut_off_before_none() -> None:
    """Two orders for 璜泾 before one for 城厢 with twice its people; cut off it is no proposal, and the seat of 沙溪 reaches it."""
    orders = (Waiting(1, "a", "huangjing"), Waiting(2, "a", "huangjing"), Waiting(3, "b", "chengxiang"))
    assert ("huangjing", 2, 66_113) == ranked(cut(), *orders, radius_km=5.0)[0]
    island = ranked(cut("沙鹿公路", "港口路北"), *orders, radius_km=5.0)
    assert "huangjing" not in {site for site, _, _ in island}
    assert 1 == island[0][1]
    wide = ranked(cut("沙鹿公路", "港口路北"), *orders[:2], radius_km=10.8)
    assert ("shaxi", 2, 66_113) == wide[0]
    bare = msgspec.structs.replace(county(), places=tuple(msgspec.structs.replace(one, lat=None) for one in county().places))
    assert ("huangjing", 2, 66_113) == ranked(Roads(bare), *orders, radius_km=50.0)[0]


def test_somebody_is_where_their_organisation_stands() -> None:
    """Or where the area is that an order was addressed to; else on no map."""
    found = [place_of(one, directory(), county()) for one in ("liuhe-duty-officer", "org:huagong", "area:mca:320585105", "group:all")]
    assert ["liuhe", "gangqu", "huangjing", ""] == found
