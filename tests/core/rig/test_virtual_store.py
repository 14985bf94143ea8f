"""The store on a simulated disk that is full or fails: what the real one would hear, heard without a disk."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fenghuo.errors import StoreError, StoreFull
from fenghuo.rig.simloop import SimLoop, run
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.rig.virtual_store_disk import VirtualDisk, blames_the_disk
from fenghuo.store import Store, StoreSettings, Tx
from fenghuo.store.records import CounterRow
from fenghuo.store.tables import COUNTER
from tests.core.store.rows import StillClock

Work = Callable[[Store, VirtualFill], Awaitable[None]]


def on_a_disk(folder: Path, work: Work, seed: int = 1) -> VirtualFill:
    """Open a store on a disk of its own, work with it, and close it."""
    fill = VirtualFill(random.Random(seed), VirtualDisk(random.Random(seed)))
    settings = StoreSettings(min_free=1, ballast=1, log_frames=0, fill=fill)

    async def life(loop: SimLoop) -> None:
        store = await Store.open(folder, clock=StillClock(), node="sim", settings=settings, connect=fill.disk.connect)
        await work(store, fill)
        fill.disk.heal()
        await store.close()

    run(life, seed)
    return fill


def count(name: str) -> Callable[[Tx], None]:
    return lambda tx: tx.put(COUNTER, CounterRow(name, 1))


def test_a_full_disk_takes_no_promise_and_what_the_reserve_has_room_for(tmp_path: Path) -> None:
    """New promises are refused from the first on; states are written until the room of the reserve is used up; then it is well again."""

    async def work(store: Store, fill: VirtualFill) -> None:
        fill.disk.is_full = True
        with pytest.raises(StoreFull):
            await store.run(count("promise"), accept=True)
        written: list[str] = []

        async def write_for_ever() -> None:
            while True:
                await store.run(count(f"state {len(written)}"))
                written.append("state")

        with pytest.raises(StoreFull) as refused:
            await write_for_ever()
        assert blames_the_disk(refused.value)
        fill.disk.heal()
        await store.run(count("promise"), accept=True)
        assert len(written) + 1 == await store.scalar("SELECT count(*) FROM counter")
        assert len(written) >= 4

    on_a_disk(tmp_path, work)


@pytest.mark.parametrize("seed", range(4))
def test_after_a_failed_sync_the_row_is_there_or_not_and_the_store_goes_on(tmp_path: Path, seed: int) -> None:
    """Nobody is told that it was kept; the connection is made anew, and an event tells a person."""

    async def work(store: Store, fill: VirtualFill) -> None:
        fill.disk.fail_once()
        with pytest.raises(StoreError, match="the commit failed"):
            await store.run(count("unknown"))
        await store.run(count("known"))
        assert 1 == await store.scalar("SELECT count(*) FROM counter WHERE name = 'known'")
        assert "alarm.disk_failed" in [event.type for event in await store.events.read(0, 9)]

    assert 1 == on_a_disk(tmp_path, work, seed).disk.faults


def test_a_disk_that_goes_on_failing_ends_the_process(tmp_path: Path) -> None:
    """The new connection cannot write the log anew: the writer ends, as its thread would."""
    ended: list[BaseException] = []

    async def work(store: Store, fill: VirtualFill) -> None:
        fill.on_fatal = ended.append
        fill.disk.is_failing = True
        waiting = store.submit(count("lost"))
        for _ in range(9):
            await store.scalar("SELECT 1")
        assert [True] == [blames_the_disk(cause) for cause in ended]
        assert not waiting.done()
        fill.crash()

    on_a_disk(tmp_path, work)


def test_a_slow_disk_holds_everybody_who_waits(tmp_path: Path) -> None:
    """A commit takes as long as the disk says, whoever came meanwhile waits behind it, and a disk that is healed is as fast as before."""
    took_s: list[float] = []

    async def work(store: Store, fill: VirtualFill) -> None:
        loop = asyncio.get_running_loop()
        for slow_s in (0.0, 10.0, None):
            if slow_s is None:
                fill.disk.heal()
            else:
                fill.disk.slow_s = slow_s
            began = loop.time()
            await asyncio.gather(*(store.run(count(f"{slow_s} {number}")) for number in range(3)))
            took_s.append(loop.time() - began)

    on_a_disk(tmp_path, work)
    assert took_s[1] > 1.0
    assert max(took_s[0], took_s[2]) < 0.1
