"""Coverage of the public (公众覆盖率): four estimates over overlapping channels, by town and in all, the gate, and who is left out. Pure.

A channel's q in a place is the share it reaches there times how far it works, or how far evidence says that it got. How channels overlap
nobody knows, so that there are four estimates, and the one in the middle decides. Source: domain.md §3.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from fenghuo.model.area import AreaRef

__all__ = ["FLOOR", "GATE", "Coverage", "Estimates", "Gap", "Light", "Town", "Unit", "coverage", "estimates"]

GATE = 0.95
"""Grouped coverage must be more than this. Source: the plan of Taicang, table 1 no. 5, 灾害事故信息发布公众覆盖率 > 95 %."""
FLOOR = 0.90
"""And every town must have at least this, or a good total hides one that was not told. Source: domain.md §3.9, our choice."""
DIGITS = 9
"""Sums of shares are compared after rounding: 0.9 that comes out as 0.8999999999999999 is 90 %."""
AT_FLOOR = 0.0005
"""A town that reads 90.0 % with one decimal passes, and stands at its floor."""


class Unit(msgspec.Struct, frozen=True):
    """A place whose people are counted: a village, or a town without villages. `lineage`: itself and what it lies in, in both code systems;
    `reach`: share by channel; `hangs_on`: risk groups of the place by channel."""

    area: AreaRef
    name: str
    town: AreaRef
    town_name: str
    people: float
    lineage: tuple[AreaRef, ...] = ()
    reach: Mapping[str, float] = {}
    hangs_on: Mapping[str, tuple[str, ...]] = {}


class Estimates(msgspec.Struct, frozen=True):
    """Shares from 0 to 1. `lower`: channels nested, the widest counts alone; `grouped`: nested in a group, groups independent;
    `independent`: all channels; `upper`: nobody is reached twice."""

    lower: float = 0.0
    grouped: float = 0.0
    independent: float = 0.0
    upper: float = 0.0


class Town(msgspec.Struct, frozen=True):
    """One town's part."""

    area: AreaRef
    name: str
    people: float
    estimates: Estimates


class Gap(msgspec.Struct, frozen=True):
    """A place under the floor: its grouped share, how many people that leaves, and the channels it has still, best first."""

    unit: Unit
    grouped: float
    left_out: float
    channels: tuple[str, ...]


class Light(StrEnum):
    """GREEN: passes; AMBER: passes with a town at its floor; RED: does not."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Coverage(msgspec.Struct, frozen=True):
    """Of one kind at one moment. `gaps`: places under the floor, those that leave most people out first."""

    people: float
    total: Estimates
    towns: tuple[Town, ...]
    gaps: tuple[Gap, ...]

    @property
    def light(self) -> Light:
        if self.low_towns or self.falls_short:
            return Light.RED
        at_floor = any(town.estimates.grouped - FLOOR < AT_FLOOR for town in self.towns)
        return Light.AMBER if at_floor else Light.GREEN

    @property
    def passes(self) -> bool:
        """More than 95 % in all, and 90 % or more in every town."""
        return self.light is not Light.RED

    @property
    def falls_short(self) -> bool:
        """Not more than 95 % in all."""
        return round(self.total.grouped, DIGITS) <= GATE

    @property
    def low_towns(self) -> tuple[Town, ...]:
        """Towns under their floor."""
        return tuple(town for town in self.towns if round(town.estimates.grouped, DIGITS) < FLOOR)


def estimates(q: Mapping[str, float], groups: Mapping[str, str]) -> Estimates:
    """How many of a place are reached, where each channel reaches its q. `groups`: overlap group by channel."""
    best: dict[str, float] = {}
    widest = total = 0.0
    missed = 1.0
    for channel, share in q.items():
        widest, total, missed = max(widest, share), total + share, missed * (1.0 - share)
        group = groups[channel]
        best[group] = max(best.get(group, 0.0), share)
    missed_by_groups = 1.0
    for share in best.values():
        missed_by_groups *= 1.0 - share
    return Estimates(widest, 1.0 - missed_by_groups, 1.0 - missed, min(1.0, total))


def coverage(units: Iterable[Unit], groups: Mapping[str, str], working: Mapping[AreaRef, Mapping[str, float]]) -> Coverage:
    """Over these places. `working`: by place and channel how far it works or got, 0 to 1; what is not there does not. A place without
    people weighs nothing and is no gap."""
    towns: dict[AreaRef, list[tuple[Unit, Estimates]]] = {}
    gaps: list[Gap] = []
    for unit in units:
        works = working.get(unit.area, {})
        q = {channel: share * works.get(channel, 0.0) for channel, share in unit.reach.items()}
        found = estimates(q, groups)
        towns.setdefault(unit.town, []).append((unit, found))
        if round(found.grouped, DIGITS) < FLOOR and unit.people:
            channels = tuple(sorted((channel for channel, share in q.items() if share), key=lambda channel: (-q[channel], channel)))
            gaps.append(Gap(unit, found.grouped, unit.people * (1.0 - found.grouped), channels))
    by_town = tuple(Town(area, held[0][0].town_name, sum(unit.people for unit, _ in held), _mean(held)) for area, held in towns.items())
    everybody = [pair for held in towns.values() for pair in held]
    gaps.sort(key=lambda gap: (-gap.left_out, gap.unit.area))
    return Coverage(sum(unit.people for unit, _ in everybody), _mean(everybody), _peopled(by_town), tuple(gaps))


def _peopled(towns: Iterable[Town]) -> tuple[Town, ...]:
    return tuple(town for town in towns if town.people)


def _mean(held: Sequence[tuple[Unit, Estimates]]) -> Estimates:
    """Weighed by people."""
    people = sum(unit.people for unit, _ in held)
    if not people:
        return Estimates()
    fields = Estimates.__struct_fields__
    return Estimates(**{name: sum(unit.people * getattr(found, name) for unit, found in held) / people for name in fields})
