"""Where to send a mobile base station: every place where one can be set up, by who waits within its radius and how soon it is there. Pure.

Source: scenarios.md, S5; domain.md §3.6, CommsAsset: 10 km.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from fenghuo.engine.geometry import distance_km
from fenghuo.engine.roads import OVERLAND, Arrival, Roads
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.message import Circle
from fenghuo.model.road import Layer, RoadMap, RoadPlace

__all__ = ["RADIUS_KM", "Proposal", "Reach", "Waiting", "place_of", "proposals"]

RADIUS_KM = 10.0


class Reach(msgspec.Struct, frozen=True):
    """How far the station reaches, km, and by what layers its vehicle goes."""

    radius_km: float = RADIUS_KM
    layers: frozenset[Layer] = OVERLAND


class Waiting(msgspec.Struct, frozen=True):
    """A recipient of an open objective whom nothing reaches now, and where they are."""

    objective: int
    recipient: RecipientId
    place: str


class Proposal(msgspec.Struct, frozen=True):
    """A site: when the vehicle can be there, what it would make reachable, and which places it covers. `people`: who live in those of the
    covered places where somebody waits; `mean_km`: to whom it serves."""

    site: str
    arrival: Arrival
    objectives: int
    recipients: int
    people: int
    mean_km: float
    covers: tuple[str, ...]


def proposals(roads: Roads, start: Collection[str], waiting: Sequence[Waiting], reach: Reach) -> tuple[Proposal, ...]:
    """Sites that the vehicle can get to, those first that make most open objectives reachable; then most people, then the nearest to them
    (a seat at the rim of the radius stands for a town of which half lies beyond), then the soonest."""
    sites = [place for place in roads.map.places if place.is_station]
    found = [_proposal(site, roads.reach(start, site.id, reach.layers), waiting, _near(site, roads.map, reach.radius_km)) for site in sites]
    able = [one for one in found if one.arrival.earliest_min is not None]
    return tuple(sorted(able, key=_rank))


def place_of(recipient: RecipientId, directory: Directory, road_map: RoadMap) -> str:
    """The place of the map where a recipient is: that of their organisation, else of the area itself; empty where neither is on it."""
    kind, _, rest = recipient.partition(":")
    person = directory.person_by_id.get(recipient)
    org = rest if kind == "org" else person.org if person is not None else ""
    areas = {rest} if kind == "area" else set()
    for place in road_map.places:
        if org in place.orgs or str(place.area) in areas:
            return place.id
    return ""


def _rank(one: Proposal) -> tuple[int, int, int, float, float, str]:
    return (-one.objectives, -one.people, -one.recipients, round(one.mean_km), one.arrival.earliest_min or 0.0, one.site)


def _proposal(site: RoadPlace, arrival: Arrival, waiting: Sequence[Waiting], near: Mapping[str, tuple[RoadPlace, float]]) -> Proposal:
    served = [one for one in waiting if one.place in near]
    places = {one.place for one in served}
    return Proposal(
        site.id,
        arrival,
        len({one.objective for one in served}),
        len({one.recipient for one in served}),
        sum(near[place][0].people for place in places),
        sum(near[one.place][1] for one in served) / max(1, len(served)),
        tuple(near),
    )


def _near(site: RoadPlace, road_map: RoadMap, radius_km: float) -> dict[str, tuple[RoadPlace, float]]:
    """The places within the radius, with how far they are; one without a point is near itself alone."""
    found = {site.id: (site, 0.0)}
    for place in road_map.places:
        if place.id == site.id or site.lat is None or site.lon is None or place.lat is None or place.lon is None:
            continue
        far_km = distance_km(Circle((site.lat, site.lon), radius_km), place.lat, place.lon)
        if far_km <= radius_km:
            found[place.id] = (place, far_km)
    return found
