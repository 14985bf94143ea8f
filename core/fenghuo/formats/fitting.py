"""Making a text fit a budget: whole phrases and whole sentences go, nothing is cut inside, and what went is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from fenghuo.errors import FormatError

__all__ = ["Piece", "fit", "sentences"]

_SENTENCE_END = re.compile(r"(?<=[。；！？;!?])|(?<=\. )")
"""A cut is made after a full stop or a semicolon only, so never inside a number, a unit or a name."""


class Piece(msgspec.Struct, frozen=True):
    """A phrase in its place. `rank` 0 is never left out; of the others the highest rank goes first.

    `shrinks`: whole sentences may be dropped from its end before it goes altogether. `short` stands in when it is dropped.
    """

    name: str
    text: str
    rank: int = 0
    shrinks: bool = False
    short: str = ""


def fit(pieces: Sequence[Piece], limit: int, measure: Callable[[str], int]) -> tuple[str, tuple[str, ...]]:
    """The pieces joined within `limit` as `measure` counts (0: no limit), and the names of those that were left out or shortened.

    Raises: FormatError("too-long") if what may never be left out does not fit.
    """
    kept = [piece for piece in pieces if piece.text]
    left_out: list[str] = []
    while limit and measure(_joined(kept)) > limit:
        index = max(range(len(kept)), key=lambda at: (kept[at].rank, at), default=-1)
        if index < 0 or not kept[index].rank:
            raise _too_long(kept, limit, measure)
        piece = kept[index]
        left_out.append(piece.name)
        room = limit - measure(_joined([*kept[:index], *kept[index + 1 :]]))
        kept[index] = Piece(piece.name, _shrunk(piece, room, measure))
    return _joined(kept), tuple(dict.fromkeys(left_out))


def sentences(text: str) -> list[str]:
    """The text as whole sentences, each with its closing mark; joined they are the text again."""
    return [part for part in _SENTENCE_END.split(text) if part]


def _joined(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _shrunk(piece: Piece, room: int, measure: Callable[[str], int]) -> str:
    """As many whole sentences from the start of the piece as there is room for, or its short form."""
    kept = ""
    for part in sentences(piece.text) if piece.shrinks else ():
        if measure(kept + part) > room:
            break
        kept += part
    return kept or piece.short


def _too_long(pieces: Sequence[Piece], limit: int, measure: Callable[[str], int]) -> FormatError:
    names = ", ".join(piece.name for piece in pieces if piece.text.strip())
    size = measure(_joined(pieces))
    return FormatError(f"what may never be left out ({names}) takes {size}, and the budget is {limit}", code="too-long")
