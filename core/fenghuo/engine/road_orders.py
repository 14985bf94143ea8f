"""Orders that send units to a place: where each unit starts, when it can be there, and who could go instead of one that cannot. Pure.

A unit is an organisation of the directory; it stands where the map has its id, or that of what it belongs to.
Source: failover.md, No road; domain.md §3.4, Dispatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from fenghuo.engine.road_outlook import interval
from fenghuo.engine.roads import EVERY_WAY, NO_WAY, OVERLAND, WITHOUT_AIR, Arrival, Roads
from fenghuo.engine.routing import addressee
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.road import Layer, RoadMap

__all__ = ["MOST_INSTEAD", "Aim", "Journey", "Unit", "instead", "judged", "refusal", "said", "units_of"]

MOST_INSTEAD = 3
"""So many others are named who could go; a longer list is read by nobody who is in a hurry."""


class Aim(msgspec.Struct, frozen=True):
    """Where units are sent, a place by its id, and by what they can go."""

    place: str
    layers: frozenset[Layer]


class Unit(msgspec.Struct, frozen=True):
    """Whom an order sends, by the expressions that name them. `start`: the id of its place, empty where nobody knows it."""

    org: str
    name: str
    start: str
    recipients: tuple[RecipientId, ...]


class Journey(msgspec.Struct, frozen=True):
    """A unit, and when it can be there; `arrival` None: where it stands is not known, and nothing can be said."""

    unit: Unit
    arrival: Arrival | None

    @property
    def is_impossible(self) -> bool:
        return self.arrival is not None and self.arrival.earliest_min is None


def units_of(expressions: Iterable[str], directory: Directory, road_map: RoadMap) -> tuple[Unit, ...]:
    """The units that an order is for, each once. Whoever the directory does not know is no unit."""
    found: dict[str, list[RecipientId]] = {}
    for expression in expressions:
        for recipient in addressee(expression.strip(), directory):
            org = _org_of(recipient, directory)
            people = found.setdefault(org or recipient, [])
            if recipient not in people:
                people.append(recipient)
    return tuple(Unit(org, _name(org, directory), _start(org, directory, road_map), tuple(people)) for org, people in found.items())


def judged(units: Iterable[Unit], aim: Aim, roads: Roads) -> tuple[Journey, ...]:
    """When each can be there."""
    return tuple(Journey(unit, roads.reach((unit.start,), aim.place, aim.layers) if unit.start else None) for unit in units)


def instead(journeys: Iterable[Journey], aim: Aim, roads: Roads, directory: Directory) -> tuple[Journey, ...]:
    """Other organisations of the map that can be there, the soonest first."""
    asked = {journey.unit.org for journey in journeys}
    others = [
        Unit(org, _name(org, directory), start.id, (f"org:{org}",))
        for start in roads.map.places
        for org in start.orgs
        if org not in asked and start.id != aim.place
    ]
    able = [one for one in judged(others, aim, roads) if not one.is_impossible]
    return tuple(sorted(able, key=lambda one: (one.arrival or NO_WAY).earliest_min or 0.0)[:MOST_INSTEAD])


def said(journey: Journey, road_map: RoadMap) -> str:
    """`沙溪镇 from 沙溪: 12.0 min`."""
    if journey.arrival is None:
        return f"{journey.unit.name}: where it stands is on no map"
    return f"{journey.unit.name} from {road_map.place_by_id[journey.unit.start].name}: {interval(journey.arrival)}"


def refusal(journeys: Sequence[Journey], aim: Aim, roads: Roads, directory: Directory) -> str:
    """Why an order is refused, by what other way its units could go, and who could go instead."""
    stuck = [journey for journey in journeys if journey.is_impossible]
    by = " and ".join(_words(aim.layers))
    parts = [f"{roads.map.place_by_id[aim.place].name} cannot be reached by {by}: {'; '.join(said(one, roads.map) for one in stuck)}"]
    told: list[str] = []
    for more in (WITHOUT_AIR, EVERY_WAY):
        again = judged([one.unit for one in stuck], Aim(aim.place, more), roads)
        text = "; ".join(said(one, roads.map) for one in again)
        if more > aim.layers and text not in told and not any(one.is_impossible for one in again):
            told.append(text)
            parts.append(f"With --by {','.join(_words(more - OVERLAND))} {text}")
    others = instead(journeys, aim, roads, directory)
    if others:
        parts.append(f"Instead could go {'; '.join(said(one, roads.map) for one in others)}")
    able = [one for one in journeys if not one.is_impossible]
    if able:
        parts.append(f"--leave-out sends it to {', '.join(one.unit.name for one in able)} alone")
    return ". ".join(parts)


def _words(layers: frozenset[Layer]) -> list[str]:
    """On foot one may always go."""
    return sorted(layer.value for layer in layers - {Layer.FOOT}) or [Layer.FOOT.value]


def _org_of(recipient: RecipientId, directory: Directory) -> str:
    kind, _, rest = recipient.partition(":")
    if kind == "org":
        return rest
    person = directory.person_by_id.get(recipient)
    return person.org if person is not None else ""


def _name(org: str, directory: Directory) -> str:
    found = directory.org_by_id.get(org)
    return found.name if found is not None else org


def _start(org: str, directory: Directory, road_map: RoadMap) -> str:
    place_of = {one: place.id for place in road_map.places for one in place.orgs}
    seen: set[str] = set()
    while org and org not in seen:
        if org in place_of:
            return place_of[org]
        seen.add(org)
        found = directory.org_by_id.get(org)
        org = (found.parent or "") if found is not None else ""
    return ""
