"""Pieces of a message: what stands before each, how a body is cut and put together again.

transfer 16 bits || asks 1 | calls 1 | index 6 || 0 2 | count - 1, 6 bits || [call] || octets of the body
call: length of a slot 8 bits, in tenths of a second || octets of the bitmap 8 || bitmap of the members asked
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from fenghuo.errors import FrameError

__all__ = ["MOST", "PIECE_HEAD", "Call", "Piece", "bits", "cut", "members_of"]

PIECE_HEAD = 4  # octets
MOST = 64  # pieces of a body
_ASKS = 0x80
_CALLS = 0x40


class Call(msgspec.Struct, frozen=True):
    """Who answers after this frame, one after another. `slot_ds`: tenths of a second; `asked`: bit i for member i of the group."""

    slot_ds: int
    asked: int

    def encode(self) -> bytes:
        octets = bits(self.asked)
        return bytes((self.slot_ds, len(octets))) + octets


class Piece(msgspec.Struct, frozen=True):
    """Piece `index` of `count` of a transfer. `asks`: the sender waits for a receipt; `call`: a group answers in slots."""

    transfer: int
    index: int
    count: int
    octets: bytes
    asks: bool = False
    call: Call | None = None

    def encode(self) -> bytes:
        flags = (_ASKS if self.asks else 0) | (_CALLS if self.call else 0)
        head = self.transfer.to_bytes(2, "big") + bytes((flags | self.index, self.count - 1))
        return head + (self.call.encode() if self.call else b"") + self.octets

    @classmethod
    def decode(cls, payload: bytes) -> Piece:
        """A piece. Raises: FrameError: cut off, or an index past the count."""
        if len(payload) < PIECE_HEAD:
            raise FrameError(f"a piece of {len(payload)} octets has no whole head", code="piece-short", where=str(len(payload)))
        transfer, flags, last = int.from_bytes(payload[:2], "big"), payload[2], payload[3]
        index, count = flags & 0x3F, last + 1
        if count > MOST or index >= count:
            raise FrameError(f"piece {index} of {count} is none", code="piece-index", where="2")
        call, rest = _call(payload[PIECE_HEAD:]) if flags & _CALLS else (None, payload[PIECE_HEAD:])
        return cls(transfer, index, count, rest, bool(flags & _ASKS), call)


def _call(octets: bytes) -> tuple[Call, bytes]:
    if len(octets) < 2 or len(octets) < 2 + octets[1] or octets[1] > MOST // 8:
        raise FrameError("a call ends before its bitmap", code="piece-short", where=str(PIECE_HEAD))
    end = 2 + octets[1]
    return Call(octets[0], int.from_bytes(octets[2:end], "little")), octets[end:]


def bits(mask: int) -> bytes:
    """A bitmap in as few octets as it takes, bit 0 in the first; at least one."""
    return mask.to_bytes(max(1, (mask.bit_length() + 7) // 8), "little")


def members_of(mask: int) -> Iterable[int]:
    """The numbers of the bits that are set, rising."""
    return (number for number in range(mask.bit_length()) if mask >> number & 1)


def cut(body: bytes, room: int) -> Sequence[bytes]:
    """The body in as few pieces as fit `room` octets, of nearly one length: a long and a short one would cost the same keying
    and lose more. Raises: FrameError: more than 64 pieces."""
    count = max(1, -(-len(body) // room))
    if count > MOST:
        raise FrameError(f"{len(body)} octets are more than {MOST} pieces of {room}", code="too-long")
    size = -(-len(body) // count) or 1
    return tuple(body[start : start + size] for start in range(0, max(1, len(body)), size))
