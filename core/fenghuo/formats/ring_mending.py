"""Rings that cross themselves made into ones that do not, so that no reader of a shape has to guess what lies inside.

The original stays in the raw document. Source: wire-formats.md §1.4, invalid-ring.
"""

from __future__ import annotations

import importlib

import msgspec

from fenghuo.formats.cap_notes import Notes
from fenghuo.formats.ring_crossing import Crossing, crossing
from fenghuo.model.message import Info, Point, Ring

__all__ = ["mend_rings"]

_Rings = dict[Ring, tuple[Ring, ...]]


def mend_rings(infos: tuple[Info, ...], notes: Notes) -> tuple[Info, ...]:
    """The infos with valid rings; each crossing is a repair and a finding. Infos in several languages repeat rings: each is judged once."""
    judged: _Rings = {}
    return tuple(_mended(info, f"/alert/info[{number}]", notes, judged) for number, info in enumerate(infos, 1))


def _mended(info: Info, path: str, notes: Notes, judged: _Rings) -> Info:
    if not any(area.polygons for area in info.areas):
        return info
    areas = []
    for number, area in enumerate(info.areas, 1):
        rings: list[Ring] = []
        for place, ring in enumerate(area.polygons, 1):
            if ring not in judged:
                judged[ring] = _valid(ring, f"{path}/area[{number}]/polygon[{place}]", notes)
            rings += judged[ring]
        areas.append(msgspec.structs.replace(area, polygons=tuple(rings)))
    return msgspec.structs.replace(info, areas=tuple(areas))


def _valid(ring: Ring, path: str, notes: Notes) -> tuple[Ring, ...]:
    match crossing(ring):
        case Crossing.NONE:
            return (ring,)
        case Crossing.UNKNOWN:
            notes.find("polygon", f"{path} is too intricate to tell whether it crosses itself")
            return (ring,)
        case Crossing.FOUND:
            notes.find("polygon", f"{path} crosses itself")
            pieces = _pieces(ring)
            if not pieces:
                return (ring,)
            notes.repair("invalid-ring", path)
            return pieces


def _pieces(ring: Ring) -> tuple[Ring, ...]:
    """The outlines of what the ring encloses; a hole that the crossing made is closed, for nobody inside may be left out."""
    shapely = importlib.import_module("shapely")  # brings numpy: 150 ms that only a crossing ring pays
    whole = shapely.make_valid(shapely.Polygon([(longitude, latitude) for latitude, longitude in ring]))
    parts = getattr(whole, "geoms", [whole])
    outlines = [_ring(part.exterior.coords) for part in parts if part.geom_type == "Polygon"]
    return tuple(outlines)


def _ring(coordinates: object) -> Ring:
    points: list[Point] = [(float(latitude), float(longitude)) for longitude, latitude in coordinates]  # type: ignore[attr-defined]
    return tuple(points)
