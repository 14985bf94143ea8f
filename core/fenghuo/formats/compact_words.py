"""A dictionary of the compact frame: two canonical prefix codes over tokens, and how a token is told from the bits.

Source: docs/compact-frame.md §4. The code of a token follows from the lengths alone: counted up within a length, shifted to the next.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from fenghuo.errors import FrameError
from fenghuo.formats.compact_dictionary_1_han import HAN
from fenghuo.formats.compact_dictionary_1_latin import LATIN

__all__ = [
    "BREAK",
    "CAPS",
    "COPY",
    "END",
    "GB2312",
    "JOIN",
    "LONGEST_CODE",
    "NEWEST",
    "RAW",
    "SHIFT",
    "SPECIAL",
    "SWITCH",
    "Code",
    "Dictionary",
    "dictionary",
]

NEWEST: Final = 1
"""The dictionary that is written with when nobody asks for an older one."""

LONGEST_CODE: Final = 16
"""Bits of the longest code."""

END, SWITCH, RAW, COPY, GB2312, CAPS, SHIFT, BREAK, JOIN = "␃", "␎", "␛", "␐", "␑", "␙", "␚", "␊", "␢"
"""Tokens that are no text: the end; to the other table; octets as they are; copied from before; one character of GB 2312;
capital letters on and off; one capital letter; a new line for the blank of the next word; the next word without its blank."""

_SEPARATOR = "␟"
_QUICK_BITS = 10
SPECIAL = frozenset({END, SWITCH, RAW, COPY, GB2312, CAPS, SHIFT, BREAK, JOIN})


class Code:
    """One table: what to write for a token, and which token begins at a place."""

    def __init__(self, rows: tuple[tuple[int, str], ...]) -> None:
        self.bits: dict[str, tuple[int, int]] = {}
        self._quick: list[tuple[str, int] | None] = [None] * (1 << _QUICK_BITS)
        self._limits: list[tuple[int, int, int, list[str]]] = []
        code = 0
        before = 0
        for length, token in ((length, token) for length, line in rows for token in line.split(_SEPARATOR)):
            code <<= length - before
            before = length
            self._enter(token, code, length)
            code += 1
        self.is_complete = code == 1 << before
        self.beginnings = frozenset(token[:size] for token in self.bits if token not in SPECIAL for size in range(1, len(token) + 1))

    def _enter(self, token: str, code: int, length: int) -> None:
        self.bits[token] = (code, length)
        if length <= _QUICK_BITS:
            spare = _QUICK_BITS - length
            self._quick[code << spare : (code + 1) << spare] = [(token, length)] * (1 << spare)
            return
        if not self._limits or self._limits[-1][1] != length:
            self._limits.append((0, length, code, []))
        _, _, first, tokens = self._limits[-1]
        tokens.append(token)
        self._limits[-1] = ((code + 1) << (LONGEST_CODE - length), length, first, tokens)

    def token(self, ahead: int) -> tuple[str, int]:
        """The token that the next LONGEST_CODE bits begin with, and how many bits it takes. Raises: FrameError("bad-code")."""
        quick = self._quick[ahead >> (LONGEST_CODE - _QUICK_BITS)]
        if quick is not None:
            return quick
        for limit, length, first, tokens in self._limits:
            if ahead < limit:
                return tokens[(ahead >> (LONGEST_CODE - length)) - first], length
        raise FrameError("no token begins with these bits", code="bad-code")


class Dictionary:
    """Two tables: one for Chinese, one for the rest."""

    def __init__(self, han: tuple[tuple[int, str], ...], latin: tuple[tuple[int, str], ...]) -> None:
        self.han = Code(han)
        self.latin = Code(latin)


@cache
def dictionary(number: int) -> Dictionary | None:
    """The dictionary of this number; None for 0, which is plain GB18030. Raises: FrameError("unknown-dictionary")."""
    if number == 0:
        return None
    if number == 1:
        return Dictionary(HAN, LATIN)
    raise FrameError(f"dictionary {number} is not known here; known are 0 to {NEWEST}", code="unknown-dictionary")
