"""The example map of Taicang, and hands to cut its ways."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fenghuo.engine.road_reports import Standing
from fenghuo.engine.roads import Roads
from fenghuo.formats.directory_csv import read_directory
from fenghuo.formats.roads_csv import read_roads
from fenghuo.model.road import RoadMap, SegmentState

FOLDER = Path(__file__).parents[3] / "config" / "taicang"


def files(folder: Path) -> dict[str, str | bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.csv")}


@cache
def county() -> RoadMap:
    """The map that comes with the product, read as the daemon reads it."""
    directory, _ = read_directory(files(FOLDER), dict.fromkeys(("msisdn", "callsign", "place"), str))
    found, faults = read_roads(files(FOLDER / "roads"), directory.areas, [org.id for org in directory.orgs])
    assert () == faults
    return found


def standing(road_map: RoadMap, state: SegmentState, *names: str) -> Mapping[str, Standing]:
    """Segments by name, and all of a layer by its word."""
    return {one.id: Standing(state) for one in road_map.segments if one.name in names or one.layer in names}


def cut(*names: str) -> Roads:
    return Roads(county(), standing(county(), SegmentState.CUT, *names))
