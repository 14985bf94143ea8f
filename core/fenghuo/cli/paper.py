"""What a person or a script reads: one JSON document, JSON lines, or a table whose columns also stand straight in Chinese."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

import click

__all__ = ["colour", "local", "print_json", "print_line", "print_table", "rfc3339", "width"]

CHINA = timezone(timedelta(hours=8))
"""China Standard Time, which is what people here read. It has no summer time."""

COLOURS = {
    "up": "green",
    "MET": "green",
    "ready": "green",
    "mains": "green",
    "battery": "yellow",
    "suspect": "yellow",
    "probation": "yellow",
    "AT_RISK": "yellow",
    "IN_DOUBT": "yellow",
    "down": "red",
    "MISSED": "red",
    "FAILED": "red",
    "refused": "red",
}


def print_json(value: object) -> None:
    """One document on stdout, readable, in UTF-8."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_line(value: object) -> None:
    """One document on one line, for streams; flushed, since somebody may be waiting for it."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    sys.stdout.flush()


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: aligned with heads on a terminal, tab-separated without heads into a pipe."""
    lines = [[clean(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in lines:
            click.echo("\t".join(line))
        return
    widths = [max(width(cell) for cell in column) for column in zip(heads, *lines, strict=True)]
    click.echo(colour(_aligned(heads, widths), "heading"))
    for line in lines:
        click.echo(_coloured(line, widths))


def width(text: str) -> int:
    """Columns on a terminal: two for wide and full-width characters, none for combining ones. Source: UAX #11."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def clean(cell: object) -> str:
    """Text for a terminal, control and bidirectional characters escaped: a headline must not repaint the screen."""
    text = "-" if cell is None else str(cell)
    return "".join(_visible(char) for char in text)


def colour(text: str, word: str) -> str:
    """`text` in the colour of a state word, unless there is a pipe or NO_COLOR. Source: no-color.org."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    if word == "heading":
        return click.style(text, bold=True)
    return click.style(text, fg=COLOURS[word]) if word in COLOURS else text


def local(at: float | str | None) -> str:
    """UTC seconds or RFC 3339 as a person reads it here: `11-24 20:15:03` of +08:00."""
    moment = _moment(at)
    return "-" if moment is None else moment.astimezone(CHINA).strftime("%m-%d %H:%M:%S")


def rfc3339(at: float) -> str:
    """UTC seconds as RFC 3339 with milliseconds and +08:00."""
    return datetime.fromtimestamp(at, CHINA).isoformat(timespec="milliseconds")


def _moment(at: float | str | None) -> datetime | None:
    if at is None or at == "":
        return None
    return datetime.fromisoformat(at) if isinstance(at, str) else datetime.fromtimestamp(at, CHINA)


def _visible(char: str) -> str:
    # Cc control, Cf format (bidi overrides, zero width), Zl and Zp line and paragraph separators.
    if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs"):
        return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
    return char


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(_padded(cell, columns) for cell, columns in zip(cells, widths, strict=True)).rstrip()


def _coloured(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(colour(_padded(cell, columns), cell) for cell, columns in zip(cells, widths, strict=True)).rstrip()


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))
