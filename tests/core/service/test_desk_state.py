"""Verbs about the node itself: what it is, what it holds, what it wrote down."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fenghuo.errors import CannotCreate, FormatError, NotAllowed
from fenghuo.plugin.ports import Actor
from fenghuo.store.inspection import Examination, examine
from tests.core.service.manned import manned

AT_THE_MACHINE = Actor("root", ("admin",), "socket")
PEOPLE = {
    "orgs.csv": "id,name,kind,level,parent,area\ntc,中心,centre,3,,mca:320585\n",
    "areas.csv": "ref,name,level,parent,same_as,population,lat,lon\nmca:320585,太仓市,county,,,,,\n",
    "persons.csv": "id,name,org,roles,areas,deputy\nzhou,周,tc,,mca:320585,\n",
    "contacts.csv": "owner,kind,address,rank,proven_at\nzhou,msisdn,+8613800000009,1,\n",
}


async def test_status_is_what_a_duty_officer_asks_first(tmp_path: Path) -> None:
    """Ready or not, since when, what waits, and how far the clock may be trusted."""
    async with manned(tmp_path) as there:
        there.house.down("r")
        await there.do("message.send", to=["wang"], text="到岗")
        status = await there.do("status")
        assert ("0.1.0", "1970-01-12T13:46:40.000Z", True) == (status["version"], status["since"], status["ready"])
        assert (0, 0, 1, 0) == tuple(status[key] for key in ("queued", "in_flight", "open_objectives", "in_doubt"))
        assert [("a", "up"), ("r", "down")] == [(one["name"], one["health"]) for one in status["channels"]]
        assert status["accepting"]
        there.house.room.intake.is_open = False
        assert not (await there.do("status"))["accepting"]
        there.is_ready = False
        assert not (await there.do("status"))["ready"]


async def test_state_is_by_path_with_the_cursor_to_go_on_from(tmp_path: Path) -> None:
    """Whoever reads the events after the cursor misses nothing."""
    async with manned(tmp_path) as there:
        sent = await there.do("message.send", to=["wang"], text="到岗")
        state = await there.do("state")
        assert {"channel/a", "channel/r", f"message/{sent.id}", "objective/1"} == set(state["data"])
        assert {"epoch": there.house.store.events.epoch, "seq": there.house.store.events.head} == state["cur"]
        assert [] == (await there.do("log.read", after=state["cur"]["seq"]))["events"]


async def test_state_can_be_asked_for_by_topic_and_by_path(tmp_path: Path) -> None:
    """What is not there is null, so that a page can take it away."""
    async with manned(tmp_path) as there:
        sent = await there.do("message.send", to=["wang"], text="到岗")
        assert {"channel/a", "channel/r"} == set((await there.do("state", topics=["channel"]))["data"])
        paths = [f"message/{sent.id}", "message/x", "objective/1", "objective/9", "objective/x", "channel/a", "channel/x", "house/1"]
        data = (await there.do("state", paths=paths))["data"]
        assert {f"message/{sent.id}", "objective/1", "channel/a"} == {path for path, found in data.items() if found is not None}
        assert set(paths) == set(data)
        with pytest.raises(FormatError, match=r"^topic 'weather' is not one of message, objective, channel, mode, alarm, release$"):
            await there.do("state", topics=["weather"])


async def test_the_newest_revision_is_the_state_of_a_message(tmp_path: Path) -> None:
    """The list of everything, and the single path."""
    async with manned(tmp_path) as there:
        first = await there.do("message.send", to=["wang"], text="到岗")
        await there.do("alert.cancel", id=first.id, reason="解除")
        path = f"message/{first.id}"
        for data in ((await there.do("state"))["data"], (await there.do("state", paths=[path]))["data"]):
            assert (2, "Cancel") == (data[path]["revision"], data[path]["action"])


async def test_the_log_is_read_in_pages(tmp_path: Path) -> None:
    """From a cursor, so many at a time, with the head to know when to stop; nonsense limits are made sensible."""
    async with manned(tmp_path) as there:
        await there.do("message.send", to=["wang"], text="到岗")
        whole = await there.do("log.read")
        head = whole["head"]
        assert list(range(1, head + 1)) == [event.seq for event in whole["events"]]
        page = await there.do("log.read", after=2, limit=3)
        assert ([3, 4, 5], head) == ([event.seq for event in page["events"]], page["head"])
        assert [3] == [event.seq for event in (await there.do("log.read", after=2, limit=-7))["events"]]


async def test_metrics_are_the_daemon_s_text(tmp_path: Path) -> None:
    """As Prometheus reads it."""
    async with manned(tmp_path) as there:
        assert "fenghuo_up 1\n" == await there.do("metrics")


async def test_a_directory_is_imported_by_an_administrator_alone(tmp_path: Path) -> None:
    """From the files themselves; a check changes nothing, an import is in force at once."""
    async with manned(tmp_path) as there:
        checked = await there.do("directory.check", files=PEOPLE)
        assert (1, [], False) == (checked["persons"], checked["faults"], "zhou" in there.house.office.directory.person_by_id)
        with pytest.raises(NotAllowed):
            await there.do("directory.import", files=PEOPLE)
        await there.do("directory.import", "root", files=PEOPLE, dry_run=True)
        assert "zhou" not in there.house.office.directory.person_by_id
        imported = await there.do("directory.import", "root", files=PEOPLE)
        assert (there.house.office.directory.digest, True) == (imported["digest"], "zhou" in there.house.office.directory.person_by_id)


async def test_a_directory_may_lie_in_a_folder_of_the_machine(tmp_path: Path) -> None:
    """A path that is none is a sentence."""
    (tmp_path / "people").mkdir()
    for name, text in PEOPLE.items():
        (tmp_path / "people" / name).write_text(text, encoding="utf-8")
    async with manned(tmp_path) as there:
        assert 1 == (await there.do("directory.check", path=str(tmp_path / "people")))["persons"]
        for path in ("", str(tmp_path / "absent")):
            with pytest.raises(FormatError, match="is not a folder of CSV files on this machine"):
                await there.do("directory.check", path=path)


def looked_at(file: Path) -> Examination:
    with closing(sqlite3.connect(file)) as copy:
        return examine(copy)


async def test_a_backup_of_the_running_store_is_sound(tmp_path: Path) -> None:
    """The answer says where and how large, and the copy holds what was committed."""
    async with manned(tmp_path) as there:
        await there.do("message.send", to=["wang"], text="到岗")
        made = await there.desk.do(AT_THE_MACHINE, "db.backup", {"path": str(tmp_path / "copy.sqlite")})
        assert (tmp_path / "copy.sqlite").stat().st_size == made["bytes"]
        found = await asyncio.to_thread(looked_at, tmp_path / "copy.sqlite")
        assert ((), (), ()) == (found.damaged, found.census, found.orphans)


async def test_a_backup_is_a_new_file_and_none_of_the_nodes_own(tmp_path: Path) -> None:
    """At the machine any new file outside of the state folder; from elsewhere a name, among the backups."""
    async with manned(tmp_path) as there:
        state = there.house.store.folder
        (tmp_path / "there.toml").write_text("kept")
        elsewhere = Actor("root", ("admin",), "http")
        with pytest.raises(CannotCreate, match="it is there already; name a new file"):
            await there.desk.do(AT_THE_MACHINE, "db.backup", {"path": str(tmp_path / "there.toml")})
        for path in (state / "accounts.key", state / "backups" / ".." / "fenghuo.sqlite", state / "new.sqlite"):
            with pytest.raises(FormatError, match="outside of the state folder"):
                await there.desk.do(AT_THE_MACHINE, "db.backup", {"path": str(path)})
        for name in (str(tmp_path / "copy.sqlite"), "../copy.sqlite", ".hidden", ""):
            with pytest.raises(FormatError, match="must be the name of a new file"):
                await there.desk.do(elsewhere, "db.backup", {"path": name})
        made = await there.desk.do(elsewhere, "db.backup", {"path": "copy.sqlite"})
        assert (str(state / "backups" / "copy.sqlite"), "kept") == (made["path"], (tmp_path / "there.toml").read_text())


async def test_plugins_are_listed_with_what_they_bring(tmp_path: Path) -> None:
    """Each type with the plugin that answers for it."""
    async with manned(tmp_path) as there:
        brought = [(one["plugin"], one["kind"], one["type"]) for one in await there.do("plugin.ls")]
        sms = {("sms", "channel", name) for name in ("sms.smpp", "sms.at")}
        radio = {("narrowband", "channel", name) for name in ("radio.kiss", "radio.link", "radio.hrnp", "post.screen")}
        assert sms | radio == set(brought)
        assert len(set(brought)) == len(brought)
