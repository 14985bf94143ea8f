"""The disk behind the narrow link: reserves its counters, keeps its windows, gives them back after a crash."""

from __future__ import annotations

from collections.abc import Iterable

from fenghuo.link.counters import STEP, Wanted
from fenghuo.link.keys import Lane
from fenghuo.link.seal import Kept
from fenghuo.link.window import Window
from fenghuo.store import Store, Tx
from fenghuo.store.frames import Reserved, Seen, keep_window, read_windows, reserve

__all__ = ["LinkMemory"]


class LinkMemory:
    """Every call returns after its commit: what reserve() gave may be used, what keep() took may be acted upon."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def reserve(self, wanted: Iterable[Wanted]) -> list[Reserved]:
        """Counters for each lane that asks, in one commit. Raises: StoreError."""
        asked = tuple(wanted)

        def job(tx: Tx) -> list[Reserved]:
            return [reserve(tx, each.lane, since=each.since, step=STEP) for each in asked]

        return await self._store.run(job)

    async def keep(self, windows: Iterable[Kept]) -> None:
        """What was heard, before anything is done because of it. Raises: StoreError."""
        rows = tuple(Seen(kept.lane, kept.window.highest, kept.window.seen, kept.stale) for kept in windows)

        def job(tx: Tx) -> None:
            for row in rows:
                keep_window(tx, row)

        await self._store.run(job)

    async def windows(self, lanes: Iterable[Lane]) -> list[Kept]:
        """What was heard in these lanes before the start. Raises: StoreError."""
        asked = {lane.name: lane.since for lane in lanes}
        found = await self._store.run(lambda tx: read_windows(tx, asked))
        return [Kept(seen.lane, Window(seen.highest, seen.seen), seen.stale) for seen in found]
