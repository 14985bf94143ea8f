"""The store as its callers see it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import msgspec
import pytest

from fenghuo.errors import NotFound, RowDamaged, StoreError
from fenghuo.model.delivery import DeliveryState
from fenghuo.store import Store, StoreSettings, Tx
from fenghuo.store.disk import DATABASE
from fenghuo.store.records import CounterRow
from fenghuo.store.tables import CENSUS, CHANNEL, COUNTER, DELIVERY, EVENT, MESSAGE, OBJECTIVE, QUARANTINE
from tests.core.store.rows import SMALL, StillClock, delivery, message, moved, objective, open_store, planning


async def test_row_is_there_after_a_restart(tmp_path: Path) -> None:
    """What was written is read back by the next process."""
    store = await open_store(tmp_path)
    await store.run(lambda tx: tx.insert(MESSAGE, message()))
    await store.close()
    store = await open_store(tmp_path)
    assert message() == await store.get(MESSAGE, "m1", 1)
    await store.close()


async def test_find_takes_conditions_order_and_limit(store: Store) -> None:
    """find() filters, sorts and cuts, from outside as inside a job."""
    await store.run(lambda tx: tx.insert_all(DELIVERY, [delivery(n) for n in range(1, 600)]))
    assert [599, 598] == [row.id for row in await store.find(DELIVERY, "state = ? ORDER BY id DESC", DeliveryState.READY, limit=2)]
    assert [599, 598] == [row.id for row in await store.run(lambda tx: tx.find(DELIVERY, "ORDER BY id DESC", limit=2))]
    assert 599 == len(await store.find(DELIVERY))
    assert 599 == await store.scalar("SELECT count(*) FROM delivery")
    assert await store.get(DELIVERY, 1000) is None


async def test_second_insert_of_a_key_is_refused(store: Store) -> None:
    """insert() never replaces."""
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(1)))
    with pytest.raises(StoreError, match="table delivery cannot take this row"):
        await store.run(lambda tx: tx.insert(DELIVERY, moved(delivery(1), DeliveryState.MET)))
    assert delivery(1) == await store.get(DELIVERY, 1)


async def test_put_update_and_delete(store: Store) -> None:
    """put() adds or replaces, update() replaces or says that nothing is there, delete() minds no absence."""
    await store.run(lambda tx: tx.put(COUNTER, CounterRow("delivery", 1)))
    await store.run(lambda tx: tx.put(COUNTER, CounterRow("delivery", 2)))
    await store.run(lambda tx: tx.update(COUNTER, CounterRow("delivery", 3)))
    assert CounterRow("delivery", 3) == await store.get(COUNTER, "delivery")
    with pytest.raises(NotFound, match="table counter has no row"):
        await store.run(lambda tx: tx.update(COUNTER, CounterRow("other", 3)))
    await store.run(lambda tx: tx.delete(COUNTER, "delivery"))
    await store.run(lambda tx: tx.delete(COUNTER, "delivery"))
    assert [0] == [row.rows for row in await store.find(CENSUS, "name = 'counter'")]


async def test_fixed_column_may_not_change(store: Store) -> None:
    """A column that is never to change is refused by name."""
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(1)))
    with pytest.raises(StoreError, match="objective, recipient, message, revision may never change"):
        await store.run(lambda tx: tx.update(DELIVERY, msgspec.structs.replace(delivery(1), recipient="other")))


async def test_insert_all_adds_all_or_none(store: Store) -> None:
    """One key that exists takes the whole page back, even if the job goes on."""

    def job(tx: Tx) -> None:
        with pytest.raises(StoreError):
            tx.insert_all(DELIVERY, [delivery(2), delivery(1)])
        tx.insert(DELIVERY, delivery(3))

    await store.run(lambda tx: tx.insert(DELIVERY, delivery(1)))
    await store.run(job)
    assert [1, 3] == [row.id for row in await store.find(DELIVERY, "ORDER BY id")]
    assert [2] == [row.rows for row in await store.find(CENSUS, "name = 'delivery'")]


async def test_transaction_is_over_after_its_job(store: Store) -> None:
    """A Tx that was carried out of its job is useless."""
    kept: list[Tx] = []
    await store.run(kept.append)
    with pytest.raises(StoreError, match="after its job had ended"):
        kept[0].get(DELIVERY, 1)


async def test_reader_cannot_write(store: Store) -> None:
    """The reading side refuses every change."""
    with pytest.raises(StoreError, match=r"readonly|read-only|query"):
        await store.scalar("DELETE FROM meta")


async def test_second_process_is_kept_out(tmp_path: Path, store: Store) -> None:
    """A folder has one writer; the error names it."""
    with pytest.raises(StoreError, match="in use by another process"):
        await open_store(tmp_path / "state")


async def test_store_of_another_node_is_refused(tmp_path: Path, store: Store) -> None:
    """Two nodes never continue each other's tokens."""
    await store.close()
    with pytest.raises(StoreError, match="belongs to node taicang, and the settings say other"):
        await Store.open(tmp_path / "state", clock=StillClock(), node="other", settings=SMALL)


@pytest.mark.parametrize("wipe", [Path.unlink, lambda path: path.write_bytes(b"")], ids=["gone", "empty"])
async def test_lost_database_is_no_new_beginning(tmp_path: Path, store: Store, wipe) -> None:  # type: ignore[no-untyped-def]
    """A store that is empty while its marker says otherwise refuses to start."""
    await store.close()
    wipe(tmp_path / "state" / DATABASE)
    with pytest.raises(StoreError, match=r"is missing or empty, but store\.id says"):
        await open_store(tmp_path / "state")


async def test_replaced_database_is_refused(tmp_path: Path, store: Store) -> None:
    """A database that is not the one the marker names was put there by hand."""
    await store.close()
    other = await open_store(tmp_path / "other")
    await other.close()
    (tmp_path / "other" / DATABASE).rename(tmp_path / "state" / DATABASE)
    with pytest.raises(StoreError, match="names another store"):
        await open_store(tmp_path / "state")


async def test_less_than_wal_is_refused(tmp_path: Path) -> None:
    """A connection that cannot do WAL is not used."""
    with pytest.raises(StoreError, match="needs wal"):
        await Store.open(
            tmp_path,
            clock=StillClock(),
            node="taicang",
            settings=SMALL,
            connect=lambda path: sqlite3.connect(":memory:", isolation_level=None),
        )


async def test_guarantees_are_set(store: Store) -> None:
    """The writer has WAL, synchronous=FULL, no mmap and no automatic checkpoints."""
    names = ("journal_mode", "synchronous", "mmap_size", "wal_autocheckpoint", "journal_size_limit")
    assert ["wal", 2, 0, 0, -1] == await store.run(lambda tx: [tx.scalar(f"PRAGMA {name}") for name in names])


async def damage(folder: Path, sql: str) -> None:
    """Change rows behind the store's back."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        connection.execute(sql)


async def test_damaged_open_row_is_found_at_start(tmp_path: Path) -> None:
    """A changed letter in an open delivery is alarmed and set aside before anything acts on it; its neighbour goes on."""
    store = await open_store(tmp_path)
    await store.run(lambda tx: tx.insert_all(DELIVERY, [delivery(1), delivery(2)]))
    await store.close()
    await damage(tmp_path, "UPDATE delivery SET address = '13900000000' WHERE id = 1")
    store = await open_store(tmp_path)
    assert ["alarm.row_damaged"] == [event.type for event in await store.events.read(0, 10)]
    assert ["delivery"] == [row.origin for row in await store.find(QUARANTINE)]
    assert [2] == [row.id for row in await store.find(DELIVERY)]
    with pytest.raises(RowDamaged):
        await store.get(DELIVERY, 1)
    with pytest.raises(RowDamaged):
        await store.run(lambda tx: tx.get(DELIVERY, 1))
    assert 2 == await store.scalar("SELECT count(*) FROM delivery")
    await store.close()
    store = await open_store(tmp_path)
    assert 1 == store.events.head
    await store.close()


async def test_damage_in_history_is_alarmed_when_read(tmp_path: Path) -> None:
    """A closed row is checked when somebody looks, text that is no UTF-8 any more included, and alarmed once."""
    store = await open_store(tmp_path)
    await store.run(lambda tx: tx.insert_all(DELIVERY, [delivery(n, state=DeliveryState.MET) for n in (1, 2)]))
    await store.close()
    await damage(tmp_path, "UPDATE delivery SET address = CAST(X'E8BDFF' AS TEXT) WHERE id = 2")
    store = await open_store(tmp_path)
    assert 0 == store.events.head
    assert [1] == [row.id for row in await store.find(DELIVERY)]
    assert 1 == await store.events.wait(0)
    assert [1] == [row.id for row in await store.run(lambda tx: tx.find(DELIVERY))]
    assert 1 == len(await store.find(QUARANTINE))
    await store.close()


async def test_missing_row_is_found_at_start(tmp_path: Path) -> None:
    """A table with fewer rows than its census is alarmed with both numbers, and once."""
    store = await open_store(tmp_path)
    await store.run(lambda tx: tx.insert_all(DELIVERY, [delivery(1), delivery(2)]))
    await store.close()
    await damage(tmp_path, "DELETE FROM delivery WHERE id = 1")
    store = await open_store(tmp_path)
    (event,) = await store.events.read(0, 10)
    assert ("alarm.census", {"table": "delivery", "expected": 2, "counted": 1}) == (event.type, event.body)
    await store.close()
    store = await open_store(tmp_path)
    assert 1 == store.events.head
    await store.close()


async def test_census_follows_every_change(store: Store) -> None:
    """The census is right after inserts, deletes and a job that failed in the same commit."""

    def failing(tx: Tx) -> None:
        tx.insert(OBJECTIVE, objective(1))
        raise ValueError

    jobs = [store.submit(lambda tx, n=n: tx.insert(DELIVERY, delivery(n))) for n in range(5)]  # type: ignore[misc]
    lost = store.submit(failing)
    await asyncio.gather(*jobs, store.submit(lambda tx: tx.delete(DELIVERY, 3)))
    with pytest.raises(ValueError):
        await lost
    counts = {row.name: row.rows for row in await store.find(CENSUS)}
    assert (4, 0, 0) == (counts["delivery"], counts["objective"], counts["channel"])
    assert [] == await store.find(CHANNEL)


async def test_inline_fill_does_the_same(tmp_path: Path) -> None:
    """Without threads a job is settled when submit() returns."""
    store = await open_store(tmp_path, StoreSettings(min_free=0, ballast=0, log_frames=0, inline=True))
    future = store.submit(planning(delivery(1)))
    assert (True, 1) == (future.done(), store.events.head)
    assert [delivery(1)] == await store.find(DELIVERY)
    assert ["delivery.ready"] == [row.type for row in await store.find(EVENT)]
    await store.close()


test_inline_fill_does_the_same = pytest.mark.may_block(reason="the inline fill is for simulation, where nothing else runs")(
    test_inline_fill_does_the_same
)


async def test_log_is_grown_once_and_kept(tmp_path: Path) -> None:
    """The write-ahead log has its working size at the start and is overwritten from there on, never truncated."""
    store = await open_store(tmp_path, StoreSettings(min_free=0, ballast=0, log_frames=300, checkpoint_frames=50))
    log_file = tmp_path / f"{DATABASE}-wal"
    grown = log_file.stat().st_size
    for page in range(60):
        await store.run(lambda tx, page=page: tx.insert_all(DELIVERY, [delivery(100 * page + n) for n in range(100)]))  # type: ignore[misc]
    assert 300 * 4096 < grown
    assert grown == log_file.stat().st_size
    await store.close()
