"""Tells the channels that travel whom they cannot reach, as roads and directory are; planning leaves those ways out and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenghuo.engine.facts import WaysChanged
from fenghuo.engine.road_ways import GOES_BY, barred
from fenghuo.service.engine_room import EngineRoom

if TYPE_CHECKING:
    from fenghuo.service.road_watch import RoadWatch

__all__ = ["RoadBars"]


class RoadBars:
    """Of one watch and the instances of one board."""

    def __init__(self, watch: RoadWatch, room: EngineRoom) -> None:
        self._watch = watch
        self._room = room

    def look(self) -> None:
        """The roads, or who lives where, may be others."""
        directory = self._room.office.directory
        changed: list[str] = []
        for instance in self._room.board:
            if not set(GOES_BY) & set(instance.capabilities.needs):
                continue
            points = [point for point in directory.contacts if point.kind in instance.address_kinds]
            no_way = barred(self._watch.roads, instance.capabilities.needs, points, directory)
            if no_way != instance.no_way:
                instance.no_way = no_way
                changed.append(instance.name)
        if changed:
            self._room.facts.put(WaysChanged(tuple(changed)))
