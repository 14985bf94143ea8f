"""A layer of boundaries: what is taken, and the sentence for each thing that is wrong with a file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fenghuo.formats.area_layer import MOST_OCTETS, MOST_POINTS, MOST_SHAPES, Known, LayerRead, Reading, read_layer
from fenghuo.formats.official_areas import OFFICIAL
from fenghuo.model.area import AreaRef

SEAT = (31.65182, 121.105)
KNOWN = {ref: Known(name) for ref, name in OFFICIAL.items()} | {AreaRef.parse("mca:320585105"): Known("璜泾镇", SEAT)}
RING = [[121.05, 31.6], [121.15, 31.6], [121.15, 31.7], [121.05, 31.7], [121.05, 31.6]]
MCA = Reading("cgcs2000", "mca")


def feature(code: object = "320585105", name: object = "璜泾镇", *rings: Any, kind: str = "Polygon", **more: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name, **more},
        "geometry": {"type": kind, "coordinates": list(rings) or [RING]},
    }


def read(*features: object, reading: Reading = MCA, **more: object) -> LayerRead:
    return read_layer(json.dumps({"type": "FeatureCollection", "features": features, **more}), reading, KNOWN)


def test_a_layer_of_both_lists_is_taken_each_code_by_its_own() -> None:
    """By a prefix, by a property of the feature, by the word of whoever imports it; a town with the zeros of its villages is the town."""
    found = read(
        feature(320585105),
        feature("nbs:320585105", "双凤镇"),
        feature("320585400", "经济开发区", system="nbs"),
        feature("320585110000", "沙溪镇", [RING], [RING, RING], kind="MultiPolygon"),
        feature("nbs:320585104206", "永乐村委会"),
    )
    assert ((), ()) == (found.faults, found.notes)
    named = ["mca:320585105", "nbs:320585105", "nbs:320585400", "mca:320585110", "nbs:320585104206"]
    assert named == [shape.area for shape in found.shapes]
    assert tuple(map(tuple, RING)) == found.shapes[0].polygons[0][0]
    assert [1, 2] == [len(polygon) for polygon in found.shapes[3].polygons]


def test_what_a_map_of_china_shows_is_put_where_it_is() -> None:
    """GCJ-02 is converted; what was said to be in degrees of WGS-84 and has its seat outside is noted, and a person looks at it."""
    shifted = read(feature("320585105", "璜泾镇", [[lon + 0.0046, lat - 0.0019] for lon, lat in RING]), reading=Reading("gcj02", "mca"))
    assert pytest.approx([121.05, 31.6], abs=3e-4) == list(shifted.shapes[0].polygons[0][0][0])
    beside = [[lon + 0.1, lat] for lon, lat in RING]
    (note,) = read(feature("320585105", "璜泾镇", beside)).notes
    assert (
        "mca:320585105 璜泾镇: its seat (121.105, 31.65182) lies outside of its shape; is the file in another system of coordinates?"
        == note
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (feature(None), "code None: it must be a code of 6, 9 or 12 figures"),
        (feature(True), "code True: it must be a code of 6, 9 or 12 figures"),
        (feature("abc"), "code: area 'mca:abc' has the code 'abc'; a code has 2 to 12 digits"),
        (
            feature("320585104"),
            "is no area of the directory; in nbs it is 璜泾镇; add it to areas.csv or correct the code",
        ),
        (
            feature("320585105", "双凤镇"),
            ": mca:320585105 is 璜泾镇; correct the name or the code, or say which list it is from",
        ),
        (feature("320585105", None), "name None: mca:320585105 is 璜泾镇; correct the name or the code, or say which list it is from"),
        ({"type": "Feature", "properties": None}, "it has no properties; it needs 'code' and 'name'"),
        (feature(kind="Point"), "geometry 'Point': it must be a Polygon or a MultiPolygon"),
        ({**feature(), "geometry": None}, "geometry None: it must be a Polygon or a MultiPolygon"),
        (feature("320585105", "璜泾镇", RING[:3]), f"coordinates: a ring has 4 to {MOST_POINTS:,} positions"),
        (
            feature("320585105", "璜泾镇", RING[:4]),
            "coordinates: a ring begins at (121.05, 31.6) and ends at (121.05, 31.7); it must be closed",
        ),
        (
            feature("320585105", "璜泾镇", [[lat, lon] for lon, lat in RING]),
            "coordinates [31.6, 121.05]: the latitude stands first; GeoJSON has the longitude first",
        ),
        (
            feature("320585105", "璜泾镇", [[lon * 1e5, lat * 1e5] for lon, lat in RING]),
            "these are no degrees; save the layer in EPSG:4490 or EPSG:4326",
        ),
        (feature("320585105", "璜泾镇", [["a", 1], *RING[1:]]), "coordinates ['a', 1]: a position is [longitude, latitude]"),
        (feature("320585105", "璜泾镇", [RING[0], RING[2], RING[1], RING[3], RING[0]]), "crosses itself; mend the geometry"),
        (feature("320585105", "璜泾镇", [RING[0]] * 5), "coordinates: a ring at (121.05, 31.6) has no area"),
        (
            feature("320585105", "璜泾镇", [[lon + 5, lat] for lon, lat in RING]),
            "mca:320585105 璜泾镇: its seat (121.105, 31.65182) is far from this shape, which begins at (126.05, 31.6); is the code right?",
        ),
    ],
)
def test_each_fault_of_a_feature_names_it_and_what_would_be_right(wrong: object, says: str) -> None:
    """By the number of the feature; the sound one beside it is counted, and nothing would be kept."""
    (fault,) = read(feature("320585110", "沙溪镇"), wrong).faults
    assert fault.startswith("feature 2: ")
    assert fault.endswith(says)


def test_a_code_without_its_list_is_refused_with_what_it_would_mean() -> None:
    """320585105 alone would draw one town under the name of another."""
    (fault,) = read(feature(), reading=Reading("wgs84")).faults
    assert "feature 1: code '320585105' has no list (it is 璜泾镇 in mca, 双凤镇 in nbs); say mca or nbs" == fault


def test_each_fault_of_a_file_has_its_sentence() -> None:
    """What is no GeoJSON of a whole layer in degrees, and what is too much."""
    whole = {"type": "FeatureCollection", "features": [feature()]}
    cases = {
        "{": "the file is no JSON: Input data was truncated; save it as GeoJSON in UTF-8",
        '{"type": "Topology"}': "type 'Topology': this is TopoJSON; save it as GeoJSON",
        json.dumps(feature()): "type 'Feature': it must be 'FeatureCollection'; save the whole layer as GeoJSON",
        "[]": "type None: it must be 'FeatureCollection'; save the whole layer as GeoJSON",
        json.dumps({**whole, "features": []}): "features: there are none; is this the right layer?",
        json.dumps({**whole, "features": [0] * (MOST_SHAPES + 1)}): "features: there are 401; 400 are taken",
        '{"type": "x", "type": "FeatureCollection", "features": [1]}': "the key 'type' comes twice in one object; which is meant?",
        " " * (MOST_OCTETS + 1): f"the file has {MOST_OCTETS + 1:,} octets; {MOST_OCTETS:,} are taken: simplify the lines",
    }
    assert cases == {text: "".join(read_layer(text, MCA, KNOWN).faults) for text in cases}
    (projected,) = read(feature(), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}).faults
    assert projected.endswith("it must be in degrees (EPSG:4490 or EPSG:4326); save it in one of them")
    assert () == read(feature(), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}).faults


def test_an_area_stands_in_a_file_once_and_many_faults_are_counted() -> None:
    """The first twenty are told."""
    (twice,) = read(feature(), feature()).faults
    assert "feature 2: mca:320585105 璜泾镇 stands in the file twice; make it one MultiPolygon" == twice
    many = read(*[feature("1")] * 30).faults
    assert (21, "and 10 more") == (len(many), many[-1])
