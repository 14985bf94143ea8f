"""Frame numbers for the radio of the script: the store's own reservations, in blocks small enough to run out."""

from __future__ import annotations

from fenghuo.store.frames import Reserved, reserve
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["Counters"]


class Counters:
    """The numbers of one lane. `block`: how many one commit reserves."""

    def __init__(self, store: Store, lane: str, *, block: int = 2) -> None:
        self.store = store
        self.lane = lane
        self.block = block
        self.next = 0
        self.end = 0

    async def take(self) -> int:
        """A number that was never given before."""
        if self.next == self.end:
            given = await self.store.run(self.reserve)
            self.next, self.end = given.first, given.until
        self.next += 1
        return self.next - 1

    def reserve(self, tx: Tx) -> Reserved:
        """A new block."""
        return reserve(tx, self.lane, since=0.0, step=self.block)
