"""The disk behind a channel's own notes: a row of `meta` for each, so that they go back in time with the store and never without it."""

from __future__ import annotations

from collections.abc import Mapping

from fenghuo.engine.link_place import note_place
from fenghuo.plugin.ports import Recalled
from fenghuo.store import Store, Tx
from fenghuo.store.frames import turned_back_at
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import META

__all__ = ["ChannelNotes"]


class ChannelNotes:
    """Of the channel instance `channel`. `place`: where the store is, for who knows; else the machine and the folder are looked at."""

    def __init__(self, store: Store, channel: str, *, place: str = "") -> None:
        self._store = store
        self._place = place
        self._lead = f"note.{channel}\x1f"  # no name of an instance ends in what another begins with

    async def recall(self) -> Recalled:
        """All of them. Raises: StoreError."""
        await note_place(self._store, self._place)

        def job(tx: Tx) -> Recalled:
            rows = tx.find(META, "substr(name, 1, ?) = ?", len(self._lead), self._lead)
            return Recalled({row.name.removeprefix(self._lead): row.value for row in rows}, turned_back_at(tx))

        return await self._store.run(job)

    async def keep(self, values: Mapping[str, str | None]) -> None:
        """Put these and take away those that are None, in one commit. Raises: StoreError."""

        def job(tx: Tx) -> None:
            for name, value in values.items():
                if value is None:
                    tx.delete(META, self._lead + name)
                else:
                    tx.put(META, MetaRow(self._lead + name, value))

        await self._store.run(job)
