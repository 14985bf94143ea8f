"""Work on a store whose daemon is stopped; the folder's lock proves that it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

from fenghuo.errors import FormatError, NotReady, StoreError
from fenghuo.service.audit_restore import tell_restore
from fenghuo.store.backup import fsck, turn_back
from fenghuo.store.database import open_reader
from fenghuo.store.disk import MARKER, FolderLock, sync_folder, write_file
from fenghuo.store.inspection import COUNTED, Finding, census_gaps, damaged_rows, tables_made
from fenghuo.store.store import DATABASE
from fenghuo.store.tables import META

__all__ = ["examine", "mend", "put_back"]

SHOWN = 5
"""Keys of damaged rows that are named, of each table."""
COMPANIONS = ("", "-wal", "-shm")


def examine(folder: Path) -> dict[str, Any]:
    """Every page, digest and count of the store in `folder`. Raises: NotReady when it is in use, FormatError when it is no store."""
    path = folder / DATABASE
    if not path.exists():
        raise FormatError(f"there is no store in {folder}", code="unreadable", where=str(folder))
    with _locked(folder):
        return _examined(path)


def mend(folder: Path) -> int:
    """Move every damaged row of the store in `folder` into its quarantine, octet for octet, and count all rows anew; how many were moved.
    What else is wrong stays as it is. Raises: NotReady when it is in use, FormatError when it is no store.
    """
    if not (folder / DATABASE).exists():
        raise FormatError(f"there is no store in {folder}", code="unreadable", where=str(folder))
    try:
        return fsck(folder, repair=True).quarantined
    except StoreError as error:
        raise NotReady(f"{error}; stop the daemon first") from error


def put_back(source: Path, folder: Path) -> str:
    """Replace the store in `folder` by the backup `source`; a sentence saying where the old one is now.

    The stream of events gets a new epoch: what came after the backup is gone, and an old cursor must not point into it. The keys
    of the narrow link are stale from then on: their counters went on after the backup.
    Raises: NotReady when the folder is in use, FormatError when the backup is damaged; nothing is changed then.
    """
    if not source.is_file():
        raise FormatError(f"{source} is no file", code="unreadable", where=str(source))
    report = _examined(source)
    if not report["ok"]:
        raise FormatError(f"{source} is damaged and is not restored: {report['findings'][0]}", code="damaged", where=str(source))
    node = _meta(source, "node")
    with _locked(folder):
        kept = _swap(source, folder, node)
    return f"restored from {source}" + (f"; what was there is kept in {kept}" if kept else "")


def _locked(folder: Path) -> FolderLock:
    try:
        return FolderLock(folder)
    except StoreError as error:
        raise NotReady(f"{error}; stop the daemon first") from error


def _examined(path: Path) -> dict[str, Any]:
    try:
        connection = open_reader(path)
        try:
            pages = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            gaps = [_sentence(finding) for finding in census_gaps(connection, scan=True)]
            counted = [table for table in tables_made(connection) if table in COUNTED]
            damaged = [f"table {table.name}: {said}" for table in counted if (said := _damaged(connection, table))]
            rows = sum(connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0] for table in counted)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise FormatError(f"{path} cannot be read as a store: {error}", code="damaged", where=str(path)) from error
    findings = [*pages, *gaps, *damaged]
    return {"path": str(path), "ok": not findings, "rows": rows, "findings": findings}


def _damaged(connection: sqlite3.Connection, table: Any) -> str:  # a Table of any row
    keys = [str(damage.key) for damage in damaged_rows(connection, table)]
    more = ", …" if len(keys) > SHOWN else ""
    return f"{len(keys)} rows do not fit their digests: {', '.join(keys[:SHOWN])}{more}" if keys else ""


def _sentence(finding: Finding) -> str:
    return f"table {finding.table}: {finding.counted} rows, and the census says {finding.expected}"


def _meta(path: Path, name: str) -> str:
    connection = open_reader(path)
    try:
        rows = [META.decode(raw) for raw in connection.execute(META.find_sql("", None))]
    finally:
        connection.close()
    found = next((row.value for row in rows if row.name == name), None)
    if found is None:
        raise FormatError(f"{path} does not say which {name} it belongs to; it is no backup", code="damaged", where=str(path))
    return found


def _swap(source: Path, folder: Path, node: str) -> Path | None:
    fresh = folder / f"{DATABASE}.restoring"
    shutil.copyfile(source, fresh)
    with fresh.open("rb+") as written:
        os.fsync(written.fileno())
    name = turn_back(fresh)
    tell_restore(fresh, folder, source.absolute(), node=node)
    old = [path for ending in COMPANIONS if (path := folder / f"{DATABASE}{ending}").exists()]
    kept = folder / f"before-restore-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}" if old else None
    if kept is not None:
        kept.mkdir(mode=0o700)
        for path in old:
            path.rename(kept / path.name)
        sync_folder(kept)
    fresh.rename(folder / DATABASE)
    sync_folder(folder)
    write_file(folder / MARKER, name.encode())
    return kept
