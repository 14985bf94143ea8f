"""Rows with their yardsticks: one table on the terminal, one JSON file for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

__all__ = ["Row", "Sense", "against", "alone", "table", "write"]


Sense = Literal["<=", ">="]


class Row(msgspec.Struct, frozen=True):
    """One figure. `ratio`: ours over the yardstick's; `goal`: what the ratio, or without a yardstick the figure, should be."""

    row: str
    figure: float
    unit: str
    yardstick: str | None
    yardstick_figure: float | None
    ratio: float | None
    goal: str | None
    ok: bool | None


def against(row: str, figure: float, unit: str, *, yardstick: str, other: float, goal: tuple[Sense, float] | None = None) -> Row:
    """A figure beside that of a peer in the same run; the goal is one of their ratio."""
    ratio = figure / other
    return Row(row, round(figure, 3), unit, yardstick, round(other, 3), round(ratio, 2), _text(goal), _holds(ratio, goal))


def alone(row: str, figure: float, unit: str, *, goal: tuple[Sense, float] | None = None) -> Row:
    """A figure with no peer beside it."""
    return Row(row, round(figure, 3), unit, None, None, None, _text(goal), _holds(figure, goal))


def _text(goal: tuple[Sense, float] | None) -> str | None:
    return f"{goal[0]} {goal[1]:g}" if goal else None


def _holds(value: float, goal: tuple[Sense, float] | None) -> bool | None:
    if goal is None:
        return None
    return value <= goal[1] if goal[0] == "<=" else value >= goal[1]


def write(rows: list[Row], path: Path) -> None:
    """Replace the file of the last run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")


def table(rows: list[Row]) -> str:
    """All rows in columns."""
    cells = [("", "figure", "unit", "yardstick", "its figure", "ratio", "goal", "met")]
    words = {True: "yes", False: "NO", None: ""}
    for row in rows:
        other = "" if row.yardstick_figure is None else f"{row.yardstick_figure:g}"
        ratio = "" if row.ratio is None else f"{row.ratio:g}"
        cells.append((row.row, f"{row.figure:g}", row.unit, row.yardstick or "", other, ratio, row.goal or "", words[row.ok]))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells)
