"""Coordinates as maps and telephones in China give them (GCJ-02), made into WGS-84: some 400 m are the difference, and nothing in a
number shows which it is.

The offset is the public polynomial of 2009 over the ellipsoid of Krassowski; the inverse is found by iteration, to better than 1e-7
degrees. Test vectors: console.md §9.
"""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

__all__ = ["from_gcj02", "to_gcj02"]

AXIS_M = 6378245.0
FLATNESS = 0.00669342162296594323
"""Square of the first eccentricity."""
ORIGIN = (105.0, 35.0)
CLOSE_DEG, MOST_STEPS = 1e-9, 20


def to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """WGS-84 as GCJ-02, degrees; for places in China."""
    east, north = _offset(lon - ORIGIN[0], lat - ORIGIN[1])
    slant = 1 - FLATNESS * sin(radians(lat)) ** 2
    lat_step = north * 180.0 / ((AXIS_M * (1 - FLATNESS)) / (slant * sqrt(slant)) * pi)
    lon_step = east * 180.0 / (AXIS_M / sqrt(slant) * cos(radians(lat)) * pi)
    return lon + lon_step, lat + lat_step


def from_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 as WGS-84, degrees."""
    found = (lon, lat)
    for _ in range(MOST_STEPS):
        there = to_gcj02(*found)
        off = (lon - there[0], lat - there[1])
        found = (found[0] + off[0], found[1] + off[1])
        if max(map(abs, off)) < CLOSE_DEG:
            break
    return found


def _offset(x: float, y: float) -> tuple[float, float]:
    """East and north, metres, of a place so many degrees from the origin."""
    wave = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    root = sqrt(abs(x))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    return east, north
