"""Counters reserved ahead, windows, and what happens to them when rows go back in time."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from fenghuo.cli.db_offline import put_back
from fenghuo.store import Store
from fenghuo.store.backup import fsck, restore
from fenghuo.store.disk import DATABASE
from fenghuo.store.frames import Reserved, Seen, keep_window, read_windows, reserve
from fenghuo.store.schema import SCHEMA_VERSION
from fenghuo.store.tables import FRAME_COUNTER, META
from tests.core.store.rows import open_store

LANE = "1-9f2c6a01/1>2/command"
OTHER = "2-77aa0013/1>3/command"


async def reserved(store: Store, lane: str = LANE, *, since: float = 0.0, step: int = 1024) -> Reserved:
    return await store.run(lambda tx: reserve(tx, lane, since=since, step=step))


async def windows(store: Store, *, since: float = 0.0) -> list[Seen]:
    return await store.run(lambda tx: read_windows(tx, {LANE: since}))


async def test_reservations_follow_each_other(store: Store) -> None:
    """Each begins where the one before ended, each lane by itself."""
    assert [Reserved(LANE, 0, 1024), Reserved(LANE, 1024, 2048)] == [await reserved(store), await reserved(store)]
    assert Reserved(OTHER, 0, 1024) == await reserved(store, OTHER)


async def test_the_last_thousand_is_never_reserved(store: Store) -> None:
    """2^32 - 1024 ends it."""
    assert 2**32 - 1024 == (await reserved(store, step=2**33)).until
    spent = await reserved(store)
    assert (spent.first, False) == (spent.until, spent.stale)


async def test_a_window_never_goes_back(store: Store) -> None:
    """An older job that comes later changes nothing."""
    for seen in (Seen(LANE, 70, 2**64 - 1), Seen(LANE, 69, 1)):
        await store.run(lambda tx, seen=seen: keep_window(tx, seen))  # type: ignore[misc]  # bound in the loop
    assert [Seen(LANE, 70, 2**64 - 1)] == await windows(store)


async def restore_by_library(source: Path, folder: Path) -> None:
    await asyncio.to_thread(restore, source, folder, replace=True)


async def restore_by_command(source: Path, folder: Path) -> None:
    await asyncio.to_thread(put_back, source, folder)


@pytest.mark.parametrize("way", [restore_by_library, restore_by_command])
async def test_a_restore_makes_every_key_stale(tmp_path: Path, store: Store, way: object) -> None:
    """Nothing is reserved or opened, also in a lane whose row came after the backup; a key that came after the restore is new."""
    await reserved(store)
    await store.run(lambda tx: keep_window(tx, Seen(LANE, 70, 1)))
    await store.backup(tmp_path / "copy.sqlite")
    await reserved(store, OTHER)
    await store.close()
    await way(tmp_path / "copy.sqlite", tmp_path / "state")  # type: ignore[operator]  # one of the two above
    again = await open_store(tmp_path / "state")
    assert [True, True] == [(await reserved(again, lane)).stale for lane in (LANE, OTHER)]
    assert [Seen(LANE, 70, 1, stale=True)] == await windows(again)
    assert Reserved("3-new/1>2/command", 0, 1024) == await reserved(again, "3-new/1>2/command", since=4e9)
    await again.close()
    assert (await asyncio.to_thread(fsck, tmp_path / "state")).ok


async def test_stale_is_for_good(store: Store) -> None:
    """No later window takes the mark away."""
    await store.run(lambda tx: keep_window(tx, Seen(LANE, 5, 1, stale=True)))
    await store.run(lambda tx: keep_window(tx, Seen(LANE, 9, 1)))
    assert [Seen(LANE, 9, 1, stale=True)] == await windows(store)


async def test_a_lane_whose_row_is_damaged_is_stale(tmp_path: Path, store: Store) -> None:
    """A flipped bit in a counter is never taken for a lower counter."""
    await reserved(store)
    await store.run(lambda tx: keep_window(tx, Seen(LANE, 70, 1)))
    await store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / DATABASE, isolation_level=None)) as connection:
        connection.execute("UPDATE frame_counter SET next = 0")
        connection.execute("UPDATE frame_window SET highest = 0")
    again = await open_store(tmp_path / "state")
    assert (await reserved(again)).stale
    assert [Seen(LANE, -1, 0, stale=True)] == await windows(again)
    await store.close()
    await again.close()


async def test_a_repair_that_sets_a_counter_aside_does_not_begin_anew(tmp_path: Path, store: Store) -> None:
    """The row is gone, and its lane is stale all the same."""
    await reserved(store)
    await store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / DATABASE, isolation_level=None)) as connection:
        connection.execute("UPDATE frame_counter SET next = 0")
    assert 1 == (await asyncio.to_thread(fsck, tmp_path / "state", repair=True)).quarantined
    again = await open_store(tmp_path / "state")
    assert (await reserved(again)).stale
    assert 1 == len(await again.find(FRAME_COUNTER))
    await again.close()


@pytest.mark.parametrize("way", [restore_by_library, restore_by_command])
@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
async def test_a_backup_of_an_earlier_schema_is_restored_and_marked_too(tmp_path: Path, version: int, way: object) -> None:
    """The oldest has no rows of the link; the mark alone makes every known key stale."""
    await way(Path(__file__).parents[2] / "databases" / f"v{version}.sqlite", tmp_path)  # type: ignore[operator]  # as above
    store = await open_store(tmp_path)
    assert (await reserved(store)).stale
    assert {"frames.turned_back_at"} <= {row.name for row in await store.find(META)}
    await store.close()
    assert (await asyncio.to_thread(fsck, tmp_path)).ok


async def test_a_table_that_is_gone_is_found(tmp_path: Path, store: Store) -> None:
    """The census knows of it: a file of this schema without it is damaged, not old."""
    await store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / DATABASE, isolation_level=None)) as connection:
        connection.execute("DROP TABLE frame_counter")
    assert not (await asyncio.to_thread(fsck, tmp_path / "state")).ok
