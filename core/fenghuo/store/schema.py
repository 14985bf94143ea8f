"""Brings a database to the schema of this version, one numbered migration after another."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import structlog

from fenghuo.errors import StoreError
from fenghuo.store.disk import sync_file, sync_folder
from fenghuo.store.inspection import COUNTED
from fenghuo.store.mapping import Table
from fenghuo.store.migrations import MIGRATIONS, Migration
from fenghuo.store.records import CensusRow
from fenghuo.store.tables import CENSUS, TABLES

__all__ = ["SCHEMA_VERSION", "migrate", "schema_version"]

SCHEMA_VERSION = MIGRATIONS[-1].number

# "FHUO" in the file header, so that `file` and a person with a hex dump know whose it is.
APPLICATION_ID = 0x4648554F

log = structlog.get_logger(__name__)


def schema_version(connection: sqlite3.Connection) -> int:
    """Schema of an open database; 0 for an empty one. Raises: StoreError: not ours, or of a later version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (version or objects) and mark != APPLICATION_ID:
        raise StoreError("this database was not made by Fenghuo")
    if version > SCHEMA_VERSION:
        raise StoreError(f"this database has schema {version}, and this version of Fenghuo knows {SCHEMA_VERSION} at most")
    return int(version)


def migrate(connection: sqlite3.Connection, folder: Path, migrations: tuple[Migration, ...] = MIGRATIONS) -> int:
    """Apply what is missing, each migration in a transaction of its own, and return the version found.

    A database that holds rows is copied into `folder` first. Raises: StoreError.
    """
    found = schema_version(connection)
    missing = [migration for migration in migrations if migration.number > found]
    if missing and found:
        _copy(connection, folder / f"before-schema-{missing[0].number}.sqlite")
    for migration in missing:
        _apply(connection, migration)
        log.info("schema migrated", to=migration.number, title=migration.title)
    return found


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in migration.statements:
            connection.execute(statement)
        for name in migration.rewritten:
            _rewrite(connection, TABLES[name])
        _complete_census(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {migration.number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _rewrite(connection: sqlite3.Connection, table: Table[Any]) -> None:
    for raw in connection.execute(table.select_sql).fetchall():
        # One that cannot be read keeps a digest that does not fit: it is set aside like any damaged row, and the node starts.
        with contextlib.suppress(StoreError):
            connection.execute(table.update_sql, table.update_values(table.encode(table.decode(raw))))


def _complete_census(connection: sqlite3.Connection) -> None:
    known = {name for (name,) in connection.execute("SELECT name FROM census")}
    made = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in COUNTED:
        if table.name in made - known:
            (rows,) = connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()
            connection.execute(CENSUS.insert_sql, CENSUS.encode(CensusRow(table.name, rows)))


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
    sync_file(target)
    sync_folder(target.parent)
