"""The map that is bundled: our own schematic around the town seats of the product's own area data. Source: console.md §9."""

from __future__ import annotations

import csv
import json
from itertools import combinations, pairwise
from pathlib import Path

from tools.console_words import STATIC
from tools.map_schematic import SET_BY_HAND, text

TAICANG = Path(__file__).parents[2] / "config/taicang/areas.csv"
MOST_POINTS = 60
WEST, EAST, SOUTH, NORTH = 120.973, 121.383, 31.360, 31.761
"""Outside of it a point is asked about."""
Point = tuple[float, float]


class Drawn:
    """area.json."""

    def __init__(self) -> None:
        found = json.loads((STATIC / "map/area.json").read_text(encoding="utf-8"))
        self.towns: list[dict[str, object]] = found["towns"]
        self.outline: list[Point] = [(lon, lat) for lon, lat in found["outline"]]
        self.cells: dict[str, list[Point]] = {ref: [(lon, lat) for lon, lat in ring] for ref, ring in found["cells"].items()}
        self.edges: list[tuple[Point, Point]] = list(pairwise([*self.outline, self.outline[0]]))


def test_the_towns_are_those_of_the_area_data() -> None:
    """All of both lists, each once: by its code with its list, and the code of the other list beside it. A seat is where the data have it;
    what has none was set by hand, and says so."""
    with TAICANG.open(encoding="utf-8") as file:
        rows = {row["ref"]: row for row in csv.DictReader(file) if row["level"] == "town"}
    once = [row for row in rows.values() if row["ref"].startswith("mca:") or not row["same_as"]]
    told = [(row["ref"], row["same_as"], row["name"], bool(row["lat"])) for row in once]
    assert told == [(town["ref"], town["same_as"], town["name"], town["is_seat"]) for town in Drawn().towns]
    seats = {town["ref"]: (town["lat"], town["lon"]) for town in Drawn().towns if town["is_seat"]}
    assert {row["ref"]: (float(row["lat"]), float(row["lon"])) for row in once if row["lat"]} == seats
    assert {row["ref"] for row in once if not row["lat"]} == set(SET_BY_HAND)
    assert rows.keys() == Drawn().cells.keys()


def test_the_schematic_is_what_the_area_data_make() -> None:
    """`python -m tools.map_schematic` was run after the last change."""
    assert text() == (STATIC / "map/area.json").read_text(encoding="utf-8")


def test_every_place_lies_in_its_own_ground_and_in_no_other_of_its_list() -> None:
    """An alert for one town colours no other."""
    drawn = Drawn()
    places = {
        ref: (float(str(town["lon"])), float(str(town["lat"]))) for town in drawn.towns for ref in (town["ref"], town["same_as"]) if ref
    }
    held = {
        (ref, other)
        for ref, place in places.items()
        for other, ring in drawn.cells.items()
        if str(ref)[:4] == other[:4] and _holds(list(pairwise([*ring, ring[0]])), place)
    }
    assert {(ref, ref) for ref in places} == held


def test_the_outline_is_a_schematic_that_holds_every_town() -> None:
    """Few points, none outside the box of the county, no edge across another, every seat within."""
    drawn = Drawn()
    assert MOST_POINTS >= len(drawn.outline)
    assert all(WEST <= lon <= EAST and SOUTH <= lat <= NORTH for lon, lat in drawn.outline)
    crossing = [(one, other) for one, other in combinations(drawn.edges, 2) if not set(one) & set(other) and _cross(one, other)]
    assert [] == crossing
    outside = [town["name"] for town in drawn.towns if not _holds(drawn.edges, (float(str(town["lon"])), float(str(town["lat"]))))]
    assert [] == outside


def _side(edge: tuple[Point, Point], point: Point) -> float:
    (ax, ay), (bx, by) = edge
    return (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)


def _cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    return _side(one, other[0]) * _side(one, other[1]) < 0 and _side(other, one[0]) * _side(other, one[1]) < 0


def _holds(edges: list[tuple[Point, Point]], point: Point) -> bool:
    """Even and odd crossings of a ray to the east."""
    crossed = [edge for edge in edges if (edge[0][1] > point[1]) != (edge[1][1] > point[1])]
    return sum((_side(edge, point) > 0) == (edge[1][1] > edge[0][1]) for edge in crossed) % 2 == 1
