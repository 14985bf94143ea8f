"""The verb of the desk about coverage of the public (公众覆盖率): what works now would reach, and what evidence says of one alert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fenghuo.engine.coverage import FLOOR, GATE, Coverage, Estimates, Gap, Unit, coverage
from fenghuo.engine.covered import LEVELS, Kind, covered
from fenghuo.engine.inhabited import Inhabited, carriers, losses, working
from fenghuo.engine.routing import areas_of
from fenghuo.errors import FormatError, NotFound
from fenghuo.formats.sentences import said, spoken
from fenghuo.formats.table_reading import near
from fenghuo.model.area import AreaRef
from fenghuo.model.coverage import Inventory
from fenghuo.model.message import Message
from fenghuo.model.situation import ChannelView
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.coverage_words import ASSUMPTION, channel_line, sentences
from fenghuo.service.covering import seen_of
from fenghuo.service.desk import Verb
from fenghuo.service.desk_messages import find_message
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store

__all__ = ["CoverageVerbs"]

Carried = Mapping[str, tuple[ChannelView, ...]]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`alert`: a message, by id or short number: its areas alone, and how far it got; `areas`: these alone, as `SYSTEM:CODE`, where
    nothing is sent yet; `lose`: what is supposed to have failed, as `NAME` everywhere or `NAME@SYSTEM:CODE` in one area."""

    alert: str = ""
    areas: tuple[str, ...] = ()
    lose: tuple[str, ...] = ()


class CoverageVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, room: EngineRoom, store: Store, keeper: InventoryKeeper) -> None:
        self._office = room.office
        self._board = room.board
        self._store = store
        self._keeper = keeper
        self._outages = room.outages

    def verbs(self) -> Mapping[str, Verb]:
        return {"coverage": self.coverage}

    async def coverage(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """The four estimates of each kind, the gate, and who is left out. Raises: NotFound: no inventory, no such message; FormatError:
        a name in `lose` that nothing here has."""
        wanted = msgspec.convert(args, Asked)
        inventory = self._keeper.inventory
        if not inventory.people:
            says = "this node has no inventory of what reaches the public: people.csv, channels.csv and reach.csv in the folder coverage"
            raise NotFound(f"{says} beside its directory")
        laid = self._keeper.inhabited(self._office.directory)
        carried = carriers(inventory, self._board.situation())
        _check_lose(wanted.lose, laid, carried)
        row = await find_message(self._store, wanted.alert) if wanted.alert else None
        areas = self._areas(row) if row is not None else self._named(wanted.areas)
        units = laid.within(areas) if areas else laid.units
        groups = {channel.name: channel.group for channel in inventory.channels}
        found = {Kind.POTENTIAL: coverage(units, groups, working(units, carried, wanted.lose))}
        if doubted := losses(self._outages.standing()):
            found[Kind.REPORTED] = coverage(units, groups, working(units, carried, (*wanted.lose, *doubted)))
        sure = coverage(units, groups, working(units, carried, (*wanted.lose, *doubted), is_sure=True))
        if row is not None:
            found |= await self._told(row, units, groups, carried)
        told = sentences(found, sure, laid, inventory=inventory, areas=areas)
        unplaced = [said("coverage.unplaced")] if row and not areas else []
        unreal = [said("coverage.unreal", traffic=row.traffic.value)] if row and row.traffic is not Traffic.ACTUAL else []
        return {
            **{kind.value: _figure(one) for kind, one in found.items()},
            "sure": _percent(sure.total),
            "assumption": ASSUMPTION,
            "gate": {"over_pct": GATE * 100, "town_pct": FLOOR * 100, "passes": found[Kind.POTENTIAL].passes},
            "inventory": _inventory(inventory, laid),
            "channels": [channel_line(channel, carried[channel.name], wanted.lose) for channel in inventory.channels],
            "alert": _alert(row, areas),
            "lose": list(wanted.lose),
            **spoken([*unreal, *unplaced, *told]),
        }

    def _named(self, areas: Iterable[str]) -> frozenset[AreaRef]:
        """Raises: FormatError: one is no area, or the directory does not know it."""
        found = frozenset(_area("areas", area) for area in areas)
        known = self._office.directory.area_by_ref
        for area in sorted(found - known.keys()):
            raise FormatError(f"areas: the directory knows no area {area}", code="bad-argument", where="areas")
        return found

    def _areas(self, row: MessageRow) -> frozenset[AreaRef]:
        return areas_of(msgspec.msgpack.decode(row.body, type=Message), self._office.directory)

    async def _told(self, row: MessageRow, units: Sequence[Unit], groups: Mapping[str, str], carried: Carried) -> dict[Kind, Coverage]:
        channel_of: dict[str, list[str]] = {}
        for channel, views in carried.items():
            for view in views:
                channel_of.setdefault(view.name, []).append(channel)
        seen = await seen_of(self._store, row, channel_of)
        return {kind: coverage(units, groups, covered(units, seen, kind)) for kind in LEVELS}


def _check_lose(lose: Iterable[str], laid: Inhabited, carried: Carried) -> None:
    known = {name for unit in laid.units for groups in unit.hangs_on.values() for name in groups} | set(carried)
    known |= {name for views in carried.values() for view in views for name in (view.name, *view.risk_groups)}
    for one in lose:
        name, at, area = one.partition("@")
        if name not in known:
            says = f"lose has {name!r}, which is no risk group and no channel of the public here{near(name, known)}"
            raise FormatError(says, code="bad-argument", where="lose")
        if at:
            _area("lose", area)


def _area(where: str, text: str) -> AreaRef:
    try:
        return AreaRef.parse(text)
    except ValueError as refusal:
        raise FormatError(f"{where}: {refusal}", code="bad-argument", where=where) from refusal


def _percent(estimates: Estimates) -> dict[str, float]:
    return {f"{name}_pct": round(getattr(estimates, name) * 100, 2) for name in Estimates.__struct_fields__}


def _figure(one: Coverage) -> dict[str, Any]:
    return {
        **_percent(one.total),
        "light": one.light.value,
        "passes": one.passes,
        "people": round(one.people),
        "towns": [
            {"area": str(town.area), "name": town.name, "people": round(town.people), **_percent(town.estimates)} for town in one.towns
        ],
        "uncovered": [_gap(gap) for gap in one.gaps],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "area": str(gap.unit.area),
        "name": gap.unit.name,
        "town": gap.unit.town_name,
        "people": round(gap.unit.people),
        "left_out": round(gap.left_out),
        "grouped_pct": round(gap.grouped * 100, 2),
        "channels": list(gap.channels),
    }


def _inventory(inventory: Inventory, laid: Inhabited) -> dict[str, Any]:
    return {
        "digest": inventory.digest,
        "places": len(laid.units),
        "shared_out": laid.shared_out,
        "without_reach": laid.unreached,
        "unknown_areas": [str(area) for area in laid.unknown],
        "rows": {name: len(rows) for name, rows in inventory.provenances.items()},
        "unverified": {name: sum(1 for row in rows if not row.verified) for name, rows in inventory.provenances.items()},
        "sources": sorted({row.source for rows in inventory.provenances.values() for row in rows}),
    }


def _alert(row: MessageRow | None, areas: Iterable[AreaRef]) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"id": row.id, "revision": row.revision, "traffic": row.traffic.value, "areas": sorted(map(str, areas))}
