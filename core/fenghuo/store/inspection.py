"""Looks for what the disk altered: digests of rows, and the number of rows against the census. Reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec

from fenghuo.store.mapping import Scalar, Table
from fenghuo.store.tables import CENSUS, OPEN_ROWS, TABLES
from fenghuo.store.transaction import Damage, fetch, is_undecodable

__all__ = ["COUNTED", "Examination", "Finding", "census_gaps", "census_rows", "damaged_rows", "examine", "survey", "tables_made"]

COUNTED = tuple(table for table in TABLES.values() if table is not CENSUS)
"""Every table that has a row in the census."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: a damaged row, or a table that has `counted` rows where the census says `expected` (None: unreadable)."""

    table: str
    damage: Damage | None = None
    expected: int | None = None
    counted: int = 0


def survey(connection: sqlite3.Connection) -> tuple[Finding, ...]:
    """What is looked at before the service starts: the census, and every row that is still to be acted on."""
    damaged = (damage for table, where in OPEN_ROWS for damage in damaged_rows(connection, table, where))
    return (*census_gaps(connection), *(Finding(damage.table.name, damage) for damage in damaged))


def census_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows of each table as the census says; 0 where that cannot be read (census_gaps tells)."""
    known = _census(connection)
    return {table.name: known.get(table.name, 0) for table in COUNTED}


def census_gaps(connection: sqlite3.Connection, *, scan: bool = False) -> Iterator[Finding]:
    """Tables whose rows are not as many as the census says. `scan`: count the rows themselves, not the entries of an index."""
    known = _census(connection)
    made = tables_made(connection)
    for table in COUNTED:
        if table not in made:
            # A file of an earlier schema has neither the table nor an entry for it; one that has the entry has lost the table.
            if table.name in known:
                yield Finding(table.name, None, known[table.name], 0)
            continue
        (counted,) = connection.execute(f'SELECT count(*) FROM "{table.name}"{" NOT INDEXED" if scan else ""}').fetchone()
        if known.get(table.name) != counted:
            yield Finding(table.name, None, known.get(table.name), counted)


def tables_made(connection: sqlite3.Connection) -> tuple[Table[Any], ...]:
    """The tables that are there: a backup may be of an earlier schema, and is migrated when it is opened."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return tuple(table for table in TABLES.values() if table.name in names)


def damaged_rows(connection: sqlite3.Connection, table: Table[Any], where: str = "") -> Iterator[Damage]:
    """Rows whose digest does not fit. None in a file of an earlier schema that has other columns: they are rewritten when it is opened."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < table.version:
        return
    sql = table.find_sql(where, None)
    try:
        # One at a time: a row may hold the megabytes of a document of before, and a thousand of them no memory of this size.
        yield from (Damage(table, raw) for raw in connection.execute(sql) if not table.is_sound(raw))
    except sqlite3.OperationalError as exc:
        if not is_undecodable(exc):
            raise
        yield from (Damage(table, raw) for raw in fetch(connection, sql) if not table.is_sound(raw))


def _census(connection: sqlite3.Connection) -> dict[str, int]:
    rows: list[tuple[Scalar, ...]] = fetch(connection, CENSUS.select_sql)
    return {row.name: row.rows for row in (CENSUS.decode(raw) for raw in rows if CENSUS.is_sound(raw))}


class Examination(msgspec.Struct, frozen=True):
    """Everything a full check looks at. `integrity`: SQLite's own complaints; `orphans`: rows whose owner is gone."""

    rows: int
    integrity: tuple[str, ...]
    damaged: tuple[Damage, ...]
    census: tuple[Finding, ...]
    orphans: tuple[str, ...]


_OWNERS = (
    ("objective", "message", "o.id = r.message AND o.revision = r.revision"),
    ("target", "objective", "o.id = r.objective"),
    ("delivery", "objective", "o.id = r.objective"),
    ("attempt", "delivery", "o.id = r.delivery"),
    ("receipt", "delivery", "o.id = r.delivery"),
    ("rendition", "message", "o.id = r.message AND o.revision = r.revision"),
    ("release", "message", "o.id = r.message AND o.revision = r.revision"),
    ("fan_out", "objective", "o.id = r.objective"),
    ("roster", "objective", "o.id = r.objective"),
    ("page", "fan_out", "o.objective = r.objective"),
    ("page", "roll", "o.id = r.roll_page"),
    ("page_attempt", "page", "o.objective = r.objective AND o.number = r.number"),
)


def examine(connection: sqlite3.Connection) -> Examination:
    """Look at every page and every row. Raises: sqlite3.DatabaseError: too broken to be read at all."""
    said = tuple(str(line) for (line,) in connection.execute("PRAGMA integrity_check").fetchall())
    damaged: list[Damage] = []
    rows = 0
    for table in tables_made(connection):
        damaged += damaged_rows(connection, table)
        rows += connection.execute(f'SELECT count(*) FROM "{table.name}" NOT INDEXED').fetchone()[0]
    census = tuple(census_gaps(connection, scan=True))
    return Examination(rows, () if said == ("ok",) else said, tuple(damaged), census, _orphans(connection))


def _orphans(connection: sqlite3.Connection) -> tuple[str, ...]:
    found = []
    made = {table.name for table in tables_made(connection)}
    for child, owner, condition in _OWNERS:
        if child not in made:
            continue
        sql = f'SELECT count(*) FROM "{child}" r WHERE NOT EXISTS (SELECT 1 FROM "{owner}" o WHERE {condition})'
        (count,) = connection.execute(sql).fetchone()
        if count:
            found.append(f"{count} rows of {child} without their {owner}")
    return tuple(found)
