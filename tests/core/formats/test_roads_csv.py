"""The map of roads as CSV: read whole, each mistake a sentence with file, line and column."""

from __future__ import annotations

from fenghuo.formats.roads_csv import read_roads
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.coverage import Provenance
from fenghuo.model.road import Layer, LayerTerms, RoadMap, RoadPlace, Segment

TOWN = AreaRef.parse("mca:320585105")
AREAS = (Area(TOWN, "璜泾镇", "town"),)
ORGS = ("huangjing",)
FILES = {
    "places.csv": "id,name,area,orgs,people,base,station,lat,lon,source,verified\n"
    "a,城厢,,,,yes,no,,,survey,no\nb,璜泾,mca:320585105,huangjing,66113,no,yes,31.6,121.1,survey,no\n",
    "segments.csv": "id,layer,from,to,km,kmh,name,max_wind_ms,source,verified,verified_by\nr1,road,a,b,9,45,沙鹿公路,,survey,yes,王\n",
    "layers.csv": "layer,board_min,leave_min,max_wind_ms,source,verified\nwater,25,25,13.9,guess,no\n",
}


def faults(**changed: str) -> list[str]:
    _, found = read_roads({**FILES, **{f"{name}.csv": text for name, text in changed.items()}}, AREAS, ORGS)
    return [str(fault) for fault in found]


def test_a_sound_map_is_read_whole() -> None:
    """And no files are no map."""
    survey = Provenance("survey")
    expected = RoadMap(
        (
            RoadPlace("a", "城厢", is_base=True, provenance=survey),
            RoadPlace("b", "璜泾", TOWN, ORGS, 66_113, is_station=True, lat=31.6, lon=121.1, provenance=survey),
        ),
        (Segment("r1", Layer.ROAD, "a", "b", 9.0, 45.0, "沙鹿公路", None, Provenance("survey", True, "王")),),
        (LayerTerms(Layer.WATER, 25.0, 25.0, 13.9, Provenance("guess")),),
    )
    assert (expected, ()) == read_roads(FILES, AREAS, ORGS)
    assert (RoadMap(), ()) == read_roads({}, AREAS, ORGS)
    assert (12.0, "沙鹿公路 (城厢-璜泾)") == (expected.segments[0].minutes, expected.label(expected.segments[0]))


def test_each_mistake_is_a_sentence_with_file_line_and_column() -> None:
    """What stands there, and what would be right."""
    head = "id,layer,from,to,km,kmh,source,verified\n"
    assert [
        'segments.csv, line 2, column layer: "rail" is no layer; it must be one of road, water, air, foot',
        'segments.csv, line 2, column to: "z" is not in places.csv; add it there or correct the id',
        'segments.csv, line 2, column km: "0" must be a number, more than 0, as 12.5',
        'segments.csv, line 2, column kmh: "nan" must be a number, more than 0, as 12.5',
        'segments.csv, line 3, column to: "a" is where it begins; a segment lies between two places',
        'segments.csv, line 3, column source: "" must not be empty',
    ] == faults(segments=head + "r1,rail,a,z,0,nan,s,no\nr2,road,a,a,1,1,,no\n")
    places = FILES["places.csv"].replace("mca:320585105,huangjing", "mca:320585103,fuqiao").replace("yes,no", "often,no")
    assert [
        'places.csv, line 2, column base: "often" must be yes or no',
        'places.csv, line 3, column area: "mca:320585103" is not in areas.csv; add it there or correct the code',
        'places.csv, line 3, column orgs: "fuqiao" is not in orgs.csv; add it there or correct the id',
    ] == faults(places=places)
    assert ['layers.csv, line 2, column board_min: "-1" must be a number, 0 or more, as 12.5'] == faults(
        layers=FILES["layers.csv"].replace("25,25", "-1,25")
    )
    assert ["places.csv: has no base; write yes under base for the place that help starts from"] == faults(
        places=FILES["places.csv"].replace("yes,no", "no,no")
    )


def test_a_map_is_three_files_together() -> None:
    """Half of one is a mistake, and so is a file that nobody reads."""
    _, found = read_roads({"roads.csv": "", **{name: FILES[name] for name in ("places.csv", "segments.csv")}}, AREAS, ORGS)
    assert [
        "roads.csv: is no file of a map; known are places.csv, segments.csv, layers.csv",
        "layers.csv: is not there; a map is places.csv, segments.csv and layers.csv together",
    ] == [str(fault) for fault in found]
