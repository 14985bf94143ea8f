"""The schematic of Taicang that the console draws: `python -m tools.map_schematic` writes plugins/fenghuo_console/static/map/area.json.

An outline of our own, every town and district of config/taicang/areas.csv, and for each code the ground that is nearest to it. Nothing is
traced from anybody's boundary, and none of it is one. Source: console.md §9.
"""

from __future__ import annotations

import csv
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

__all__ = ["MAP", "OUTLINE", "drawn", "text"]

ROOT = Path(__file__).resolve().parents[1]
AREAS = ROOT / "config/taicang/areas.csv"
MAP = ROOT / "plugins/fenghuo_console/static/map/area.json"
Point = tuple[float, float]
"""Longitude, latitude, degrees."""

OUTLINE: tuple[Point, ...] = (
    (121.045, 31.7), (121.082, 31.735), (121.116, 31.753), (121.146, 31.728), (121.182, 31.69), (121.222, 31.655), (121.262, 31.618),
    (121.29, 31.58), (121.312, 31.545), (121.322, 31.515), (121.3, 31.49), (121.268, 31.474), (121.225, 31.462), (121.196, 31.44),
    (121.165, 31.425), (121.138, 31.404), (121.112, 31.388), (121.08, 31.402), (121.062, 31.425), (121.045, 31.45), (121.018, 31.474),
    (120.992, 31.5), (120.984, 31.532), (121.004, 31.562), (121.022, 31.596), (121.036, 31.63), (121.024, 31.666),
)  # fmt: skip
SET_BY_HAND: dict[str, Point] = {"mca:320585001": (121.128, 31.496), "nbs:320585400": (121.152, 31.522), "nbs:320585403": (121.116, 31.42)}
"""Units of which the area data know no seat: beside their neighbours, and
so that every name can be read: 娄东 and the zone, which counts 娄东 and 陆渡, north-east of the old town, 科教新城 south of it."""
SQUEEZE = math.cos(math.radians(31.55))
"""How much shorter a degree of longitude is than one of latitude here."""


def drawn() -> dict[str, Any]:
    """What area.json holds."""
    with AREAS.open(encoding="utf-8", newline="") as file:
        rows = {row["ref"]: row for row in csv.DictReader(file) if row["level"] in {"town", "county"}}
    county = next(row for row in rows.values() if row["level"] == "county")
    towns = {ref: row for ref, row in rows.items() if row["level"] == "town"}
    places = {ref: _place(row) for ref, row in towns.items()}
    cells: dict[str, list[Point]] = {}
    for system in ("mca", "nbs"):
        seeds = {ref: place for ref, place in places.items() if ref.startswith(f"{system}:")}
        cells |= {ref: _cell(ref, seeds) for ref in seeds}
    once = [row for ref, row in towns.items() if ref.startswith("mca:") or not row["same_as"]]
    refs = [ref for ref, row in rows.items() if row["level"] == "county"]
    return {
        "name": county["name"],
        "refs": refs,
        "outline": OUTLINE,
        "towns": [_town(row, places[row["ref"]]) for row in once],
        "cells": cells,
    }


def _place(row: dict[str, str]) -> Point:
    return (float(row["lon"]), float(row["lat"])) if row["lat"] else SET_BY_HAND[row["ref"]]


def _town(row: dict[str, str], place: Point) -> dict[str, Any]:
    known = {"ref": row["ref"], "same_as": row["same_as"], "name": row["name"]}
    return {**known, "lat": place[1], "lon": place[0], "is_seat": bool(row["lat"])}


def _cell(ref: str, seeds: dict[str, Point]) -> list[Point]:
    """The part of the outline that is nearer to this unit than to any other of its list."""
    ring, own = list(OUTLINE), seeds[ref]
    for other, seed in seeds.items():
        if other != ref:
            ring = _nearer(ring, own, seed)
    return [(round(lon, 4), round(lat, 4)) for lon, lat in ring]


def _nearer(ring: list[Point], own: Point, other: Point) -> list[Point]:
    """What of a ring lies on our side of the line between two points. Source: Sutherland and Hodgman, 1974."""
    kept: list[Point] = []
    for one, two in pairwise([*ring, ring[0]]):
        here, there = _lead(one, own, other), _lead(two, own, other)
        if here >= 0:
            kept.append(one)
        if (here >= 0) != (there >= 0):
            part = here / (here - there)
            kept.append((one[0] + part * (two[0] - one[0]), one[1] + part * (two[1] - one[1])))
    return kept


def _lead(point: Point, own: Point, other: Point) -> float:
    """By how much a point is nearer to `own`; linear in the point."""
    return _far(point, other) - _far(point, own)


def _far(one: Point, two: Point) -> float:
    return ((one[0] - two[0]) * SQUEEZE) ** 2 + (one[1] - two[1]) ** 2


def text() -> str:
    """area.json as it lies in the repository: a line for each town and each cell, so that a change can be read."""
    found = drawn()
    lines = [f'"{name}": {json.dumps(found[name], ensure_ascii=False)}' for name in ("name", "refs", "outline")]
    towns = ",\n".join(json.dumps(one, ensure_ascii=False) for one in found["towns"])
    cells = ",\n".join(f'"{ref}": {json.dumps(ring)}' for ref, ring in found["cells"].items())
    return "{\n" + ",\n".join([*lines, f'"towns": [\n{towns}\n]', f'"cells": {{\n{cells}\n}}']) + "\n}\n"


if __name__ == "__main__":
    MAP.write_text(text(), encoding="utf-8")
