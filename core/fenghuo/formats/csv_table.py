"""CSV as people's spreadsheets save it: rows under a header, with every bad cell told as a sentence. Pure: bytes or text in.

UTF-8 with or without a byte-order mark; GB18030 is taken too, and said, because a guess about letters is a guess about names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

import msgspec

from fenghuo.model.area import AreaRef

__all__ = ["Fault", "Row", "Sheet", "column_of", "read_each", "read_table"]

SEPARATOR = re.compile("[;；]")
"""Between the items of a list; an input method for Chinese gives the wide one."""

HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Characters that nobody sees and that make two names look alike, or a log line lie."""

IDENTIFIER = re.compile(r"[\w.-]{1,64}")

BLANK = " \t\u3000\xa0"


V = TypeVar("V")


class Fault(msgspec.Struct, frozen=True):
    """One mistake in a file: where it stands, what stands there, and what would be right. A note needs no mending."""

    file: str
    line: int
    column: str
    value: str
    says: str
    is_note: bool = False

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        what = f', column {self.column}: "{self.value}" {self.says}' if self.column else f": {self.says}"
        return where + what


class Row:
    """One row: cells by column, read one by one; what cannot be read is a fault and makes the row unsound."""

    __slots__ = ("cells", "faults", "file", "is_sound", "line")

    def __init__(self, file: str, line: int, cells: dict[str, str], faults: list[Fault]) -> None:
        self.file = file
        self.line = line
        self.cells = cells
        self.faults = faults
        self.is_sound = True

    def fault(self, column: str, says: str, value: str | None = None) -> None:
        """A mistake in this row; the row is not used."""
        self.is_sound = False
        shown = self.cells.get(column, "") if value is None else value
        self.faults.append(Fault(self.file, self.line, column, HIDDEN.sub("�", shown), says))

    def text(self, column: str, *, required: bool = False) -> str:
        """The cell as text, empty when it may be."""
        cell = self.cells.get(column, "")
        if not cell:
            if required:
                self.fault(column, "must not be empty")
        elif not cell.isprintable() and HIDDEN.search(cell):
            self.fault(column, "holds a control or invisible character; type it again by hand")
        return cell

    def identifier(self, column: str) -> str:
        """The id of this row: 1 to 64 letters, digits, dots, hyphens or underscores, no colon (that marks org:, area:, group:)."""
        cell = self.cells.get(column, "")
        if not IDENTIFIER.fullmatch(cell):
            self.fault(column, "is no id; it must be 1 to 64 letters, digits, dots, hyphens or underscores")
        return cell

    def items(self, column: str) -> tuple[str, ...]:
        """A list separated by `;`."""
        cell = self.cells.get(column, "")
        if not cell:
            return ()
        return tuple(item for item in (part.strip(BLANK) for part in SEPARATOR.split(cell)) if item)

    def whole(self, column: str, default: int | None, *, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`; an empty cell is the default."""
        cell = self.cells.get(column, "")
        if not cell:
            return default
        if not (cell.isascii() and cell.isdigit() and low <= int(cell) <= high):
            self.fault(column, f"is no whole number from {low} to {high}")
            return default
        return int(cell)

    def degrees(self, column: str, limit: float) -> float | None:
        """Degrees between -limit and +limit; an empty cell is None."""
        cell = self.cells.get(column, "")
        if not cell:
            return None
        try:
            value = float(cell)
        except ValueError:
            value = float("nan")
        if not -limit <= value <= limit:
            self.fault(column, f"is no angle; it must be degrees from {-limit:g} to {limit:g}, as 31.44778")
            return None
        return value

    def instant(self, column: str) -> float | None:
        """UTC seconds, written as seconds or as a date and time with its zone; an empty cell is None."""
        cell = self.cells.get(column, "")
        if not cell:
            return None
        try:
            return float(cell)
        except ValueError:
            pass  # not plain seconds: it may still be a date
        try:
            at = datetime.fromisoformat(cell)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            self.fault(column, "is no instant; it must be a date and time with its zone, as 2026-11-01T08:00:00+08:00")
            return None
        return at.timestamp()

    def area(self, column: str, text: str | None = None) -> AreaRef | None:
        """An area as `mca:320585105`; an empty cell is None, a bare code a fault."""
        cell = self.cells.get(column, "") if text is None else text
        if not cell:
            return None
        try:
            return AreaRef.parse(cell)
        except ValueError as refusal:
            self.fault(column, f"cannot be used: {refusal}", cell)
            return None


class Sheet(msgspec.Struct, frozen=True):
    """One file as it should be: its columns, those that must be there, and where its mistakes go."""

    file: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    faults: list[Fault]

    def fault(self, line: int, says: str, *, column: str = "", is_note: bool = False) -> None:
        """A mistake of the file rather than of a cell."""
        self.faults.append(Fault(self.file, line, column, column, says, is_note))


def read_table(sheet: Sheet, raw: str | bytes) -> list[Row] | None:
    """Every row of one file, odd rows told and the rest read; None when the header is wrong, since then no cell has a meaning."""
    text = raw if isinstance(raw, str) else _text(sheet, raw)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = [cell.strip(BLANK) for cell in next(reader, [])]
        if not _is_header(sheet, header):
            return None
        for cells in reader:
            if any(cell.strip(BLANK) for cell in cells):
                rows.append(_row(sheet, reader.line_num, header, cells))  # noqa: PERF401  # rows read before an error are kept
    except csv.Error as refusal:
        sheet.fault(reader.line_num, f"is not CSV from here on: {refusal}")
    return rows


def _text(sheet: Sheet, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as refusal:
        line = raw.count(b"\n", 0, refusal.start) + 1
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        sheet.fault(line, "is neither UTF-8 nor GB18030; save it as CSV UTF-8")
        return raw.decode("utf-8", errors="replace")
    sheet.fault(0, "is not UTF-8 and was read as GB18030; check the names, or save it as CSV UTF-8", is_note=True)
    return text


def _is_header(sheet: Sheet, header: list[str]) -> bool:
    before = len(sheet.faults)
    known = ", ".join(sheet.columns)
    for name in dict.fromkeys(header):
        if name not in sheet.columns:
            sheet.fault(1, f"is no column of this file; known are {known}", column=name or "(no name)")
        elif header.count(name) > 1:
            sheet.fault(1, "stands in the header more than once", column=name)
    missing = [name for name in sheet.required if name not in header]
    if missing:
        sheet.fault(1, f"lacks the column {', '.join(missing)}; the first line must name the columns: {known}")
    return len(sheet.faults) == before


def _row(sheet: Sheet, line: int, header: list[str], cells: list[str]) -> Row:
    named = {name: cell.strip(BLANK) for name, cell in zip(header, cells, strict=False)}
    row = Row(sheet.file, line, named, sheet.faults)
    if len(cells) != len(header):
        row.is_sound = False
        sheet.fault(line, f"has {len(cells)} cells under {len(header)} columns; put a text with commas in quotes")
    return row


def column_of(rows: Iterable[Row], column: str) -> frozenset[str]:
    """What stands in a column, sound row or not, so that one mistake does not make twenty."""
    return frozenset(row.cells.get(column, "") for row in rows)


def read_each(rows: Iterable[Row], key: str, make: Callable[[Row], V | None]) -> tuple[V, ...]:
    """The sound rows' values; the second row with the same key is a fault."""
    first: dict[str, int] = {}
    made: list[V] = []
    for row in rows:
        name = row.cells.get(key, "")
        line = first.setdefault(name, row.line)
        if line != row.line:
            row.fault(key, f"stands in line {line} already; each {key} must be there once")
        value = make(row)
        if value is not None and row.is_sound:
            made.append(value)
    return tuple(made)
