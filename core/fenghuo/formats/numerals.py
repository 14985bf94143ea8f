"""Arabic figures as a Mandarin voice says them: amounts, years, and numbers read figure by figure. Pure."""

from __future__ import annotations

__all__ = ["amount", "by_figure", "telephone"]

_FIGURES = "零一二三四五六七八九"
_GROUPS = ("", "万", "亿", "万亿")
_PLACES = ("", "十", "百", "千")

LONGEST = 16
"""Figures of the longest whole number that has a name here (below 1e16, 万亿); what is longer is no amount and is read by figure."""


def amount(figures: str) -> str:
    """An amount, `12.50` as 十二点五零. Takes ASCII figures with at most one point; blanks and signs are the caller's."""
    whole, point, rest = figures.partition(".")
    said = _whole(whole) if len(whole) <= LONGEST else by_figure(whole)
    return f"{said}点{by_figure(rest)}" if point and rest else said


def by_figure(figures: str) -> str:
    """A year or a number that names something, `2026` as 二零二六."""
    return "".join(_FIGURES[int(figure)] for figure in figures)


def telephone(figures: str) -> str:
    """A telephone number: by figure, and 1 is said 幺 so that nobody hears 7."""
    return by_figure(figures).replace("一", "幺")


def _whole(figures: str) -> str:
    digits = figures.lstrip("0")
    if not digits:
        return "零"
    groups = [int(digits[max(0, end - 4) : end]) for end in range(len(digits), 0, -4)]
    said = ""
    for place in range(len(groups) - 1, -1, -1):
        if not groups[place]:
            continue
        skipped = place + 1 < len(groups) and (groups[place] < 1000 or not groups[place + 1])
        said += ("零" if skipped else "") + _group(groups[place]) + _GROUPS[place]
    return said.removeprefix("一") if said.startswith("一十") else said


def _group(value: int) -> str:
    """1 to 9999 without its group's name; a gap of any width is one 零."""
    said, gap = "", False
    for place in (3, 2, 1, 0):
        figure = value // 10**place % 10
        if figure:
            said += ("零" if gap and said else "") + _FIGURES[figure] + _PLACES[place]
            gap = False
        else:
            gap = True
    return said
