"""Tells a person that nobody takes our log lines, and when they are taken again, with what is missing. Alerts do not wait for that: what
they are and what became of them stands in the store, on a volume of its own."""

from __future__ import annotations

import asyncio

import msgspec

from fenghuo.service.log_ring import LOOK_AGAIN_S, LogRing
from fenghuo.store.store import Store

__all__ = ["LogWatch"]

SUBJECT = "node/log"


class LogWatch:
    """Nothing wakes it while lines are taken."""

    def __init__(self, ring: LogRing, store: Store) -> None:
        self._ring = ring
        self._store = store

    async def run(self) -> None:
        """For ever. Raises: StoreError: it cannot be told."""
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def begin() -> None:
            if _running() is loop:
                begun.set()
            else:
                loop.call_soon_threadsafe(begun.set)

        self._ring.on_begin = begin
        if self._ring.waits:
            begun.set()
        while True:
            await begun.wait()
            begun.clear()
            await self._gap()

    async def _gap(self) -> None:
        """From its begin to its end."""
        says = f"log lines cannot be written and wait here: {self._ring.waits}; alerts go on, and what became of them is in the store"
        await self._store.run(lambda tx: tx.event("alarm.log_full", SUBJECT, message=says))
        while self._ring.waits:
            await asyncio.sleep(LOOK_AGAIN_S)
            self._ring.look()
        gap = self._ring.gap
        if gap is not None:
            await self._store.run(lambda tx: tx.event("log.gap", SUBJECT, **msgspec.to_builtins(gap)))


def _running() -> asyncio.AbstractEventLoop | None:
    """The loop of this thread, if it is in one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
