"""Keeps the map of roads: read from the folder `roads` in that of the directory, whole or not at all.

A node without one has no graph, and does not load what graphs are made with (0.2 s of a start).
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from fenghuo.clock import Clock
from fenghuo.errors import NotFound, SettingsError
from fenghuo.formats.roads_csv import read_roads
from fenghuo.model.directory import Directory
from fenghuo.model.mode import Signal
from fenghuo.model.road import RoadMap
from fenghuo.plugin.ports import Observation
from fenghuo.store.store import Store

if TYPE_CHECKING:
    from fenghuo.service.engine_room import EngineRoom
    from fenghuo.service.road_watch import RoadWatch

__all__ = ["FOLDER", "RoadKeeper", "map_of"]

FOLDER = "roads"

log = structlog.stdlib.get_logger("fenghuo.roads")


def map_of(folder: Path, directory: Directory) -> tuple[RoadMap, tuple[str, ...]]:
    """The map beside a directory, and what must be mended; what is only to be known is logged. Blocks: call it off the loop."""
    place = folder / FOLDER
    files: dict[str, str | bytes] = {file.name: file.read_bytes() for file in sorted(place.glob("*.csv"))}
    found, faults = read_roads(files, directory.areas, [org.id for org in directory.orgs])
    for fault in faults:
        if fault.is_note:
            log.warning("map of roads read with a doubt", says=str(fault))
    return found, tuple(f"{folder.name}/{FOLDER}/{fault}" for fault in faults if not fault.is_note)


class RoadKeeper:
    """One map is in force at a time. It is not in the store: its files are, and every answer names its digest. `watch`: what is reported
    of it, and what that means; None where there is no map. `directory`: who is who, now."""

    def __init__(self, store: Store, clock: Clock, directory: Callable[[], Directory] = Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self.watch: RoadWatch | None = None
        self._on_signal: Callable[[Signal], None] | None = None
        self._room: EngineRoom | None = None

    @property
    def here(self) -> RoadWatch:
        """Raises: NotFound: this node has no map."""
        if self.watch is None:
            says = "this node has no map of roads: places.csv, segments.csv and layers.csv in the folder roads beside its directory"
            raise NotFound(says)
        return self.watch

    async def read_folder(self, folder: Path, directory: Directory) -> RoadMap:
        """What the operator's folder holds; a folder without one is an empty map. Raises: SettingsError with every fault."""
        found, faults = await asyncio.to_thread(map_of, folder, directory)
        if faults:
            raise SettingsError(faults)
        return found

    async def use(self, road_map: RoadMap) -> None:
        """Put it in force, with what was reported before the start. Raises: StoreError."""
        if self.watch is not None and self.watch.roads.map.digest == road_map.digest:
            return
        if self.watch is None and road_map.places:
            module = await asyncio.to_thread(importlib.import_module, "fenghuo.service.road_watch")
            watch: RoadWatch = module.RoadWatch(self._store, self._clock, self._directory)
            await watch.load()
            self.watch = watch
        if self.watch is not None:
            log.info("map of roads in force", places=len(road_map.places), segments=len(road_map.segments), digest=road_map.digest)
            self.watch.use(road_map)
            if self._on_signal is not None:
                self.watch.tell(self._on_signal)
            if self._room is not None:
                self.watch.bar(self._room)

    def tell(self, on_signal: Callable[[Signal], None]) -> None:
        """Who hears of each place whether it can be driven to: the modes."""
        self._on_signal = on_signal
        if self.watch is not None:
            self.watch.tell(on_signal)

    def bar(self, room: EngineRoom) -> None:
        """The channels of this board hear from now on whom they cannot reach."""
        self._room = room
        if self.watch is not None:
            self.watch.bar(room)

    def look(self) -> None:
        """Who lives where may have changed."""
        if self.watch is not None:
            self.watch.look()

    def takes(self, observation: Observation) -> bool:
        """Whether it is about roads, and there is a map to say it of."""
        return self.watch is not None and self.watch.takes(observation)

    def observe(self, sensor: str, observation: Observation) -> None:
        """Take what a sensor saw; it never blocks."""
        if self.watch is not None:
            self.watch.observe(sensor, observation)

    def stop(self) -> None:
        """No timer is left."""
        if self.watch is not None:
            self.watch.stop()
