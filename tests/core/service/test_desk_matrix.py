"""Channel by place: how each is there, what was proven, and what stands in for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.core.service.manned import Manned, manned


async def row(there: Manned) -> dict[str, Any]:
    found: dict[str, Any] = (await there.do("channel.matrix"))["places"][0]
    return found


async def test_a_cell_says_how_the_channel_is_for_whoever_is_there_and_what_was_proven(tmp_path: Path) -> None:
    """A channel of which nobody there has an address is none, and says why; a proof is counted by recipients, with its level."""
    async with manned(tmp_path) as there:
        await there.do("message.send", to=["wang"], text="立即到岗")
        await there.house.receipt(there.house.sent[0])
        answer = await there.do("channel.matrix")
        assert ["a", "r"] == [one["name"] for one in answer["channels"]]
        cells = {one["channel"]: one for one in answer["places"][0]["cells"]}
        assert ("up", 1, "green", "DEVICE") == tuple(cells["a"][key] for key in ("state", "proven", "age", "level"))
        assert ("up", 0, "red", None) == tuple(cells["r"][key] for key in ("state", "proven", "age", "level"))
        assert [] == answer["places"][0]["diverted"]


async def test_what_stands_in_for_a_lost_way_is_told_with_since_when_and_why(tmp_path: Path) -> None:
    """短信→对讲, since, cause: whoever switched it off, or what its health rests on; nothing left is told as nothing."""
    async with manned(tmp_path) as there:
        there.house.clock.now += 60
        await there.do("channel.disable", name="a", reason="换卡")
        found = await row(there)
        (line,) = found["diverted"]
        assert ("a", "r", ["both"], "1970-01-12T13:47:40.000Z") == tuple(line[key] for key in ("came_from", "to", "ladders", "since"))
        assert "disabled by duty: 换卡" == line["why"]
        assert "off" == found["cells"][0]["state"]
        there.house.down("r")
        await there.house.settle()
        assert [("a", "")] == [(one["came_from"], one["to"]) for one in (await row(there))["diverted"]]


async def test_an_area_is_told_by_its_code_and_by_the_other_list(tmp_path: Path) -> None:
    """A code never without its system: 320585105 is 璜泾镇 in one list and 双凤镇 in the other."""
    async with manned(tmp_path) as there:
        areas = await there.do("area.ls", words="320585105")
        assert {("mca:320585105", "璜泾镇"), ("nbs:320585105", "双凤镇")} == {(one["area"], one["name"]) for one in areas}
        assert {"mca:320585105": "nbs:320585104", "nbs:320585105": "mca:320585109"} == {one["area"]: one["other"] for one in areas}
        assert 1 == len(await there.do("area.ls", limit=1))
