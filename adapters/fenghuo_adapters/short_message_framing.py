"""A text as one or more short messages, and back: alphabet, length, parts and their user data headers.

Pure: no I/O, no state. Source: 3GPP TS 23.040 §9.2.3.24.1 (concatenation), SMPP 3.4 §5.2.19 (data_coding).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from fenghuo_adapters import gsm7_framing

__all__ = ["Coding", "Concat", "Part", "coding_for", "decode_text", "encode_text", "part_count", "read_part", "split"]

Coding = Literal[0, 8]
"""data_coding of what we send: 0 is the GSM 7-bit alphabet, 8 is UCS-2 (big endian, UTF-16 for what lies beyond)."""

SINGLE_OCTETS = 140
PART_OCTETS = 134
WIDE_PART_OCTETS = 132
SINGLE_SEPTETS = 160
PART_SEPTETS = 153
WIDE_PART_SEPTETS = 152
MOST_PARTS = 255


_UDH_8BIT = 0x00
_UDH_16BIT = 0x08


class Concat(msgspec.Struct, frozen=True):
    """Which part of which message: reference (0-255 or 0-65535), number from 1, total."""

    reference: int
    number: int
    total: int


class Part(msgspec.Struct, frozen=True):
    """The user data of one short message: its header if it is a part of several, else only the encoded text."""

    octets: bytes
    has_header: bool


def coding_for(text: str) -> Coding:
    """0 where the GSM alphabet is enough, else 8."""
    return 0 if gsm7_framing.is_gsm7(text) else 8


def encode_text(text: str, coding: Coding) -> bytes:
    """Text in the octets of that coding; a lone surrogate becomes `?`. Raises: ValueError if the GSM alphabet lacks a character."""
    return gsm7_framing.encode(text) if coding == 0 else text.encode("utf-16-be", "replace")


def decode_text(octets: bytes, data_coding: int) -> str:
    """Text as a telephone wrote it; never fails. 15 is what Chinese gateways mean by GB 18030, 0 the GSM alphabet.

    Source: SMPP 3.4 §5.2.19; 0xF? and 0x1? carry the alphabet in bits 2-3, 3GPP TS 23.038 §4.
    """
    match data_coding:
        case 8 | 0x18 | 0x19:
            return octets.decode("utf-16-be", "replace")
        case 15:
            return octets.decode("gb18030", "replace")
        case 1:
            return octets.decode("ascii", "replace")
        case 3:
            return octets.decode("latin-1")
        case _:
            return gsm7_framing.decode(octets)


def part_count(text: str, *, wide: bool = False) -> int:
    """How many short messages a text takes."""
    coding = coding_for(text)
    return len(_pieces(encode_text(text, coding), coding, wide=wide))


def split(text: str, reference: int, *, wide: bool = False) -> tuple[Coding, tuple[Part, ...]]:
    """A text as its short messages; several carry a header with this reference, modulo 256, or 65536 if `wide`: two parts of two texts
    are then less easily taken for one, and each has room for a character less. No character is cut in two.

    Raises: ValueError if it takes more than 255 parts.
    """
    coding = coding_for(text)
    pieces = _pieces(encode_text(text, coding), coding, wide=wide)
    if len(pieces) == 1:
        return coding, (Part(pieces[0], has_header=False),)
    if len(pieces) > MOST_PARTS:
        raise ValueError(f"{len(pieces)} parts are more than a header can count ({MOST_PARTS})")
    named = bytes((6, _UDH_16BIT, 4, *divmod(reference % 65536, 256))) if wide else bytes((5, _UDH_8BIT, 3, reference % 256))
    return coding, tuple(
        Part(named + bytes((len(pieces), number)) + piece, has_header=True) for number, piece in enumerate(pieces, start=1)
    )


def _pieces(octets: bytes, coding: Coding, *, wide: bool) -> list[bytes]:
    single = SINGLE_SEPTETS if coding == 0 else SINGLE_OCTETS
    narrow, less = (PART_SEPTETS, WIDE_PART_SEPTETS) if coding == 0 else (PART_OCTETS, WIDE_PART_OCTETS)
    most = less if wide else narrow
    if len(octets) <= single:
        return [octets]
    pieces: list[bytes] = []
    start = 0
    while start < len(octets):
        end = _whole_end(octets, start + most, coding)
        pieces.append(octets[start:end])
        start = end
    return pieces


def _whole_end(octets: bytes, end: int, coding: Coding) -> int:
    """The end of a piece moved back so that neither an escape and its character nor a surrogate pair is torn apart."""
    if end >= len(octets):
        return len(octets)
    if coding == 0:
        return end - 1 if octets[end - 1] == gsm7_framing.ESCAPE else end
    return end - 2 if 0xD8 <= octets[end - 2] <= 0xDB else end


def read_part(user_data: bytes, *, has_header: bool) -> tuple[Concat | None, bytes]:
    """(which part, the text's octets) of user data as received; a header that does not hold together is taken for text."""
    if not has_header or not user_data or user_data[0] >= len(user_data):
        return None, user_data
    length = user_data[0]
    return _concat(user_data[1 : 1 + length]), user_data[1 + length :]


def _concat(header: bytes) -> Concat | None:
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if kind == _UDH_8BIT and len(value) == 3:
            return _checked(Concat(value[0], value[2], value[1]))
        if kind == _UDH_16BIT and len(value) == 4:
            return _checked(Concat(int.from_bytes(value[:2], "big"), value[3], value[2]))
        at += 2 + length
    return None


def _checked(concat: Concat) -> Concat | None:
    """A part outside 1…total is no part. Source: 3GPP TS 23.040 §9.2.3.24.1: such an element is ignored."""
    return concat if 1 <= concat.number <= concat.total else None
