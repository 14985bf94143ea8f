"""Numbers for frames, reserved ahead: the block is on the disk before its first number is used (security.md §4)."""

from __future__ import annotations

from fenghuo.store.records import CounterRow
from fenghuo.store.store import Store
from fenghuo.store.tables import COUNTER
from fenghuo.store.transaction import Tx

__all__ = ["Counters"]


class Counters:
    """The numbers of one key. `block`: how many one commit reserves."""

    def __init__(self, store: Store, name: str, *, block: int = 2) -> None:
        self.store = store
        self.name = name
        self.block = block
        self.next = 0
        self.end = 0

    async def take(self) -> int:
        """A number that was never given before."""
        if self.next == self.end:
            self.next = await self.store.run(self.reserve)
            self.end = self.next + self.block
        self.next += 1
        return self.next - 1

    def reserve(self, tx: Tx) -> int:
        """The first number of a new block."""
        row = tx.get(COUNTER, self.name)
        first = row.next if row else 1
        tx.put(COUNTER, CounterRow(self.name, first + self.block))
        return first
