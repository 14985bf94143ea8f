"""A short text as a QR symbol, for a page and for a terminal. Source: ISO/IEC 18004:2015; the quiet zone is its §6.3.8."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import segno

__all__ = ["half_blocks", "svg_uri"]

QUIET = 4


def svg_uri(text: str) -> str:
    """A picture for the `src` of an image: black on white in every theme, and no request anywhere."""
    rows = _modules(text)
    side = len(rows)
    dark = "".join(f"M{x},{y}h{width}v1h-{width}z" for y, row in enumerate(rows) for x, width in _runs(row))
    size = f"viewBox='0 0 {side} {side}' width='{side}' height='{side}' shape-rendering='crispEdges'"
    white = f"<rect width='{side}' height='{side}' fill='#fff'/>"
    return "data:image/svg+xml," + quote(f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{white}<path d='{dark}'/></svg>", safe="/:='(),")


def half_blocks(text: str, *, colour: bool = True) -> list[str]:
    """Lines for a terminal, two rows of modules each. `colour`: black on white whatever the terminal has; else the light modules are
    written, for the usual light letters on a dark ground."""
    rows = _modules(text)
    pairs = [(rows[at], rows[at + 1] if at + 1 < len(rows) else [False] * len(rows[at])) for at in range(0, len(rows), 2)]
    signs = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    lines = ["".join(signs[bool(up) == colour, bool(low) == colour] for up, low in zip(*pair, strict=True)) for pair in pairs]
    return [f"\x1b[30;107m{line}\x1b[0m" for line in lines] if colour else lines


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    """Where dark modules begin, and how many."""
    at = 0
    for is_dark, group in itertools.groupby(row):
        width = len(list(group))
        if is_dark:
            yield at, width
        at += width


def _modules(text: str) -> list[list[bool]]:
    rows: Sequence[Sequence[int]] = segno.make_qr(text, error="m").matrix
    side = len(rows) + 2 * QUIET
    edge = [[False] * side for _ in range(QUIET)]
    return [*edge, *([*[False] * QUIET, *map(bool, row), *[False] * QUIET] for row in rows), *edge]
