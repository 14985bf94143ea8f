"""Verbs of the desk about places: the areas that a message may name, and the matrix of channel by place with its diversions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.engine.inhabited import carriers
from fenghuo.engine.network import area_of
from fenghuo.model.area import Area, AreaRef
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.service.matrix import Place, cell, diversions, places_of
from fenghuo.service.showing import channel_view, rfc3339
from fenghuo.store.store import Store
from fenghuo.store.tables import CHANNEL

__all__ = ["MatrixVerbs"]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`level`: county, town or village alone; `words`: only areas whose name or code has them; `limit`: the first so many."""

    level: str = ""
    words: str = ""
    limit: int = 500


class MatrixVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, room: EngineRoom, store: Store, keeper: InventoryKeeper) -> None:
        self._room = room
        self._office = room.office
        self._store = store
        self._keeper = keeper
        self._placed: tuple[str, tuple[Place, ...]] = ("", ())

    def verbs(self) -> Mapping[str, Verb]:
        return {"area.ls": self.areas, "channel.matrix": self.matrix}

    async def areas(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The areas of the directory in the order of its file, each by its code and the code of the same area in the other list."""
        wanted = msgspec.convert(args, Wanted)
        directory = self._office.directory
        found = (area for area in directory.areas if wanted.level in ("", area.level))
        asked = [area for area in found if wanted.words in area.name or wanted.words in str(area.ref)]
        return [_area_view(area, directory.equal_areas.get(area.ref)) for area in asked[: max(1, wanted.limit)]]

    async def matrix(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Every place with every channel, and what stands in for what. Nothing is asked of a device for it."""
        now, situation = self._office.clock.time(), self._room.board.situation()
        switched = {row.name: row.since for row in await self._store.find(CHANNEL)}
        shares = self._shares()
        reasons = {one.name: self._why(one.name, switched) for one in self._room.board}
        left = self._room.network.left
        rows: list[dict[str, Any]] = []
        for place in self._places():
            cells = [
                cell(
                    view,
                    place,
                    self._room.proven.way,
                    now=now,
                    share=shares.get((place.place, view.name)),
                    because=str(reasons[view.name]["why"]),
                )
                for view in situation.channels
            ]
            diverted = diversions(place, self._office.rules.ladders, situation, reasons.__getitem__)
            mode = left[place.place].ways if place.place in left else None
            rows.append(
                {
                    **_place_view(place),
                    "mode": mode.mode.value if mode is not None else None,
                    "groups": mode.groups if mode is not None else None,
                    "normal": mode.normal if mode is not None else None,
                    "cells": cells,
                    "diverted": diverted,
                }
            )
        channels = [channel_view(one, self._room.queues.queued(one.name)) for one in self._room.board]
        return {"at": rfc3339(now), "channels": channels, "places": rows}

    def _places(self) -> tuple[Place, ...]:
        """Those of the directory in force, laid out once for each: it may have tens of thousands of people."""
        directory = self._office.directory
        if self._placed[0] != directory.digest:
            self._placed = (directory.digest, places_of(directory))
        return self._placed[1]

    def _why(self, name: str, switched: Mapping[str, float]) -> dict[str, Any]:
        """Since when a channel is as it is, and by what: whoever switched it, else its health."""
        instance = self._room.board.get(name)
        if instance is None:
            return {"since": None, "why": ""}
        is_switched = instance.admin_reason != ""
        since = switched.get(name) if is_switched else instance.health.since or None
        return {"since": rfc3339(since), "why": instance.admin_reason or instance.health.reason or instance.health.state.value}

    def _shares(self) -> dict[tuple[str, str], float]:
        """(place, channel instance) → the share of the people there whom it reaches by the inventory."""
        inventory, directory = self._keeper.inventory, self._office.directory
        if not inventory.people:
            return {}
        laid = self._keeper.inhabited(directory)
        found: dict[tuple[str, str], float] = {}
        for place in self._places():
            ref = area_of(place.place)
            units = laid.within([ref]) if ref is not None else ()
            people = sum(unit.people for unit in units)
            for name, views in carriers(inventory, self._room.board.situation()).items():
                reached = sum(unit.people * unit.reach.get(name, 0.0) for unit in units)
                found.update({(place.place, view.name): reached / people for view in views if people and reached})
        return found


def _area_view(area: Area, other: AreaRef | None) -> dict[str, Any]:
    return {
        "area": str(area.ref),
        "system": area.ref.system.value,
        "code": area.ref.code,
        "name": area.name,
        "level": area.level,
        "parent": str(area.parent) if area.parent is not None else None,
        "other": str(other) if other is not None else None,
        "people": area.population,
        "lat": area.lat,
        "lon": area.lon,
    }


def _place_view(place: Place) -> dict[str, Any]:
    ref = area_of(place.place)
    return {
        "place": place.place,
        "name": place.name,
        "system": ref.system.value if ref is not None else "",
        "code": ref.code if ref is not None else "",
        "recipients": len(place.recipients),
    }
