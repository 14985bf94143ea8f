"""What the node stands on, as an administrator sees it."""

from __future__ import annotations

from pathlib import Path

from fenghuo.service.audit import LOCAL
from fenghuo.service.audit_heads import Head
from fenghuo.service.desk_system import LAST_BACKUP
from fenghuo.store.disk import DATABASE
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import META
from tests.core.service.manned import manned


async def test_the_room_of_the_store_and_what_it_runs_on_are_told(tmp_path: Path) -> None:
    """The file as it lies there, the disk under it, and the least that must stay free."""
    async with manned(tmp_path) as there:
        found = await there.do("system.show")
        folder = there.house.store.folder
        assert (folder / DATABASE).stat().st_size == found["storage"]["database"]
        assert str(folder) == found["storage"]["folder"]
        assert there.house.store.least_free == found["storage"]["least_free"]
        assert 0 < found["storage"]["free"] <= found["storage"]["total"]
        assert {"python", "sqlite", "schema"} == found["build"].keys()


async def test_the_last_copy_is_told_and_none_where_none_was_made(tmp_path: Path) -> None:
    """When, where, how large; one that cannot be read any more is none."""
    async with manned(tmp_path) as there:
        assert None is (await there.do("system.show"))["backup"]
        made = await there.do("db.backup", "root", path="night.sqlite")
        told = (await there.do("system.show"))["backup"]
        assert ({"path": made["path"], "bytes": made["bytes"]}, "1970-01-12T13:46:40.000Z") == (
            {key: told[key] for key in ("path", "bytes")},
            told["at"],
        )
        await there.house.store.run(lambda tx: tx.put(META, MetaRow(LAST_BACKUP, "{")))
        assert None is (await there.do("system.show"))["backup"]


async def test_the_age_of_the_audits_last_head_is_told_with_what_came_since(tmp_path: Path) -> None:
    """The newest line of its file; a torn one is none."""
    async with manned(tmp_path) as there:
        await there.do("channel.disable", name="a", reason="换卡")
        records = there.house.store.audited.mark
        assert {"records": records, "head": None, "behind": records} == (await there.do("system.show"))["audit"]
        heads = [Head("node", seq, "ab", 1_000_000_000, "cd").line() for seq in (0, records - 1)]
        file = there.house.store.folder / LOCAL
        file.write_text("\n".join(heads) + "\n", encoding="utf-8")
        found = (await there.do("system.show"))["audit"]
        assert {"records": records, "head": "1970-01-12T13:46:40.000Z", "behind": 1} == found
        file.write_text("{", encoding="utf-8")
        assert None is (await there.do("system.show"))["audit"]["head"]
