"""Answers where a mobile base station would make most open objectives reachable. Shape: docs/reference/desk.md, `road.place`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fenghuo.engine.road_names import layers_of, place_named
from fenghuo.engine.road_outlook import interval
from fenghuo.engine.road_placement import Proposal, Reach, Waiting, place_of, proposals
from fenghuo.engine.roads import OVERLAND
from fenghuo.model.delivery import TargetState
from fenghuo.model.directory import RecipientId
from fenghuo.service.engine_room import EngineRoom

if TYPE_CHECKING:
    from fenghuo.service.road_watch import RoadWatch

__all__ = ["placing"]


def placing(watch: RoadWatch, room: EngineRoom, *, start: str, radius_km: float, by: tuple[str, ...], every: bool) -> dict[str, Any]:
    """`every`: whoever waits, not only those whom no channel that works has an address of. Raises: FormatError: no such place or layer."""
    roads = watch.roads
    origins = (place_named(roads.map, start, "start").id,) if start else tuple(roads.bases)
    waiting = list(_waiting(watch, room, every=every))
    known = [one for one in waiting if one.place]
    found = proposals(roads, origins, known, Reach(radius_km, OVERLAND | (layers_of(by) if by else frozenset())))
    serving = [one for one in found if one.objectives]
    return {
        "waiting": {"recipients": len({one.recipient for one in waiting}), "objectives": len({one.objective for one in waiting})},
        "unplaced": len({one.recipient for one in waiting if not one.place}),
        "radius_km": radius_km,
        "proposals": [_view(watch, one) for one in serving],
        "says": _says(watch, waiting, serving),
    }


def _waiting(watch: RoadWatch, room: EngineRoom, *, every: bool) -> Iterator[Waiting]:
    directory = room.office.directory
    works = {kind for view in room.board.situation().channels if view.is_usable for kind in view.address_kinds}
    where: dict[RecipientId, str] = {}
    for entry in room.book.targets():
        recipient = entry.target.recipient
        kinds = {point.kind for point in directory.contacts_by_owner.get(recipient, ())}
        if entry.target.state is not TargetState.OPEN or (kinds & works and not every):
            continue
        if recipient not in where:
            where[recipient] = place_of(recipient, directory, watch.roads.map)
        yield Waiting(entry.target.objective, recipient, where[recipient])


def _view(watch: RoadWatch, one: Proposal) -> dict[str, Any]:
    names = watch.roads.map.place_by_id
    return {
        "site": one.site,
        "name": names[one.site].name,
        "objectives": one.objectives,
        "recipients": one.recipients,
        "people": one.people,
        "mean_km": round(one.mean_km, 1),
        "earliest_min": round(one.arrival.earliest_min or 0.0, 1),
        "latest_min": None if one.arrival.latest_min is None else round(one.arrival.latest_min, 1),
        "arrival": interval(one.arrival),
        "covers": [names[place].name for place in one.covers],
    }


def _says(watch: RoadWatch, waiting: list[Waiting], found: list[Proposal]) -> str:
    if not waiting:
        return "nobody waits whom no working channel reaches"
    if not found:
        return "no site that the vehicle can get to reaches anybody who waits"
    best = found[0]
    name = watch.roads.map.place_by_id[best.site].name
    return f"send it to {name}: {interval(best.arrival)}; {best.objectives} open objectives, {best.recipients} recipients become reachable"
