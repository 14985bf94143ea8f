"""Every row is looked at, whatever its key is like, and what is damaged is alarmed once."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from fenghuo.model.delivery import Target
from fenghuo.store import Tx
from fenghuo.store import scrub as module
from fenghuo.store.disk import DATABASE
from fenghuo.store.scrub import scrub
from fenghuo.store.tables import DELIVERY, MESSAGE, TARGET
from tests.core.store.rows import delivery, message, open_store


async def test_every_damaged_row_is_found_whatever_page_it_is_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_ROWS", 3)
    store = await open_store(tmp_path)
    await store.run(_fill)
    await store.close()
    _spoil(tmp_path)
    store = await open_store(tmp_path)
    for _ in range(2):
        await scrub(store, breath_s=0.0)
        await store.run(lambda tx: None)
    found = [f"{event.body['table']}{event.body['key']}" for event in await store.events.read(0, 100) if event.type == "alarm.row_damaged"]
    await store.close()
    assert ["message('m3', 1)", "target(1, 'p4')", "target(1, 'p7')", "target(1, 'p8')"] == sorted(found)


def _fill(tx: Tx) -> None:
    tx.insert_all(MESSAGE, [message(f"m{number}") for number in range(9)])
    tx.insert_all(DELIVERY, [delivery(number) for number in range(1, 9)])
    tx.insert_all(TARGET, [Target(1, f"p{number}") for number in range(9)])


def _spoil(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("UPDATE message SET body = x'00', state = 'expired' WHERE id = 'm3'")
        connection.execute("UPDATE target SET rung = 9 WHERE recipient IN ('p4', 'p7', 'p8')")
        connection.commit()
