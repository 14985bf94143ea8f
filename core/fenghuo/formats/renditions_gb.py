"""Text for whatever takes octets of a Chinese character set: LED signs, cells of 140 octets, broadcast devices of the older kind.

What a device cannot show stops the rendition; nothing becomes a question mark. Source: wire-formats.md §10; GB 18030-2022; GB/T 2312-1980.
"""

from __future__ import annotations

from fenghuo.errors import FormatError
from fenghuo.formats.fitting import Piece, fit
from fenghuo.formats.pieces import limit_of, pieces_of
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition

__all__ = ["COPY_MARK_OCTETS", "gb2312_text", "gb_text", "in_gb2312"]

COPY_MARK_OCTETS = 11
"""Room kept for a later copy mark, octets: 【重发 99】 in GB 18030."""

_NO_BUDGET = Budget()

_DASHES = "－–—−"
_SUBSTITUTES = str.maketrans(
    {"〇": "零", "㎜": "毫米", "㎝": "厘米", "㎞": "千米", "㎡": "平方米", "³": "3", "²": "2", "\u00a0": " ", **dict.fromkeys(_DASHES, "-")}
)
"""What GB/T 2312 lacks and what says the same there."""


def gb_text(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """Readable text in GB 18030; `budget.octets` counts after encoding, with room kept for a copy mark.

    Orders and reports are never cut. Raises: FormatError("too-long") if what must be said does not fit.
    """
    return _made("gb", pieces_of(message), limit_of(message, budget.octets), "gb18030")


def gb2312_text(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """As gb_text() for a device that knows only the 6763 characters of GB/T 2312.

    Raises: FormatError("charset") naming the first character that such a device does not have.
    """
    pieces = [Piece(one.name, in_gb2312(one.text), one.rank, one.shrinks, in_gb2312(one.short)) for one in pieces_of(message)]
    return _made("gb2312", pieces, limit_of(message, budget.octets), "gb2312")


def _made(form: str, pieces: list[Piece], limit: int, charset: str) -> Rendition:
    room = max(1, limit - COPY_MARK_OCTETS) if limit else 0
    text, left_out = fit(pieces, room, lambda words: len(words.encode(charset)))
    return Rendition(form, text, text.encode(charset), f"text/plain; charset={charset}", left_out)


def in_gb2312(text: str) -> str:
    """The text with what GB/T 2312 lacks said otherwise. Raises: FormatError("charset") naming what cannot be."""
    known = text.translate(_SUBSTITUTES)
    for char in known:
        try:
            char.encode("gb2312")
        except UnicodeEncodeError:
            says = f"the character {char} (U+{ord(char):04X}) is not in GB/T 2312, and a device of that kind would show something else"
            raise FormatError(says, code="charset") from None
    return known
