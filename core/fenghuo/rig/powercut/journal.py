"""The one ordered log: what was asked of the disk, and what the outside world saw meanwhile."""

from __future__ import annotations

import msgspec

__all__ = ["Deleted", "DiskOp", "Journal", "Opened", "Seen", "Synced", "Truncated", "Written"]


class Opened(msgspec.Struct, frozen=True, gc=False):
    """A file was opened for writing; `created`: its name is new."""

    name: str
    created: bool


class Written(msgspec.Struct, frozen=True, gc=False):
    """`data` was written at `offset` (octets)."""

    name: str
    offset: int
    data: bytes


class Truncated(msgspec.Struct, frozen=True, gc=False):
    """The file was cut to `size` octets."""

    name: str
    size: int


class Synced(msgspec.Struct, frozen=True, gc=False):
    """Everything asked of this file so far is on the platter, its name too."""

    name: str


class Deleted(msgspec.Struct, frozen=True, gc=False):
    """The name was taken away; `durable`: the folder was synced with it."""

    name: str
    durable: bool


class Seen(msgspec.Struct, frozen=True, gc=False):
    """Something that a power cut cannot undo. Subclasses say what (world.py)."""


DiskOp = Opened | Written | Truncated | Synced | Deleted


class Journal:
    """Appended to by the file system and by the world alike, so that both have one order."""

    def __init__(self) -> None:
        self.entries: list[DiskOp | Seen] = []

    def append(self, entry: DiskOp | Seen) -> None:
        self.entries.append(entry)

    def __len__(self) -> int:
        return len(self.entries)
