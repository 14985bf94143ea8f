"""Whether a ring crosses itself: exact on its vertices, near-linear for real outlines, and bounded for hostile ones."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import combinations, pairwise

from fenghuo.model.message import Point, Ring

__all__ = ["Crossing", "crossing"]

# So many looks at a cell or a pair, then we give up and say so. A coast of 41,000 vertices needs about a third of it;
# all of it takes about one second.
MAX_LOOKS = 1_000_000

# Finest grid, cells a side: finer costs memory and no longer saves pairs.
MAX_CELLS = 2_048

_Segment = tuple[Point, Point]
_Cell = tuple[int, int]


class Crossing(StrEnum):
    """The answer: NONE, FOUND, or UNKNOWN where the ring is too intricate to tell in time."""

    NONE = "none"
    FOUND = "found"
    UNKNOWN = "unknown"


def crossing(ring: Ring) -> Crossing:
    """Whether two edges of a closed ring cross; edges that only touch do not."""
    edges = list(pairwise(ring))
    looks = 0
    cells: dict[_Cell, list[int]] = {}
    for index, cell in _placed(edges, _step(ring)):
        cells.setdefault(cell, []).append(index)
        looks += 1
        if looks > MAX_LOOKS:
            return Crossing.UNKNOWN
    for members in cells.values():
        looks += len(members) * len(members) // 2
        if looks > MAX_LOOKS:
            return Crossing.UNKNOWN
        if any(_cross(edges[one], edges[other]) for one, other in combinations(members, 2)):
            return Crossing.FOUND
    return Crossing.NONE


def _step(ring: Ring) -> float:
    """The side of a grid cell, degrees: about two edges long, and no finer than the grid may be."""
    latitudes, longitudes = zip(*ring, strict=True)
    span = max(max(latitudes) - min(latitudes), max(longitudes) - min(longitudes))
    length = sum(abs(b[0] - a[0]) + abs(b[1] - a[1]) for a, b in pairwise(ring))
    return max(2 * length / len(ring), span / MAX_CELLS) or 1.0


def _placed(edges: list[_Segment], step: float) -> Iterator[tuple[int, _Cell]]:
    """Every edge with every cell that its bounding box meets."""
    for index, ((lat_a, lon_a), (lat_b, lon_b)) in enumerate(edges):
        rows = range(int(min(lat_a, lat_b) // step), int(max(lat_a, lat_b) // step) + 1)
        columns = range(int(min(lon_a, lon_b) // step), int(max(lon_a, lon_b) // step) + 1)
        for row in rows:
            for column in columns:
                yield index, (row, column)


def _cross(one: _Segment, other: _Segment) -> bool:
    """Whether each edge has its ends strictly on both sides of the other."""
    return _side(one, other[0]) * _side(one, other[1]) < 0 and _side(other, one[0]) * _side(other, one[1]) < 0


def _side(edge: _Segment, point: Point) -> float:
    (lat_a, lon_a), (lat_b, lon_b) = edge
    return (lat_b - lat_a) * (point[1] - lon_a) - (lon_b - lon_a) * (point[0] - lat_a)
