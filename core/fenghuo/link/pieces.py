"""Pieces of a message: what stands before each, how a body is cut and put together again.

transfer 16 bits || asks 1 | calls 1 | index 6 || 0 1 | digest 1 | count - 1, 6 bits || [call] || [digest] || octets of the body
call: length of a slot 8 bits, in tenths of a second || octets of the bitmap 8 || bitmap of the members asked
digest: three octets for the whole body, in the last of several pieces and nowhere else
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from fenghuo.errors import FrameError

__all__ = ["DIGEST", "MOST", "PIECE_HEAD", "Call", "Piece", "bits", "cut", "members_of"]

PIECE_HEAD = 4  # octets
MOST = 64  # pieces of a body
_ASKS = 0x80
_CALLS = 0x40
_TELLS = 0x40  # beside the count; before there was a digest such a piece was refused, so no receiver takes one for octets of the body
DIGEST = 3  # octets


class Call(msgspec.Struct, frozen=True):
    """Who answers after this frame, one after another. `slot_ds`: tenths of a second; `asked`: bit i for member i of the group."""

    slot_ds: int
    asked: int

    def encode(self) -> bytes:
        octets = bits(self.asked)
        return bytes((self.slot_ds, len(octets))) + octets


class Piece(msgspec.Struct, frozen=True):
    """Piece `index` of `count` of a transfer. `asks`: the sender waits for a receipt; `call`: a group answers in slots; `digest`: of the
    whole body, in the last of several."""

    transfer: int
    index: int
    count: int
    octets: bytes
    asks: bool = False
    call: Call | None = None
    digest: bytes = b""

    def encode(self) -> bytes:
        flags = (_ASKS if self.asks else 0) | (_CALLS if self.call else 0)
        count = (_TELLS if self.digest else 0) | self.count - 1
        head = self.transfer.to_bytes(2, "big") + bytes((flags | self.index, count))
        return head + (self.call.encode() if self.call else b"") + self.digest + self.octets

    @classmethod
    def decode(cls, payload: bytes) -> Piece:
        """A piece. Raises: FrameError: cut off, an index past the count, or a digest where none is or none where one must be."""
        if len(payload) < PIECE_HEAD:
            raise FrameError(f"a piece of {len(payload)} octets has no whole head", code="piece-short", where=str(len(payload)))
        transfer, flags, tells = int.from_bytes(payload[:2], "big"), payload[2], bool(payload[3] & _TELLS)
        index, count = flags & 0x3F, (payload[3] & ~_TELLS) + 1
        if count > MOST or index >= count:
            raise FrameError(f"piece {index} of {count} is none", code="piece-index", where="2")
        call, rest = _call(payload[PIECE_HEAD:]) if flags & _CALLS else (None, payload[PIECE_HEAD:])
        if tells is not (0 < index == count - 1) or (tells and len(rest) < DIGEST):
            raise FrameError(f"piece {index} of {count} has a digest only if it is the last of several", code="piece-digest", where="3")
        digest, octets = (rest[:DIGEST], rest[DIGEST:]) if tells else (b"", rest)
        return cls(transfer, index, count, octets, bool(flags & _ASKS), call, digest)


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
    and lose more. Each of several leaves room for a digest. Raises: FrameError: more than 64 pieces."""
    room = room if len(body) <= room else room - DIGEST
    count = max(1, -(-len(body) // room))
    if count > MOST:
        raise FrameError(f"{len(body)} octets are more than {MOST} pieces of {room}", code="too-long")
    size = -(-len(body) // count) or 1
    return tuple(body[start : start + size] for start in range(0, max(1, len(body)), size))
