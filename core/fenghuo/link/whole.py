"""A body as it goes over the link: its pieces, and the digest by which both ends know that they speak of the same whole.

Each piece has a tag of its own, and none of them covers the others; a transfer number comes round, and a store can be lost. So the last of
several pieces carries three octets of SHA-256 over what is said to whom, and a receipt for all of it repeats them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from fenghuo.link.frame import FrameKind
from fenghuo.link.keys import Lane
from fenghuo.link.pieces import DIGEST, Call, Piece
from fenghuo.link.receipts import Held
from fenghuo.model.traffic import Traffic

__all__ = ["Whole", "digest_of"]

_TRAFFIC = (Traffic.ACTUAL, Traffic.EXERCISE, Traffic.SYSTEM, Traffic.TEST)


def digest_of(lane: Lane, transfer: int, body: bytes, *, kind: FrameKind, traffic: Traffic) -> bytes:
    """Three octets that stand for a whole message under one key. `transfer`: as on the air, 0-65,535."""
    head = bytes((lane.key_id, lane.source, lane.destination, kind, _TRAFFIC.index(traffic))) + transfer.to_bytes(2, "big")
    return hashlib.sha256(head + body).digest()[:DIGEST]


class Whole(msgspec.Struct, frozen=True):
    """What is under way, cut. `digest`: of all of it."""

    pieces: Sequence[bytes]
    digest: bytes

    @property
    def all(self) -> int:
        """The bitmap of all pieces."""
        return (1 << len(self.pieces)) - 1

    def piece(self, transfer: int, index: int, *, asks: bool = False, call: Call | None = None) -> Piece:
        """Piece `index` as it goes on the air."""
        is_last = 0 < index == len(self.pieces) - 1
        return Piece(transfer, index, len(self.pieces), self.pieces[index], asks, call, self.digest if is_last else b"")

    def told(self, held: Held, known: int) -> int:
        """The bitmap of what a far end holds after it said so, `known` before. Only the digest of this very body says that all of it is
        there; whoever has a whole with another one, or of another size, has none of this."""
        if held.digest:
            return self.all if held.digest == self.digest else 0
        if held.count != len(self.pieces):
            return 0
        return held.pieces if held.pieces != self.all else known
