"""`fenghuo log verify`: an audit judged away from its daemon."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo.cli.audit_offline import verified
from fenghuo.cli.db_offline import put_back
from fenghuo.clock import SystemClock
from fenghuo.service.audit import LOCAL, AuditKeeper
from fenghuo.service.audit_heads import RESTORE, Report, Restoration
from fenghuo.store.audit import Deed, read_line, record_hash, record_line
from fenghuo.store.backup import backup
from fenghuo.store.disk import DATABASE
from fenghuo.store.store import Store
from fenghuo.store.tables import AUDIT
from tests.core.cli.conftest import Shell


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A backup, an export, heads and a public key, as an auditor would be handed them."""

    async def make() -> None:
        store = await Store.open(tmp_path / "state", clock=SystemClock(), node="node-1")
        keeper = AuditKeeper(store, SystemClock())
        for n in range(4):
            await store.run(lambda tx, n=n: tx.audit(Deed.of("test", f"thing/{n}", n=n)))  # type: ignore[misc]
        await keeper.stop()
        await backup(store, tmp_path / "backup.sqlite")
        rows = await store.find(AUDIT, "ORDER BY seq")
        (tmp_path / "export.jsonl").write_text("".join(record_line(row) + "\n" for row in rows))
        await store.close()

    asyncio.run(make())
    return tmp_path


@pytest.mark.parametrize("name", ["backup.sqlite", "export.jsonl"])
def test_a_sound_audit_holds(shell: Shell, kept: Path, name: str) -> None:
    """A backup and an export alike, with and without heads."""
    files = ("--heads", str(kept / "state" / LOCAL), "--key", str(kept / "state" / "audit.pub"))
    for more, compared in (((), ""), (files, "  compared with 1 signed heads\n")):
        ran = shell.run("log", "verify", str(kept / name), *more)
        assert (0, f"5 records, the chain holds\n{compared}") == (ran.code, ran.out)


def test_heads_that_are_none_are_said_to_be_none(shell: Shell, kept: Path) -> None:
    """An empty file of heads finds no cut tail, and whoever gave it must not think that it did."""
    (kept / "none").write_text("")
    ran = shell.run("log", "verify", str(kept / "backup.sqlite"), "--heads", str(kept / "none"))
    assert (0, True) == (ran.code, "compared with no signed head: a tail that was cut off does not show" in ran.out)


@pytest.mark.parametrize("seq", [2, 5])
def test_a_row_that_does_not_fit_its_digest_is_a_break(shell: Shell, kept: Path, seq: int) -> None:
    """In the middle and at the end, where no next record tells: here as with the daemon, which leaves such a row out."""
    for place in (kept / "backup.sqlite", kept / "state" / DATABASE):
        with contextlib.closing(sqlite3.connect(place)) as connection:
            connection.execute("UPDATE audit SET row_digest = x'0000000000000000' WHERE seq = ?", (seq,))
            connection.commit()
    ran = shell.run("log", "verify", str(kept / "backup.sqlite"), "--heads", str(kept / "state" / LOCAL), "--json")
    assert (1, 5) == (ran.code, ran.json["records"])
    assert {"record": seq, "reason": "has a damaged row: it does not fit its digest"} in ran.json["breaks"]
    assert ran.json["breaks"] == asyncio.run(_by_the_daemon(kept / "state"))


async def _by_the_daemon(state: Path) -> object:
    store = await Store.open(state, clock=SystemClock(), node="node-1")
    try:
        return (await AuditKeeper(store, SystemClock()).verify()).answer()["breaks"]
    finally:
        await store.close()


def test_a_cut_off_tail_takes_the_heads(shell: Shell, kept: Path) -> None:
    """Without heads nobody can tell; with them exit 1 and the record."""
    export = kept / "export.jsonl"
    export.write_text("".join(export.read_text().splitlines(keepends=True)[:3]))
    assert 0 == shell.run("log", "verify", str(export)).code
    ran = shell.run("log", "verify", str(export), "--heads", str(kept / "state" / LOCAL), "--json")
    assert (1, False) == (ran.code, ran.json["ok"])
    assert [{"record": 3, "reason": "the records after 3 were cut off: a signed head knows record 5"}] == ran.json["breaks"]


def test_an_edit_is_named(shell: Shell, kept: Path) -> None:
    """The record and what is wrong with it."""
    export = kept / "export.jsonl"
    lines = export.read_text().splitlines()
    record = json.loads(lines[1])
    lines[1] = json.dumps({**record, "actor": "nobody"})
    export.write_text("\n".join(lines) + "\n")
    ran = shell.run("log", "verify", str(export))
    assert (1, "  record 2 was altered: its hash does not fit its fields\n") == (ran.code, ran.err)


def _edited(chance: random.Random, lines: list[str]) -> list[str]:
    at = chance.randrange(len(lines))
    record = json.loads(lines[at])
    name = chance.choice([name for name in record if name not in ("seq", "prev", "hash")])
    record[name] = record[name] + 1 if isinstance(record[name], int) else f"{record[name]}x"
    lines[at] = json.dumps(record)
    return lines


def _forged(chance: random.Random, lines: list[str]) -> list[str]:
    """Edited, and its own hash made right: the next record tells, or the head."""
    at = chance.randrange(len(lines))
    row = msgspec.structs.replace(read_line(lines[at]), actor=f"nobody{chance.random()}")
    lines[at] = record_line(msgspec.structs.replace(row, hash=record_hash(row)))
    return lines


def _deleted(chance: random.Random, lines: list[str]) -> list[str]:
    del lines[chance.randrange(len(lines) - 1)]
    return lines


def _swapped(chance: random.Random, lines: list[str]) -> list[str]:
    one, other = chance.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def _cut(chance: random.Random, lines: list[str]) -> list[str]:
    return lines[: chance.randrange(len(lines))]


@pytest.mark.parametrize("spoil", [_edited, _forged, _deleted, _swapped, _cut])
def test_a_thousand_alterations_are_found(kept: Path, spoil: Callable[[random.Random, list[str]], list[str]]) -> None:
    """200 of each kind, by what the command calls; a tail that was cut off needs the head that lay elsewhere."""
    export = kept / "export.jsonl"
    lines = export.read_text().splitlines()
    unseen = []
    for seed in range(200):
        export.write_text("".join(f"{line}\n" for line in spoil(random.Random(seed), list(lines))))
        if verified(export, kept / "state" / LOCAL, kept / "state" / "audit.pub")["ok"]:
            unseen.append(seed)
    assert [] == unseen


def test_a_file_that_is_no_audit_is_said_to_be_none(shell: Shell, tmp_path: Path) -> None:
    """Exit 65 with the line, not a traceback."""
    (tmp_path / "x").write_text("hello\n")
    ran = shell.run("log", "verify", str(tmp_path / "x"))
    assert 65 == ran.code
    assert "line 1: this is no record of an audit" in ran.err


def test_a_restore_is_told_and_is_no_alarm(shell: Shell, kept: Path) -> None:
    """What came after the backup is gone, and the heads know of it: the record that the node signed says why."""
    later(kept / "state", 3)
    put_back(kept / "backup.sqlite", kept / "state")
    report = later(kept / "state", 1)
    assert ((), [5]) == (report.breaks, [one.after for one in report.restored])
    heads = ("--heads", str(kept / "state" / LOCAL), "--key", str(kept / "state" / "audit.pub"))
    ran = shell.run("log", "verify", str(kept / "state" / "fenghuo.sqlite"), *heads)
    assert 0 == ran.code, ran.err
    assert f"  restored from {kept / 'backup.sqlite'}, which ended at record 5; told in record 6\n" in ran.out


def test_a_backup_that_was_only_copied_there_is_an_alarm(kept: Path) -> None:
    """Nor does a record of a restore help that the node did not sign."""
    later(kept / "state", 3)
    (kept / "state" / "fenghuo.sqlite").write_bytes((kept / "backup.sqlite").read_bytes())
    forged = Restoration("node-1", 5, "00", "backup", 2**50, "00", "00")
    report = later(kept / "state", 1, Deed.of(RESTORE, "store", **forged.detail()))
    assert (True, ()) == (bool(report.breaks), report.restored)


def later(folder: Path, count: int, deed: Deed | None = None) -> Report:
    """A life of the daemon with so many deeds; what it finds at its start, and at its end."""

    async def live() -> Report:
        store = await Store.open(folder, clock=SystemClock(), node="node-1")
        keeper = AuditKeeper(store, SystemClock())
        if deed is not None:
            await store.run(lambda tx: tx.audit(deed))
        wrong = await keeper.compare()
        for _ in range(count):
            await store.run(lambda tx: tx.audit(Deed.of("test", "later")))
        await keeper.stop()
        report = await keeper.verify()
        await store.close()
        assert bool(wrong) == bool(report.breaks)
        return report

    return asyncio.run(live())
