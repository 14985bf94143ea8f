"""A disk that has no room for a while, or whose syncs fail: what SQLite then says is raised where SQLite would raise it.

At the seam of the connection: a COMMIT of a transaction that changed something fails with SQLITE_FULL or SQLITE_IOERR_FSYNC, and a
checkpoint with the latter. What the store does then (no new promises, the reserve given up, a new connection, an inspection) is its own.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fenghuo.store.database import connect_writer

__all__ = ["DiskTrouble", "VirtualDisk", "blames_the_disk"]

PLENTY = 1 << 40
"""Octets free on a disk that is well."""
RESERVE = (5, 120)
"""Commits that the room of a reserve takes that was given up, fewest and most."""


class DiskTrouble(sqlite3.OperationalError):
    """What SQLite raises when the disk is full or fails, and whoever looks at the cause can tell from a real one."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.sqlite_errorcode = code


class VirtualDisk:
    """Outlives the process. `is_short`: less is free than the store wants; `is_full`: nothing is, but for a reserve given up;
    `is_failing`: every sync fails; `fail_once()`: the next one does; `slow_s`: middle time that a commit and then its answer take, 0.0 for
    what a good disk does. `faults`: how many commits and checkpoints failed so far."""

    def __init__(self, chance: random.Random) -> None:
        self.is_short = False
        self.is_full = False
        self.is_failing = False
        self.slow_s = 0.0
        self.faults = 0
        self._chance = chance
        self._fails_next = False
        self._room: int | None = None

    def fail_once(self) -> None:
        """The next sync fails; the one after it does not, and proves nothing of what was written before."""
        self._fails_next = True

    def heal(self) -> None:
        """There is room, and syncs succeed at their usual pace."""
        self.slow_s = 0.0
        self.is_short = self.is_full = self.is_failing = self._fails_next = False
        self._room = None

    def free(self, folder: Path) -> int:
        """Octets, as the store asks for them."""
        return 0 if self.is_short or self.is_full else PLENTY

    def connect(self, path: str) -> sqlite3.Connection:
        """The read-write connection of the store, to a file on this disk."""
        return connect_writer(path, lambda *args, **options: _Connection(self, *args, **options))

    def committing(self, commit: Callable[[], sqlite3.Cursor], *, has_reserve: bool) -> sqlite3.Cursor:
        """Carry a COMMIT out, or raise what SQLite would."""
        if self.is_full and not self._takes_one_more(has_reserve=has_reserve):
            raise self._trouble("database or disk is full", sqlite3.SQLITE_FULL)
        if self._fails_next or self.is_failing:
            self._fails_next = False
            if self._chance.random() < 0.5:  # the frames are in the file, only nobody knows whether they are on the platter
                commit()
            raise self._trouble("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC)
        return commit()

    def checkpointing(self, checkpoint: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        if self.is_failing:
            raise self._trouble("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC)
        return checkpoint()

    def _takes_one_more(self, *, has_reserve: bool) -> bool:
        if has_reserve:
            return False
        if self._room is None:
            self._room = self._chance.randint(*RESERVE)
        self._room -= 1
        return self._room >= 0

    def _trouble(self, said: str, code: int) -> DiskTrouble:
        self.faults += 1
        return DiskTrouble(said, code)


def blames_the_disk(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, came from a disk of ours."""
    while error is not None and not isinstance(error, DiskTrouble):
        error = error.__cause__ or error.__context__
    return error is not None


class _Connection(sqlite3.Connection):
    """Passes on whatever is said to it; COMMIT and checkpoint go by the disk."""

    def __init__(self, disk: VirtualDisk, path: str, *args: Any, **options: Any) -> None:
        super().__init__(path, *args, **options)
        self._disk = disk
        self._reserve = Path(path).with_name("ballast")
        self._changes = 0

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        plain = super().execute
        if sql == "COMMIT" and self.total_changes != self._changes:
            return self._disk.committing(lambda: plain(sql), has_reserve=self._reserve.exists())
        if sql == "BEGIN IMMEDIATE":
            self._changes = self.total_changes
        elif sql.startswith("PRAGMA wal_checkpoint"):
            return self._disk.checkpointing(lambda: plain(sql))
        return plain(sql, *args)
