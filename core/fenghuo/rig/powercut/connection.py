"""An apsw connection in the shape the store knows: sqlite3's, as far as the store uses it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import apsw

from fenghuo.rig.powercut.recorder import Recorder
from fenghuo.store.database import Connect
from fenghuo.store.mapping import Scalar

__all__ = ["RecordedConnection", "recorded"]

Row = tuple[Scalar, ...]
WAL_MARKS = slice(18, 20)
"""Octets of the file header that say WAL; a database in memory has none. Source: SQLite file format §1.3."""


def recorded(recorder: Recorder, kind: type[RecordedConnection] | None = None) -> Connect:
    """A connection factory for Store.open() whose every disk operation goes through `recorder`."""
    made = kind or RecordedConnection

    def connect(path: str) -> sqlite3.Connection:
        # The store asks of a connection what stands below; a nominal subclass would have to open a second database for nothing.
        return cast(sqlite3.Connection, made(path, recorder.label))

    return connect


class Rows:
    """The answer to one statement, fetched whole: a statement left half read would keep its lock."""

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchone(self) -> Row | None:
        return next(self._rows, None)

    def fetchall(self) -> list[Row]:
        return list(self._rows)

    def fetchmany(self, size: int) -> list[Row]:
        return [row for _, row in zip(range(size), self._rows, strict=False)]

    def __iter__(self) -> Iterator[Row]:
        return self._rows


class RecordedConnection:
    """What the store calls, with sqlite3's errors."""

    text_factory: Any = str

    def __init__(self, path: str, vfs: str) -> None:
        self._inner = apsw.Connection(path, vfs=vfs, statementcachesize=512)

    def execute(self, sql: str, params: Sequence[Scalar] = ()) -> Rows:
        with _translated():
            before = self._inner.total_changes()
            rows = list(self._inner.execute(sql, tuple(params)))
            return Rows(cast(list[Row], rows), self._inner.total_changes() - before)

    def executemany(self, sql: str, rows: Iterable[Sequence[Scalar]]) -> Rows:
        with _translated():
            before = self._inner.total_changes()
            self._inner.executemany(sql, [tuple(row) for row in rows])
            return Rows([], self._inner.total_changes() - before)

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    @property
    def total_changes(self) -> int:
        return self._inner.total_changes()

    def backup(self, target: sqlite3.Connection) -> None:
        """Copy everything into a connection of the other library."""
        octets = bytearray(self._inner.serialize("main"))
        octets[WAL_MARKS] = b"\x01\x01"
        with contextlib.closing(sqlite3.connect(":memory:")) as copy:
            copy.deserialize(bytes(octets))
            copy.backup(target)

    def close(self) -> None:
        self._inner.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except apsw.ConstraintError as error:
        raise _named(sqlite3.IntegrityError(str(error)), error) from error
    except apsw.Error as error:
        raise _named(sqlite3.OperationalError(str(error)), error) from error


def _named(made: sqlite3.Error, error: apsw.Error) -> sqlite3.Error:
    made.sqlite_errorcode = getattr(error, "extendedresult", 0)
    return made
