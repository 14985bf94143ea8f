"""Who lives around a place of danger, and whom the wind blows to."""

from __future__ import annotations

from fenghuo.command.neighbourhood import around, bearing_deg
from fenghuo.model.area import Area, AreaRef

LAT, LON = 31.615, 121.25


def village(code: str, lat: float | None, lon: float | None) -> Area:
    return Area(AreaRef.parse(f"nbs:3205851039{code}"), code, "village", lat=lat, lon=lon)


KNOWN = (village("01", 31.624, 121.251), village("02", 31.608, 121.242), village("03", 31.599, 121.23), village("04", None, None))


def test_the_nearest_first_and_nobody_beyond_the_radius() -> None:
    """Of a village whose seat nobody knows nothing is said."""
    found = around(LAT, LON, KNOWN, radius_m=1500.0, wind_from_deg=45.0)
    assert [("01", 1005, False), ("02", 1086, True)] == [(one.area.name, round(one.metres), one.is_downwind) for one in found]


def test_without_a_wind_nobody_is_downwind_and_north_is_no_seam() -> None:
    """A wind from the south blows over 0 degrees."""
    assert [False] * 3 == [one.is_downwind for one in around(LAT, LON, KNOWN, radius_m=9000.0, wind_from_deg=None)]
    assert ["01"] == [one.area.name for one in around(LAT, LON, KNOWN, radius_m=9000.0, wind_from_deg=180.0) if one.is_downwind]


def test_bearings_are_those_of_the_compass() -> None:
    """North, east, south, west."""
    places = ((LAT + 0.1, LON), (LAT, LON + 0.1), (LAT - 0.1, LON), (LAT, LON - 0.1))
    assert [0, 90, 180, 270] == [round(bearing_deg(LAT, LON, *place)) for place in places]
