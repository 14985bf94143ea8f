"""The code word on a sheet of paper: eight letters and figures that name one delivery, typed or scanned when the sheet comes back. Pure.

Made from the token, which stands on the disk before anything is printed: a sheet that came out of the printer in the moment of a
crash has a code word that is known all the same.
"""

from __future__ import annotations

import hashlib

from fenghuo.errors import FormatError
from fenghuo.model.delivery import Token

__all__ = ["PREFIX", "code_of", "read_code", "shown", "symbol_of"]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that looks like a figure on bad paper."""
PREFIX = "FH1:"
"""What the symbol on the sheet holds before the code word, so that a scanner's line is known for what it is; 12 characters in all."""
_BITS = 35
_LENGTH = 8
_LOOKS_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def code_of(token: Token) -> str:
    """The code word of a delivery: seven symbols of its digest (35 bits), and one that makes a slip of the keyboard known."""
    value = int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8, person=b"fenghuo-code").digest()) >> (64 - _BITS)
    symbols = "".join(ALPHABET[(value >> shift) & 31] for shift in range(_BITS - 5, -5, -5))
    return symbols + _check(symbols)


def shown(code: str) -> str:
    """As it stands on the paper: `K7QD-3M2P`."""
    return f"{code[:4]}-{code[4:]}"


def symbol_of(code: str) -> str:
    """What a scanner reads; all of it in the alphanumeric mode of a QR code (ISO/IEC 18004 §7.3.4)."""
    return PREFIX + code


def read_code(typed: str) -> str:
    """What somebody typed or a scanner sent, as the code word. Raises: FormatError with a sentence about the slip."""
    said = typed.strip().upper().removeprefix(PREFIX)
    code = "".join(char for char in said if char not in "- \t").translate(_LOOKS_LIKE)
    if len(code) != _LENGTH:
        raise FormatError(
            f"the code {typed.strip()!r} has {len(code)} letters and figures; the one on a sheet has {_LENGTH}", code="bad-code"
        )
    strange = next((char for char in code if char not in ALPHABET), "")
    if strange:
        raise FormatError(f"the code {typed.strip()!r} holds {strange!r}, which is on no sheet; look again", code="bad-code")
    if code[-1] != _check(code[:-1]):
        raise FormatError(f"the code {shown(code)} does not fit together: one letter or figure is wrong; type it again", code="bad-code")
    return code


def _check(symbols: str) -> str:
    """A weighted sum over a prime: one wrong symbol, or two neighbours changed about, never fit."""
    total = sum(weight * ALPHABET.index(symbol) for weight, symbol in enumerate(symbols, 1))
    return ALPHABET[total % 31]
