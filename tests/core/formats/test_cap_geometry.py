"""Polygons and circles under the liberties of real writers."""

from __future__ import annotations

import pytest

from fenghuo.formats.cap_geometry import read_circle, read_polygon
from fenghuo.formats.cap_notes import Notes
from fenghuo.model.message import Circle, Ring

SQUARE: Ring = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0))


def polygon(text: str) -> tuple[tuple[Ring, ...], tuple[str, ...]]:
    """The rings of a text, and the codes of the repairs it took."""
    notes = Notes()
    rings = read_polygon(text, "p", notes)
    return rings, tuple(repair.removesuffix(" at p") for repair in notes.repairs)


@pytest.mark.parametrize(
    ("text", "rings", "repairs"),
    [
        ("0,0 0,1 1,1 0,0", (SQUARE,), ()),
        ("+0.0,0 0,1\n1,1\t0,0", (SQUARE,), ()),
        ("", (), ("empty-geometry",)),
        ("0,0 0,1 1,1", (SQUARE,), ("open-ring",)),
        ("0,0 0,1 0,1 1,1 1,1 0,0", (SQUARE,), ("repeat-vertex",)),
        ("0, 0 0, 1 1, 1 0, 0", (SQUARE,), ("pair-space",)),
        ("0,0 0,1, 1,1, 0,0", (SQUARE,), ("pair-space",)),
        ("0,(0 0,1 1,1 0),0 5,(5 5,6 6,6 5),5", (SQUARE, tuple((a + 5, b + 5) for a, b in SQUARE)), ("ring-marks",)),
        ("0,(0 0,1 1),1 5,(5 5,6 6),6", (SQUARE, tuple((a + 5, b + 5) for a, b in SQUARE)), ("ring-marks", "open-ring")),
        ("0,0 1,1", (), ("bad-geometry",)),
        ("0,0 0,1 95,1 0,0", (), ("bad-geometry",)),
        ("0,0 0,1 nan,1 0,0", (), ("bad-geometry",)),
        ("0,0 0,1 inf,1 0,0", (), ("bad-geometry",)),
        ("0,0 0,1 1", (), ("bad-geometry",)),
        ("somewhere", (), ("bad-geometry",)),
        ("0,0 0,1 (x) 1,1", (), ("ring-marks", "bad-geometry")),
    ],
)
def test_polygon(text: str, rings: tuple[Ring, ...], repairs: tuple[str, ...]) -> None:
    """Each liberty is repaired under its own code, and what is no polygon is dropped with a word."""
    assert (rings, repairs) == polygon(text)


def test_antimeridian() -> None:
    """A ring across the 180th meridian becomes two, each within ±180."""
    rings, repairs = polygon("0,179 0,181 10,181 10,179 0,179")
    assert (("antimeridian",), 2) == (repairs, len(rings))
    assert {-180.0, -179.0} == {longitude for _, longitude in rings[0]}
    assert {179.0, 180.0} == {longitude for _, longitude in rings[1]}


def test_antimeridian_from_the_other_side() -> None:
    """The same from the west; a ring wholly outside is moved and stays one."""
    rings, _ = polygon("0,-179 0,-181 10,-181 10,-179 0,-179")
    assert [{-180.0, -179.0}, {179.0, 180.0}] == [{longitude for _, longitude in ring} for ring in rings]
    moved, _ = polygon("0,190 0,195 10,195 0,190")
    assert [{-170.0, -165.0}] == [{longitude for _, longitude in ring} for ring in moved]


def test_large_polygon() -> None:
    """The largest message allowed is read whole."""
    text = " ".join(f"{30 + at / 1e5:.5f},{120 + (at % 1000) / 1e4:.4f}" for at in range(93_000))
    rings, _ = polygon(text)
    assert 93_001 == len(rings[0])


@pytest.mark.parametrize(
    ("text", "circle", "repairs"),
    [
        ("31.5,121.1 10", Circle((31.5, 121.1), 10), 0),
        (" 31.5 , 121.1  10.5 ", Circle((31.5, 121.1), 10.5), 0),
        ("31.5,121.1 0.0", Circle((31.5, 121.1), 0), 0),
        ("", None, 1),
        ("31.5,121.1", None, 1),
        ("95,121.1 10", None, 1),
        ("1.2.3,121.1 10", None, 1),
        ("31.5,121.1 -5", None, 1),
    ],
)
def test_circle(text: str, circle: Circle | None, repairs: int) -> None:
    """A circle is read or dropped with a word; radius 0 is a point and no repair."""
    notes = Notes()
    assert (circle, repairs) == (read_circle(text, "c", notes), len(notes.repairs))
