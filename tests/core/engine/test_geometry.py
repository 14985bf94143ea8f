"""Which known areas lie inside a drawn shape."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine.geometry import areas_inside
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.message import AffectedArea, Circle, Point, Ring
from tests.core.engine.values import HUANGJING_MCA, SHUANGFENG_MCA, directory

SHAXI = AreaRef.parse("mca:320585110")
TOWNS = directory().areas
LATITUDES, LONGITUDES = st.floats(20.0, 50.0), st.floats(80.0, 130.0)


def box(south: float, west: float, north: float, east: float) -> AffectedArea:
    return AffectedArea("", polygons=(((south, west), (south, east), (north, east), (north, west), (south, west)),))


def ball(lat: float, lon: float, radius_km: float) -> AffectedArea:
    return AffectedArea("", circles=(Circle((lat, lon), radius_km),))


def town(lat: float, lon: float) -> Area:
    return Area(SHAXI, "沙溪镇", "town", lat=lat, lon=lon)


def test_a_polygon_holds_the_towns_whose_seat_lies_in_it() -> None:
    """Latitude comes first in a message, as in CAP: a box over the north-east holds 璜泾镇 alone."""
    assert (HUANGJING_MCA,) == areas_inside((box(31.6, 121.0, 31.7, 121.2),), TOWNS)


def test_the_edge_belongs_to_the_shape() -> None:
    """In doubt somebody is told."""
    assert (SHAXI,) == areas_inside((box(31.0, 121.0, 32.0, 122.0),), (town(31.0, 121.5),))


def test_a_hole_of_shapes_is_no_shape() -> None:
    """What no shape holds is not in the list, and no shape holds nothing."""
    assert ((), ()) == (areas_inside((), TOWNS), areas_inside((box(10.0, 100.0, 11.0, 101.0),), TOWNS))


def test_several_shapes_hold_what_any_of_them_holds() -> None:
    """Once each, in the order of the directory."""
    shapes = (box(31.6, 121.0, 31.7, 121.2), ball(31.51663, 121.02524, 1.0), box(31.5, 121.0, 31.7, 121.2))
    assert (SHAXI, HUANGJING_MCA, SHUANGFENG_MCA) == areas_inside(shapes, TOWNS)


def test_a_concave_polygon_is_followed_and_not_its_hull() -> None:
    """A town in the bay of a U is not flooded."""
    bay: Ring = ((0.0, 0.0), (0.0, 3.0), (3.0, 3.0), (3.0, 2.0), (1.0, 2.0), (1.0, 1.0), (3.0, 1.0), (3.0, 0.0), (0.0, 0.0))
    shape = AffectedArea("", polygons=(bay,))
    assert [(), (SHAXI,)] == [areas_inside((shape,), (town(lat, 1.5),)) for lat in (2.0, 0.5)]


@pytest.mark.parametrize(("radius_km", "expected"), [(12.0, True), (10.0, False)])
def test_a_circle_is_measured_in_kilometres(radius_km: float, expected: bool) -> None:
    """璜泾镇 to 沙溪镇 is 10.5 km as the crow flies: by the great circle, not by degrees."""
    found = areas_inside((ball(31.65182, 121.105, radius_km),), TOWNS)
    assert (HUANGJING_MCA in found, expected) == (True, SHAXI in found)


def test_a_circle_of_no_radius_is_a_point() -> None:
    """Whoever stands exactly there is inside. Source: CAP 1.2 §3.2.4, circle."""
    assert (SHAXI,) == areas_inside((ball(31.56618, 121.05729, 0.0),), TOWNS)


def test_a_circle_reaches_over_the_date_line() -> None:
    """180° east and 180° west are one place."""
    assert (SHAXI,) == areas_inside((ball(0.0, 179.9, 50.0),), (town(0.0, -179.9),))


def test_an_area_without_a_seat_is_never_guessed() -> None:
    """The villages of the other list have no point; they are found by code, or by their equals."""
    everywhere = areas_inside((box(-90.0, -180.0, 90.0, 180.0),), TOWNS)
    assert {SHAXI, HUANGJING_MCA, SHUANGFENG_MCA} == set(everywhere)


@given(LATITUDES, LONGITUDES, st.floats(0.001, 5.0), st.floats(0.001, 5.0), LATITUDES, LONGITUDES)
def test_a_box_is_two_comparisons(south: float, west: float, height: float, width: float, lat: float, lon: float) -> None:
    """Whatever box and whatever seat: between its edges or not."""
    north, east = south + height, west + width
    expected = south <= lat <= north and west <= lon <= east
    assert expected == bool(areas_inside((box(south, west, north, east),), (town(lat, lon),)))


@given(LATITUDES, LONGITUDES, st.floats(0.1, 500.0), st.floats(0.0, 360.0), st.floats(0.0, 2.0))
def test_a_circle_holds_what_is_nearer_than_its_radius(lat: float, lon: float, radius_km: float, bearing: float, times: float) -> None:
    """A seat walked off from the centre on a sphere is inside as long as it went less than the radius."""
    where = _walked((lat, lon), bearing, radius_km * times)
    found = areas_inside((ball(lat, lon, radius_km),), (town(*where),))
    if abs(times - 1.0) > 1e-6:
        assert (times < 1.0) == bool(found)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES, st.floats(0.0, 6000.0))
def test_the_way_there_is_as_long_as_the_way_back(lat: float, lon: float, other_lat: float, other_lon: float, radius_km: float) -> None:
    """If I am in your circle you are in mine of the same size."""
    there = areas_inside((ball(lat, lon, radius_km),), (town(other_lat, other_lon),))
    assert bool(there) == bool(areas_inside((ball(other_lat, other_lon, radius_km),), (town(lat, lon),)))


def _walked(start: Point, bearing: float, km: float) -> Point:
    """Where one is after `km` along a great circle; bearing in degrees from north."""
    lat, lon, way, course = math.radians(start[0]), math.radians(start[1]), km / 6371.0, math.radians(bearing)
    to = math.asin(math.sin(lat) * math.cos(way) + math.cos(lat) * math.sin(way) * math.cos(course))
    east = math.atan2(math.sin(course) * math.sin(way) * math.cos(lat), math.cos(way) - math.sin(lat) * math.sin(to))
    return math.degrees(to), math.degrees(lon + east)
