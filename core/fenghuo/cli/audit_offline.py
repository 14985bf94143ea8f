"""Verifies an audit away from its daemon: an export, or a backup of the store, with heads that somebody else kept."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fenghuo.errors import FormatError
from fenghuo.service.audit_heads import examined, read_heads
from fenghuo.store.audit import read_line
from fenghuo.store.database import open_reader
from fenghuo.store.records import AuditRow
from fenghuo.store.tables import AUDIT

__all__ = ["verified"]

SQLITE = b"SQLite format 3\0"


def verified(file: Path, heads: Path | None, key: Path | None) -> dict[str, Any]:
    """What is wrong with the audit in `file`. Without `key` heads are believed to be by the key they name. Raises: FormatError."""
    known = list(read_heads(heads.read_text(encoding="utf-8").splitlines())) if heads else []
    public = key.read_text(encoding="ascii").strip() if key else (known[0].key if known else "")
    damaged: list[int] = []
    return examined(_rows(file, damaged), known, key=public, damaged=damaged).answer()


def _rows(file: Path, damaged: list[int]) -> Iterator[AuditRow]:
    """Its sound records, one at a time: an audit may be longer than memory. Of the others the numbers go into `damaged`."""
    with file.open("rb") as opened:
        is_store = opened.read(len(SQLITE)) == SQLITE
    return _from_store(file, damaged) if is_store else _from_export(file)


def _from_store(file: Path, damaged: list[int]) -> Iterator[AuditRow]:
    with contextlib.closing(open_reader(file)) as connection:
        try:
            yield from _sound(connection.execute(f"{AUDIT.select_sql} ORDER BY seq"), damaged)
        except sqlite3.DatabaseError as error:
            raise FormatError(f"{file} cannot be read: {error}", code="unreadable", where=str(file)) from error


def _sound(rows: Iterable[tuple[Any, ...]], damaged: list[int]) -> Iterator[AuditRow]:
    for raw in rows:
        if AUDIT.is_sound(raw):
            yield AUDIT.decode(raw)
        else:
            damaged.append(int(raw[0]))


def _from_export(file: Path) -> Iterator[AuditRow]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield read_line(line)
            except FormatError as error:
                raise FormatError(f"{file}: line {number}: {error}", code=error.code, where=f"line {number}") from error
