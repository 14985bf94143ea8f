"""What is left of the ways to each place: full, degraded, or isolated; by our own evidence, and by what others say is out. Pure.

A way counts that carries words by itself, real ones, and can be heard to work: no sheet on paper, which somebody carries, and no siren. The
number that is counted is that of ways which share no risk group: two over one fibre are one. Isolated is a place to which nothing is left
but what is kept and carried, and what is `scarce`: a satellite handset is no network, it is what comes on when there is none. Where all
that a place ever had is scarce, that is counted.
Source: failover.md, Modes; scenarios.md S3, S4 (independent risk groups of a town 3 to 2, alarm at 1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from fenghuo.model.area import AreaRef
from fenghuo.model.directory import Directory, Org
from fenghuo.model.evidence import Evidence
from fenghuo.model.mode import NetworkMode
from fenghuo.model.situation import Admin, ChannelView, Health
from fenghuo.model.traffic import Traffic

__all__ = ["NODE", "Way", "Ways", "alarming", "area_of", "is_live", "place_of", "places", "ways_of"]

NODE = ""
"""The place that is this node itself: all of its ways, whoever they lead to."""
TOWN = 4
"""Level of an organisation from which on its area is its place: what is said of the county's office is not said of the county."""
CARRIED = frozenset({"road", "water", "air", "foot"})
"""What a channel may need that somebody or something travels by."""
PAPER = "sheet"
"""The form of what is printed and handed on by somebody, who needs nothing to walk about in the village."""
GOOD = frozenset({Health.UP, Health.PROBATION})


class Way(msgspec.Struct, frozen=True):
    """A live way: a channel and whether it works, may work (suspect, or nobody knows yet) or is lost."""

    channel: str
    groups: frozenset[str]
    kinds: frozenset[str]
    is_good: bool
    is_lost: bool
    is_unknown: bool = False
    is_scarce: bool = False

    @classmethod
    def of(cls, view: ChannelView) -> Way:
        is_on = view.admin is Admin.ENABLED
        return cls(
            view.name,
            frozenset(view.risk_groups) or frozenset({view.name}),
            frozenset(view.address_kinds),
            is_good=is_on and view.health in GOOD,
            is_lost=not is_on or view.health is Health.DOWN,
            is_unknown=is_on and view.health is Health.UNKNOWN,
            is_scarce=view.scarce,
        )


class Ways(msgspec.Struct, frozen=True):
    """What is left for one place. `groups`, `normal`: how many ways work, and were meant to, that share no risk group; `up`, `lost`:
    channels by name; `spare`: scarce ones that are not lost, which are not counted."""

    mode: NetworkMode
    groups: int
    normal: int
    up: tuple[str, ...]
    lost: tuple[str, ...]
    spare: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """What it comes to."""
        lost = f"; lost: {', '.join(self.lost)}" if self.lost else ""
        spare = f"; left beside: {', '.join(self.spare)}" if self.spare else ""
        return f"{self.groups} of {self.normal} independent ways{lost}{spare}"


def is_live(view: ChannelView, needs: Iterable[str], *, is_mute: bool) -> bool:
    """Whether it carries words by itself, can be heard to work, and is meant to: what stands by for a mode is missed by nobody before.
    `needs`: of its capabilities."""
    if view.admin is Admin.STANDBY:
        return False
    is_carried = view.form == PAPER or not CARRIED.isdisjoint(needs)
    return not is_mute and not is_carried and Traffic.ACTUAL in view.traffic and view.evidence_max >= Evidence.AIRED


def places(directory: Directory) -> Mapping[str, frozenset[str]]:
    """By place the kinds of address that somebody there has; a place that nobody can be reached in has none. Places are named as modes
    are: by the area of a town, by its id an organisation that is none or lies nowhere."""
    places_by_org = {org.id: place_of(org) for org in directory.orgs}
    found: dict[str, set[str]] = {place: set() for place in places_by_org.values()}
    org_of = {person.id: person.org for person in directory.persons} | {f"org:{org.id}": org.id for org in directory.orgs}
    for contact in directory.contacts:
        if (org := org_of.get(contact.owner)) in places_by_org:
            found[places_by_org[org]].add(contact.kind)
    return {place: frozenset(kinds) for place, kinds in found.items() if kinds}


def area_of(place: str) -> AreaRef | None:
    """The area that a place is, None of an organisation or the node."""
    return AreaRef.parse(place) if ":" in place else None


def ways_of(ways: Iterable[Way], kinds: Collection[str] | None, out: Collection[str] = ()) -> Ways | None:
    """What of these ways is left to a place with addresses of these kinds, all where None; without those that are `out` by somebody's
    word. None: no way ever led there, and nothing can be lost."""
    there = [way for way in ways if kinds is None or not way.kinds.isdisjoint(kinds)]
    mine = [way for way in there if not way.is_scarce] or there
    if not mine:
        return None
    spare = tuple(way.channel for way in there if way not in mine and not way.is_lost and way.channel not in out)
    left = [way for way in mine if not way.is_lost and way.channel not in out]
    good = [way for way in left if way.is_good]
    normal, groups = _disjoint(mine), _disjoint(good)
    known = _disjoint([way for way in left if way.is_good or way.is_unknown])
    lost = tuple(way.channel for way in mine if way.is_lost or way.channel in out)
    return Ways(_mode(bool(left), groups, known, normal), groups, normal, tuple(way.channel for way in good), lost, spare)


def _mode(is_left: bool, groups: int, known: int, normal: int) -> NetworkMode:
    """`known`: ways that work, or of which nobody has heard yet; where those make the difference nobody knows."""
    if not is_left:
        return NetworkMode.ISOLATED
    if groups >= normal:
        return NetworkMode.FULL
    return NetworkMode.UNKNOWN if known >= normal else NetworkMode.DEGRADED


def alarming(before: Ways | None, after: Ways) -> bool:
    """Whether a person must hear of it: nothing is left, or one way alone where there were more."""
    is_bad = after.mode is NetworkMode.ISOLATED or (after.mode is NetworkMode.DEGRADED and after.groups <= 1 < after.normal)
    return is_bad and (before is None or (before.mode, before.groups) != (after.mode, after.groups))


def place_of(org: Org) -> str:
    """The place that an organisation is: the area of a town, else itself."""
    return str(org.area) if org.level >= TOWN and org.area is not None else org.id


def _disjoint(ways: Iterable[Way]) -> int:
    """How many of these can be picked so that no two share a risk group; ways that share them all are tried once."""
    return _most(tuple(dict.fromkeys(way.groups for way in ways)))


def _most(groups: tuple[frozenset[str], ...]) -> int:
    if not groups:
        return 0
    first, *rest = groups
    apart = tuple(other for other in rest if not first & other)
    if len(apart) == len(rest):  # it shares nothing with anybody: nothing is gained without it
        return 1 + _most(apart)
    return max(_most(tuple(rest)), 1 + _most(apart))
