"""The roll of the public as planning sees it: how many addresses of which kind in which area. The addresses stay on the disk."""

from __future__ import annotations

import msgspec

__all__ = ["PUBLIC", "Roll", "RollCount"]

PUBLIC = "public:"
"""What the recipient of a public audience begins with; an area follows, as in `public:mca:320585105`."""


class RollCount(msgspec.Struct, frozen=True):
    """Addresses of one kind in one area (`system:code`)."""

    area: str
    kind: str
    count: int


class Roll(msgspec.Struct, frozen=True):
    """One import of the roll. `number`: 0 for none; `digest`: SHA-256 (hex) of the file; `size`, `mtime_ns`: of that file."""

    number: int = 0
    digest: str = ""
    size: int = 0
    mtime_ns: int = 0
    counts: tuple[RollCount, ...] = ()

    def count(self, areas: frozenset[str], kinds: frozenset[str]) -> int:
        """How many addresses of these kinds there are in these areas."""
        return sum(one.count for one in self.counts if one.area in areas and one.kind in kinds)

    @property
    def total(self) -> int:
        """All addresses."""
        return sum(one.count for one in self.counts)
