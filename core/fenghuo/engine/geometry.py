"""Which known areas lie inside a drawn shape, when a message gives no code. Pure."""

from __future__ import annotations

import importlib
import math
from functools import cache
from types import ModuleType

from fenghuo.model.area import Area, AreaRef
from fenghuo.model.message import AffectedArea, Circle, Ring

__all__ = ["areas_inside", "distance_km"]

EARTH_RADIUS_KM = 6371.0


def areas_inside(drawn: tuple[AffectedArea, ...], known: tuple[Area, ...]) -> tuple[AreaRef, ...]:
    """Areas whose seat (a WGS-84 point) lies in a polygon or circle of the message."""
    placed = [area for area in known if area.lat is not None and area.lon is not None]
    return tuple(area.ref for area in placed if any(_holds(shape, area.lat or 0.0, area.lon or 0.0) for shape in drawn))


def _holds(shape: AffectedArea, lat: float, lon: float) -> bool:
    in_ring = any(_ring_holds(ring, lat, lon) for ring in shape.polygons)
    return in_ring or any(distance_km(circle, lat, lon) <= circle.radius_km for circle in shape.circles)


def _ring_holds(ring: Ring, lat: float, lon: float) -> bool:
    geometry = _shapely()
    polygon = geometry.Polygon([(vertex[1], vertex[0]) for vertex in ring])
    return bool(polygon.covers(geometry.Point(lon, lat)))


def distance_km(circle: Circle, lat: float, lon: float) -> float:
    """Great-circle distance from the centre (haversine)."""
    lat1, lat2 = math.radians(circle.centre[0]), math.radians(lat)
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(lon - circle.centre[1]) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))


@cache
def _shapely() -> ModuleType:
    """Loaded with the first polygon: it brings numpy, 150 ms that a start-up without polygons need not pay."""
    return importlib.import_module("shapely.geometry")
