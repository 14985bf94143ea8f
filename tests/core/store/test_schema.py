"""Migrations: every old database opens."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from fenghuo.errors import StoreError
from fenghuo.model.traffic import Traffic
from fenghuo.store.database import connect_writer
from fenghuo.store.disk import DATABASE
from fenghuo.store.inspection import census_rows, damaged_rows, examine
from fenghuo.store.mapping import row_digest
from fenghuo.store.migrations import MIGRATIONS, Migration
from fenghuo.store.records import CensusRow
from fenghuo.store.schema import SCHEMA_VERSION, migrate, schema_version
from fenghuo.store.tables import ACCOUNT, CENSUS, DELIVERY, MESSAGE, OBJECTIVE, TABLES, TRANSFER_IN, TRANSFER_OUT
from tests.core.store.rows import delivery, message, objective, open_store

DATABASES = Path(__file__).parents[2] / "databases"


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
async def test_old_database_opens(tmp_path: Path, version: int) -> None:
    """The database kept from each schema is migrated, and its rows read as they were written."""
    shutil.copy(DATABASES / f"v{version}.sqlite", tmp_path / DATABASE)
    store = await open_store(tmp_path)
    assert message() == await store.get(MESSAGE, "m1", 1)
    assert objective(1) == await store.get(OBJECTIVE, 1)
    assert delivery(1) == await store.get(DELIVERY, 1)
    assert ["message.accepted"] == [event.type for event in await store.events.read(0, 10)]
    await store.close()


@pytest.mark.may_block("files are compared")
async def test_what_was_there_before_is_kept_beside_it(tmp_path: Path) -> None:
    """From every earlier schema: the copy made first has every row and every statement as they were, is of that schema, and is sound; of
    the present one nothing is copied."""
    for version in range(1, SCHEMA_VERSION + 1):
        folder = tmp_path / f"v{version}"
        folder.mkdir()
        shutil.copy(DATABASES / f"v{version}.sqlite", folder / DATABASE)
        store = await open_store(folder)
        await store.close()
        copies = sorted(folder.glob("before-schema-*.sqlite"))
        assert ([folder / f"before-schema-{version + 1}.sqlite"] if version < SCHEMA_VERSION else []) == copies
        for copy in copies:
            assert _all_of(DATABASES / f"v{version}.sqlite") == _all_of(copy)


def _all_of(file: Path) -> tuple[int, list[str], list[str]]:
    """The schema of a database, whether it is whole, and itself as statements."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        whole = [row for (row,) in connection.execute("PRAGMA integrity_check")]
        return schema_version(connection), whole, list(connection.iterdump())


def test_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    """The migrations make exactly what the tables declare; `freeze_schema.py` prints what a new one needs."""
    with contextlib.closing(connect_writer(str(tmp_path / "db"))) as connection:
        assert 0 == migrate(connection, tmp_path)
        made = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    assert {statement for table in TABLES.values() for statement in table.ddl()} == made


@pytest.mark.may_block("the file of before is written and looked at by hand")
async def test_what_goes_out_over_the_narrow_link_outlives_the_change_of_its_key(tmp_path: Path) -> None:
    """From schema 6: a transfer to a post goes on, of no channel and no key yet; what came in under a number alone is gone. A row that
    cannot be read is set aside, and nothing of a file as it was is taken for damaged."""
    shutil.copy(DATABASES / "v6.sqlite", tmp_path / DATABASE)
    going = (2, 7, "note/a", 3, str(Traffic.ACTUAL), 1, b"body", 4, bytes(8), 2e9, 1e9)
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as connection:
        insert = f"INSERT INTO transfer_out VALUES ({', '.join('?' * 12)})"
        connection.execute(insert, (*going, row_digest((1, "transfer_out"), going)))
        connection.execute(insert, (2, 8, "note/b", 3, "no traffic", *going[5:], b"12345678"))
        connection.execute("INSERT INTO transfer_in VALUES (2, 1, 7, 0, 'Actual', 1, x'', 2e9, 1, 1e9, x'00')")
        for name, rows in (("transfer_out", 2), ("transfer_in", 1)):
            connection.execute(CENSUS.update_sql, CENSUS.update_values(CENSUS.encode(CensusRow(name, rows))))
        assert [] == [row for table in (TRANSFER_OUT, TRANSFER_IN) for row in damaged_rows(connection, table)]
    store = await open_store(tmp_path)
    (row,) = await store.find(TRANSFER_OUT)
    assert ("", 2, 7, "", "note/a", b"body") == (row.channel, row.destination, row.transfer, row.lane, row.ref, row.body)
    assert [] == await store.find(TRANSFER_IN)
    await store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        assert {"transfer_in": 0}.items() <= census_rows(connection).items()
        assert [TRANSFER_OUT] == [damage.table for damage in examine(connection).damaged]


@pytest.mark.may_block("the file of before is written by hand")
async def test_an_account_of_before_there_were_posts_is_of_none(tmp_path: Path) -> None:
    """From schema 8: whoever has an account keeps it, with the password, at no post, with no limit of gravity and no certificate."""
    shutil.copy(DATABASES / "v8.sqlite", tmp_path / DATABASE)
    anna = ("anna", "Anna", '["operator"]', '["mca:320585"]', "active", 1e9, "$argon2id$", b"sealed", 7, b"", 0.0)
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as connection:
        connection.execute(f"INSERT INTO account VALUES ({', '.join('?' * 12)})", (*anna, row_digest((1, "account"), anna)))
        connection.execute(CENSUS.update_sql, CENSUS.update_values(CENSUS.encode(CensusRow("account", 1))))
    store = await open_store(tmp_path)
    (row,) = await store.find(ACCOUNT)
    assert ("anna", ("mca:320585",), "$argon2id$", b"sealed", 7) == (row.name, row.areas, row.password, row.factor, row.factor_step)
    assert ("", "", b"") == (row.post, row.level, row.certificate)
    await store.close()


def test_numbers_have_no_holes() -> None:
    """Migrations count from 1, and each has its old database."""
    assert list(range(1, SCHEMA_VERSION + 1)) == [migration.number for migration in MIGRATIONS]
    assert all((DATABASES / f"v{migration.number}.sqlite").exists() for migration in MIGRATIONS)


def test_rows_are_copied_before_a_migration(tmp_path: Path) -> None:
    """A database with rows is backed up under its next schema's number; rows of a changed table get new digests."""
    shutil.copy(DATABASES / f"v{SCHEMA_VERSION}.sqlite", tmp_path / DATABASE)
    more = Migration(SCHEMA_VERSION + 1, "a test", ('CREATE TABLE "extra" (x INTEGER)',), rewritten=("delivery",))
    with contextlib.closing(connect_writer(str(tmp_path / DATABASE))) as connection:
        assert SCHEMA_VERSION == migrate(connection, tmp_path, (*MIGRATIONS, more))
        assert (SCHEMA_VERSION + 1,) == connection.execute("PRAGMA user_version").fetchone()
    with contextlib.closing(sqlite3.connect(tmp_path / f"before-schema-{SCHEMA_VERSION + 1}.sqlite")) as copy:
        assert (1,) == copy.execute("SELECT count(*) FROM delivery").fetchone()
        assert SCHEMA_VERSION == schema_version(copy)


def test_failed_migration_leaves_the_old_schema(tmp_path: Path) -> None:
    """A migration is whole or not there."""
    bad = Migration(SCHEMA_VERSION + 1, "a test", ('CREATE TABLE "extra" (x INTEGER)', "nonsense"))
    with contextlib.closing(connect_writer(str(tmp_path / "db"))) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, tmp_path, (*MIGRATIONS, bad))
        assert SCHEMA_VERSION == schema_version(connection)
        assert (0,) == connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("PRAGMA user_version = 99", "has schema 99, and this version of Fenghuo knows"),
        ("PRAGMA application_id = 7", "not made by Fenghuo"),
    ],
)
def test_foreign_and_later_databases_are_refused(tmp_path: Path, statement: str, sentence: str) -> None:
    """What we do not understand is not touched."""
    with contextlib.closing(connect_writer(str(tmp_path / "db"))) as connection:
        migrate(connection, tmp_path)
        connection.execute(statement)
        with pytest.raises(StoreError, match=sentence):
            migrate(connection, tmp_path)
