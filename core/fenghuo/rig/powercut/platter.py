"""What the disk may hold after a cut: durable octets rolled forward through the journal, pending operations by policy.

Of a write, what is kept is sector by sector; of a name, whether it is there. Source: reliability.md §3.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import assert_never

from fenghuo.rig.powercut.journal import Deleted, DiskOp, Opened, Synced, Truncated, Written

__all__ = ["Image", "Platter", "Policy"]

SECTOR = 512

Image = dict[str, bytes]
"""The files that are there, by name."""


class Policy(StrEnum):
    """Which of the pending operations reached the platter. LIE is no policy of a drive that keeps its word."""

    NONE = "none"
    ALL = "all"
    PREFIX = "prefix"
    SUBSET = "subset"
    TORN = "torn"
    LIE = "lie"


class _File:
    def __init__(self, octets: bytes | None) -> None:
        self.durable = octets
        self.pending: list[DiskOp] = []

    def sync(self) -> None:
        """Make what is pending durable."""
        self.durable = self.after(self.pending)
        self.pending = []

    def after(self, ops: Iterable[DiskOp]) -> bytes | None:
        """The octets if these operations arrived too; the very same object if there are none, so that nobody looks twice."""
        todo = list(ops)
        if not todo:
            return self.durable
        octets = None if self.durable is None else bytearray(self.durable)
        for op in todo:
            octets = _applied(octets, op)
        return None if octets is None else bytes(octets)


class Platter:
    """The files of one journal up to a place. `honest`: a sync is one; else everything stays pending for ever."""

    def __init__(self, image: Image, *, honest: bool = True) -> None:
        self._files = {name: _File(octets) for name, octets in image.items()}
        self._honest = honest

    def feed(self, op: DiskOp) -> None:
        """One more operation was asked of the disk."""
        file = self._files.setdefault(op.name, _File(None))
        if isinstance(op, Opened) and not op.created:
            return
        is_durable = isinstance(op, Synced) or (isinstance(op, Deleted) and op.durable)
        if not isinstance(op, Synced):
            file.pending.append(op)
        if is_durable and self._honest:
            file.sync()

    @property
    def pending(self) -> int:
        """How many operations are not durable."""
        return sum(len(file.pending) for file in self._files.values())

    def image(self, policy: Policy, chance: random.Random) -> Image:
        """The files as this policy leaves them."""
        found: Image = {}
        for name in sorted(self._files):
            file = self._files[name]
            octets = file.after(_kept(file.pending, policy, chance))
            if octets is not None:
                found[name] = octets
        return found


def _kept(pending: list[DiskOp], policy: Policy, chance: random.Random) -> Iterator[DiskOp]:
    match policy:
        case Policy.NONE:
            return
        case Policy.ALL:
            yield from pending
        case Policy.PREFIX | Policy.LIE:
            yield from pending[: chance.randint(0, len(pending))]
        case Policy.SUBSET:
            yield from (op for op in pending if chance.random() < 0.5)
        case Policy.TORN:
            for op in pending:
                if chance.random() < 0.5:
                    yield _torn(op, chance) if isinstance(op, Written) and chance.random() < 0.5 else op


def _torn(op: Written, chance: random.Random) -> Written:
    """One side of a sector boundary inside the write; a write inside one sector stays whole."""
    first = op.offset - op.offset % SECTOR + SECTOR
    places = range(first, op.offset + len(op.data), SECTOR)
    if not places:
        return op
    at = chance.choice(places) - op.offset
    if chance.random() < 0.5:
        return Written(op.name, op.offset, op.data[:at])
    return Written(op.name, op.offset + at, op.data[at:])


def _applied(octets: bytearray | None, op: DiskOp) -> bytearray | None:
    if octets is None:  # what is written under a name that never arrived is lost with it
        return bytearray() if isinstance(op, Opened) else None
    match op:
        case Written(offset=offset, data=data):
            if len(octets) < offset:
                octets.extend(bytes(offset - len(octets)))
            octets[offset : offset + len(data)] = data
        case Truncated(size=size):
            del octets[size:]
        case Deleted():
            return None
        case Opened() | Synced():
            pass
        case _:
            assert_never(op)
    return octets
