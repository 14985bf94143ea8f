"""The GSM 7-bit default alphabet with its extension table: one septet an octet, as SMPP carries it, and packed, as a modem does.

Pure: no I/O, no state. Source: 3GPP TS 23.038 §6.2.1, tables of §6.2.1 and §6.2.1.1; §6.1.2.1 (packing).
"""

from __future__ import annotations

__all__ = ["ESCAPE", "decode", "encode", "is_gsm7", "pack", "unpack"]

ESCAPE = 0x1B

# Index = code; the place of the escape (0x1B) holds a character that no text contains.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}

_SEPTETS: dict[str, bytes] = {
    **{char: bytes((code,)) for code, char in enumerate(_BASIC) if code != ESCAPE},
    **{char: bytes((ESCAPE, code)) for code, char in _EXTENSION.items()},
}


def is_gsm7(text: str) -> bool:
    """Whether every character is in the alphabet or its extension."""
    return all(char in _SEPTETS for char in text)


def encode(text: str) -> bytes:
    """Text as septets, one an octet. Raises: ValueError naming the first character that the alphabet lacks."""
    try:
        return b"".join(_SEPTETS[char] for char in text)
    except KeyError as unknown:
        raise ValueError(f"{unknown.args[0]!r} is not in the GSM 7-bit alphabet") from None


def decode(septets: bytes) -> str:
    """Septets, one an octet, as text; never fails: an unknown extension reads as its basic character, an octet above 0x7F as `?`.

    Source: 3GPP TS 23.038 §6.2.1.1, note: a receiver that does not know an extension shows the default character.
    """
    read: list[str] = []
    escaped = False
    for octet in septets:
        if octet == ESCAPE:
            escaped = True
            continue
        basic = _BASIC[octet] if octet < len(_BASIC) else "?"
        read.append(_EXTENSION.get(octet, basic) if escaped else basic)
        escaped = False
    return "".join(read)


def pack(septets: bytes, *, fill: int = 0) -> bytes:
    """Septets, one an octet, as eight in seven octets, lowest bits first; `fill`: empty bits before the first (after a header)."""
    bits = sum(septet << 7 * at for at, septet in enumerate(septets))
    return (bits << fill).to_bytes((7 * len(septets) + fill + 7) // 8, "little")


def unpack(octets: bytes, count: int, *, fill: int = 0) -> bytes:
    """`count` septets, one an octet, of packed octets. What lies beyond the octets reads as 0, which is `@`."""
    bits = int.from_bytes(octets, "little") >> fill
    return bytes((bits >> 7 * at) & 0x7F for at in range(count))
