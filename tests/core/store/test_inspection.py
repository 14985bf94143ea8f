"""Bit rot: what the disk altered or cut off is noticed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from fenghuo.errors import StoreError
from fenghuo.store.backup import fsck
from fenghuo.store.database import connect_writer
from fenghuo.store.disk import DATABASE
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE, TABLES, Table
from tests.core.store.rows import delivery, message, objective, open_store

FLIPS, CUTS = 900, 100

Raw = dict[str, list[tuple[object, ...]]]


async def file_of_a_store(tmp_path: Path) -> bytes:
    """The file of a store with something in it."""
    store = await open_store(tmp_path)
    for n in range(1, 6):
        await store.run(
            lambda tx, n=n: (  # type: ignore[misc]
                tx.insert(MESSAGE, message(f"m{n}")),
                tx.insert(OBJECTIVE, objective(n, f"m{n}")),
                tx.insert_all(DELIVERY, [delivery(10 * n + k) for k in range(10)]),
                tx.event("message.accepted", f"message/m{n}", text="转移"),
            )
        )
    await store.close()
    return (tmp_path / DATABASE).read_bytes()


def test_no_flipped_bit_and_no_cut_alters_a_row_in_silence(tmp_path: Path) -> None:
    """Of 900 stores with one flipped bit each and 100 that are cut off, none gives other rows than it was given without fsck saying so."""
    whole = asyncio.run(file_of_a_store(tmp_path))
    before = rows(tmp_path / DATABASE)
    chance = random.Random(20)
    used = [at for at in range(len(whole)) if any(whole[max(0, at - 4) : at + 5])]
    found = Counter(flipped(tmp_path, chance.choice(used) * 8 + chance.randrange(8), before) for _ in range(FLIPS))
    assert whole == (tmp_path / DATABASE).read_bytes()
    for _ in range(CUTS):
        (tmp_path / DATABASE).write_bytes(whole[: chance.randrange(len(whole))])
        found[verdict(tmp_path, before)] += 1
    assert 0 == found["silent"]
    assert FLIPS + CUTS == found["noticed"] + found["same"]
    assert found["noticed"] > CUTS + FLIPS // 2


def test_a_flipped_bit_of_what_was_promised_is_always_noticed(tmp_path: Path) -> None:
    """Bits of the text of every message, wherever it stands in the file."""
    whole = asyncio.run(file_of_a_store(tmp_path))
    text = "转移至沙溪中学".encode()
    places = [found.start() for found in re.finditer(re.escape(text), whole)][::20]
    before = rows(tmp_path / DATABASE)
    bits = [place * 8 + bit for place in places for bit in range(0, len(text) * 8, 11)]
    assert {"noticed"} == {flipped(tmp_path, bit, before) for bit in bits}


async def test_a_schema_that_is_no_text_is_said_in_a_sentence(tmp_path: Path) -> None:
    """SQLite quotes the broken schema, which no decoder takes: fsck reports it, and the service does not start."""
    whole = await file_of_a_store(tmp_path)
    place = whole.index(b"CREATE TABLE") + 7
    (tmp_path / DATABASE).write_bytes(whole[:place] + b"\xdf" + whole[place + 1 :])
    report = await asyncio.to_thread(fsck, tmp_path)
    assert ("malformed" in report.integrity[0], False) == (True, report.ok)
    with pytest.raises(StoreError, match="cannot be opened"):
        await open_store(tmp_path)


def flipped(folder: Path, bit: int, before: Raw) -> str:
    """The verdict over the store with this bit flipped; afterwards it is as it was."""
    with (folder / DATABASE).open("r+b", buffering=0) as stream:
        (octet,) = os.pread(stream.fileno(), 1, bit // 8)
        os.pwrite(stream.fileno(), bytes([octet ^ 1 << bit % 8]), bit // 8)
        found = verdict(folder, before)
        os.pwrite(stream.fileno(), bytes([octet]), bit // 8)
    return found


def verdict(folder: Path, before: Raw) -> str:
    """ "noticed", "same" or "silent"."""
    try:
        if not fsck(folder).ok:
            return "noticed"
        return "same" if rows(folder / DATABASE) == before else "silent"
    except (StoreError, sqlite3.Error):
        return "noticed"


def rows(path: Path) -> Raw:
    with contextlib.closing(connect_writer(str(path))) as connection:
        return {name: scan(connection, table) for name, table in TABLES.items()}


def scan(connection: sqlite3.Connection, table: Table) -> list[tuple[object, ...]]:  # type: ignore[type-arg]
    return sorted(connection.execute(table.select_sql).fetchall(), key=repr)
