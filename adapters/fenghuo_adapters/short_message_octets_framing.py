"""Octets as characters of a short message: fifteen bits in each of up to seventy, behind the mark 烽. Pure.

Only what the UCS-2 of every handset has: 32,768 characters that stand in Unicode 3.0, none of which any normalisation changes. One message
of 70 so holds 129 octets beside the mark; 160 characters of the GSM alphabet, of which 87 are sure to pass a centre, would hold 127.
Source: 3GPP TS 23.038 §6.2; ISO/IEC 7816-4 for the padding: a bit that is set, then zeros.
"""

from __future__ import annotations

__all__ = ["MARK", "SINGLE_CARRIES", "characters_for", "from_characters", "to_characters"]

MARK = "烽"
SINGLE_CARRIES = 129
"""Octets that one short message carries."""

_BITS = 15
_IDEOGRAPHS = (0x4E00, 0x9FA5)
_EXTENSION_A = (0x3400, 0x4DB5)
_HANGUL = (0xAC00, 0xAC00 + (1 << _BITS) - (0x9FA5 - 0x4E00 + 1) - (0x4DB5 - 0x3400 + 1) - 1)
_ALPHABET = "".join(chr(code) for first, last in (_IDEOGRAPHS, _EXTENSION_A, _HANGUL) for code in range(first, last + 1))
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


def characters_for(octets: int) -> int:
    """How many characters so many octets take, mark and padding included."""
    return len(MARK) + -(-(8 * octets + 1) // _BITS)


def to_characters(octets: bytes) -> str:
    """The text that carries these octets."""
    bits = 8 * len(octets) + 1
    count = -(-bits // _BITS)
    value = (int.from_bytes(octets, "big") << 1 | 1) << (count * _BITS - bits)
    return MARK + "".join(_ALPHABET[value >> _BITS * at & (1 << _BITS) - 1] for at in range(count - 1, -1, -1))


def from_characters(text: str) -> bytes:
    """The octets of a text. Raises: ValueError: it carries none."""
    said = text.strip()
    if len(said) <= len(MARK) or not said.startswith(MARK):
        raise ValueError("the text does not begin with the mark of coded octets")
    value = 0
    for character in said[len(MARK) :]:
        if character not in _VALUES:
            raise ValueError(f"U+{ord(character):04X} stands for no bits")
        value = value << _BITS | _VALUES[character]
    bits, padding = _BITS * (len(said) - len(MARK)), (value & -value).bit_length()
    if not value or padding > _BITS or (bits - padding) % 8:
        raise ValueError("the last character does not end the octets")
    return (value >> padding).to_bytes((bits - padding) // 8, "big")
