"""The port to the disk behind a station: what its owner is given to keep counters, windows and transfers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from fenghuo.link.counters import Reservation, Wanted
from fenghuo.link.events import Changes
from fenghuo.link.keys import KeyRing
from fenghuo.link.station import Memory

__all__ = ["Disk"]


class Disk(Protocol):
    """Every call returns after its commit; what it gave may be used, what it took may be acted upon."""

    async def reserve(self, wanted: Iterable[Wanted]) -> Sequence[Reservation]:
        """Counters for each lane that asks. Raises: StoreError."""

    async def keep(self, changes: Changes) -> None:
        """What must be on the disk before the next frame leaves. Raises: StoreError."""

    async def recall(self, ring: KeyRing) -> Memory:
        """What was kept before the start, as far as the keys still stand. Raises: StoreError."""
