"""Every row of a database file as it lies there, digests and all: what a copy is compared by."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from fenghuo.store.tables import TABLES

__all__ = ["TURNED_BACK", "rows_of"]

TURNED_BACK = frozenset({"meta", "session", "frame_counter", "frame_window", "census"})
"""What a restore changes on purpose: the epoch and the hour of it, sessions that are over, keys that are stale, and their count."""


def rows_of(file: Path, *, until_seq: int | None = None) -> dict[str, list[tuple[object, ...]]]:
    """By table, in the order of their keys. `until_seq`: of the events those up to it."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        found = {name: sorted(connection.execute(table.select_sql), key=repr) for name, table in TABLES.items()}
        if until_seq is not None:
            found["event"] = sorted(connection.execute(f"{TABLES['event'].select_sql} WHERE seq <= ?", (until_seq,)), key=repr)
        return found
