"""Backup of a running store; restore and check of one that is at rest."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from fenghuo.clock import Clock, SystemClock
from fenghuo.errors import CannotCreate, StoreError
from fenghuo.store.audit import Chain
from fenghuo.store.database import UNREADABLE, connect_writer, open_reader, said_by
from fenghuo.store.disk import DATABASE, MARKER, FolderLock, make_folder, sync_file, sync_folder, write_file
from fenghuo.store.frames import mark_stale
from fenghuo.store.inspection import COUNTED, Examination, examine, tables_made
from fenghuo.store.records import CensusRow, MetaRow
from fenghuo.store.schema import schema_version
from fenghuo.store.tables import AUDIT, CENSUS, EVENT, FRAME_COUNTER, FRAME_WINDOW, META, NAMES, QUARANTINE, SESSION
from fenghuo.store.transaction import Damage, Tx
from fenghuo.store.turned_back import mark_restored

__all__ = ["FsckReport", "backup", "fsck", "restore", "turn_back"]

log = structlog.get_logger(__name__)


class HasFolder(Protocol):
    """An open Store, as far as a backup needs it."""

    folder: Path


class FsckReport(msgspec.Struct, frozen=True):
    """What a full check found; every entry is a sentence fragment for a person. `quarantined`: rows that --repair set aside."""

    rows: int
    integrity: tuple[str, ...]
    damaged: tuple[str, ...]
    census: tuple[str, ...]
    orphans: tuple[str, ...]
    quarantined: int = 0

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not (self.integrity or self.damaged or self.census or self.orphans)


async def backup(store: HasFolder, target: Path) -> FsckReport:
    """Copy a running store to the file `target`: one moment of it, on the disk, and checked row by row before it has that name.

    Writes go on meanwhile. A row that is damaged in the store is damaged in the copy, and reported.
    Raises: StoreError: the copy cannot be written or is not whole.
    """
    own = ThreadPoolExecutor(1, "fenghuo-backup")
    try:
        return await asyncio.get_running_loop().run_in_executor(own, _backup, store.folder / DATABASE, target)
    finally:
        own.shutdown(wait=False)


def restore(source: Path, folder: Path, *, replace: bool = False) -> FsckReport:
    """Put a backup in the place of the store in `folder`; no daemon may run there.

    A store that is there is kept beside it under another name, and only replaced if `replace`. The event stream gets a new
    epoch: cursors of the time after the backup would point at other events. Every key of the narrow link becomes stale: its
    counters went on after the backup. Raises: StoreError.
    """
    make_folder(folder)
    with FolderLock(folder):
        place = folder / DATABASE
        if place.exists() and not replace:
            raise CannotCreate(f"{place} exists: say so explicitly if it is to be replaced")
        fresh = folder / f".{DATABASE}.new"
        fresh.unlink(missing_ok=True)
        report = _copy_checked(source, fresh)
        name = turn_back(fresh)
        _put_aside(folder)
        fresh.rename(place)
        sync_folder(folder)
        write_file(folder / MARKER, name.encode())
    return report


def turn_back(path: Path) -> str:
    """Make a copy at rest ready to take the place of a store, whose name is returned: a new epoch for the event stream, no counter of the
    narrow link may be used again, what is in force in it is to go only as what may have gone already, and every session of a person is
    over: it may have been ended after the backup. Raises: StoreError.
    """
    clock = SystemClock()
    with contextlib.closing(connect_writer(str(path))) as connection:
        connection.execute("BEGIN IMMEDIATE")
        tx = Tx(connection, clock, next_seq=0, chain=Chain("", ""))
        name = tx.get(META, "store")
        if name is None:
            raise StoreError("the backup does not say which store it is of")
        tx.update(META, MetaRow("events.epoch", os.urandom(8).hex()))
        mark_stale(tx, clock.time())
        mark_restored(tx, clock.time())
        for session in tx.find(SESSION) if SESSION in tables_made(connection) else ():
            tx.update(SESSION, msgspec.structs.replace(session, ends_at=0.0))
        connection.execute("COMMIT")
    sync_file(path)
    return name.value


def fsck(folder: Path, *, repair: bool = False, clock: Clock | None = None) -> FsckReport:
    """Check everything in a store at rest: structure, every digest, the census, rows whose owner is gone.

    `repair` moves damaged rows to the quarantine and counts anew; it never changes or drops anything else. Raises: StoreError.
    """
    path = folder / DATABASE
    if not path.exists():
        raise StoreError(f"there is no store in {folder}")
    with FolderLock(folder), contextlib.closing(connect_writer(str(path))) as connection:
        try:
            schema_version(connection)
            found = examine(connection)
        except UNREADABLE as exc:
            return FsckReport(0, (said_by(exc),), (), (), ())
        moved = _quarantine(connection, found, clock or SystemClock()) if repair else 0
    return _report(found, moved)


def _backup(source: Path, target: Path) -> FsckReport:
    fresh = target.with_name(f".{target.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # it holds telephone numbers
        report = _copy_checked(source, fresh)
        fresh.rename(target)
        sync_folder(target.parent)
    except (OSError, sqlite3.Error) as exc:
        raise CannotCreate(f"backup to {target} failed: {exc}") from exc
    finally:
        fresh.unlink(missing_ok=True)
    return report


def _copy_checked(source: Path, fresh: Path) -> FsckReport:
    if not source.exists():
        raise StoreError(f"there is no {source}")
    try:
        with contextlib.closing(open_reader(source)) as origin, contextlib.closing(sqlite3.connect(fresh)) as copy:
            # One step, so that the whole copy is one snapshot; the writer is not held up by a reader.
            origin.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            if schema_version(copy) == 0:
                raise StoreError(f"{source} holds no store")
            found = examine(copy)
    except UNREADABLE as exc:
        raise StoreError(f"{source} cannot be copied whole: {said_by(exc)}") from exc
    report = _report(found, 0)
    if report.integrity or report.census:
        raise StoreError(f"the copy of {source} is not whole: {'; '.join((*report.integrity, *report.census))}")
    if report.damaged:
        log.error("backup holds damaged rows", rows=report.damaged)
    sync_file(fresh)
    return report


def _put_aside(folder: Path) -> None:
    if not (folder / DATABASE).exists():
        return
    number = 1
    while (folder / f"{DATABASE}.old-{number}").exists():
        number += 1
    # The log first: left behind alone it would be replayed into the restored database.
    for suffix in ("-wal", "-shm", ""):
        part = folder / f"{DATABASE}{suffix}"
        if part.exists():
            part.rename(folder / f"{DATABASE}.old-{number}{suffix}")
    sync_folder(folder)


def _quarantine(connection: sqlite3.Connection, found: Examination, clock: Clock) -> int:
    connection.execute("BEGIN IMMEDIATE")
    tx = Tx(connection, clock, next_seq=0, chain=Chain("", ""))
    moved = sum(_move(tx, damage, clock.time()) for damage in found.damaged)
    if any(damage.table in (FRAME_COUNTER, FRAME_WINDOW) for damage in found.damaged):
        # A counter row that is set aside must not begin anew at zero.
        mark_stale(tx, clock.time())
    connection.execute('DELETE FROM "census"')
    for table in (table for table in tables_made(connection) if table in COUNTED):
        (rows,) = connection.execute(f'SELECT count(*) FROM "{table.name}" NOT INDEXED').fetchone()
        connection.execute(CENSUS.insert_sql, CENSUS.encode(CensusRow(table.name, rows)))
    connection.execute("COMMIT")
    return moved


def _move(tx: Tx, damage: Damage, at: float) -> bool:
    row = damage.quarantined(at)
    if tx.scalar(QUARANTINE.exists_sql, row.origin, row.key, row.mark) is None:
        tx.insert(QUARANTINE, row)
    if _is_needed(tx, damage):
        log.error("a damaged row is needed, and stays where it is", table=damage.table.name, key=repr(damage.key))
        return False
    try:
        tx.delete(damage.table, *damage.key)
    except UnicodeEncodeError:
        log.error("a damaged row cannot be named, and stays where it is", table=damage.table.name, key=repr(damage.key))
        return False
    return True


def _is_needed(tx: Tx, damage: Damage) -> bool:
    """A name of the store is made anew by the next start; and the number of the newest event, or record of the audit, is given."""
    if damage.table is META:
        return damage.key[0] in NAMES
    is_log = damage.table in (EVENT, AUDIT)
    return is_log and tx.scalar(f'SELECT max(seq) FROM "{damage.table.name}"') == damage.key[0]


def _report(found: Examination, moved: int) -> FsckReport:
    return FsckReport(
        rows=found.rows,
        integrity=found.integrity,
        damaged=tuple(f"{damage.table.name} {damage.key!r}" for damage in found.damaged),
        census=tuple(f"{gap.table}: {gap.counted} rows, {gap.expected} expected" for gap in found.census),
        orphans=found.orphans,
        quarantined=moved,
    )
