"""Channel by place: what each channel is worth there now, and which way an order takes in place of another, and why. Pure.

A cell never says that something is delivered: it says how the channel is, how many addresses of that place it takes, and what was proven
of them. Source: console.md §2, channels; failover.md, Health of a channel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from fenghuo.engine.network import PAPER, area_of, place_of
from fenghuo.engine.planning import HEALTH_RANK
from fenghuo.engine.proven import Age, age_of
from fenghuo.engine.rules import Ladder
from fenghuo.model.directory import ContactPoint, Directory, RecipientId
from fenghuo.model.situation import Admin, ChannelView, Situation
from fenghuo.service.showing import rfc3339
from fenghuo.store.records import ProvenRow

__all__ = ["Place", "cell", "diversions", "places_of"]

OFF = {Admin.DISABLED: "off", Admin.INHIBITED: "off", Admin.STANDBY: "standby", Admin.SILENT: "silent"}
BEST_FIRST = list(Age)
Way = Callable[[RecipientId, str], ProvenRow | None]


class Place(msgspec.Struct, frozen=True, dict=True):
    """Where recipients are: its name as modes have it, what people call it, and whoever is there with their addresses."""

    place: str
    name: str
    level: int
    recipients: Mapping[RecipientId, tuple[ContactPoint, ...]]

    @cached_property
    def by_kind(self) -> Mapping[str, Counter[RecipientId]]:
        """How many addresses of each kind everybody has."""
        found: dict[str, Counter[RecipientId]] = {}
        for name, points in self.recipients.items():
            for point in points:
                found.setdefault(point.kind, Counter())[name] += 1
        return found

    def takes(self, view: ChannelView) -> Counter[RecipientId]:
        """How many addresses of each recipient a channel takes; who has none of its kinds is not there."""
        counts: Counter[RecipientId] = Counter()
        for kind in view.address_kinds:
            counts.update(self.by_kind.get(kind, {}))
        return counts


def places_of(directory: Directory) -> tuple[Place, ...]:
    """Every place that an organisation is, also where nobody can be reached, the highest level first, then by name of the place."""
    named = {org.id: (place_of(org), org) for org in directory.orgs}
    org_of = {person.id: person.org for person in directory.persons} | {f"org:{org.id}": org.id for org in directory.orgs}
    found: dict[str, dict[RecipientId, tuple[ContactPoint, ...]]] = {place: {} for place, _ in named.values()}
    for owner, points in directory.contacts_by_owner.items():
        if (org := org_of.get(owner, "")) in named:
            found[named[org][0]][owner] = points
    firsts = dict(reversed(named.values()))
    places = (Place(place, _name(place, directory, firsts[place].name), firsts[place].level, who) for place, who in found.items())
    return tuple(sorted(places, key=lambda one: (one.level, one.place)))


def cell(view: ChannelView, place: Place, way: Way, *, now: float, share: float | None, because: str) -> dict[str, Any]:
    """One cell of the matrix. `share`: of the people there whom the inventory says that it reaches, None: no public channel; `because`: why
    the channel is as it is. `recipients`: how many have an address that it takes."""
    there = place.takes(view)
    rows = [(age_of(row, now), row) for owner in there if (row := way(owner, view.name)) is not None]
    best = max((row for _, row in rows if row.proven_at is not None), key=lambda row: row.proven_at or 0.0, default=None)
    is_there = bool(there) or bool(share)
    shut = sum(1 for owner in there for one in place.recipients[owner] if one.address in view.no_way) if view.no_way else 0
    return {
        "channel": view.name,
        "state": _state(view) if is_there else "none",
        "recipients": len(there),
        "addresses": there.total(),
        "shut": shut,
        "proven": sum(1 for age, _ in rows if age is not Age.RED),
        "age": min((age for age, _ in rows), key=BEST_FIRST.index, default=Age.RED).value if there else None,
        "at": rfc3339(best.proven_at) if best is not None else None,
        "level": best.level.name if best is not None and best.level else None,
        "share_pct": round(share * 100, 1) if share is not None else None,
        "why": because if is_there else _nobody(view),
    }


def diversions(place: Place, ladders: Mapping[str, Ladder], situation: Situation, why: Callable[[str], Mapping[str, Any]]) -> list[Any]:
    """Ladders of which the first way to this place is not the one that an order would take now: `came_from` with its cause and since when,
    `to` what is taken in its place, "" where nothing is left. Two ladders with the same answer are one line."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for name, ladder in ladders.items():
        order = [view for rung in ladder.rungs for view in _ranked(rung.channels, place, situation)]
        normal = [view for rung in ladder.rungs for view in _named(rung.channels, place, situation)]
        taken = next((view for view in order if view.is_usable), None)
        lost = [view for view in normal if not view.is_usable]
        if not lost or (taken is not None and normal.index(taken) < normal.index(lost[0])):
            continue
        key = (lost[0].name, taken.name if taken is not None else "")
        line = lines.setdefault(key, {"came_from": key[0], "to": key[1], "ladders": [], **why(lost[0].name)})
        line["ladders"].append(name)
    return list(lines.values())


def _ranked(names: Iterable[str], place: Place, situation: Situation) -> Sequence[ChannelView]:
    return sorted(_named(names, place, situation), key=lambda view: (HEALTH_RANK[view.health], -view.weight))


def _named(names: Iterable[str], place: Place, situation: Situation) -> list[ChannelView]:
    """Those of a rung that are installed and take an address there. Paper is carried, and takes nothing's place."""
    views = (situation.channel.get(name) for name in names)
    return [view for view in views if view is not None and view.form != PAPER and place.takes(view)]


def _state(view: ChannelView) -> str:
    return view.health.value if view.admin is Admin.ENABLED else OFF[view.admin]


def _nobody(view: ChannelView) -> str:
    return f"nobody there has an address of the kind {' or '.join(view.address_kinds) or 'that it takes'}"


def _name(place: str, directory: Directory, otherwise: str) -> str:
    ref = area_of(place)
    area = directory.area_by_ref.get(ref) if ref is not None else None
    return area.name if area is not None else otherwise
