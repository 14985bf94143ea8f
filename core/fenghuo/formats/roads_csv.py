"""The map of roads, water, air and footpaths as three CSV files: places, segments, layers. Pure: texts in, a RoadMap and every fault out.

Every row names its source and whether a person has verified it (domain.md §5).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fenghuo.formats.coverage_csv import PROVENANCE, provenance_of
from fenghuo.formats.csv_table import Fault, Row, Sheet, column_of, read_each, read_table
from fenghuo.model.area import Area
from fenghuo.model.road import Layer, LayerTerms, RoadMap, RoadPlace, Segment

__all__ = ["COLUMNS", "read_roads"]

COLUMNS: dict[str, tuple[str, ...]] = {
    "places.csv": ("id", "name", "area", "orgs", "people", "base", "station", "lat", "lon", *PROVENANCE),
    "segments.csv": ("id", "layer", "from", "to", "km", "kmh", "name", "max_wind_ms", *PROVENANCE),
    "layers.csv": ("layer", "board_min", "leave_min", "max_wind_ms", *PROVENANCE),
}
"""Every file of a map and its columns."""
REQUIRED: dict[str, tuple[str, ...]] = {
    "places.csv": ("id", "name", "base", "source", "verified"),
    "segments.csv": ("id", "layer", "from", "to", "km", "kmh", "source", "verified"),
    "layers.csv": ("layer", "board_min", "leave_min", "source", "verified"),
}
MOST_PEOPLE = 100_000_000
WORDS = {"yes": True, "no": False}
LAYERS = {layer.value: layer for layer in Layer}


def read_roads(files: Mapping[str, str | bytes], areas: Sequence[Area], orgs: Sequence[str]) -> tuple[RoadMap, tuple[Fault, ...]]:
    """The map in these files by name, and everything wrong with them; unsound rows are left out. `areas`, `orgs`: of the directory, which
    alone a place may name. No file at all is no map and no fault."""
    if not files:
        return RoadMap(), ()
    faults = [Fault(name, 0, "", "", f"is no file of a map; known are {', '.join(COLUMNS)}") for name in files if name not in COLUMNS]
    tables: dict[str, list[Row]] = {}
    for name, columns in COLUMNS.items():
        if name not in files:
            faults.append(Fault(name, 0, "", "", "is not there; a map is places.csv, segments.csv and layers.csv together"))
        tables[name] = read_table(Sheet(name, columns, REQUIRED[name], faults), files[name]) or [] if name in files else []
    known_areas, known_orgs = frozenset(str(area.ref) for area in areas), frozenset(orgs)
    places = read_each(tables["places.csv"], "id", lambda row: _place(row, known_areas, known_orgs))
    ids = column_of(tables["places.csv"], "id")
    segments = read_each(tables["segments.csv"], "id", lambda row: _segment(row, ids))
    layers = read_each(tables["layers.csv"], "layer", _terms)
    if tables["places.csv"] and not any(place.is_base for place in places) and not faults:
        faults.append(Fault("places.csv", 0, "", "", "has no base; write yes under base for the place that help starts from"))
    return RoadMap(places, segments, layers), tuple(faults)


def _place(row: Row, areas: frozenset[str], orgs: frozenset[str]) -> RoadPlace:
    area = row.area("area")
    if area is not None and str(area) not in areas:
        row.fault("area", "is not in areas.csv; add it there or correct the code")
    for org in row.items("orgs"):
        if org not in orgs:
            row.fault("orgs", "is not in orgs.csv; add it there or correct the id", org)
    return RoadPlace(
        row.identifier("id"),
        row.text("name", required=True),
        area,
        row.items("orgs"),
        row.whole("people", 0, low=0, high=MOST_PEOPLE) or 0,
        _claim(row, "base"),
        _claim(row, "station"),
        row.degrees("lat", 90.0),
        row.degrees("lon", 180.0),
        provenance_of(row),
    )


def _segment(row: Row, places: frozenset[str]) -> Segment | None:
    layer, ends = _layer(row), (row.cells.get("from", ""), row.cells.get("to", ""))
    for column, place in zip(("from", "to"), ends, strict=True):
        if place not in places:
            row.fault(column, "is not in places.csv; add it there or correct the id")
    if ends[0] == ends[1]:
        row.fault("to", "is where it begins; a segment lies between two places")
    km, kmh = _number(row, "km"), _number(row, "kmh")
    wind = _number(row, "max_wind_ms") if row.cells.get("max_wind_ms") else None
    name, provenance = row.text("name"), provenance_of(row)
    return Segment(row.identifier("id"), layer, *ends, km, kmh, name, wind, provenance) if layer is not None else None


def _terms(row: Row) -> LayerTerms | None:
    layer = _layer(row)
    board, leave = (_number(row, name, may_be_nothing=True) for name in ("board_min", "leave_min"))
    wind = _number(row, "max_wind_ms") if row.cells.get("max_wind_ms") else None
    return LayerTerms(layer, board, leave, wind, provenance_of(row)) if layer is not None else None


def _layer(row: Row) -> Layer | None:
    layer = LAYERS.get(row.cells.get("layer", ""))
    if layer is None:
        row.fault("layer", f"is no layer; it must be one of {', '.join(LAYERS)}")
    return layer


def _number(row: Row, column: str, *, may_be_nothing: bool = False) -> float:
    try:
        value = float(row.cells.get(column, ""))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and (value > 0 or (may_be_nothing and value == 0))):
        row.fault(column, f"must be a number, {'0 or more' if may_be_nothing else 'more than 0'}, as 12.5")
        return 1.0
    return value


def _claim(row: Row, column: str) -> bool:
    word = row.cells.get(column, "")
    if word and word not in WORDS:
        row.fault(column, "must be yes or no")
    return WORDS.get(word, False)
