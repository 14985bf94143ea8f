"""What a channel notes is its own, outlives the process, and goes back in time with the store and never in silence."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from fenghuo.engine.notes import ChannelNotes
from fenghuo.plugin.ports import Recalled
from fenghuo.store import Store, Tx
from fenghuo.store.frames import mark_stale
from tests.core.store.rows import SMALL, StillClock


@contextlib.asynccontextmanager
async def store_in(folder: Path) -> AsyncIterator[Store]:
    store = await Store.open(folder, clock=StillClock(), node="taicang", settings=SMALL)
    try:
        yield store
    finally:
        await store.close()


async def test_what_was_noted_is_there_after_a_restart(tmp_path: Path) -> None:
    """Put, put again, and taken away."""
    async with store_in(tmp_path) as store:
        notes = ChannelNotes(store, "county", place="here")
        await notes.keep({"armed": "1", "play": "a", "last": "7"})
        await notes.keep({"armed": "2", "play": None, "nothing": None})
    async with store_in(tmp_path) as store:
        assert Recalled({"armed": "2", "last": "7"}) == await ChannelNotes(store, "county", place="here").recall()


async def test_a_channel_reads_its_own_notes_alone(tmp_path: Path) -> None:
    """Also where one name begins with the other."""
    async with store_in(tmp_path) as store:
        await ChannelNotes(store, "county", place="here").keep({"armed": "1"})
        assert {} == (await ChannelNotes(store, "county-2", place="here").recall()).values
        assert {} == (await ChannelNotes(store, "count", place="here").recall()).values


async def test_a_store_that_was_restored_says_since_when(tmp_path: Path) -> None:
    """Its notes may be older than what the channel did."""
    async with store_in(tmp_path) as store:
        notes = ChannelNotes(store, "county", place="here")
        await notes.keep({"armed": "1"})

        def restore(tx: Tx) -> None:
            mark_stale(tx, 1234.5)

        await store.run(restore)
        assert Recalled({"armed": "1"}, turned_back_at=1234.5) == await notes.recall()


async def test_a_store_that_was_copied_elsewhere_says_so_too(tmp_path: Path) -> None:
    """And a person is told, as the link tells it."""
    async with store_in(tmp_path) as store:
        await ChannelNotes(store, "county", place="here").recall()
        assert StillClock().time() == (await ChannelNotes(store, "county", place="there").recall()).turned_back_at
        assert ["alarm.keys_stale"] == [event.type for event in await store.events.read(0, 100) if event.type.startswith("alarm")]
