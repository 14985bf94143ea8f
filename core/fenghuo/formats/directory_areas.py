"""areas.csv, and references to it from the other files: the code-and-name check that keeps the two code systems apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from fenghuo.formats.csv_table import Row, column_of, read_each
from fenghuo.formats.official_areas import COVERED, names_of_code
from fenghuo.model.area import Area, AreaRef

__all__ = ["area_known", "read_areas"]

MOST_PEOPLE = 2_000_000_000


def read_areas(rows: list[Row], official: Mapping[AreaRef, str]) -> tuple[Area, ...]:
    return read_each(rows, "ref", partial(_area, known=column_of(rows, "ref"), official=official))


def _area(row: Row, *, known: frozenset[str], official: Mapping[AreaRef, str]) -> Area | None:
    ref = _area_named(row, "ref")
    name = row.text("name", required=True)
    lat, lon = row.degrees("lat", 90), row.degrees("lon", 180)
    if (lat is None) != (lon is None):
        row.fault("lat" if lat is None else "lon", "must not be empty where the other coordinate is given")
    if ref is not None:
        _check_name(row, ref, name, official)
    parent, same_as = area_known(row, "parent", known), area_known(row, "same_as", known)
    if ref is not None and same_as is not None and same_as.system == ref.system:
        row.fault("same_as", f"is of the system {ref.system} itself; it must be the same place in the other one")
    population = row.whole("population", None, low=0, high=MOST_PEOPLE)
    level = row.text("level", required=True)
    return Area(ref, name, level, parent, same_as, population, lat, lon) if ref is not None else None


def _area_named(row: Row, column: str, text: str | None = None) -> AreaRef | None:
    """An area reference; a bare code is refused with what it would mean in each system."""
    cell = row.cells.get(column, "") if text is None else text
    if not cell and text is None:
        row.fault(column, "must not be empty")
        return None
    if cell.isdigit():
        meanings = names_of_code(cell)
        means = f" ({cell} is {meanings})" if meanings else ""
        row.fault(column, f"is a code without its system; write mca:{cell} or nbs:{cell}{means}", cell)
        return None
    return row.area(column, cell)


def area_known(row: Row, column: str, known: frozenset[str], text: str | None = None) -> AreaRef | None:
    """A reference to a row of areas.csv; an empty cell is None."""
    cell = row.cells.get(column, "") if text is None else text
    if not cell:
        return None
    if cell in known:
        return row.area(column, cell)
    if _area_named(row, column, cell) is not None:
        row.fault(column, "is not in areas.csv; add it there or correct the code", cell)
    return None


def _check_name(row: Row, ref: AreaRef, name: str, official: Mapping[AreaRef, str]) -> None:
    right = official.get(ref)
    if right == name:
        return
    if right is not None:
        others = ", ".join(str(other) for other, called in official.items() if called == name)
        row.fault("name", f"does not belong to {ref}, which is {right}" + (f"; {name} is {others}" if others else ""))
    elif ref.code.startswith(COVERED):
        row.fault("ref", "is in no official list bundled here; older lists circulate, have a person confirm it")
