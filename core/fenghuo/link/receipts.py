"""What goes back: which pieces are held, polls for those who did not say, and the tally of a whole group. Payloads of RECEIPT frames.

1 || { destination 8 || transfer 16 || count - 1 8 || bitmap }…      held; count - 1 = 254 and a digest 24 in place of the bitmap: all of
                                                                     it; count - 1 = 255 and no bitmap: nothing is known of it
4 || as 1                                                            held, and more follows under the same keying
2 || destination 8 || transfer 16                                    poll
3 || transfer 16 || level 8 || members 8 || bitmap                   tally
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from fenghuo.errors import FrameError
from fenghuo.link.pieces import DIGEST, MOST
from fenghuo.model.evidence import Evidence

__all__ = ["Held", "HeldList", "Poll", "Tally", "decode_receipt", "encode_receipt"]

_HELD, _POLL, _TALLY, _HELD_FIRST = 1, 2, 3, 4
_WHOLE, _UNKNOWN = 254, 255


class Held(msgspec.Struct, frozen=True):
    """Which pieces of a transfer are on the disk here. `destination`: ours, or the group's; `count` 0: never heard of it. `digest`: all of
    it was taken over for good, and this is the digest of what was taken; nothing else says so."""

    destination: int
    transfer: int
    count: int = 0
    pieces: int = 0
    digest: bytes = b""


class HeldList(msgspec.Struct, frozen=True):
    """Several transfers in one frame: keying costs more than the octets. `follows`: the post says something of its own right behind it,
    so that whoever hears this waits for that, and the turn passes from one to the other."""

    entries: tuple[Held, ...]
    follows: bool = False


class Poll(msgspec.Struct, frozen=True):
    """Say at once what you hold of this transfer."""

    destination: int
    transfer: int


class Tally(msgspec.Struct, frozen=True):
    """One receipt for a whole group: bit i of `reached` for member i, at `level` or above, of what `transfer` brought."""

    transfer: int
    level: Evidence
    members: int
    reached: int

    @classmethod
    def of(cls, transfer: int, level: Evidence, group: Sequence[int], codes: Collection[int]) -> Tally:
        """The tally of a group, whose members are given in the order of slots, when those with these node codes were reached."""
        return cls(transfer, level, len(group), sum(1 << place for place, code in enumerate(group) if code in codes))


Receipt = HeldList | Poll | Tally


def encode_receipt(receipt: Receipt) -> bytes:
    """The payload of a RECEIPT frame."""
    match receipt:
        case HeldList(entries, follows):
            return bytes((_HELD_FIRST if follows else _HELD,)) + b"".join(map(_held, entries))
        case Poll(destination, transfer):
            return bytes((_POLL, destination)) + transfer.to_bytes(2, "big")
        case Tally(transfer, level, members, reached):
            return bytes((_TALLY,)) + transfer.to_bytes(2, "big") + bytes((level, members)) + reached.to_bytes(_octets(members), "little")


def decode_receipt(payload: bytes) -> Receipt:
    """What a RECEIPT frame says. Raises: FrameError: cut off, or nothing that is known here."""
    kind, rest = payload[:1], payload[1:]
    if kind in (bytes((_HELD,)), bytes((_HELD_FIRST,))):
        return HeldList(tuple(_entries(rest)), follows=kind == bytes((_HELD_FIRST,)))
    if kind == bytes((_POLL,)) and len(rest) == 3:
        return Poll(rest[0], int.from_bytes(rest[1:], "big"))
    if kind == bytes((_TALLY,)) and len(rest) >= 4 and len(rest) == 4 + _octets(rest[3]) and rest[2] in Evidence.__members__.values():
        return Tally(int.from_bytes(rest[:2], "big"), Evidence(rest[2]), rest[3], int.from_bytes(rest[4:], "little"))
    raise FrameError(f"a receipt of {len(payload)} octets says nothing that is known here", code="receipt", where="0")


def _held(held: Held) -> bytes:
    head = bytes((held.destination,)) + held.transfer.to_bytes(2, "big")
    if held.digest:
        return head + bytes((_WHOLE,)) + held.digest
    if not held.count:
        return head + bytes((_UNKNOWN,))
    return head + bytes((held.count - 1,)) + held.pieces.to_bytes(_octets(held.count), "little")


def _entries(octets: bytes) -> Sequence[Held]:
    found = []
    while octets:
        last = octets[3] if len(octets) > 3 else MOST
        size = {_WHOLE: DIGEST, _UNKNOWN: 0}.get(last, _octets(last + 1))
        if len(octets) < 4 + size or MOST <= last < _WHOLE:
            raise FrameError("a receipt ends within an entry", code="receipt", where=str(len(octets)))
        found.append(_entry(octets[0], int.from_bytes(octets[1:3], "big"), last, octets[4 : 4 + size]))
        octets = octets[4 + size :]
    return found


def _entry(destination: int, transfer: int, last: int, said: bytes) -> Held:
    if last == _WHOLE:
        return Held(destination, transfer, digest=said)
    if last == _UNKNOWN:
        return Held(destination, transfer)
    return Held(destination, transfer, last + 1, int.from_bytes(said, "little") & (1 << last + 1) - 1)


def _octets(count: int) -> int:
    return (count + 7) // 8
