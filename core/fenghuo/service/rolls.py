"""Keeps the roll of the public: imports subscribers.csv beside the one in force, sorted on the disk, a million lines in flat memory."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import structlog

from fenghuo.engine.office import Office
from fenghuo.errors import FenghuoError, SettingsError
from fenghuo.formats.csv_table import Fault
from fenghuo.formats.roll_csv import FILE, SHOWN, read_roll
from fenghuo.model.directory import Directory
from fenghuo.model.roll import Roll
from fenghuo.plugin.host import PluginHost
from fenghuo.store.audit import Deed
from fenghuo.store.records import RollRow
from fenghuo.store.rolls import next_roll, pages, put_in_force, roll_in_force, sweep, unused
from fenghuo.store.store import Store
from fenghuo.store.tables import META, ROLL
from fenghuo.store.transaction import Tx

__all__ = ["RollKeeper"]

ROWS_A_JOB = 10
"""Pages that one job writes: about 3 ms, so that whatever is urgent never waits long for an import."""
SORTED_AT_ONCE = 5_000
REST_S, EVERY_S = 60.0, 86_400.0
KEPT_S = 30 * 86_400.0
"""After its message has ended a roll stays so long, for an Update or a Cancel that comes late; then the addresses are forgotten."""

log = structlog.stdlib.get_logger("fenghuo.rolls")


class RollKeeper:
    """One roll is in force at a time; those that a fan-out was opened from stay, for whoever must be told again."""

    def __init__(self, office: Office, store: Store, host: PluginHost) -> None:
        self._office = office
        self._store = store
        self._kinds = {name: kind.normalise for name, kind in host.address_kinds.items()}

    async def load(self) -> None:
        """Put the roll in force that was so before the restart."""
        self._office.roll = roll_in_force(await self._store.sound(META, "roll"))

    async def load_folder(self, folder: Path, directory: Directory) -> None:
        """Import the operator's file if it holds something new; a folder without one leaves the roll as it is. `directory`: whose areas
        it may name. Raises: SettingsError."""
        file = folder / FILE
        found = await asyncio.to_thread(_looked_at, file, self._office.roll)
        if found is None:
            return
        if found.digest == self._office.roll.digest:
            await self._keep(msgspec.structs.replace(found, number=self._office.roll.number))
            return
        areas = frozenset(str(area.ref) for area in directory.areas)
        with tempfile.TemporaryDirectory(prefix="roll-", dir=self._store.folder) as scratch:
            sorter = _Sorter(Path(scratch) / "sorted")
            with contextlib.closing(sorter):
                faults = await asyncio.to_thread(sorter.take, file, self._kinds, areas)
                if faults:
                    raise SettingsError(tuple(f"{folder.name}/{fault}" for fault in faults))
                await self._import(found, sorter)

    async def _import(self, found: Roll, sorter: _Sorter) -> None:
        number, first = await self._store.run(next_roll)
        rows = pages(number, sorter.entries())
        ids = itertools.count(first)
        while some := await asyncio.to_thread(lambda: list(itertools.islice(rows, ROWS_A_JOB))):
            numbered = [msgspec.structs.replace(row, id=next(ids)) for row in some]
            await self._store.run(_adding(numbered))
        await self._keep(msgspec.structs.replace(found, number=number))
        await self.sweep()

    async def run(self) -> None:
        """Sweep once a day, until cancelled; the first time when a start has long been forgotten."""
        wait_s = REST_S
        while True:
            await asyncio.sleep(wait_s)
            try:
                await self.sweep()
            except FenghuoError as error:
                log.error("old rolls could not be swept", cause=str(error))
            wait_s = EVERY_S

    async def sweep(self) -> None:
        """Forget the addresses of rolls that nobody may have to be told from any more."""
        before = self._office.clock.time() - KEPT_S
        for ids in _some(await unused(self._store, ended_before=before)):
            await self._store.run(_sweeping(ids, before))

    async def _keep(self, roll: Roll) -> None:
        def keep(tx: Tx) -> Roll:
            known = put_in_force(tx, roll)
            tx.event("directory.roll", "directory/roll", digest=known.digest, addresses=known.total)
            tx.audit(Deed.of("import", "directory/roll", content=known.digest, addresses=known.total))
            return known

        def use(known: Roll) -> None:
            self._office.roll = known

        await self._store.run(keep, then=use)
        log.info("roll in force", addresses=self._office.roll.total, roll=self._office.roll.number)


class _Sorter:
    """A scratch database: what it is given comes back sorted, and once. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("CREATE TABLE entry (area TEXT, kind TEXT, address TEXT, PRIMARY KEY (area, kind, address)) WITHOUT ROWID")

    def take(self, file: Path, kinds: Mapping[str, Callable[[str], str]], areas: frozenset[str]) -> list[Fault]:
        """Take every line of a file; what is wrong with it. Blocks."""
        faults: list[Fault] = []
        with file.open(encoding="utf-8", newline="", errors="surrogateescape") as lines:
            entries = read_roll(lines, kinds, areas, faults)
            self._connection.execute("BEGIN")
            while some := list(itertools.islice(entries, SORTED_AT_ONCE)):
                self._connection.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", some)
            self._connection.execute("COMMIT")
        if len(faults) >= SHOWN:
            faults.append(Fault(FILE, 0, "", "", f"has more mistakes than these {SHOWN}; reading stopped there"))
        return faults

    def entries(self) -> Iterator[tuple[str, str, str]]:
        return self._connection.execute("SELECT area, kind, address FROM entry ORDER BY area, kind, address")

    def close(self) -> None:
        self._connection.close()


def _looked_at(file: Path, known: Roll) -> Roll | None:
    """The file as a roll without counts; None when there is none, or it is the one in force. Blocks."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    if (stat.st_size, stat.st_mtime_ns) == (known.size, known.mtime_ns):
        return None
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Roll(digest=digest, size=stat.st_size, mtime_ns=stat.st_mtime_ns)


def _some(ids: list[int]) -> Iterator[list[int]]:
    return (ids[first : first + ROWS_A_JOB] for first in range(0, len(ids), ROWS_A_JOB))


def _sweeping(ids: list[int], before: float) -> Callable[[Tx], int]:
    return lambda tx: sweep(tx, ids, ended_before=before)


def _adding(rows: list[RollRow]) -> Callable[[Tx], int]:
    return lambda tx: tx.insert_all(ROLL, rows)
