"""Heads of the audit in a second place: signed, put away in time, and compared with the chain."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo.errors import NotAllowed
from fenghuo.model.audit import By
from fenghuo.plugin.ports import Actor
from fenghuo.service import audit
from fenghuo.service.audit import LOCAL, AuditKeeper
from fenghuo.service.audit_heads import Head, Report, cut_tails, open_signer, read_heads
from fenghuo.service.audit_places import FilePlace, SyslogPlace, place_of
from fenghuo.service.desk import Desk
from fenghuo.store import Store, Tx
from fenghuo.store.audit import Chain, Deed, read_line, record_hash, record_line
from fenghuo.store.disk import DATABASE
from fenghuo.store.tables import AUDIT, CENSUS
from tests.core.store.rows import StillClock, open_store
from tests.scale import PATIENCE_S


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path / "state")
    yield opened
    await opened.close()


def deed(n: int) -> Callable[[Tx], None]:
    return lambda tx: tx.audit(Deed.of("test", f"thing/{n}", n=n))


async def kept(path: Path) -> list[Head]:
    return await asyncio.to_thread(FilePlace(path).heads)


async def filled(folder: Path, records: int, *, second: Path) -> None:
    """A store that ended in good order, with a head of its last record."""
    store = await open_store(folder)
    keeper = AuditKeeper(store, StillClock(), [FilePlace(second)])
    for n in range(records):
        await store.run(deed(n))
    await keeper.stop()
    await store.close()


def tamper(folder: Path, *statements: str) -> None:
    """Somebody with the file in his hands, who also makes the number of rows right."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE)) as intruder:
        for statement in statements:
            intruder.execute(statement)
        (rows,) = intruder.execute("SELECT count(*) FROM audit").fetchone()
        census = CENSUS.decode(intruder.execute(CENSUS.get_sql, ("audit",)).fetchone())
        intruder.execute(CENSUS.update_sql, CENSUS.update_values(CENSUS.encode(msgspec.structs.replace(census, rows=rows))))
        intruder.commit()


def rewrite(folder: Path, *, first: int) -> None:
    """Forge record `first` and make every hash after it right again: the chain alone cannot tell."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE)) as intruder:
        rows = [AUDIT.decode(raw) for raw in intruder.execute(f"{AUDIT.select_sql} ORDER BY seq")]
        previous = rows[first - 2].hash
        for row in rows[first - 1 :]:
            forged = msgspec.structs.replace(row, prev=previous, actor="nobody" if row.seq == first else row.actor)
            forged = msgspec.structs.replace(forged, hash=record_hash(forged))
            previous = forged.hash
            intruder.execute(AUDIT.update_sql, AUDIT.update_values(AUDIT.encode(forged)))
        intruder.commit()


async def test_a_head_proves_a_cut_off_tail(tmp_path: Path) -> None:
    """The chain still holds; the head in the second place knows more, and the next start alarms."""
    await filled(tmp_path / "state", 9, second=tmp_path / "second.heads")
    tamper(tmp_path / "state", "DELETE FROM audit WHERE seq > 6")
    (tmp_path / "state" / LOCAL).unlink()
    store = await open_store(tmp_path / "state")
    keeper = AuditKeeper(store, StillClock(), [FilePlace(tmp_path / "second.heads")])
    assert ["the records after 6 were cut off: a signed head knows record 10"] == [one.reason for one in await keeper.compare()]
    assert "alarm.audit" in [event.type for event in await store.events.read(0, 100)]
    await store.close()


async def test_a_chain_written_anew_does_not_fit_its_heads(tmp_path: Path) -> None:
    """Every hash is right and no row is missing; only somebody else's memory finds it."""
    await filled(tmp_path / "state", 5, second=tmp_path / "second.heads")
    rewrite(tmp_path / "state", first=3)
    store = await open_store(tmp_path / "state")
    report = await AuditKeeper(store, StillClock()).verify()
    assert (6, [6]) == (report.records, [one.seq for one in report.breaks])
    await store.close()


async def test_a_sound_audit_raises_no_alarm(tmp_path: Path) -> None:
    """Start after start, and verify as well."""
    for _ in range(3):
        await filled(tmp_path / "state", 4, second=tmp_path / "second.heads")
    store = await open_store(tmp_path / "state")
    keeper = AuditKeeper(store, StillClock(), [FilePlace(tmp_path / "second.heads")])
    assert () == await keeper.compare()
    assert Report(15, (), heads=3) == await keeper.verify()
    await store.close()


async def test_a_hundred_records_do_not_wait_for_the_minute(store: Store) -> None:
    """A busy hour has its heads every 100 records."""
    keeper = AuditKeeper(store, StillClock())
    running = asyncio.create_task(keeper.run())
    for n in range(100):
        await store.run(deed(n))
    async with asyncio.timeout(PATIENCE_S):
        while not (heads := await kept(store.folder / LOCAL)):
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert 100 == heads[0].seq


async def test_a_single_record_waits_for_a_minute_and_no_longer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One record is no hundred: its head comes when the time is over, which is 60 s outside of this test."""
    assert 60.0 == audit.EVERY_S
    monkeypatch.setattr(audit, "EVERY_S", 0.3)
    keeper = AuditKeeper(store, StillClock())
    running = asyncio.create_task(keeper.run())
    await store.run(deed(1))
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(PATIENCE_S):
        while not (heads := await kept(store.folder / LOCAL)):
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (1, True) == (heads[0].seq, asyncio.get_running_loop().time() - began >= 0.3)


async def test_nothing_is_signed_without_news(store: Store) -> None:
    """An idle night writes no heads."""
    keeper = AuditKeeper(store, StillClock())
    await store.run(deed(1))
    await keeper.put()
    await keeper.put()
    assert 1 == len(await kept(store.folder / LOCAL))


async def test_a_place_that_fails_is_named_once_and_stops_no_other(store: Store, tmp_path: Path) -> None:
    """A full or absent second disk: an alarm, and the heads go on to the other places."""
    gone, good = FilePlace(tmp_path / "absent" / "heads"), FilePlace(tmp_path / "good.heads")
    keeper = AuditKeeper(store, StillClock(), [gone, good])
    for n in range(2):
        await store.run(deed(n))
        await keeper.put()
    assert 2 == len(await kept(good.path))
    alarms = [event for event in await store.events.read(0, 100) if event.type == "alarm.audit_place"]
    assert [gone.name] == [alarm.body["place"] for alarm in alarms]


async def test_a_syslog_gets_the_head(store: Store) -> None:
    """One datagram, facility log audit, that `log verify --heads` reads back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(PATIENCE_S)
        keeper = AuditKeeper(store, StillClock(), [SyslogPlace("127.0.0.1", listener.getsockname()[1])])
        await store.run(deed(1))
        await keeper.put()
        line = (await asyncio.to_thread(listener.recv, 4096)).decode()
    assert line.startswith("<109>1 ")
    (head,) = read_heads([line])
    signer = await asyncio.to_thread(open_signer, store.folder)
    assert head.is_genuine(signer.public)


async def test_a_refused_command_is_recorded_with_who_gave_it(store: Store) -> None:
    """What somebody was not allowed to do is news for the auditor."""
    desk = Desk(AuditKeeper(store, StillClock()).record)

    async def backup(actor: Actor, args: object) -> None:
        raise AssertionError("a viewer makes no backup")

    desk.add({"db.backup": backup})
    with pytest.raises(NotAllowed):
        await desk.do(Actor("anna", ("viewer",), "http"), "db.backup", {})
    await store.audited.wait(0)
    rows = await store.find(AUDIT)
    assert [("anna", "viewer", "http", "deny", "verb/db.backup")] == [(r.actor, r.role, r.door, r.action, r.object) for r in rows]


def test_a_head_that_somebody_else_signed_proves_nothing(tmp_path: Path) -> None:
    """A forged head is itself a finding."""
    ours, theirs = open_signer(tmp_path), open_signer(_folder(tmp_path / "other"))
    chain = Chain("taicang", "", 3, b"\x01" * 32)
    forged = theirs.head(chain, 5)
    assert not forged.is_genuine(ours.public)
    altered = msgspec.structs.replace(ours.head(chain, 5), seq=4)
    assert not altered.is_genuine(ours.public)
    assert [3, 4] == [one.seq for one in cut_tails([forged, altered], {3: chain.hash}, last=9, key=ours.public)]


def test_a_head_reads_back_from_its_line(tmp_path: Path) -> None:
    """As kept in a file."""
    head = open_signer(tmp_path).head(Chain("taicang", "", 3, b"\x01" * 32), 5)
    assert [head] == list(read_heads([head.line(), ""]))
    assert isinstance(head, Head)


def test_an_export_reads_back() -> None:
    """A record survives its line of JSON, with its hash."""
    row = Chain("taicang", "boot").link(Deed.of("release.sign", "message/m", signer="安娜"), By("anna"), StillClock())
    assert row == read_line(record_line(row))


@pytest.mark.parametrize("text", ["file:", "syslog:host", "syslog:host:0", "syslog:host:99999", "ftp:x", ""])
def test_a_place_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """The sentence says what would be right."""
    with pytest.raises(ValueError, match="file:PATH"):
        place_of(text, tmp_path)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
