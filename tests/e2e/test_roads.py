"""The daemon and the example map of Taicang: roads are cut, an island is told, an order refused, and the way back; with paper alone."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.node import Node, orders
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(300)]

TAICANG = Path(__file__).parents[2] / "config" / "taicang"
ISLAND = "璜泾 has no road left (孤岛): 127.6 min by road and water, 91.5 min by air"


async def road(node: Node, *words: str) -> tuple[int, str, str]:
    """What `fenghuo …` answers on the machine itself: exit code, stdout, stderr."""
    where = ("--config", str(node.folder / "fenghuo.toml"))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "fenghuo", *where, *words, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def told(node: Node, kind: str) -> list[dict[str, Any]]:
    return [event["body"] for event in (await node.ask("log.read", limit=1000))["events"] if event["type"] == kind]


async def reported(node: Node) -> dict[str, Any]:
    """GET /api/v1/roads."""
    bearer = {"Authorization": f"Bearer {node.token('operator')}"}
    async with aiohttp.ClientSession() as session, session.get(f"{node.url}/api/v1/roads", headers=bearer) as answer:
        found: dict[str, Any] = await answer.json()
    return found


async def heard(node: Node, kind: str) -> dict[str, Any]:
    """The one event of a kind, as soon as it is there: what the engine makes of a report comes a moment after the answer to it."""

    def is_there(read: dict[str, Any]) -> bool:
        return any(event["type"] == kind for event in read["events"])

    await node.until("log.read", is_there, limit=1000)
    (found,) = await told(node, kind)
    return found


async def test_two_roads_are_cut_and_the_town_the_orders_and_the_way_back_are_told(tmp_path: Path) -> None:
    """S3: the alarm is in the log when the report is answered; a unit that cannot arrive is not sent; kill -9 forgets nothing."""
    (tmp_path / "out").mkdir()
    paper = {"type": "runner.sheet", "settings": {"out_folder": str(tmp_path / "out"), "charset": "utf-8", "mode": "courier"}}
    node = Node(tmp_path, channels={"paper": paper}, persons=[], rules=orders("paper", needed="ACCEPTED", deadline_s=20_000))
    shutil.copytree(TAICANG, tmp_path / "people", dirs_exist_ok=True)
    with (tmp_path / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
        contacts.write("shaxi-duty-officer,place,沙溪镇政府,9,\nhuangjing-duty-officer,place,璜泾镇政府,9,\n")
    async with node:
        assert (0, True) == ((first := await road(node, "road", "reach", "璜泾"))[0], first[1].startswith("29.0 min"))
        sent = await node.ask("message.send", to=["person:shaxi-duty-officer"], text="支援", go_to="璜泾")
        assert ["沙溪镇 from 沙溪: 12.0 min"] == [one["detail"] for one in sent["verdicts"] if one["check"] == "arrival"]
        await node.ended(sent["id"])  # its sheet is out
        assert 200 == (await node.post("/api/v1/roads", {"segment": "沙鹿公路", "state": "cut", "reason": "桥断"}))[0]
        assert [("沙鹿公路 (沙溪-璜泾)", "桥断")] == [(one["name"], one["reason"]) for one in (await reported(node))["reports"]]
        code, out, _ = await road(node, "road", "cut", "港口路北", "--reason", "水淹", "--for", "90")
        assert (0, [ISLAND]) == (code, out.splitlines()[1:])
        assert [ISLAND] == [one["message"] for one in await told(node, "alarm.isolated")]
        assert ["shaxi"] == (await heard(node, "alarm.order_cut_off"))["units"]
        assert 200 == (await node.post("/api/v1/roads", {"segment": "滨江大道", "state": "open"}, who="source"))[0]
        await node.restart()
        assert [ISLAND] == [one["says"] for one in await node.ask("road.isolated")]
        code, _, err = await road(node, "send", "--to", "person:shaxi-duty-officer", "--text", "再支援", "--go-to", "璜泾")
        assert (65, True) == (code, "璜泾 cannot be reached by road: 沙溪镇 from 沙溪: no way. With --by water" in err)
        despite = ("--despite", "自带冲锋舟", "--dry-run")
        assert 0 == (await road(node, "send", "--to", "person:shaxi-duty-officer", "--text", "再支援", "--go-to", "璜泾", *despite))[0]
        waits = await node.ask("message.send", to=["person:huangjing-duty-officer"], text="报告情况")
        (left_out,) = (await heard(node, "objective.left_out"))["left_out"]
        assert "no way by road or on foot to 璜泾 now; it waits until there is one" == left_out["reason"]
        await node.ask("road.report", segment="沙鹿公路", state="open")
        await node.ended(waits["id"])  # the courier goes as soon as there is a road
        assert ["璜泾 is reached overland again: 29.0 min"] == [one["message"] for one in await told(node, "road.reached")]
        assert ["shaxi"] == (await heard(node, "order.reachable"))["units"]
        assert [ISLAND] == [one["message"] for one in await told(node, "alarm.isolated")]  # once, over the restart too
        sheets = [sheet.read_text("utf-8") for sheet in await asyncio.to_thread(lambda: sorted((tmp_path / "out").glob("*.txt")))]
        assert [False, True] == sorted("报到地点：璜泾" in sheet for sheet in sheets)
        assert [True, True] == ["运送：专人" in sheet for sheet in sheets]
