"""A layer of boundaries as GeoJSON: areas by code and name, with every fault told as a sentence. Pure: text in, shapes out.

A code without its list is refused, a name must belong to its code, and coordinates are taken in the system that was said and never
guessed. Source: RFC 7946; console.md §9, the code trap and the CRS trap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec

from fenghuo.formats.csv_table import HIDDEN
from fenghuo.formats.gcj02 import from_gcj02
from fenghuo.formats.json_faults import repeated_key
from fenghuo.formats.official_areas import names_of_code
from fenghuo.formats.ring_crossing import Crossing, crossing
from fenghuo.model.area import AreaRef, CodeSystem
from fenghuo.model.message import Point

__all__ = ["CRS", "MOST_OCTETS", "MOST_POINTS", "MOST_SHAPES", "Known", "LayerRead", "Reading", "Shape", "read_layer"]

MOST_OCTETS = 4 * 1024 * 1024
MOST_SHAPES, MOST_POINTS = 400, 20_000
TOLD = 20
"""Faults that are listed; the others are counted."""
FARTHEST_DEG = 0.5
"""How far the seat of an area may lie from its shape: beyond that it is another place, or another system of coordinates."""
DIGITS = 5
"""Of a degree: one metre."""

_LonLat = tuple[float, float]
CRS: dict[str, Callable[[float, float], _LonLat]] = {
    "wgs84": lambda lon, lat: (lon, lat),
    "cgcs2000": lambda lon, lat: (lon, lat),
    "gcj02": from_gcj02,
}
"""Systems that a file may be in, and the way to WGS-84; CGCS2000 is the same at the scale of a map."""
DEGREES = ("CRS84", "4326", "4490")
"""What the old member `crs` of a file may name."""


class Reading(msgspec.Struct, frozen=True):
    """How a file is to be read. `system`: the list of bare codes, "" where each says its own; `code`, `name`: the properties."""

    crs: str
    system: str = ""
    code: str = "code"
    name: str = "name"


class Shape(msgspec.Struct, frozen=True):
    """One area, as SYSTEM:CODE; polygons of rings, the outer one first, of (lon, lat) in WGS-84."""

    area: str
    name: str
    polygons: tuple[tuple[tuple[_LonLat, ...], ...], ...]


class LayerRead(msgspec.Struct, frozen=True):
    """What a file holds; nothing of it is used with a single fault. Notes need no mending."""

    shapes: tuple[Shape, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Known(msgspec.Struct, frozen=True):
    """What is known of an area beside the file: its one right name, and its seat (lat, lon), WGS-84."""

    name: str
    seat: Point | None = None


class _Wrong(Exception):
    """Carries the sentence."""


def read_layer(text: str, reading: Reading, known: Mapping[AreaRef, Known]) -> LayerRead:
    """The areas of a file. `known`: those that a layer may name."""
    if len(raw := text.encode("utf-8", "surrogatepass")) > MOST_OCTETS:
        return LayerRead(faults=(f"the file has {len(raw):,} octets; {MOST_OCTETS:,} are taken: simplify the lines",))
    try:
        features = _features(raw)
    except _Wrong as wrong:
        return LayerRead(faults=(str(wrong),))
    shapes: dict[str, Shape] = {}
    faults, notes = list[str](), list[str]()
    for place, feature in enumerate(features, 1):
        try:
            shape, said = _shape(feature, reading, known)
            if shape.area in shapes:
                raise _Wrong(f"{shape.area} {shape.name} stands in the file twice; make it one MultiPolygon")
        except _Wrong as wrong:
            faults.append(f"feature {place}: {wrong}")
            continue
        shapes[shape.area] = shape
        notes += said
    if (points := sum(len(ring) for one in shapes.values() for polygon in one.polygons for ring in polygon)) > MOST_POINTS:
        faults.append(f"the file has {points:,} corners; {MOST_POINTS:,} are taken: simplify the lines")
    more = (f"and {len(faults) - TOLD} more",) if len(faults) > TOLD else ()
    return LayerRead(tuple(shapes.values()), (*faults[:TOLD], *more), tuple(notes))


def _features(raw: bytes) -> list[Any]:
    try:
        document = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise _Wrong(f"the file is no JSON: {error}; save it as GeoJSON in UTF-8") from error
    if key := repeated_key(raw):
        raise _Wrong(f"the key {key!r} comes twice in one object; which is meant?")
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Topology":
        raise _Wrong("type 'Topology': this is TopoJSON; save it as GeoJSON")
    if not isinstance(document, dict) or kind != "FeatureCollection":
        raise _Wrong(f"type {_shown(kind)}: it must be 'FeatureCollection'; save the whole layer as GeoJSON")
    named = msgspec.json.encode(document.get("crs") or "CRS84").decode()
    if not any(right in named for right in DEGREES):
        raise _Wrong(f"crs {_shown(named)}: it must be in degrees (EPSG:4490 or EPSG:4326); save it in one of them")
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise _Wrong("features: there are none; is this the right layer?")
    if len(features) > MOST_SHAPES:
        raise _Wrong(f"features: there are {len(features):,}; {MOST_SHAPES} are taken")
    return features


def _shape(feature: Any, reading: Reading, known: Mapping[AreaRef, Known]) -> tuple[Shape, list[str]]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise _Wrong(f"it has no properties; it needs {reading.code!r} and {reading.name!r}")
    ref = _ref(properties, reading, known)
    name = properties.get(reading.name)
    right = known[ref].name
    if name != right:
        raise _Wrong(f"{reading.name} {_shown(name)}: {ref} is {right}; correct the name or the code, or say which list it is from")
    polygons = tuple(_polygons(feature.get("geometry"), CRS[reading.crs]))
    return Shape(str(ref), right, polygons), _placed(ref, known[ref], polygons)


def _ref(properties: Mapping[str, Any], reading: Reading, known: Mapping[AreaRef, Known]) -> AreaRef:
    """The area that a code means, with its list from the code itself, a property `system`, or the word of whoever imports it."""
    given = properties.get(reading.code)
    if given is None or isinstance(given, bool | float | list | dict):
        raise _Wrong(f"{reading.code} {_shown(given)}: it must be a code of 6, 9 or 12 figures")
    text = str(given).strip()
    system = properties.get("system") or reading.system
    if ":" not in text and not system:
        means = names_of_code(text)
        raise _Wrong(f"{reading.code} {_shown(text)} has no list{f' (it is {means})' if means else ''}; say mca or nbs")
    try:
        ref = AreaRef.parse(text if ":" in text else f"{system}:{text}")
    except ValueError as error:
        raise _Wrong(f"{reading.code}: {error}") from error
    short = AreaRef(ref.system, ref.code[:9]) if len(ref.code) == 12 and ref.code.endswith("000") else ref
    found = next((one for one in (ref, short) if one in known), None)
    if found is None:
        other = AreaRef(CodeSystem.NBS if ref.system is CodeSystem.MCA else CodeSystem.MCA, ref.code)
        hint = f"; in {other.system} it is {known[other].name}" if other in known else ""
        raise _Wrong(f"{reading.code}: {ref} is no area of the directory{hint}; add it to areas.csv or correct the code")
    return found


def _polygons(geometry: Any, convert: Callable[[float, float], _LonLat]) -> Iterator[tuple[tuple[_LonLat, ...], ...]]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
        raise _Wrong(f"geometry {_shown(kind)}: it must be a Polygon or a MultiPolygon")
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not polygons:
        raise _Wrong("coordinates: there are none")
    for polygon in polygons:
        if not isinstance(polygon, list) or not polygon:
            raise _Wrong("coordinates: a polygon has no ring")
        yield tuple(_ring(ring, convert) for ring in polygon)


def _ring(given: Any, convert: Callable[[float, float], _LonLat]) -> tuple[_LonLat, ...]:
    if not isinstance(given, list) or not 4 <= len(given) <= MOST_POINTS:
        raise _Wrong(f"coordinates: a ring has 4 to {MOST_POINTS:,} positions")
    points = [_position(one) for one in given]
    if points[0] != points[-1]:
        raise _Wrong(f"coordinates: a ring begins at {points[0]} and ends at {points[-1]}; it must be closed")
    ring = tuple((round(lon, DIGITS), round(lat, DIGITS)) for lon, lat in (convert(*point) for point in points))
    if len(set(ring)) < 3:
        raise _Wrong(f"coordinates: a ring at {ring[0]} has no area")
    if (found := crossing(tuple((lat, lon) for lon, lat in ring))) is not Crossing.NONE:
        says = "crosses itself" if found is Crossing.FOUND else "is too intricate to tell whether it crosses itself"
        raise _Wrong(f"coordinates: a ring at {ring[0]} {says}; mend the geometry")
    return ring


def _position(given: Any) -> _LonLat:
    numbers = [one for one in given if type(one) in (int, float) and math.isfinite(one)] if isinstance(given, list) else []
    if len(numbers) < 2 or len(numbers) != len(given):
        raise _Wrong(f"coordinates {_shown(given)}: a position is [longitude, latitude]")
    lon, lat = float(numbers[0]), float(numbers[1])
    if abs(lat) > 90 and abs(lon) <= 90:
        raise _Wrong(f"coordinates {_shown(given)}: the latitude stands first; GeoJSON has the longitude first")
    if abs(lon) > 180 or abs(lat) > 90:
        raise _Wrong(f"coordinates {_shown(given)}: these are no degrees; save the layer in EPSG:4490 or EPSG:4326")
    return lon, lat


def _placed(ref: AreaRef, known: Known, polygons: tuple[tuple[tuple[_LonLat, ...], ...], ...]) -> list[str]:
    """What there is to say of a shape and the seat of its area. Raises: _Wrong: one is nowhere near the other."""
    if known.seat is None:
        return []
    lat, lon = known.seat
    corners = [point for polygon in polygons for point in polygon[0]]
    west, east = min(x for x, _ in corners), max(x for x, _ in corners)
    south, north = min(y for _, y in corners), max(y for _, y in corners)
    if max(west - lon, lon - east, south - lat, lat - north) > FARTHEST_DEG:
        raise _Wrong(
            f"{ref} {known.name}: its seat ({lon}, {lat}) is far from this shape, which begins at {corners[0]}; is the code right?"
        )
    if not any(_holds(polygon[0], lon, lat) for polygon in polygons):
        return [f"{ref} {known.name}: its seat ({lon}, {lat}) lies outside of its shape; is the file in another system of coordinates?"]
    return []


def _holds(ring: tuple[_LonLat, ...], lon: float, lat: float) -> bool:
    """Even and odd crossings of a ray to the east."""
    is_in = False
    for (ax, ay), (bx, by) in pairwise(ring):
        if (ay > lat) != (by > lat) and lon < (bx - ax) * (lat - ay) / (by - ay) + ax:
            is_in = not is_in
    return is_in


def _shown(value: object) -> str:
    text = HIDDEN.sub("�", value if isinstance(value, str) else repr(value))
    return repr(text if len(text) <= 60 else f"{text[:60]}…") if isinstance(value, str) else text[:60]
