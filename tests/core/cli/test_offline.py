"""Commands that need no daemon: settings, directory, restore and fsck."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from fenghuo.clock import SystemClock
from fenghuo.store import Tx
from fenghuo.store.backup import backup
from fenghuo.store.records import MetaRow
from fenghuo.store.store import DATABASE, Store
from fenghuo.store.tables import META
from tests.core.cli.conftest import Shell


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A store with one event, and a backup of it beside it."""

    async def make() -> None:
        store = await Store.open(tmp_path / "state", clock=SystemClock(), node="node-1")
        await store.run(lambda tx: tx.event("message.accepted", "message/01M"))
        await backup(store, tmp_path / "backup.sqlite")
        await store.close()

    asyncio.run(make())
    return tmp_path / "state"


def epoch(state: Path) -> str:
    async def read() -> str:
        store = await Store.open(state, clock=SystemClock(), node="node-1")
        try:
            return store.events.epoch
        finally:
            await store.close()

    return asyncio.run(read())


def test_the_first_settings_are_good(shell: Shell, tmp_path: Path) -> None:
    """What config init writes passes config check."""
    assert shell.run("config", "init", str(tmp_path / "new")).code == 0
    ran = shell.run("config", "check", str(tmp_path / "new" / "fenghuo.toml"), "--json")
    assert (ran.code, ran.json["ok"], ran.json["faults"]) == (0, True, [])


def test_every_fault_is_told_at_once(shell: Shell, tmp_path: Path) -> None:
    """config check names all mistakes, each in a sentence."""
    (tmp_path / "bad.toml").write_text('[node]\nname = "N!"\n[nonsense]\n')
    ran = shell.run("config", "check", str(tmp_path / "bad.toml"), "--json")
    assert (ran.code, len(ran.json["faults"]) >= 2) == (78, True)


def test_schema_and_show_are_json(shell: Shell, tmp_path: Path) -> None:
    """config schema holds each type's own settings; config show fills defaults in."""
    assert "sms.smpp" in shell.run("config", "schema").json["x-types"]
    shell.run("config", "init", str(tmp_path / "new"))
    shown = shell.run("config", "show", str(tmp_path / "new" / "fenghuo.toml")).json
    assert (shown["node"]["name"], shown["fronts"][0]["name"]) == ("node-1", "api")


def test_a_sound_store_passes(shell: Shell, state: Path) -> None:
    """fsck of a good store ends with 0."""
    ran = shell.run("db", "fsck", "--state", str(state), "--json")
    assert (ran.code, ran.json["ok"], ran.json["findings"]) == (0, True, [])


def test_a_changed_row_is_found(shell: Shell, state: Path) -> None:
    """fsck finds a row that the disk, or a hand, altered."""
    with sqlite3.connect(state / DATABASE) as connection:
        connection.execute("UPDATE meta SET value = 'other' WHERE name = 'events.epoch'")
    connection.close()
    ran = shell.run("db", "fsck", "--state", str(state), "--json")
    assert (ran.code, ran.json["ok"]) == (1, False)
    assert "table meta: 1 rows do not fit their digests: ('events.epoch',)" in ran.json["findings"]


def test_repair_sets_a_damaged_row_aside(shell: Shell, state: Path) -> None:
    """Octet for octet in the quarantine, and the store is sound again; a name that the next start makes anew stays."""
    asyncio.run(_run(state, lambda tx: tx.put(META, MetaRow("note", "1"))))
    with sqlite3.connect(state / DATABASE) as connection:
        connection.execute("UPDATE meta SET value = '2' WHERE name = 'note'")
    connection.close()
    ran = shell.run("db", "fsck", "--state", str(state), "--repair", "--json")
    assert (0, True, 1) == (ran.code, ran.json["ok"], ran.json["quarantined"])
    assert ["table meta: 1 rows do not fit their digests: ('note',)"] == ran.json["repaired"]
    with sqlite3.connect(state / DATABASE) as connection:
        connection.execute("UPDATE meta SET value = 'x' WHERE name = 'node'")
    connection.close()
    ran = shell.run("db", "fsck", "--state", str(state), "--repair")
    assert (1, True) == (ran.code, "fenghuo db restore" in ran.err)
    asyncio.run(_run(state, lambda tx: None))
    assert 0 == shell.run("db", "fsck", "--state", str(state)).code


async def _run(state: Path, job: Callable[[Tx], None]) -> None:
    store = await Store.open(state, clock=SystemClock(), node="node-1")
    await store.run(job)
    await store.close()


def test_a_running_daemon_is_not_disturbed(shell: Shell, state: Path, tmp_path: Path) -> None:
    """fsck and restore end with 75 while a process has the store."""

    async def try_both() -> list[int]:
        store = await Store.open(state, clock=SystemClock(), node="node-1")
        try:
            words = (["fsck"], ["restore", str(tmp_path / "backup.sqlite")])
            return [await asyncio.to_thread(lambda say=say: shell.run("db", *say, "--state", str(state)).code) for say in words]  # type: ignore[misc]  # a lambda with a default
        finally:
            await store.close()

    assert asyncio.run(try_both()) == [75, 75]


def test_restore_puts_the_backup_in_place(shell: Shell, state: Path, tmp_path: Path) -> None:
    """After restore the store is the backup with a new epoch, and what was there is kept."""
    before = epoch(state)
    ran = shell.run("db", "restore", str(tmp_path / "backup.sqlite"), "--state", str(state))
    assert (ran.code, "is kept in" in ran.out) == (0, True)
    assert epoch(state) != before
    assert DATABASE in [path.name for path in state.glob("before-restore-*/*")]


@pytest.mark.parametrize("raw", [b"", b"nonsense" * 1000])
def test_a_bad_backup_changes_nothing(shell: Shell, state: Path, tmp_path: Path, raw: bytes) -> None:
    """A file that is no backup is refused, and the store stays."""
    (tmp_path / "bad").write_bytes(raw)
    before = (state / DATABASE).read_bytes()
    assert shell.run("db", "restore", str(tmp_path / "bad"), "--state", str(state)).code == 65
    assert (state / DATABASE).read_bytes() == before


def test_directory_check_names_faults(shell: Shell, tmp_path: Path) -> None:
    """directory check ends with 65 on a bad folder and says why."""
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "persons.csv").write_text("id,name,org\nwang,王,nowhere\n")
    ran = shell.run("directory", "check", str(tmp_path / "csv"), "--json")
    assert (ran.code, bool(ran.json["faults"])) == (65, True)
    assert shell.run("directory", "check", str(tmp_path / "absent")).code == 65
