"""How an armed switch stands is a record of the audit each time it changes, whoever or whatever turned it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from fenghuo.clock import SystemClock
from fenghuo.engine.notes import ChannelNotes
from fenghuo.errors import ConfigError
from fenghuo.formats.wording import BEIJING
from fenghuo.plugin.arming import running_since, switch_stands
from fenghuo.plugin.context import HostedChannelContext
from fenghuo.service.armed import ArmedSwitches, armed_as
from fenghuo.store import Store, Tx
from fenghuo.store.audit import breaks
from fenghuo.store.frames import mark_stale
from fenghuo.store.tables import AUDIT
from tests.core.store.rows import open_store


@pytest.fixture(autouse=True)
def _one_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in every start, unless a test says otherwise."""
    monkeypatch.setattr("fenghuo.plugin.arming.installed_version", lambda: "1.0")
    monkeypatch.setattr("fenghuo.plugin.arming.installed_files", lambda: "")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 7, 15, hour, minute, tzinfo=BEIJING)


class Loud(msgspec.Struct, frozen=True):
    armed: datetime | None = None
    sound_s: float = 60.0


class Roof:
    """A loud channel of the node whose store this is; each `starts` is a start of it at that moment."""

    def __init__(self, store: Store, file: Path) -> None:
        self.store = store
        self.switches = ArmedSwitches(store, file, lambda name, why_off: None)

    async def starts(self, now: datetime, armed: datetime | None) -> str:
        async def told(why_off: str, instant: datetime | None) -> None:
            await self.switches.stands("roof", why_off, instant)

        clock = SystemClock(wall=now.timestamp, monotonic=now.timestamp)
        notes = ChannelNotes(self.store, "roof", place="here")
        ctx = HostedChannelContext("roof", Loud(), clock, lambda path: path, lambda up, reason: None, notes=notes, on_armed=told)
        since, begun = running_since(await notes.recall(), clock.time())
        await notes.keep(begun)
        return await switch_stands(ctx, armed, since=since)

    async def deeds(self) -> list[tuple[str, str]]:
        """Action and first words of the cause, of records that hold together."""
        rows = await self.store.find(AUDIT, "1 ORDER BY seq")
        assert [] == list(breaks(rows))
        mine = [row for row in rows if row.object == "channel/roof"]
        assert {"settings"} == {row.door for row in mine}
        return [(row.action, msgspec.json.decode(row.detail)["cause"][:19]) for row in mine]


@contextlib.asynccontextmanager
async def roof(folder: Path) -> AsyncIterator[Roof]:
    file = folder / "fenghuo.toml"
    file.touch()
    store = await open_store(folder / "state")
    try:
        yield Roof(store, file)
    finally:
        await store.close()


async def test_install_arming_upgrade_and_restore_are_each_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's hand turns it off after an upgrade or a restore, and that is recorded like a hand's; a restart changes nothing and is no
    record."""
    async with roof(tmp_path) as there:
        await there.starts(at(8), None)
        assert "" == await there.starts(at(9), at(9))
        assert "" == await there.starts(at(10), at(9))
        monkeypatch.setattr("fenghuo.plugin.arming.installed_version", lambda: "1.1")
        assert await there.starts(at(11), at(9))
        assert "" == await there.starts(at(12), at(12))

        def restore(tx: Tx) -> None:
            mark_stale(tx, at(13).timestamp())

        await there.store.run(restore)
        assert await there.starts(at(13), at(12))
        armed_before = "it was armed before"
        expected = [("disarm", "it is not armed: pu"), ("arm", ""), ("disarm", armed_before), ("arm", ""), ("disarm", armed_before)]
        assert expected == await there.deeds()


async def test_an_instant_in_the_future_is_off_and_recorded_so(tmp_path: Path) -> None:
    """The channel does not start with it, and was armed until then."""
    async with roof(tmp_path) as there:
        await there.starts(at(9), at(9))
        with pytest.raises(ConfigError, match="lies in the future"):
            await there.starts(at(10), at(11))
        assert [("arm", ""), ("disarm", "armed 2026-07-15T11")] == await there.deeds()


async def test_a_record_says_whose_file_it_was(tmp_path: Path) -> None:
    """Which one, when it was written, by whom the disk says it is; who edited it the disk does not know."""
    owner = tmp_path.owner()
    async with roof(tmp_path) as there:
        await there.starts(at(9), at(9))
        (row,) = await there.store.find(AUDIT, "object = ?", "channel/roof")
        detail = msgspec.json.decode(row.detail)
        assert (str(tmp_path / "fenghuo.toml"), owner) == (detail["settings"], detail["owner"])
        assert detail["written"]
        assert ("", "2026-07-15T09:00:00+08:00") == (detail["was"], detail["armed"])


@pytest.mark.parametrize(
    ("new", "taken"),
    [
        (Loud(), None),
        (Loud(armed=at(9)), Loud(armed=at(9))),
        (Loud(armed=at(9), sound_s=5.0), Loud(armed=at(9))),
        (Loud(sound_s=5.0), None),
    ],
)
def test_a_reload_takes_over_the_switch_and_nothing_else(new: Loud, taken: Loud | None) -> None:
    """Whatever else changed waits for a start, as for every channel."""
    assert taken == armed_as(Loud(), new)
