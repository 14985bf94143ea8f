"""Looks at every row there is, a page at a time while nobody waits: what rotted in the history is found before somebody needs it.

Source: reliability.md §2, Row digests ("for history by an idle scrub").
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from fenghuo.errors import StoreError
from fenghuo.store.inspection import COUNTED
from fenghuo.store.mapping import Table
from fenghuo.store.store import Store
from fenghuo.store.tables import BLOB, MESSAGE, QUARANTINE, REFUSAL

__all__ = ["scrub", "scrub_daily"]

FIRST_S = 60.0
EVERY_S = 86_400.0
PAGE_ROWS = 100
"""Rows between two returns to the loop: about 1 ms."""
LARGE_ROWS = 4
"""The same of octets as they came, which may be some megabytes each."""
BREATH_S = 0.02
"""Between two pages: a million rows take five minutes, and a twentieth of one processor."""

log = structlog.get_logger(__name__)


async def scrub(store: Store, *, breath_s: float = BREATH_S) -> None:
    """Check every row once; a damaged one is set aside and alarmed, if it was not before. Raises: StoreError."""
    for table in COUNTED:
        if table is QUARANTINE:  # what is in it was damaged before
            continue
        after = await store.scrub(table, (), _rows_of(table))
        while after:
            await asyncio.sleep(breath_s)  # a breath for the others, and not a wait
            after = await store.scrub(table, after, _rows_of(table))


def _rows_of(table: Table[Any]) -> int:
    return LARGE_ROWS if table in (BLOB, MESSAGE, REFUSAL) else PAGE_ROWS


async def scrub_daily(store: Store) -> None:
    """Once when a start is over, and then every day; until cancelled."""
    wait_s = FIRST_S
    while True:
        await asyncio.sleep(wait_s)
        try:
            await scrub(store)
        except StoreError as error:
            log.error("the store could not be looked through", cause=str(error))
        wait_s = EVERY_S
