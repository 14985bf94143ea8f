"""Who lives around a place of danger, and who of them downwind. Pure.

Source: scenarios.md S2; the half angle of the sector is our choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from fenghuo.engine.geometry import distance_km
from fenghuo.model.area import Area
from fenghuo.model.message import Circle

__all__ = ["HALF_ANGLE_DEG", "Near", "around", "bearing_deg"]

HALF_ANGLE_DEG = 45.0
"""Whoever lies within so much of the line that the wind takes is downwind."""
KM = 1000.0


class Near(msgspec.Struct, frozen=True):
    """An area by its seat: metres away, in which direction from there, and whether the wind blows towards it."""

    area: Area
    metres: float
    bearing_deg: float
    is_downwind: bool


def around(lat: float, lon: float, areas: Iterable[Area], *, radius_m: float, wind_from_deg: float | None) -> tuple[Near, ...]:
    """Every area whose seat lies so near, the nearest first; of one whose seat nobody knows nothing can be said. `wind_from_deg`: where
    the wind comes from, 0 is north; None: nobody knows, and nobody is downwind."""
    centre, found = Circle((lat, lon), radius_m / KM), []
    for area in areas:
        if area.lat is None or area.lon is None:
            continue
        metres = distance_km(centre, area.lat, area.lon) * KM
        if metres <= radius_m:
            bearing = bearing_deg(lat, lon, area.lat, area.lon)
            found.append(Near(area, metres, bearing, wind_from_deg is not None and _is_within(bearing, wind_from_deg + 180.0)))
    return tuple(sorted(found, key=lambda one: (one.metres, str(one.area.ref))))


def bearing_deg(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """The direction of a great circle at its beginning, 0 is north, 90 east."""
    lat1, lat2, turn = math.radians(lat), math.radians(to_lat), math.radians(to_lon - lon)
    east = math.sin(turn) * math.cos(lat2)
    north = math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(turn)
    return math.degrees(math.atan2(east, north)) % 360.0


def _is_within(bearing: float, middle: float) -> bool:
    apart = abs((bearing - middle + 180.0) % 360.0 - 180.0)
    return apart <= HALF_ANGLE_DEG
