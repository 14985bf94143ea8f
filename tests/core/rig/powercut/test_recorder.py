"""The recorder writes down what SQLite asks of the disk, in order, and changes none of it."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenghuo.rig.powercut.connection import recorded
from fenghuo.rig.powercut.journal import Journal, Synced, Written
from fenghuo.rig.powercut.platter import Platter, Policy
from fenghuo.rig.powercut.recorder import Recorder
from fenghuo.store.database import Database
from fenghuo.store.disk import DATABASE
from fenghuo.store.schema import migrate


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder(Journal())
    yield made
    made.close()


@pytest.fixture
def database(tmp_path: Path, recorder: Recorder) -> Iterator[Database]:
    made = Database(tmp_path / DATABASE, connect=recorded(recorder), grow_frames=0, checkpoint_frames=20)
    made.connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE)")
    yield made
    made.close()


def test_a_commit_is_writes_to_the_log_and_one_sync(database: Database, recorder: Recorder) -> None:
    """Nothing is asked of the disk after the sync that COMMIT waited for."""
    before = len(recorder.journal)
    database.connection.execute("INSERT INTO t VALUES (1, 'x')")
    asked = recorder.journal.entries[before:]
    assert [Synced(f"{DATABASE}-wal")] == [op for op in asked if isinstance(op, Synced)]
    assert Synced(f"{DATABASE}-wal") == asked[-1]
    assert all(isinstance(op, Written) and op.name == f"{DATABASE}-wal" for op in asked[:-1])


def test_the_journal_gives_the_very_files(database: Database, recorder: Recorder, tmp_path: Path) -> None:
    """With everything on the platter the image is what lies in the folder."""
    database.connection.execute("INSERT INTO t VALUES (1, 'x')")
    database.checkpoint()
    database.connection.execute("INSERT INTO t VALUES (2, 'y')")
    platter = Platter({})
    for op in recorder.journal.entries:
        platter.feed(op)  # type: ignore[arg-type]  # nobody else writes into this journal
    image = platter.image(Policy.ALL, random.Random(0))
    assert {name: (tmp_path / name).read_bytes() for name in image} == image


def test_the_connection_speaks_as_sqlite3_does(database: Database) -> None:
    """Row counts, pages of rows, many rows, and errors of the store's own library."""
    connection = database.connection
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(number, str(number)) for number in range(5)])
    assert 2 == connection.execute("UPDATE t SET b = b || '!' WHERE a >= 3").rowcount
    assert 0 == connection.execute("UPDATE t SET b = 'x' WHERE a > 9").rowcount
    cursor = connection.execute("SELECT a FROM t ORDER BY a")
    assert ((0,), [(1,), (2,)], [(3,), (4,)], None) == (cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall(), cursor.fetchone())
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO t VALUES (0, 'twice')")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("SELECT nothing FROM nowhere")
    assert sqlite3.SQLITE_ERROR == caught.value.sqlite_errorcode
    assert not connection.in_transaction


def test_what_is_in_the_log_is_in_a_copy(tmp_path: Path, recorder: Recorder) -> None:
    """A migration copies the database first: through the other library, and whole."""
    with contextlib.closing(recorded(recorder)(str(tmp_path / "one.sqlite"))) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection, tmp_path)
        with contextlib.closing(sqlite3.connect(tmp_path / "two.sqlite")) as copy:
            connection.backup(copy)
            assert (
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                == copy.execute("SELECT count(*) FROM sqlite_master").fetchone()
            )
