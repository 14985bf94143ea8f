"""Bit rot: what the disk altered is noticed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
from pathlib import Path

from fenghuo.store.database import connect_writer
from fenghuo.store.disk import DATABASE
from fenghuo.store.inspection import examine
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE, TABLES, Table
from tests.core.store.rows import delivery, message, objective, open_store

FLIPS = 200

Raw = dict[str, list[tuple[object, ...]]]


async def test_no_flipped_bit_alters_a_row_in_silence(tmp_path: Path) -> None:
    """Of 200 stores with one flipped bit each, none gives other rows than it was given without a digest or the census saying so."""
    store = await open_store(tmp_path)
    for n in range(1, 21):
        await store.run(
            lambda tx, n=n: (  # type: ignore[misc]
                tx.insert(MESSAGE, message(f"m{n}")),
                tx.insert(OBJECTIVE, objective(n, f"m{n}")),
                tx.insert_all(DELIVERY, [delivery(10 * n + k) for k in range(10)]),
                tx.event("message.accepted", f"message/m{n}", text="转移"),
            )
        )
    await store.close()
    path = tmp_path / DATABASE
    before = rows(path)
    chance = random.Random(20)
    noticed = silent = 0
    for _ in range(FLIPS):
        flipped = tmp_path / "flipped.sqlite"
        shutil.copy(path, flipped)
        flip(flipped, chance.randrange(path.stat().st_size * 8))
        outcome = await asyncio.to_thread(verdict, flipped, before)
        noticed += outcome == "noticed"
        silent += outcome == "silent"
    assert 0 == silent
    assert noticed > FLIPS // 10


def flip(path: Path, bit: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(bit // 8)
        (octet,) = stream.read(1)
        stream.seek(bit // 8)
        stream.write(bytes([octet ^ 1 << bit % 8]))


def verdict(path: Path, before: Raw) -> str:
    """ "same", "noticed" or "silent"."""
    try:
        with contextlib.closing(connect_writer(str(path))) as connection:
            found = examine(connection)
        after = rows(path)
    except sqlite3.Error:
        return "noticed"
    if found.damaged or found.census:
        return "noticed"
    return "same" if after == before else "silent"


def rows(path: Path) -> Raw:
    with contextlib.closing(connect_writer(str(path))) as connection:
        return {name: scan(connection, table) for name, table in TABLES.items()}


def scan(connection: sqlite3.Connection, table: Table) -> list[tuple[object, ...]]:  # type: ignore[type-arg]
    return sorted(connection.execute(table.select_sql).fetchall(), key=repr)
