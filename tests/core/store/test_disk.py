"""Full and failing disks, the lock, durable files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenghuo.errors import StoreError, StoreFull
from fenghuo.store import Store, StoreSettings
from fenghuo.store.database import connect_writer
from fenghuo.store.disk import FolderLock, Space, write_file
from fenghuo.store.records import BlobRow, CounterRow
from fenghuo.store.tables import BLOB, COUNTER, DELIVERY
from tests.core.store.rows import SMALL, StillClock, delivery, open_store

MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """16 MiB that can really be filled."""
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(mount)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no right to mount a small disk: {made.stderr.decode().strip()}")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


async def test_full_disk_refuses_new_promises_and_keeps_old_ones(small_disk: Path) -> None:
    """On a disk filled by others accepts fail with StoreFull, states are still recorded, and space brings accepts back."""
    settings = StoreSettings(min_free=2 * MIB, ballast=4 * MIB, log_frames=100, checkpoint_frames=100)
    store = await open_store(small_disk / "state", settings)
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(1)), accept=True)
    filler = small_disk / "filler"
    await asyncio.to_thread(fill, filler)
    assert not await store.has_space()
    with pytest.raises(StoreFull, match="nothing new is accepted"):
        await store.run(lambda tx: tx.insert(DELIVERY, delivery(2)), accept=True)
    for n in range(300):
        await store.run(lambda tx, n=n: tx.put(BLOB, BlobRow(str(n), 4_000, bytes(4_000))))  # type: ignore[misc]
    await asyncio.to_thread(filler.unlink)
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(3)), accept=True)
    await store.run(lambda _: None)
    assert [1, 3] == [row.id for row in await store.find(DELIVERY)]
    assert ["alarm.store_full", "store.has_space"] == [event.type for event in await store.events.read(0, 9)]
    assert 300 == await store.scalar("SELECT count(*) FROM blob")
    await store.close()
    assert 4 * MIB == (small_disk / "state" / "ballast").stat().st_size


async def test_disk_without_a_reserve_fails_each_job_and_recovers(small_disk: Path) -> None:
    """When even the ballast is used up every job gets StoreFull, nothing acknowledged is lost, and no restart is needed."""
    store = await open_store(small_disk / "state", StoreSettings(min_free=0, ballast=0, log_frames=0, checkpoint_frames=10_000))
    await asyncio.to_thread(fill, small_disk / "filler")
    kept: list[str] = []

    async def write_for_ever() -> None:
        while True:
            name = str(len(kept))
            await store.run(lambda tx, name=name: tx.insert(BLOB, BlobRow(name, 9_000, bytes(9_000))))  # type: ignore[misc]
            kept.append(name)

    with pytest.raises(StoreFull):
        await write_for_ever()
    await asyncio.to_thread((small_disk / "filler").unlink)
    await store.run(lambda tx: tx.put(COUNTER, CounterRow("after", 1)))
    assert len(kept) == await store.scalar("SELECT count(*) FROM blob")
    await store.close()


def fill(path: Path) -> None:
    """Take all the space there is."""
    for size in (MIB, 4096):
        with path.open("ab", buffering=0) as stream, contextlib.suppress(OSError):
            while True:
                stream.write(bytes(size))


class Failing(sqlite3.Connection):
    """A connection whose next COMMIT reports what the disk does."""

    fault: str | None = None

    def execute(self, sql, *params):  # type: ignore[no-untyped-def]
        if sql == "COMMIT" and Failing.fault:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR | 4 << 8
            Failing.fault = None if Failing.fault == "once" else Failing.fault
            raise error
        return super().execute(sql, *params)


def connect_failing(path: str) -> sqlite3.Connection:
    if Failing.fault == "for good" and opened:
        raise sqlite3.OperationalError("disk I/O error")
    opened.append(path)
    return sqlite3.connect(path, isolation_level=None, factory=Failing)


opened: list[str] = []


async def test_failed_sync_opens_the_database_anew(tmp_path: Path) -> None:
    """After an I/O error at COMMIT its jobs get StoreError, the connection is replaced, and the store goes on with an alarm."""
    opened.clear()
    Failing.fault = None
    store = await Store.open(tmp_path, clock=StillClock(), node="taicang", settings=SMALL, connect=connect_failing)
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(1)))
    Failing.fault = "once"
    with pytest.raises(StoreError, match="the commit failed"):
        await store.run(lambda tx: tx.insert(DELIVERY, delivery(2)))
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(3)))
    assert 2 == len(opened)
    assert {1, 3} <= {row.id for row in await store.find(DELIVERY)}
    assert "alarm.disk_failed" in [event.type for event in await store.events.read(0, 9)]
    await store.close()


async def test_disk_that_goes_on_failing_ends_the_process(tmp_path: Path) -> None:
    """When the database cannot be opened again, on_fatal is called, everybody who waits gets an error, and nothing more is taken."""
    opened.clear()
    Failing.fault = None
    causes: list[BaseException] = []
    store = await Store.open(tmp_path, clock=StillClock(), node="taicang", settings=SMALL, connect=connect_failing, on_fatal=causes.append)
    Failing.fault = "for good"
    with pytest.raises(StoreError, match="the store has ended"):
        await store.run(lambda tx: tx.insert(DELIVERY, delivery(2)))
    with pytest.raises(StoreError, match="closed"):
        store.submit(lambda _: None)
    Failing.fault = None
    await store.close()
    assert 1 == len(causes)


def test_file_is_replaced_whole(tmp_path: Path) -> None:
    """write_file leaves the new content, private, and no temporary beside it."""
    write_file(tmp_path / "a", b"old")
    write_file(tmp_path / "a", b"new")
    assert (b"new", 0o600, ["a"]) == ((tmp_path / "a").read_bytes(), (tmp_path / "a").stat().st_mode & 0o777, os.listdir(tmp_path))


def test_lock_is_given_back(tmp_path: Path) -> None:
    """One holder at a time; release() may be called twice."""
    lock = FolderLock(tmp_path)
    with pytest.raises(StoreError, match="in use"):
        FolderLock(tmp_path)
    lock.release()
    lock.release()
    with FolderLock(tmp_path):
        pass


def test_a_folder_is_given_back_though_a_child_has_a_copy_of_its_lock(tmp_path: Path) -> None:
    """A program that is being started has every descriptor of ours until it runs; whoever comes next must not wait for that."""
    lock = FolderLock(tmp_path)
    (held,) = (fd for fd in os.listdir("/proc/self/fd") if _leads_to(fd) == str(tmp_path / "lock"))
    copy = os.dup(int(held))
    lock.release()
    with FolderLock(tmp_path):
        os.close(copy)


def _leads_to(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except FileNotFoundError:  # the one that read the list
        return ""


def test_ballast_is_dropped_and_made_again(tmp_path: Path) -> None:
    """The reserve is a file of its size that goes and comes back."""
    space = Space(tmp_path, min_free=0, ballast=MIB)
    assert (False, True, True) == (space.has_ballast, space.keep_ballast(), space.has_ballast)
    assert (True, False) == (space.drop_ballast(), space.drop_ballast())
    assert not Space(tmp_path, min_free=2**60, ballast=MIB).keep_ballast()


def test_connection_of_the_service_has_no_hidden_transactions(tmp_path: Path) -> None:
    """Python's own transaction handling is off."""
    connection = connect_writer(str(tmp_path / "db"))
    assert connection.isolation_level is None
    connection.close()
