"""What goes over the link as a whole, on both sides, and what must stand on the disk about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from fenghuo.link.frame import FrameKind
from fenghuo.model.traffic import Priority, Traffic

__all__ = ["Ending", "Incoming", "Intent", "Key", "Outgoing", "Parcel"]


class Parcel(msgspec.Struct, frozen=True):
    """A message to a device or group. `body`: the compact frame, opaque here; `ends_at`: UTC seconds; `ref`: the caller's own name
    for it, under which a transfer is taken up again after a crash."""

    destination: int
    kind: FrameKind
    traffic: Traffic
    priority: Priority
    body: bytes
    ends_at: float
    ref: str


class Key(NamedTuple):
    """What is one transfer at its receiver. `lane`: the name of the one it came in: a new key begins to count anew."""

    source: int
    destination: int
    transfer: int
    lane: str


class Outgoing(msgspec.Struct, frozen=True):
    """A parcel under way. `size`: octets of each piece but the last; `held`: what each member (a device: one) said to hold; `lane`: the
    name of the one it goes in."""

    parcel: Parcel
    transfer: int
    size: int
    held: tuple[int, ...]
    opened_at: float
    lane: str


class Incoming(msgspec.Struct, frozen=True):
    """What has come of a parcel; `pieces`: None where one is missing, all gone when `done`; `lane`: the name of the one it comes in;
    `digest`: of the whole, once the last piece has told it."""

    source: int
    destination: int
    transfer: int
    kind: FrameKind
    traffic: Traffic
    pieces: tuple[bytes | None, ...]
    ends_at: float
    at: float
    lane: str
    digest: bytes = b""
    done: bool = False

    @property
    def key(self) -> Key:
        return Key(self.source, self.destination, self.transfer, self.lane)

    @property
    def held(self) -> int:
        """The bitmap of pieces that are here."""
        if self.done:
            return (1 << len(self.pieces)) - 1
        return sum(1 << index for index, octets in enumerate(self.pieces) if octets is not None)

    @property
    def body(self) -> bytes | None:
        """The whole body, when nothing is missing."""
        octets = [piece for piece in self.pieces if piece is not None]
        return b"".join(octets) if len(octets) == len(self.pieces) else None


class Intent(msgspec.Struct, frozen=True):
    """One frame that somebody here wants on the air. `ends_at`: UTC seconds, 0 for the hour that talk of the link itself is good."""

    destination: int
    kind: FrameKind
    payload: bytes
    traffic: Traffic = Traffic.SYSTEM
    ends_at: float = 0.0


class Ending(StrEnum):
    """How a transfer ended."""

    HELD = "held"
    """Everybody it was for has all of it on the disk."""
    SILENT = "silent"
    """Somebody did not answer the last poll."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
