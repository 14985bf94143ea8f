"""Making a text fit."""

from __future__ import annotations

import pytest

from fenghuo.errors import FormatError
from fenghuo.formats.fitting import Piece, fit, sentences

PIECES = [
    Piece("head", "甲。"),
    Piece("time", "乙。", 2),
    Piece("text", "一二。三四；五六", 4, shrinks=True),
    Piece("ask", "请答", 1, short="答"),
]


@pytest.mark.parametrize(
    ("limit", "text", "left_out"),
    [
        (0, "甲。乙。一二。三四；五六请答", ()),
        (14, "甲。乙。一二。三四；五六请答", ()),
        (13, "甲。乙。一二。三四；请答", ("text",)),
        (9, "甲。乙。一二。请答", ("text",)),
        (8, "甲。乙。请答", ("text",)),
        (5, "甲。请答", ("text", "time")),
        (3, "甲。答", ("text", "time", "ask")),
    ],
)
def test_fit(limit: int, text: str, left_out: tuple[str, ...]) -> None:
    """The least important goes first, by whole sentences where it may, and what went is named."""
    assert (text, left_out) == fit(PIECES, limit, len)


def test_too_long() -> None:
    """What may never be left out is never cut."""
    with pytest.raises(FormatError) as refusal:
        fit(PIECES, 2, len)
    assert ("too-long", "what may never be left out (head, ask) takes 3, and the budget is 2") == (refusal.value.code, str(refusal.value))


@pytest.mark.parametrize(
    ("text", "parts"),
    [("", []), ("雨量12.5毫米。请注意；转移！", ["雨量12.5毫米。", "请注意；", "转移！"]), ("One. Two", ["One. ", "Two"]), ("无", ["无"])],
)
def test_sentences(text: str, parts: list[str]) -> None:
    """A cut is never made inside a number, and joined the parts are the text."""
    assert (parts, text) == (sentences(text), "".join(sentences(text)))
