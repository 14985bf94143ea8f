"""The inventory of what reaches the public as three CSV files: people, channels, reach. Pure: texts in, an Inventory and every fault out.

Every row names its source and whether a person has verified it (domain.md §5): reach and most populations are estimates of somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fenghuo.formats.csv_table import Fault, Row, Sheet, column_of, read_each, read_table
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.coverage import Inventory, People, Provenance, PublicChannel, Reach

__all__ = ["COLUMNS", "PROVENANCE", "VILLAGE", "provenance_of", "read_inventory"]

VILLAGE = "village"
"""The `level` of an area whose people may be a part of its town's."""
PROVENANCE = ("source", "verified", "verified_by", "verified_at")
COLUMNS: dict[str, tuple[str, ...]] = {
    "people.csv": ("area", "people", *PROVENANCE),
    "channels.csv": ("name", "label", "group", "via", *PROVENANCE),
    "reach.csv": ("area", "channel", "reach", "hangs_on", "as_of", *PROVENANCE),
}
"""Every file of an inventory and its columns."""
REQUIRED: dict[str, tuple[str, ...]] = {
    "people.csv": ("area", "people", "source", "verified"),
    "channels.csv": ("name", "group", "source", "verified"),
    "reach.csv": ("area", "channel", "reach", "source", "verified"),
}
MOST_PEOPLE = 100_000_000
WORDS = {"yes": True, "no": False}


def read_inventory(files: Mapping[str, str | bytes], areas: Sequence[Area]) -> tuple[Inventory, tuple[Fault, ...]]:
    """The inventory in these files by name, and everything wrong with them; unsound rows are left out. `areas`: of the directory, which
    alone it may name. No file at all is no inventory and no fault."""
    if not files:
        return Inventory(), ()
    faults: list[Fault] = [
        Fault(name, 0, "", "", f"is no file of an inventory; known are {', '.join(COLUMNS)}") for name in files if name not in COLUMNS
    ]
    tables: dict[str, list[Row]] = {}
    for name, columns in COLUMNS.items():
        if name not in files:
            faults.append(Fault(name, 0, "", "", "is not there; an inventory is people.csv, channels.csv and reach.csv together"))
        tables[name] = read_table(Sheet(name, columns, REQUIRED[name], faults), files[name]) or [] if name in files else []
    known = {area.ref: area for area in areas}
    people = read_each(tables["people.csv"], "area", lambda row: _people(row, known))
    _refuse_twice(tables["people.csv"], people, known)
    channels = read_each(tables["channels.csv"], "name", _channel)
    names = column_of(tables["channels.csv"], "name")
    return Inventory(channels, people, tuple(_reaches(tables["reach.csv"], names, known))), tuple(faults)


def _people(row: Row, known: Mapping[AreaRef, Area]) -> People | None:
    area = _area(row, known)
    people = row.whole("people", None, low=0, high=MOST_PEOPLE)
    if not row.cells.get("people"):
        row.fault("people", "must not be empty; leave the row out where nobody knows")
    provenance = provenance_of(row)
    return People(area, people, provenance) if area is not None and people is not None else None


def _channel(row: Row) -> PublicChannel:
    name = row.identifier("name")
    return PublicChannel(name, row.text("label") or name, row.identifier("group"), row.items("via"), provenance_of(row))


def _reaches(rows: Iterable[Row], names: frozenset[str], known: Mapping[AreaRef, Area]) -> Iterable[Reach]:
    first: dict[tuple[AreaRef, str], int] = {}
    for row in rows:
        area, channel, reach = _area(row, known), row.text("channel", required=True), _share(row)
        if channel and channel not in names:
            row.fault("channel", "is not in channels.csv; add it there or correct the name")
        made = Reach(area, channel, reach, row.items("hangs_on"), row.text("as_of"), provenance_of(row)) if area is not None else None
        if made is None:
            continue
        line = first.setdefault((made.area, channel), row.line)
        if line != row.line:
            row.fault("channel", f"stands in line {line} already for this area; each channel of an area must be there once")
        if row.is_sound:
            yield made


def _area(row: Row, known: Mapping[AreaRef, Area]) -> AreaRef | None:
    if not row.text("area", required=True):
        return None
    ref = row.area("area")
    if ref is not None and ref not in known:
        row.fault("area", "is not in areas.csv; add it there or correct the code")
    return ref


def _share(row: Row) -> float:
    cell = row.cells.get("reach", "")
    try:
        share = float(cell)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        row.fault("reach", "is no share; it must be a number from 0 to 1, as 0.85")
    return share


def provenance_of(row: Row) -> Provenance:
    """The columns PROVENANCE of a row."""
    source, word, by = row.text("source", required=True), row.cells.get("verified", ""), row.text("verified_by")
    if word not in WORDS:
        row.fault("verified", "must be yes or no: whether a person with the text in hand has confirmed this figure")
    elif WORDS[word] and not by:
        row.fault("verified_by", "must name who verified it, where verified is yes")
    return Provenance(source, WORDS.get(word, False), by, row.text("verified_at"))


def _refuse_twice(rows: Iterable[Row], people: Iterable[People], known: Mapping[AreaRef, Area]) -> None:
    """Nobody may be counted twice: not by both codes of one place, and not with a county beside its towns. A village is a part of its
    town's figure, and may have its own beside it."""
    row_of = {row.cells.get("area", ""): row for row in rows}
    counted = {one.area for one in people}
    told: set[AreaRef] = set()
    for ref in sorted(counted):
        area, row = known[ref], row_of[str(ref)]
        if area.same_as in counted and area.same_as not in told:
            told.add(ref)
            row.fault("area", f"is the same place as {area.same_as}, which has a row too; count its people once")
        above = next((one for one in _above(area, known) if one in counted), None)
        if area.level != VILLAGE and above is not None:
            row.fault("area", f"lies in {above}, which has a row too; count its people once")


def _above(area: Area, known: Mapping[AreaRef, Area]) -> Iterable[AreaRef]:
    seen: set[AreaRef] = set()
    parent = area.parent
    while parent is not None and parent not in seen:
        seen.add(parent)
        yield parent
        parent = known[parent].parent if parent in known else None
