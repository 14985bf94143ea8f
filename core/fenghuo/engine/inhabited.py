"""Who lives where and what reaches them: an inventory laid over the areas of the directory, place by place. Pure.

A town's figure is shared out evenly among those of its villages that have none, which is an estimate and is told as one. What the inventory
says of a town holds for its villages, unless a village has a row of its own. Nothing goes from one code system to the other but by the
directory's own `same_as`. Source: domain.md §2.9, §3.9.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from fenghuo.engine.coverage import Unit
from fenghuo.engine.outages import Outage
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.coverage import Inventory, Reach
from fenghuo.model.directory import Directory
from fenghuo.model.situation import ChannelView, Health, Situation
from fenghuo.model.traffic import Traffic

__all__ = ["VILLAGE", "Inhabited", "carriers", "inhabited", "losses", "working"]

VILLAGE = "village"
SURE = frozenset({Health.UP, Health.PROBATION})


class Inhabited(msgspec.Struct, frozen=True):
    """Every place that has people. `shared_out`: villages whose people are an even share of their town's; `unknown`: areas of the inventory
    that the directory does not have any more; `unreached`: places of which no channel's reach is known."""

    units: tuple[Unit, ...]
    shared_out: int
    unknown: tuple[AreaRef, ...]
    unreached: int

    def within(self, wanted: Collection[AreaRef]) -> tuple[Unit, ...]:
        """The places that lie in any of these areas, by either code."""
        return tuple(unit for unit in self.units if any(area.covers(above) for area in wanted for above in unit.lineage))


def inhabited(inventory: Inventory, directory: Directory) -> Inhabited:
    """Lay it over the areas."""
    areas = directory.area_by_ref
    equals = {other: ref for ref, area in areas.items() if (other := area.same_as)}
    equals |= {ref: other for other, ref in equals.items()}
    land = _Land(areas, {ref: _lineage(area, areas, equals) for ref, area in areas.items()}, _by_area(inventory.reach))
    counted = {one.area: one.people for one in inventory.people if one.area in areas}
    villages: dict[AreaRef, list[AreaRef]] = {ref: [] for ref in counted}
    for area in directory.areas:
        above = next((ref for ref in land.lineages[area.ref][1:] if ref in counted), None) if area.level == VILLAGE else None
        if above is not None:
            villages[above].append(area.ref)
    units: list[Unit] = []
    shared_out = 0
    for ref, people in counted.items():
        without = [village for village in villages[ref] if village not in counted]
        rest = max(0, people - sum(counted.get(village, 0) for village in villages[ref]))
        units += [land.unit(village, rest / len(without)) for village in without]
        units += [] if villages[ref] else [land.unit(ref, people)]
        shared_out += len(without)
    named = (*(one.area for one in inventory.people), *(one.area for one in inventory.reach))
    unknown = tuple(dict.fromkeys(area for area in named if area not in areas))
    return Inhabited(tuple(units), shared_out, unknown, sum(1 for unit in units if not unit.reach))


class _Land(msgspec.Struct, frozen=True):
    """The areas of the directory with what the inventory says of each."""

    areas: Mapping[AreaRef, Area]
    lineages: Mapping[AreaRef, tuple[AreaRef, ...]]
    reach: Mapping[AreaRef, Mapping[str, Reach]]

    def unit(self, ref: AreaRef, people: float) -> Unit:
        area = self.areas[ref]
        town = self.areas.get(area.parent, area) if area.level == VILLAGE and area.parent is not None else area
        rows: dict[str, Reach] = {}
        for above in reversed(self.lineages[ref]):
            rows.update(self.reach.get(above, {}))  # the nearest comes last, and counts
        return Unit(
            area=area.ref,
            name=area.name,
            town=town.ref,
            town_name=town.name,
            people=people,
            lineage=self.lineages[ref],
            reach={channel: row.reach for channel, row in rows.items()},
            hangs_on={channel: row.hangs_on for channel, row in rows.items() if row.hangs_on},
        )


def _by_area(rows: Iterable[Reach]) -> Mapping[AreaRef, Mapping[str, Reach]]:
    found: dict[AreaRef, dict[str, Reach]] = {}
    for row in rows:
        found.setdefault(row.area, {})[row.channel] = row
    return found


def _lineage(area: Area, areas: Mapping[AreaRef, Area], equals: Mapping[AreaRef, AreaRef]) -> tuple[AreaRef, ...]:
    """Itself, its other code, what it lies in, and so on up, the nearest first."""
    found: dict[AreaRef, None] = {}
    at: Area | None = area
    while at is not None and at.ref not in found:
        found[at.ref] = None
        if at.ref in equals:
            found.setdefault(equals[at.ref])
        at = areas.get(at.parent) if at.parent is not None else None
    return tuple(found)


def carriers(inventory: Inventory, situation: Situation) -> Mapping[str, tuple[ChannelView, ...]]:
    """By public channel the instances that carry it here."""
    return {
        channel.name: tuple(view for view in situation.channels if view.name in channel.via or view.type in channel.via)
        for channel in inventory.channels
    }


def losses(outages: Iterable[Outage]) -> tuple[str, ...]:
    """What is said to be out, as what `working` supposes to be lost."""
    return tuple(f"{one.what}@{one.area}" if one.area is not None else one.what for one in outages)


def working(
    units: Iterable[Unit], carried: Mapping[str, tuple[ChannelView, ...]], lose: Collection[str] = (), *, is_sure: bool = False
) -> Mapping[AreaRef, Mapping[str, float]]:
    """By place and public channel whether it works: one instance of it stands, and nothing that the place hangs on is lost.

    `lose`: risk groups, instances or public channels, each everywhere, or in one area as `NAME@SYSTEM:CODE`; `is_sure`: only what is known
    to be up counts, not what merely is not known to be down.
    """
    everywhere = frozenset(name for name in lose if "@" not in name)
    here = [(name, AreaRef.parse(area)) for name, _, area in (one.partition("@") for one in lose) if area]
    stand = {channel: _standing(channel, views, everywhere, is_sure=is_sure) for channel, views in carried.items()}
    found: dict[AreaRef, dict[str, float]] = {}
    for unit in units:
        gone = {name for name, area in here if any(area.covers(above) for above in unit.lineage)}
        found[unit.area] = {
            channel: float(everywhere.isdisjoint(unit.hangs_on.get(channel, ())) and _is_left(channel, views, unit, gone))
            for channel, views in stand.items()
        }
    return found


def _standing(channel: str, views: Iterable[ChannelView], lost: Collection[str], *, is_sure: bool) -> tuple[ChannelView, ...]:
    """The instances that carry a channel wherever nothing else is wrong."""
    return () if channel in lost else tuple(view for view in views if _works(view, is_sure=is_sure) and not _is_hit(view, lost))


def _is_left(channel: str, standing: Sequence[ChannelView], unit: Unit, gone: set[str]) -> bool:
    """Whether a channel is left in a place where all this is gone."""
    if not gone:
        return bool(standing)
    is_cut = channel in gone or not gone.isdisjoint(unit.hangs_on.get(channel, ()))
    return not is_cut and not all(_is_hit(view, gone) for view in standing)


def _works(view: ChannelView, *, is_sure: bool) -> bool:
    return view.is_usable and Traffic.ACTUAL in view.traffic and (view.health in SURE or not is_sure)


def _is_hit(view: ChannelView, lost: Collection[str]) -> bool:
    return view.name in lost or any(group in lost for group in view.risk_groups)
