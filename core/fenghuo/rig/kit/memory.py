"""The memory of the narrow link for a channel that the kit makes without a core around it."""

from __future__ import annotations

from collections.abc import Iterable

from fenghuo.link import Caps, Changes, Grant, KeyRing, Ledger, Memory, Wanted

__all__ = ["LoneMemory"]

FIRST = 1 << 20
"""Counters begin behind whatever the lives before have used: the far end knows them, and would take ours for a replay."""
STEP = 1024


class LoneMemory:
    """Fills Disk. It goes on where the last such channel of a check left off, and keeps nothing else."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    async def reserve(self, wanted: Iterable[Wanted]) -> list[Grant]:
        return [self._granted(each.lane) for each in wanted]

    async def keep(self, changes: Changes) -> None:
        """No such channel is ever restarted."""

    async def recall(self, ring: KeyRing) -> Memory:
        return Memory()

    async def airtime(self, caps: Caps) -> Ledger:
        return self.ledger(caps)

    def ledger(self, caps: Caps) -> Ledger:
        """A medium of its own."""
        return Ledger(caps)

    def _granted(self, lane: str) -> Grant:
        first = self._next.get(lane, FIRST)
        self._next[lane] = first + STEP
        return Grant(lane, first, first + STEP)
