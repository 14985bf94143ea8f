"""The two invariants that are watched, and for how long each was broken.

全时全通: every organisation of every level that anybody can be reached in has at least one channel that is up. And every command post
has two that share no risk group. Neither is a rule of delivery: a person is to see, before the next message, that it would find no way.
Source: failover.md, Health of a channel.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import combinations

import msgspec

from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.office import Office
from fenghuo.model.directory import Directory, Org
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, ChannelView, Health
from fenghuo.model.traffic import Traffic

__all__ = ["CENTRE", "INVARIANTS", "Broken", "Invariants", "broken"]

CENTRE = "centre"
"""The `kind` of an organisation in the directory that is a command post (指挥中心)."""
ONE_WAY, TWO_WAYS = "one_channel_up", "two_disjoint_channels_up"
INVARIANTS = {
    ONE_WAY: "every organisation has a channel that is up",
    TWO_WAYS: "every command post has two channels that are up and share no risk group",
}
CARRIES = frozenset({Health.UP, Health.PROBATION})
"""SUSPECT is no way to count on, and nobody knows of UNKNOWN."""
START_S = 120.0
"""A start takes no longer: modems register, radios key up. Who has no way then has none."""


class Broken(msgspec.Struct, frozen=True):
    """An organisation that breaks an invariant now: its id, level and name, and what it has: channels that count."""

    org: str
    level: int
    name: str
    channels: tuple[str, ...]


def broken(directory: Directory, views: Iterable[ChannelView]) -> dict[str, tuple[Broken, ...]]:
    """Who breaks which invariant. Pure. An organisation without any address is nobody's to reach, and is left out."""
    up = [view for view in views if _counts(view)]
    kinds = _kinds(directory)
    ways = [(org, [view for view in up if kinds[org.id] & set(view.address_kinds)]) for org in directory.orgs if org.id in kinds]
    alone = tuple(_told(org, found) for org, found in ways if not found)
    posts = tuple(_told(org, found) for org, found in ways if org.kind == CENTRE and not _has_two(found))
    return {ONE_WAY: alone, TWO_WAYS: posts}


def _counts(view: ChannelView) -> bool:
    """Whether it would carry the next order: a real one, P0 too, and so that more is known of it than that our own gateway took it."""
    is_up = view.admin is Admin.ENABLED and view.health in CARRIES
    return is_up and Traffic.ACTUAL in view.traffic and not view.ungraded and view.evidence_max >= Evidence.AIRED


def _kinds(directory: Directory) -> dict[str, set[str]]:
    """By organisation, what kinds of address it or its people have."""
    org_of = {person.id: person.org for person in directory.persons} | {f"org:{org.id}": org.id for org in directory.orgs}
    found: dict[str, set[str]] = {}
    for contact in directory.contacts:
        if contact.owner in org_of:
            found.setdefault(org_of[contact.owner], set()).add(contact.kind)
    return found


def _has_two(views: Iterable[ChannelView]) -> bool:
    return any(not set(one.risk_groups) & set(other.risk_groups) for one, other in combinations(views, 2))


def _told(org: Org, views: Iterable[ChannelView]) -> Broken:
    return Broken(org.id, org.level, org.name, tuple(view.name for view in views))


class Invariants:
    """Looks after each change of health and of the directory, and counts the seconds between. Nothing wakes it but a change.

    `on_change` hears of every organisation that breaks it anew, though others broke it already, and once nobody does any more. At a start
    no channel is up yet, which is counted and no alarm; whoever has no way when the start is over is told then, though he never had one,
    and is told once: `on_told` hears of everybody who is, and `take_back` has it over a restart.
    """

    def __init__(self, office: Office, board: ChannelBoard) -> None:
        self._office = office
        self._board = board
        self._looked_at = 0.0
        self._seen: object = None
        self._has_started = False
        self._told: dict[str, set[str]] = {name: set() for name in INVARIANTS}
        self._starts_until = office.clock.time() + START_S
        self._seconds = dict.fromkeys(INVARIANTS, 0.0)
        self.now: Mapping[str, tuple[Broken, ...]] = dict.fromkeys(INVARIANTS, ())
        self.on_change: Callable[[str, tuple[Broken, ...]], None] = _told_nobody
        self.on_told: Callable[[Mapping[str, Collection[str]]], None] = _kept_nowhere

    def take_back(self, told: Mapping[str, Iterable[str]]) -> None:
        """Organisations that a person was told of before the start. Before the first look."""
        self._told = {name: set(told.get(name, ())) for name in INVARIANTS}

    def look(self) -> None:
        """Take into account what has changed since the last look; costs nothing where nothing has."""
        at = self._office.clock.time()
        self._count(at)
        self._has_started = self._has_started or self._is_started(at)
        seen = (self._office.directory.digest, self._has_started, tuple(self._carries()))
        if seen == self._seen:
            return
        before, self._seen = (self.now if self._seen else None), seen
        self.now = broken(self._office.directory, self._board.situation().channels)
        for name, found in self.now.items():
            self._tell(name, found, before)

    def _tell(self, name: str, found: tuple[Broken, ...], before: Mapping[str, tuple[Broken, ...]] | None) -> None:
        """An organisation that has its way again may be told anew."""
        was = {one.org for one in before[name]} if before is not None else {one.org for one in found}
        known = self._told[name] if self._has_started else self._told[name] | was
        new = tuple(one for one in found if one.org not in known)
        is_over = bool(self._told[name]) and not found
        told, self._told[name] = self._told[name], ({one.org for one in found} & self._told[name]) | {one.org for one in new}
        if new or is_over:
            self.on_change(name, new)
        if self._told[name] != told:  # after it: a crash between the two tells it twice, and never not at all
            self.on_told(self._told)

    def _is_started(self, at: float) -> bool:
        """Whether every channel that is enabled has said what it is, or has had the time to."""
        return at >= self._starts_until or all(one.health.is_started for one in self._board if one.admin is Admin.ENABLED)

    def seconds(self, name: str) -> float:
        """For how long an invariant was broken since the start, up to now."""
        self._count(self._office.clock.time())
        return self._seconds[name]

    def _count(self, at: float) -> None:
        for name, found in self.now.items():
            if found:
                self._seconds[name] += max(0.0, at - self._looked_at)
        self._looked_at = at

    def _carries(self) -> Iterable[tuple[str, bool]]:
        return ((one.name, one.admin is Admin.ENABLED and one.health.state in CARRIES) for one in self._board)


def _kept_nowhere(told: Mapping[str, Collection[str]]) -> None:
    """Until whoever keeps it is wired in."""


def _told_nobody(name: str, found: tuple[Broken, ...]) -> None:
    """Until whoever tells a person is wired in."""
