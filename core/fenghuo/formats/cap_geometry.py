"""Polygons, circles and codes of an area: read under the liberties that real writers take, never simplified."""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from math import isfinite

from fenghuo.formats.cap_notes import Notes
from fenghuo.model.message import Circle, Point, Ring

__all__ = ["read_circle", "read_polygon"]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_NOT_BETWEEN_NUMBERS = re.compile(r"[^\s,;]")
_CIRCLE = re.compile(r"\s*([+-]?[\d.]+)\s*,\s*([+-]?[\d.]+)\s+([\d.]+)\s*")
_MARK = re.compile(r"[()]")

# Longitudes are taken up to one turn past the border; further out it is no longitude.
_LONGITUDE_MAX = 360.0


def read_polygon(text: str, path: str, notes: Notes) -> tuple[Ring, ...]:
    """The rings of one polygon element, each closed and without repeated points; none if it is empty or no polygon at all."""
    if not text:
        notes.repair("empty-geometry", path)
        return ()
    rings = [_straight(text)] if "(" not in text and ")" not in text else _between_marks(text, path, notes)
    read: list[Ring] = []
    for straight in rings:
        points = _numbers(text, path, notes) if straight is None else straight
        ring = _ring(points, path, notes) if points else None
        if ring is None:
            notes.repair("bad-geometry", path)
            notes.find("polygon", f"{path} is not a list of at least four points latitude,longitude")
            continue
        read += _inside_borders(ring, path, notes)
    return tuple(read)


def read_circle(text: str, path: str, notes: Notes) -> Circle | None:
    """Centre and radius in kilometres; radius 0 is a point. None if it is empty or no circle."""
    if not text:
        notes.repair("empty-geometry", path)
        return None
    found = _CIRCLE.fullmatch(text)
    try:
        latitude, longitude, radius = (float(found[at]) for at in (1, 2, 3)) if found else (91.0, 0.0, 0.0)
    except ValueError:
        latitude, longitude, radius = 91.0, 0.0, 0.0
    if abs(latitude) > 90 or abs(longitude) > 180 or not isfinite(radius):
        notes.repair("bad-geometry", path)
        notes.find("circle", f"{path} is {text[:40]!r}, not latitude,longitude radius")
        return None
    if radius == 0:
        notes.find("circle", f"{path} has radius 0: a point")
    return Circle((latitude, longitude), radius)


def _straight(text: str) -> list[Point] | None:
    """The points of a text that is as it should be; None if it is not. Quick: 93,000 vertices take some 60 ms."""
    try:
        return [(float(latitude), float(longitude)) for latitude, longitude in (pair.split(",") for pair in text.split())]
    except ValueError:
        return None


def _between_marks(text: str, path: str, notes: Notes) -> list[list[Point] | None]:
    """Rings of a text where `)` ends one and `(` starts the next, in the middle of a pair. Source: GDACS, wire-formats.md §1.4."""
    notes.repair("ring-marks", path)
    rings: list[list[str]] = [[]]
    for pair in text.split():
        if "(" in pair and rings[-1]:
            rings.append([])
        rings[-1].append(_MARK.sub("", pair))
        if ")" in pair:
            rings.append([])
    return [_straight(" ".join(ring)) or [] for ring in rings if ring]


def _numbers(text: str, path: str, notes: Notes) -> list[Point]:
    """Points from a text with blanks or commas out of place, as long as only separators stand between an even number of figures."""
    figures = _NUMBER.findall(text)
    if len(figures) % 2 or _NOT_BETWEEN_NUMBERS.search(_NUMBER.sub("", text)):
        return []
    notes.repair("pair-space", path)
    return [(float(figures[at]), float(figures[at + 1])) for at in range(0, len(figures), 2)]


def _ring(points: list[Point], path: str, notes: Notes) -> Ring | None:
    """The points as a closed ring; None if they are out of range or too few."""
    latitudes, longitudes = zip(*points, strict=True)
    # A NaN fails every comparison, so it is refused by asking what must hold, not what must not.
    if not (all(-90 <= value <= 90 for value in latitudes) and all(-_LONGITUDE_MAX <= value <= _LONGITUDE_MAX for value in longitudes)):
        return None
    ring = [point for point, _ in groupby(points)]
    is_open = ring[0] != ring[-1]
    if len(ring) + is_open < 4:
        return None
    if len(ring) != len(points):
        notes.repair("repeat-vertex", path)
    if is_open:
        notes.repair("open-ring", path)
    return (*ring, ring[0]) if is_open else tuple(ring)


def _inside_borders(ring: Ring, path: str, notes: Notes) -> list[Ring]:
    """The ring itself, or the pieces left and right of the 180th meridian, each with longitudes within ±180."""
    longitudes = [longitude for _, longitude in ring]
    if min(longitudes) >= -180 and max(longitudes) <= 180:
        return [ring]
    notes.repair("antimeridian", path)
    border = 180.0 if max(longitudes) > 180 else -180.0
    pieces = (_moved(_clipped(ring, border, keep_above=True), -360.0 if border > 0 else 0.0), _clipped(ring, border, keep_above=False))
    if border < 0:
        pieces = (pieces[0], _moved(pieces[1], 360.0))
    return [piece for piece in pieces if len(piece) >= 4]


def _clipped(ring: Ring, border: float, *, keep_above: bool) -> Ring:
    """The part of the ring on one side of a meridian (Sutherland-Hodgman, one edge)."""
    kept: list[Point] = []
    sign = 1.0 if keep_above else -1.0
    for (lat_a, lon_a), (lat_b, lon_b) in pairwise(ring):
        is_in, next_in = sign * (lon_a - border) >= 0, sign * (lon_b - border) >= 0
        if is_in:
            kept.append((lat_a, lon_a))
        if is_in != next_in:
            share = (border - lon_a) / (lon_b - lon_a)
            kept.append((lat_a + share * (lat_b - lat_a), border))
    ring_kept = [point for point, _ in groupby(kept)]
    if ring_kept and ring_kept[0] != ring_kept[-1]:
        ring_kept.append(ring_kept[0])
    return tuple(ring_kept)


def _moved(ring: Ring, degrees: float) -> Ring:
    return tuple((latitude, longitude + degrees) for latitude, longitude in ring)
