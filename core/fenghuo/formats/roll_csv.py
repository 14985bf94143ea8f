"""The roll of the public as CSV: kind, address, area, a line for each address. Read line by line, for it may have millions. Pure."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from fenghuo.formats.csv_table import HIDDEN, Fault

__all__ = ["FILE", "SHOWN", "read_roll"]

FILE = "subscribers.csv"
COLUMNS = ["kind", "address", "area"]
SHOWN = 20
"""Faults told before reading stops: whoever made the file has made the same mistake all over it."""

Entry = tuple[str, str, str]
"""Area, kind and address, the address the one right way."""


def read_roll(
    lines: Iterable[str], kinds: Mapping[str, Callable[[str], str]], areas: Collection[str], faults: list[Fault]
) -> Iterator[Entry]:
    """Every sound line; `faults` takes what is wrong, and after twenty of them reading stops. `areas`: as `system:code`."""
    rows = csv.reader(lines)
    header = [cell.strip().lstrip("\ufeff") for cell in next(rows, [])]
    if header != COLUMNS:
        faults.append(Fault(FILE, 1, "", "", f"must begin with the line {','.join(COLUMNS)}"))
        return
    for row in rows:
        fault = _fault(row, kinds, areas)
        if not fault:
            kind, address, area = row
            try:
                yield area, kind, kinds[kind](address)
                continue
            except ValueError as refusal:
                fault = ("address", address, f"cannot be used: {refusal}")
        column, value, says = fault
        faults.append(Fault(FILE, rows.line_num, column, HIDDEN.sub("�", value), says))
        if len(faults) >= SHOWN:
            return


def _fault(row: list[str], kinds: Mapping[str, Callable[[str], str]], areas: Collection[str]) -> tuple[str, str, str] | None:
    """Column, value and sentence of the first mistake in a row."""
    if len(row) != len(COLUMNS):
        return "", "", f"has {len(row)} cells; {','.join(COLUMNS)} are {len(COLUMNS)}"
    kind, _, area = row
    if kind not in kinds:
        return "kind", kind, "is no kind of address that a loaded plugin knows; known are " + (", ".join(sorted(kinds)) or "none")
    if area not in areas:
        return "area", area, "is not in areas.csv"
    return None
