"""Whatever one sign of Unicode packs together is said, or it is told that it could not be."""

from __future__ import annotations

import unicodedata

import pytest

from fenghuo.formats.packed_signs import plain
from fenghuo.formats.spoken import spoken, unsaid


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("三〇九国道", "三零九国道"),
        ("﨑头村𠮷", "崎头村吉"),
        ("佐々木", "佐佐木"),
        ("①1,200人", "，1，1,200人"),
        ("⒈5", "，1，5"),
        ("烈度Ⅶ度", "烈度七度"),
        ("50㎜5㎥", "50mm5m3"),
        ("10³吨", "10的立方吨"),
        ("1½小时", "1又1/2小时"),
        ("H₂S", "H2S"),
        ("É", "E"),
        ("٣级", "3级"),
        ("こ", "こ"),
    ],
)
def test_a_packed_sign_is_taken_apart(written: str, same: str) -> None:
    """And figures that meet by that stay two."""
    assert same == plain(written)


_LETTERS_AND_FIGURES = frozenset({"Nd", "Nl", "No", "Lo", "Lu", "Ll", "Lm"})


def test_every_figure_and_every_packed_sign_is_said_or_told() -> None:
    """What Unicode has below the Han characters and in its compatibility blocks, each between two words: what is neither heard nor named
    as unsaid would be lost in silence."""
    blocks = (range(0x80, 0x3400), range(0xA000, 0xA100), range(0xF900, 0x10000), range(0x1D7CE, 0x1D800), range(0x1F100, 0x1F300))
    every = [chr(code) for block in blocks for code in block]
    asked = [char for char in every if unicodedata.category(char) in _LETTERS_AND_FIGURES or _is_packed(char)]
    written = "".join(f"龘门{char}隧" for char in asked)
    heard, told = spoken(written).split("龘")[1:], set(unsaid(written))
    assert len(asked) == len(heard)
    assert [] == [char for char, said in zip(asked, heard, strict=True) if said == "门隧" and told.isdisjoint(plain(char))]


def _is_packed(char: str) -> bool:
    """Whether a symbol stands for letters or figures."""
    return unicodedata.category(char) == "So" and any(each.isalnum() for each in unicodedata.normalize("NFKC", char))
