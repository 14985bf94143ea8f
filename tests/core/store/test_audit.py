"""The audit's chain: written with the change it tells of, and no alteration of it goes unseen."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo.errors import StoreError
from fenghuo.model.audit import SYSTEM, By
from fenghuo.store import Store, Tx
from fenghuo.store.audit import GENESIS, Chain, Deed, acting, breaks, record_hash
from fenghuo.store.disk import DATABASE
from fenghuo.store.records import AuditRow
from fenghuo.store.tables import AUDIT, MESSAGE
from tests.core.store.rows import StillClock, message, open_store

ANNA = By("anna", "releaser", "http")


def chained(length: int) -> list[AuditRow]:
    """A sound chain of different deeds."""
    chain, rows = Chain("taicang", "boot"), []
    for n in range(length):
        row = chain.link(Deed("alert.sign", f"message/m{n}", content=f"{n:064x}"), ANNA, StillClock())
        chain = chain.after(row)
        rows.append(row)
    return rows


async def records(store: Store) -> list[AuditRow]:
    return await store.find(AUDIT, "ORDER BY seq")


def deed(name: str) -> Callable[[Tx], None]:
    return lambda tx: tx.audit(Deed("test", name))


async def test_a_record_stands_beside_the_change_it_tells_of(tmp_path: Path) -> None:
    """One transaction: a job that fails leaves neither, and the next record follows the last one that was kept."""
    store = await open_store(tmp_path)

    def accept(tx: Tx) -> None:
        tx.insert(MESSAGE, message())
        tx.audit(Deed("message.accept", "message/m1"))

    def fail(tx: Tx) -> None:
        tx.audit(Deed("message.accept", "message/m2"))
        raise StoreError("no")

    jobs = [store.submit(accept), store.submit(fail), store.submit(deed("message/m3"))]
    await jobs[0]
    with pytest.raises(StoreError, match="no"):
        await jobs[1]
    await jobs[2]
    rows = await records(store)
    assert ["message/m1", "message/m3"] == [row.object for row in rows]
    assert [] == list(breaks(rows))
    assert 2 == store.chain.seq
    await store.close()


async def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The first record of a process follows the last one of the process before."""
    rows: list[AuditRow] = []
    for n in range(3):
        store = await open_store(tmp_path)
        await store.run(deed(f"start/{n}"))
        rows = await records(store)
        await store.close()
    assert [1, 2, 3] == [row.seq for row in rows]
    assert [] == list(breaks(rows))


async def test_a_job_is_charged_to_whoever_asked_for_it(tmp_path: Path) -> None:
    """Who acts is taken along when the job is submitted, not when it runs."""
    store = await open_store(tmp_path)
    token = acting.set(ANNA)
    hers = store.submit(deed("hers"))
    acting.reset(token)
    await store.run(deed("ours"))
    await hers
    assert [("anna", "releaser", "http"), (SYSTEM.actor, SYSTEM.role, "")] == [(r.actor, r.role, r.door) for r in await records(store)]
    await store.close()


async def test_news_wakes_who_waits(tmp_path: Path) -> None:
    """Whoever keeps heads elsewhere sleeps until there is a record."""
    store = await open_store(tmp_path)
    waiting = store.audited.wait(0)
    await store.run(deed("news"))
    assert 1 == await waiting
    await store.close()


def test_a_sound_chain_has_no_breaks() -> None:
    """From its first record, or from any place whose hash is known."""
    rows = chained(20)
    assert rows[0].prev == GENESIS
    assert [] == list(breaks(rows))
    assert [] == list(breaks(rows[7:], after=Chain("taicang", "boot", 7, rows[6].hash)))


FIELDS = [name for name in AuditRow.__struct_fields__ if name not in ("seq", "hash", "prev")]


def _edit(chance: random.Random, rows: list[AuditRow]) -> list[AuditRow]:
    at, field = chance.randrange(len(rows)), chance.choice(FIELDS)
    old = getattr(rows[at], field)
    rows[at] = msgspec.structs.replace(rows[at], **{field: old + 1 if isinstance(old, int) else f"{old}x"})
    return rows


def _forge(chance: random.Random, rows: list[AuditRow]) -> list[AuditRow]:
    """An edit whose own hash was made right: the next record tells on it."""
    at = chance.randrange(len(rows) - 1)
    row = msgspec.structs.replace(rows[at], actor="nobody")
    rows[at] = msgspec.structs.replace(row, hash=record_hash(row))
    return rows


def _delete(chance: random.Random, rows: list[AuditRow]) -> list[AuditRow]:
    del rows[chance.randrange(len(rows) - 1)]
    return rows


def _swap(chance: random.Random, rows: list[AuditRow]) -> list[AuditRow]:
    a, b = chance.sample(range(len(rows)), 2)
    rows[a], rows[b] = rows[b], rows[a]
    return rows


def _renumbered_swap(chance: random.Random, rows: list[AuditRow]) -> list[AuditRow]:
    """Swapped, and each given the number of its new place."""
    a, b = sorted(chance.sample(range(len(rows)), 2))
    first, second = rows[a], rows[b]
    rows[a] = msgspec.structs.replace(second, seq=first.seq)
    rows[b] = msgspec.structs.replace(first, seq=second.seq)
    return rows


def _insert(chance: random.Random, rows: list[AuditRow]) -> list[AuditRow]:
    at = chance.randrange(len(rows))
    rows.insert(at, rows[at])
    return rows


@pytest.mark.parametrize("mutation", [_edit, _forge, _delete, _swap, _renumbered_swap, _insert])
def test_every_alteration_is_found(mutation: Callable[[random.Random, list[AuditRow]], list[AuditRow]]) -> None:
    """1,000 alterations in all, none unseen."""
    rows = chained(30)
    unseen = [seed for seed in range(167) if not list(breaks(mutation(random.Random(seed), list(rows))))]
    assert [] == unseen


def test_a_break_names_its_record() -> None:
    """The exact record that was altered, not only that there is one."""
    rows = chained(9)
    rows[4] = msgspec.structs.replace(rows[4], detail='{"a":1}')
    assert [5] == [found.seq for found in breaks(rows)]
    assert ["follows record 2: 1 records are missing"] == [found.reason for found in breaks(chained(9)[:2] + chained(9)[3:])]


async def test_an_edit_of_the_database_is_found(tmp_path: Path) -> None:
    """Somebody who writes into the file makes the row's own digest right as well; the chain still tells."""
    store = await open_store(tmp_path)
    for n in range(5):
        await store.run(deed(f"d{n}"))
    await store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as intruder:
        row = AUDIT.decode(intruder.execute(AUDIT.get_sql, (3,)).fetchone())
        forged = AUDIT.encode(msgspec.structs.replace(row, actor="somebody else"))
        intruder.execute(AUDIT.update_sql, AUDIT.update_values(forged))
        intruder.commit()
    store = await open_store(tmp_path)
    assert [3] == [found.seq for found in breaks(await records(store))]
    await store.close()
