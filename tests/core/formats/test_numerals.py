"""Figures as they are said."""

from __future__ import annotations

import pytest

from fenghuo.formats.numerals import amount, by_figure, telephone


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ("0", "零"),
        ("10", "十"),
        ("15", "十五"),
        ("105", "一百零五"),
        ("110", "一百一十"),
        ("1001", "一千零一"),
        ("1010", "一千零一十"),
        ("10000", "一万"),
        ("10010", "一万零一十"),
        ("20050", "二万零五十"),
        ("110000", "十一万"),
        ("10010001", "一千零一万零一"),
        ("100000000", "一亿"),
        ("100010000", "一亿零一万"),
        ("007", "七"),
        ("0.5", "零点五"),
        ("12.50", "十二点五零"),
        ("12.", "十二"),
        ("12345678901234567", "一二三四五六七八九零一二三四五六七"),
    ],
)
def test_an_amount_is_said_with_its_places(figures: str, said: str) -> None:
    """One 零 for a gap of any width, none for the zeros at the end, and 十 without 一 at the beginning."""
    assert said == amount(figures)


def test_a_year_is_said_by_figure_and_a_telephone_number_without_a_one() -> None:
    """一 and 七 sound alike over a bad line, so that a number to call has 幺."""
    assert ("二零二六", "幺二三四五") == (by_figure("2026"), telephone("12345"))
