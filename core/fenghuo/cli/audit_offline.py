"""Verifies an audit away from its daemon: an export, or a backup of the store, with heads that somebody else kept."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fenghuo.errors import FormatError
from fenghuo.service.audit_heads import cut_tails, read_heads
from fenghuo.store.audit import breaks, read_line
from fenghuo.store.database import open_reader
from fenghuo.store.records import AuditRow
from fenghuo.store.tables import AUDIT

__all__ = ["verified"]

SQLITE = b"SQLite format 3\0"


def verified(file: Path, heads: Path | None, key: Path | None) -> dict[str, Any]:
    """What is wrong with the audit in `file`. Without `key` heads are believed to be by the key they name. Raises: FormatError."""
    known = list(read_heads(heads.read_text(encoding="utf-8").splitlines())) if heads else []
    public = key.read_text(encoding="ascii").strip() if key else (known[0].key if known else "")
    reading = _Reading(file, {head.seq for head in known})
    wrong = list(breaks(reading.rows()))
    wrong += cut_tails(known, reading.hashes, last=reading.last, key=public)
    return {"records": reading.count, "ok": not wrong, "breaks": [{"record": one.seq, "reason": one.reason} for one in wrong]}


class _Reading:
    """One pass over the records that keeps only what the heads ask for."""

    def __init__(self, file: Path, wanted: set[int]) -> None:
        self._file = file
        self._wanted = wanted
        self.hashes: dict[int, bytes] = {}
        self.count = 0
        self.last = 0

    def rows(self) -> Iterator[AuditRow]:
        with self._file.open("rb") as opened:
            is_store = opened.read(len(SQLITE)) == SQLITE
        for row in _from_store(self._file) if is_store else _from_export(self._file):
            self.count += 1
            self.last = row.seq
            if row.seq in self._wanted:
                self.hashes[row.seq] = row.hash
            yield row


def _from_store(file: Path) -> Iterator[AuditRow]:
    with contextlib.closing(open_reader(file)) as connection:
        try:
            for raw in connection.execute(f"{AUDIT.select_sql} ORDER BY seq"):
                yield AUDIT.decode(raw)
        except sqlite3.DatabaseError as error:
            raise FormatError(f"{file} cannot be read: {error}", code="unreadable", where=str(file)) from error


def _from_export(file: Path) -> Iterator[AuditRow]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield read_line(line)
            except FormatError as error:
                raise FormatError(f"{file}: line {number}: {error}", code=error.code, where=f"line {number}") from error
