"""The map that is bundled: our own schematic around the town seats of the product's own area data. Source: console.md §9."""

from __future__ import annotations

import csv
import json
from itertools import combinations, pairwise
from pathlib import Path

from tools.console_words import STATIC

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
        self.edges: list[tuple[Point, Point]] = list(pairwise([*self.outline, self.outline[0]]))


def test_the_towns_are_those_of_the_area_data() -> None:
    """Each with a seat, by its code with its list, and the code of the other list beside it."""
    with TAICANG.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] == "town" and row["lat"] and row["ref"].startswith("mca:")]
    seats = [{"lat": float(row["lat"]), "lon": float(row["lon"])} for row in rows]
    expected = [{"ref": row["ref"], "same_as": row["same_as"], "name": row["name"], **seat} for row, seat in zip(rows, seats, strict=True)]
    assert expected == Drawn().towns


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
