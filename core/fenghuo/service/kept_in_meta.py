"""What a keeper of the service has put into the store by name, taken back at a start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec

from fenghuo.store.store import Store
from fenghuo.store.tables import META

__all__ = ["taken_back"]

T = TypeVar("T")


async def taken_back(store: Store, row: str, shape: type[T], *, what: str) -> AsyncIterator[T]:
    """Every one whose name begins with `row`. What cannot be read stops no start: a person is told. `what`: how that sentence begins.
    Raises: StoreError."""
    for kept in await store.find(META, "name LIKE ?", f"{row}%"):
        try:
            one = msgspec.json.decode(kept.value, type=shape)
        except msgspec.MsgspecError as fault:
            says, subject = f"{what} cannot be read: {fault}", kept.name.replace(".", "/", 1)
            await store.run(lambda tx, says=says, subject=subject: tx.event("alarm.incident_lost", subject, message=says))  # type: ignore[misc]
            continue
        yield one
