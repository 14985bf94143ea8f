"""Whom a channel that travels cannot reach: a courier without a road, a boat without water, a drone without air. Pure.

What a channel needs stands in its capabilities: `road`, `water` (with the road to the jetty) or `air`. Source: failover.md, No road.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from fenghuo.engine.road_placement import place_of
from fenghuo.engine.roads import OVERLAND, WITHOUT_AIR, Roads
from fenghuo.model.directory import ContactPoint, Directory
from fenghuo.model.road import Layer

__all__ = ["GOES_BY", "barred"]

GOES_BY: Mapping[str, frozenset[Layer]] = {"road": OVERLAND, "water": WITHOUT_AIR, "air": frozenset({Layer.AIR})}
"""What a channel needs → by which layers it goes."""
_SAID = {"road": "by road or on foot", "water": "by road or water", "air": "by air"}


def barred(roads: Roads, needs: Collection[str], points: Iterable[ContactPoint], directory: Directory) -> dict[str, str]:
    """Address → why nobody gets there now from any base. Who is on no map, and whom a way in doubt may reach, is not barred."""
    need = next((need for need in GOES_BY if need in needs), None)
    if need is None:
        return {}
    reached = roads.arrivals(roads.bases, GOES_BY[need])
    found: dict[str, str] = {}
    for point in points:
        place = _place(point, roads, directory)
        if place and place not in reached:
            found[point.address] = f"no way {_SAID[need]} to {roads.map.place_by_id[place].name} now"
    return found


def _place(point: ContactPoint, roads: Roads, directory: Directory) -> str:
    """Where a sheet is carried: the place that its address begins with, else where its owner is."""
    named = [place for place in roads.map.places if point.address.startswith(place.name)]
    return max(named, key=lambda place: len(place.name)).id if named else place_of(point.owner, directory, roads.map)
