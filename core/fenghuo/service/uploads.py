"""Removes uploaded octets that no message has named within their time: a page that was closed before it was sent fills no disk."""

from __future__ import annotations

import asyncio
import json
from functools import partial

import structlog

from fenghuo.errors import StoreError
from fenghuo.store.documents import LARGE_ROWS, move_out
from fenghuo.store.store import Store
from fenghuo.store.uploads import adopt, due, expire

__all__ = ["UploadKeeper"]

_NAMED = "SELECT 1 FROM message WHERE instr(body, CAST(? AS BLOB)) > 0 LIMIT 1"
"""A digest stands in the body of a message as text: asked for what is about to go, over all messages, in a reader."""
BREATH_S = 0.05
"""Between two of them: what a crowd uploaded is removed without holding up anybody's alert."""
AFTER_FAULT_S = 60.0

log = structlog.get_logger(__name__)


class UploadKeeper:
    """`after_s`: how long octets wait for the message that names them; 0: for ever."""

    def __init__(self, store: Store, after_s: float) -> None:
        self._store = store
        self._after_s = after_s

    async def run(self) -> None:
        """Until cancelled; asleep while nothing is due."""
        await self.move_out()
        if self._after_s <= 0:
            return
        await self._store.run(adopt)
        while True:
            try:
                wait_s = await self.remove()
            except StoreError as error:
                log.error("uploads that nobody named could not be removed", cause=str(error))
                wait_s = AFTER_FAULT_S
            await asyncio.sleep(wait_s)

    async def move_out(self) -> None:
        """Once for a store of before documents were kept apart: one row after the other, so that nobody's alert waits."""
        for rowid in json.loads(str(await self._store.scalar(LARGE_ROWS))):
            await self._store.run(partial(move_out, rowid=rowid))
            await asyncio.sleep(BREATH_S)

    async def remove(self) -> float:
        """Everything that is due; seconds until more can be. Raises: StoreError."""
        over, next_s = await self._store.run(partial(due, after_s=self._after_s))
        for digest in over:
            is_named = await self._store.scalar(_NAMED, digest) is not None
            if await self._store.run(partial(expire, digest=digest, after_s=self._after_s, is_named=is_named)):
                log.warning("an upload that no message named is removed", digest=digest)
            await asyncio.sleep(BREATH_S)
        return min(next_s, self._after_s)  # what is uploaded meanwhile is due no sooner
