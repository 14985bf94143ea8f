"""Writes v<schema>.sqlite, the database kept from this schema: `python -m tests.databases.make`."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import tempfile
from pathlib import Path

from fenghuo.store import Tx
from fenghuo.store.disk import DATABASE
from fenghuo.store.schema import SCHEMA_VERSION
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE
from tests.core.store.rows import delivery, message, objective, open_store


def write(tx: Tx) -> None:
    """One row of each kind that tests/core/store/test_schema.py looks for."""
    tx.insert(MESSAGE, message())
    tx.insert(OBJECTIVE, objective(1))
    tx.insert(DELIVERY, delivery(1))
    tx.event("message.accepted", "message/m1")


async def main() -> None:
    """Replace the file of this schema; those of earlier ones stay for good."""
    target = Path(__file__).with_name(f"v{SCHEMA_VERSION}.sqlite")
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(Path(folder))
        await store.run(write)
        await store.close()
        target.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(Path(folder) / DATABASE)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))


if __name__ == "__main__":
    asyncio.run(main())
