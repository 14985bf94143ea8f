"""The directory as five CSV files: orgs, roles, persons, contacts, areas. Pure: texts in, a Directory and every fault out.

Columns are the fields of model/directory.py; lists are separated by `;`, areas written as `mca:320585105`. A name travels with each
code and must be the official one: a wrong pair would wake the wrong town.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec

from fenghuo.formats.csv_table import Fault, Row, Sheet, column_of, read_each, read_table
from fenghuo.formats.directory_areas import area_known, read_areas
from fenghuo.formats.official_areas import OFFICIAL
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.directory import ContactPoint, Directory, Org, Person, Role

__all__ = ["COLUMNS", "Fault", "read_directory", "write_directory"]

COLUMNS: dict[str, tuple[str, ...]] = {
    "areas.csv": Area.__struct_fields__,
    "orgs.csv": Org.__struct_fields__,
    "roles.csv": Role.__struct_fields__,
    "persons.csv": Person.__struct_fields__,
    "contacts.csv": ContactPoint.__struct_fields__,
}
"""Every file of a directory and its columns, in the order they are read."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "areas.csv": ("ref", "name", "level"),
    "orgs.csv": ("id", "name"),
    "roles.csv": ("id", "name"),
    "persons.csv": ("id", "name", "org"),
    "contacts.csv": ("owner", "kind", "address"),
}

LOWEST_RANK = 99

Normalise = Callable[[str], str]


def read_directory(
    files: Mapping[str, str | bytes],
    address_kinds: Mapping[str, Normalise],
    *,
    official: Mapping[AreaRef, str] = OFFICIAL,
) -> tuple[Directory, tuple[Fault, ...]]:
    """The directory in these files by name, and everything wrong with them; unsound rows are left out.

    `address_kinds`: for each kind its normaliser, which raises ValueError with a sentence. Only faults that are no note forbid the use.
    """
    faults: list[Fault] = [*_unknown_files(files)]
    read = {name: _table(name, files, faults) for name in COLUMNS}
    tables = {name: _Unread() if rows is None else rows for name, rows in read.items()}
    directory = Directory(
        orgs=_orgs(tables["orgs.csv"], _known_in(tables["areas.csv"], "ref")),
        roles=_roles(tables["roles.csv"]),
        persons=_persons(tables),
        contacts=_contacts(tables, address_kinds),
        areas=read_areas(tables["areas.csv"], official),
    )
    is_whole = all(rows is not None for rows in read.values())
    return directory if is_whole else Directory(), _ordered(faults)


class _Unread(list[Row]):
    """The rows of a file whose columns are not known: none."""


class _Anything(frozenset[str]):
    """What may stand in a file that was not read; else every reference to it would be one more fault."""

    def __contains__(self, item: object) -> bool:
        return True


def _known_in(rows: list[Row], column: str) -> frozenset[str]:
    return _Anything() if isinstance(rows, _Unread) else column_of(rows, column)


def write_directory(directory: Directory) -> dict[str, str]:
    """The directory as CSV texts by file name; reading them gives the same directory."""
    tables: dict[str, Iterable[msgspec.Struct]] = {
        "areas.csv": directory.areas,
        "orgs.csv": directory.orgs,
        "roles.csv": directory.roles,
        "persons.csv": directory.persons,
        "contacts.csv": directory.contacts,
    }
    return {name: _written(COLUMNS[name], rows) for name, rows in tables.items()}


def _table(name: str, files: Mapping[str, str | bytes], faults: list[Fault]) -> list[Row] | None:
    if name not in files:
        return []
    return read_table(Sheet(name, COLUMNS[name], REQUIRED[name], faults), files[name])


def _unknown_files(files: Iterable[str]) -> Iterable[Fault]:
    known = ", ".join(COLUMNS)
    for name in files:
        if name not in COLUMNS:
            yield Fault(name, 0, "", "", f"is no file of a directory; known are {known}")
    if not any(name in COLUMNS for name in files):
        yield Fault("directory", 0, "", "", f"has none of its files; known are {known}")


def _ordered(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    order = {name: place for place, name in enumerate(COLUMNS)}
    return tuple(sorted(faults, key=lambda fault: (order.get(fault.file, len(order)), fault.line)))


def _orgs(rows: list[Row], areas: frozenset[str]) -> tuple[Org, ...]:
    orgs = read_each(rows, "id", partial(_org, known=column_of(rows, "id"), areas=areas))
    parents = {org.id: org.parent for org in orgs}
    looped = {name for name in parents if _is_own_ancestor(name, parents)}
    for row in rows:
        if row.cells.get("id") in looped:
            row.fault("parent", "leads back to this organisation itself; a chain of parents must end")
    return tuple(org for org in orgs if org.id not in looped)


def _org(row: Row, *, known: frozenset[str], areas: frozenset[str]) -> Org:
    parent = _known(row, "parent", known, "orgs.csv")
    level = row.whole("level", 4, low=1, high=4) or 4
    area = area_known(row, "area", areas)
    return Org(row.identifier("id"), row.text("name", required=True), row.text("kind"), level, parent, area)


def _is_own_ancestor(name: str, parents: Mapping[str, str | None]) -> bool:
    seen: set[str] = set()
    at: str | None = parents[name]
    while at is not None and at not in seen:
        if at == name:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _roles(rows: list[Row]) -> tuple[Role, ...]:
    return read_each(rows, "id", lambda row: Role(row.identifier("id"), row.text("name", required=True)))


def _persons(tables: Mapping[str, list[Row]]) -> tuple[Person, ...]:
    rows = tables["persons.csv"]
    reads = partial(
        _person,
        known=column_of(rows, "id"),
        orgs=_known_in(tables["orgs.csv"], "id"),
        roles=_known_in(tables["roles.csv"], "id"),
        areas=_known_in(tables["areas.csv"], "ref"),
    )
    persons = read_each(rows, "id", reads)
    _note_rings(rows, {person.id: person.deputy for person in persons})
    return persons


def _note_rings(rows: list[Row], deputies: Mapping[str, str | None]) -> None:
    """Deputies of each other: escalation ends where it comes round. Two who stand in for each other are no mistake, and worth one word."""
    rings: list[tuple[Row, str]] = []
    told: set[str] = set()
    for row in rows:
        name = row.cells.get("id", "")
        if name not in told and name in deputies and _is_own_ancestor(name, deputies):
            ring = _ring(name, deputies)
            told.update(ring)
            rings.append((row, " → ".join((*ring, name))))
    for row, way in rings[:1]:
        more = f", as {len(rings) - 1} more do" if rings[1:] else ""
        says = f"closes a ring of deputies ({way}){more}: when nobody in it answers, escalation ends with an alarm"
        row.faults.append(Fault(row.file, row.line, "deputy", row.cells.get("deputy", ""), says, is_note=True))


def _ring(name: str, deputies: Mapping[str, str | None]) -> list[str]:
    ring = [name]
    while (after := deputies[ring[-1]]) is not None and after != name:
        ring.append(after)
    return ring


def _person(row: Row, *, known: frozenset[str], orgs: frozenset[str], roles: frozenset[str], areas: frozenset[str]) -> Person:
    deputy = _known(row, "deputy", known, "persons.csv")
    if deputy is not None and deputy == row.cells.get("id"):
        row.fault("deputy", "is this person; the deputy must be somebody else")
    held = row.items("roles")
    for role in held:
        if role not in roles:
            row.fault("roles", "is no role in roles.csv" + _meant(role, roles), role)
    refs = tuple(area_known(row, "areas", areas, item) for item in row.items("areas"))
    org = _known(row, "org", orgs, "orgs.csv", required=True)
    found = tuple(ref for ref in refs if ref is not None)
    return Person(row.identifier("id"), row.text("name", required=True), org or "", held, found, deputy)


def _known(row: Row, column: str, known: frozenset[str], file: str, *, required: bool = False) -> str | None:
    """A reference to another row's id; an empty cell is None unless it is required."""
    cell = row.text(column, required=required)
    if cell and cell not in known:
        row.fault(column, f"is not in {file}" + _meant(cell, known))
    return cell or None


def _meant(wrong: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(wrong, sorted(known), n=1, cutoff=0.75)
    return f'; did you mean "{near[0]}"?' if near else ""


def _contacts(tables: Mapping[str, list[Row]], kinds: Mapping[str, Normalise]) -> tuple[ContactPoint, ...]:
    owners = {
        "": _known_in(tables["persons.csv"], "id"),
        "org": _known_in(tables["orgs.csv"], "id"),
        "area": _known_in(tables["areas.csv"], "ref"),
    }
    first: dict[tuple[str, str, str], int] = {}
    shared: dict[tuple[str, str], str] = {}
    made: list[ContactPoint] = []
    for row in tables["contacts.csv"]:
        contact = _contact(row, owners, kinds)
        line = first.setdefault((contact.owner, contact.kind, contact.address), row.line)
        if line != row.line:
            row.fault("address", f"stands in line {line} already for the same owner")
        _note_shared(row, contact, shared)
        if row.is_sound:
            made.append(contact)
    return tuple(made)


def _note_shared(row: Row, contact: ContactPoint, shared: dict[tuple[str, str], str]) -> None:
    """A number of two people is a post: it gets what each of them gets, and nobody can say who answered."""
    if not contact.address or ":" in contact.owner:
        return
    other = shared.setdefault((contact.kind, contact.address), contact.owner)
    if other != contact.owner:
        says = f"is that of {other} too: what is for both comes there twice, and an answer counts for both; make the post one person"
        row.faults.append(Fault(row.file, row.line, "address", contact.address, says, is_note=True))


def _contact(row: Row, owners: Mapping[str, frozenset[str]], kinds: Mapping[str, Normalise]) -> ContactPoint:
    owner = row.text("owner", required=True)
    if owner:
        _check_owner(row, owner, owners)
    kind = row.text("kind", required=True)
    address = row.text("address", required=True)
    if kind in kinds:
        address = _normal(row, address, kinds[kind])
    elif kind:
        row.fault("kind", "is no kind of address that a loaded plugin knows; known are " + (", ".join(sorted(kinds)) or "none"))
    rank = row.whole("rank", 1, low=1, high=LOWEST_RANK) or 1
    return ContactPoint(owner, kind, address, rank, row.instant("proven_at"))


def _normal(row: Row, address: str, normalise: Normalise) -> str:
    if not address:
        return address
    try:
        return normalise(address)
    except ValueError as refusal:
        row.fault("address", f"cannot be used: {refusal}")
        return address


def _check_owner(row: Row, owner: str, owners: Mapping[str, frozenset[str]]) -> None:
    prefix, colon, rest = owner.partition(":")
    match prefix if colon else "":
        case "":
            if owner not in owners[""]:
                row.fault(
                    "owner", "is no person in persons.csv; an organisation is written org:ID, an area area:mca:CODE, a group group:NAME"
                )
        case "org":
            if rest not in owners["org"]:
                row.fault("owner", "names no organisation in orgs.csv")
        case "area":
            area_known(row, "owner", owners["area"], rest)
        case "group":
            if not rest:
                row.fault("owner", "names no group; write group:NAME")
        case _:
            row.fault("owner", f"begins with {prefix}:; known are org:, area: and group:")


def _written(columns: tuple[str, ...], rows: Iterable[msgspec.Struct]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(name, getattr(row, name)) for name in columns])
    return out.getvalue()


def _cell(name: str, value: object) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return ";".join(str(item) for item in value)
        case float() if name == "proven_at":
            return datetime.fromtimestamp(value, UTC).isoformat()
        case _:
            return str(value)
