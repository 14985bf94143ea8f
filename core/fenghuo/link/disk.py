"""The port to what stands behind a station: the disk for its counters, windows and transfers, and the ledger of its medium."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from fenghuo.link.counters import Reservation, Wanted
from fenghuo.link.events import Changes
from fenghuo.link.keys import KeyRing
from fenghuo.link.ledger import Caps, Ledger
from fenghuo.link.station import Memory

__all__ = ["Disk"]


class Disk(Protocol):
    """Every call that is awaited returns after its commit; what it gave may be used, what it took may be acted upon."""

    async def reserve(self, wanted: Iterable[Wanted]) -> Sequence[Reservation]:
        """Counters for each lane that asks. Raises: StoreError."""

    async def keep(self, changes: Changes) -> None:
        """What must be on the disk before the next frame leaves. Raises: StoreError."""

    async def recall(self, ring: KeyRing) -> Memory:
        """What was kept before the start, as far as the keys still stand. Raises: StoreError."""

    async def airtime(self, caps: Caps) -> Ledger:
        """The same, for a channel that has no other use for this memory and so did not recall it. Raises: StoreError, ConfigError."""

    def ledger(self, caps: Caps) -> Ledger:
        """The airtime of this channel's medium, which all channels on it share. Raises: ConfigError: they count by different spans."""
