"""Backup under load, restore, fsck."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import stat
from pathlib import Path

import msgspec
import pytest

from fenghuo.errors import CannotCreate, StoreError
from fenghuo.store import Store
from fenghuo.store.backup import fsck, restore
from fenghuo.store.disk import DATABASE
from fenghuo.store.records_people import SessionRow
from fenghuo.store.tables import DELIVERY, EVENT, MESSAGE, OBJECTIVE, SESSION
from tests.core.store.row_by_row import TURNED_BACK, rows_of
from tests.core.store.rows import delivery, message, objective, open_store, planning


async def fill(store: Store, count: int = 50) -> None:
    """A message, its objective and some deliveries."""
    await store.run(lambda tx: tx.insert(MESSAGE, message()))
    await store.run(lambda tx: tx.insert(OBJECTIVE, objective(1)))
    await store.run(lambda tx: tx.insert_all(DELIVERY, [delivery(n) for n in range(1, count + 1)]))


async def test_backup_while_writes_run_is_one_moment(tmp_path: Path, store: Store) -> None:
    """Each job writes a row and its event; the copy holds a prefix of them, row by row as the store has it, and is sound."""
    await store.run(lambda tx: tx.insert(MESSAGE, message()))
    await store.run(lambda tx: tx.insert(OBJECTIVE, objective(1)))
    going = True

    async def write() -> int:
        n = 0
        while going:
            n += 1
            await store.run(planning(delivery(n)))
        return n

    writer = asyncio.create_task(write())
    while store.events.head < 50:
        await store.events.wait(store.events.head)
    await store.backup(tmp_path / "copy.sqlite")
    after = store.events.head
    while store.events.head <= after:
        await store.events.wait(store.events.head)
    going = False
    written = await writer
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        rows = copy.execute(f"{DELIVERY.select_sql} ORDER BY id").fetchall()
        events = copy.execute(f"{EVENT.select_sql} ORDER BY seq").fetchall()
    assert 50 <= len(rows) == len(events) < written
    assert [DELIVERY.encode(row) for row in await store.find(DELIVERY, "id <= ? ORDER BY id", len(rows))] == rows


async def test_a_backup_is_for_its_owner_alone(tmp_path: Path, store: Store) -> None:
    """It holds telephone numbers and texts, whatever the umask says."""
    await store.backup(tmp_path / "copy.sqlite")
    assert 0o600 == stat.S_IMODE((tmp_path / "copy.sqlite").stat().st_mode)


async def test_restore_gives_back_what_was_saved(tmp_path: Path, store: Store) -> None:
    """A restored store has the rows of the backup under a new epoch; the one it replaced is kept beside it."""
    await fill(store)
    await store.backup(tmp_path / "copy.sqlite")
    epoch = store.events.epoch
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(999)))
    await store.close()
    with pytest.raises(StoreError, match="say so explicitly"):
        await asyncio.to_thread(restore, tmp_path / "copy.sqlite", tmp_path / "state")
    assert (await asyncio.to_thread(restore, tmp_path / "copy.sqlite", tmp_path / "state", replace=True)).ok
    again = await open_store(tmp_path / "state")
    assert 50 == len(await again.find(DELIVERY))
    assert epoch != again.events.epoch
    await again.close()
    assert (tmp_path / "state" / f"{DATABASE}.old-1").exists()


async def test_what_is_restored_is_what_was_there_row_by_row(tmp_path: Path, store: Store) -> None:
    """Jobs come by the hundred while the copy is made; it holds whole batches of them, and the restored store every row of it unchanged."""
    await store.run(lambda tx: tx.insert(MESSAGE, message()))
    await store.run(lambda tx: tx.insert(OBJECTIVE, objective(1)))
    numbers = itertools.count(1)
    going = True

    async def write() -> None:
        while going:
            await asyncio.gather(*(store.run(planning(delivery(next(numbers)))) for _ in range(100)))

    writing = asyncio.create_task(write())
    while store.events.head < 200:
        await store.events.wait(store.events.head)
    await store.backup(tmp_path / "copy.sqlite")
    going = False
    await writing
    await asyncio.to_thread(restore, tmp_path / "copy.sqlite", tmp_path / "new")
    saved = await asyncio.to_thread(rows_of, tmp_path / "copy.sqlite")
    restored = await asyncio.to_thread(rows_of, tmp_path / "new" / DATABASE)
    assert 200 <= len(saved["delivery"]) == len(saved["event"]) < next(numbers)
    assert [] == [name for name in saved if saved[name] != restored[name] and name not in TURNED_BACK]
    now = await asyncio.to_thread(rows_of, store.folder / DATABASE, until_seq=len(saved["event"]))
    assert saved["event"] == now["event"]
    assert set(saved["delivery"]) <= set(now["delivery"])


async def test_a_restore_ends_every_session(tmp_path: Path, store: Store) -> None:
    """One that was ended after the backup does not come back with it."""
    row = SessionRow("5e55", "zhang", "Actual", "10.0.0.5", 1.0, 2.0, 9e9)
    await store.run(lambda tx: tx.insert(SESSION, row))
    await store.backup(tmp_path / "copy.sqlite")
    await asyncio.to_thread(restore, tmp_path / "copy.sqlite", tmp_path / "new")
    again = await open_store(tmp_path / "new")
    assert [msgspec.structs.replace(row, ends_at=0.0)] == await again.find(SESSION)
    await again.close()


async def test_restore_into_an_empty_folder(tmp_path: Path, store: Store) -> None:
    """A backup alone is enough for another machine."""
    await fill(store)
    await store.backup(tmp_path / "copy.sqlite")
    await asyncio.to_thread(restore, tmp_path / "copy.sqlite", tmp_path / "new")
    again = await open_store(tmp_path / "new")
    assert message() == await again.get(MESSAGE, "m1", 1)
    await again.close()


async def test_restore_and_fsck_keep_out_of_a_running_store(tmp_path: Path, store: Store) -> None:
    """Nobody touches the file of a running daemon."""
    await store.backup(tmp_path / "copy.sqlite")
    with pytest.raises(StoreError, match="in use"):
        await asyncio.to_thread(restore, tmp_path / "copy.sqlite", tmp_path / "state", replace=True)
    with pytest.raises(StoreError, match="in use"):
        await asyncio.to_thread(fsck, tmp_path / "state")


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100], ids=["empty", "foreign"])
async def test_what_is_no_backup_is_refused(tmp_path: Path, store: Store, content: bytes) -> None:
    """A file that holds no store never takes the place of one."""
    await store.close()
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(StoreError):
        await asyncio.to_thread(restore, tmp_path / "bad", tmp_path / "state", replace=True)
    await (await open_store(tmp_path / "state")).close()


async def test_backup_to_nowhere_fails(tmp_path: Path, store: Store) -> None:
    """A folder that is not there is an error, not a silent success."""
    with pytest.raises(CannotCreate, match="No such file or directory"):
        await store.backup(tmp_path / "nowhere" / "copy.sqlite")


async def test_fsck_names_what_is_wrong_and_repair_moves_only_that(tmp_path: Path, store: Store) -> None:
    """A damaged row, a missing one and an orphan are named; repair sets the damaged one aside and leaves the rest."""
    await fill(store, 10)
    await store.close()
    assert (await asyncio.to_thread(fsck, tmp_path / "state")).ok
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / DATABASE, isolation_level=None)) as connection:
        connection.execute("UPDATE delivery SET address = 'x' WHERE id = 3")
        connection.execute("DELETE FROM delivery WHERE id = 4")
        connection.execute("DELETE FROM objective")
    report = await asyncio.to_thread(fsck, tmp_path / "state")
    assert (("delivery (3,)",), ("9 rows of delivery without their objective",)) == (report.damaged, report.orphans)
    assert {"objective: 0 rows, 1 expected", "delivery: 9 rows, 10 expected"} == set(report.census)
    assert 1 == (await asyncio.to_thread(fsck, tmp_path / "state", repair=True)).quarantined
    after = await asyncio.to_thread(fsck, tmp_path / "state")
    assert ((), (), ("8 rows of delivery without their objective",)) == (after.damaged, after.census, after.orphans)
