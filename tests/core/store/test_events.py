"""The event stream and its cursor."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from fenghuo.store import Store
from fenghuo.store import events as stream
from tests.core.store.rows import open_store


async def say(store: Store, *words: str) -> None:
    def job(word: str) -> None:
        store.submit(lambda tx: tx.event("test.said", f"message/{word}", word=word, list=("a", "b")))

    for word in words:
        job(word)
    await store.run(lambda _: None)


async def test_cursor_reads_on_where_it_stopped(store: Store) -> None:
    """read() gives what came after the cursor, in order, and no more than asked."""
    await say(store, "a", "b", "c")
    first = await store.events.read(0, 2)
    rest = await store.events.read(first[-1].seq, 10)
    assert [(1, "a"), (2, "b"), (3, "c")] == [(event.seq, event.body["word"]) for event in (*first, *rest)]
    assert [] == await store.events.read(3, 10)


async def test_epoch_and_numbers_outlive_a_restart(tmp_path: Path) -> None:
    """After a restart the same cursor goes on, now from the disk."""
    store = await open_store(tmp_path)
    await say(store, "a", "b")
    epoch, from_memory = store.events.epoch, await store.events.read(0, 10)
    await store.close()
    store = await open_store(tmp_path)
    await say(store, "c")
    assert (epoch, 3) == (store.events.epoch, store.events.head)
    assert from_memory == await store.events.read(0, 2)
    assert [3] == [event.seq for event in await store.events.read(2, 10)]
    await store.close()


async def test_what_a_failed_commit_left_is_not_skipped(store: Store) -> None:
    """An event became durable by a commit whose sync failed, so nobody was told; whoever follows closely reads it from the disk."""
    await say(store, "a")
    following, head = await store.events.read(0, 9), store.events.head
    store.events.advance((), head + 1)
    store.events.advance([msgspec.structs.replace(following[0], seq=head + 2)], head + 2)
    assert [1] == [event.seq for event in await store.events.read(0, 9)]  # from the disk, where nothing is but the first


async def test_far_cursor_reads_from_the_disk(store: Store) -> None:
    """What has left the memory is read from the table."""
    await say(store, *(str(n) for n in range(stream.KEPT + 50)))
    assert list(range(11, 21)) == [event.seq for event in await store.events.read(10, 10)]


async def test_wait_wakes_at_the_commit(store: Store) -> None:
    """Whoever waits is woken by the commit, and a waiter that gives up leaves nothing behind."""
    waiting = [asyncio.create_task(store.events.wait(0)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await say(store, "a")
    assert [1, 1] == await asyncio.gather(*waiting[1:])
    assert 1 == await store.events.wait(0)
