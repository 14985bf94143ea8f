"""The list of households that goes with a sheet: CSV by place, as villages keep it. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import msgspec

__all__ = ["Household", "common_place", "households_at", "read_households"]

COLUMNS = ["place", "household", "people", "note"]


class Household(msgspec.Struct, frozen=True):
    """A door to knock at. `people`: how many live there, empty where nobody knows; `note`: who needs help (行动不便)."""

    place: str
    name: str
    people: str
    note: str


def read_households(text: str) -> tuple[Household, ...]:
    """Every household in the order of the file. Raises: ValueError with the line and what would be right."""
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    if (head := [cell.strip() for cell in next(rows, [])]) != COLUMNS:
        raise ValueError(f"it begins with the line {','.join(head)!r}; it must begin with {','.join(COLUMNS)}")
    found = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(COLUMNS):
            raise ValueError(f"line {rows.line_num} has {len(row)} cells; {','.join(COLUMNS)} are {len(COLUMNS)}")
        household = Household(*(" ".join(cell.split()) for cell in row))
        if not household.place or not household.name:
            raise ValueError(f"line {rows.line_num} lacks its place or its household; both must be there")
        found.append(household)
    return tuple(found)


def households_at(households: Sequence[Household], place: str) -> tuple[Household, ...]:
    """Those of a place and of its parts: 洪泾村 has also those of 洪泾村3组."""
    return tuple(one for one in households if one.place.startswith(place))


def common_place(places: Sequence[str]) -> str:
    """What a sheet for many places says where it goes: what all begin with, and how many they are."""
    first, last = min(places), max(places)
    same = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    shared = first[:same].rstrip("0123456789 ")
    return f"{shared or places[0]}等{len(places)}处" if len(places) > 1 else places[0]
