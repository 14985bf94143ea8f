"""A sheet of paper against the real daemon: printed, read by programs of other authors, and receipted by its code word."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.test_public import RULES, TOWN, cap
from tests.peers.paper import symbols, words
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

TEXT = "请立即转移洪泾村低洼地区群众"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A daemon that prints into a folder, and takes codes from another."""
    for name in ("out", "back"):
        (tmp_path / name).mkdir()
    desk = {"out_folder": str(tmp_path / "out"), "returns_folder": str(tmp_path / "back"), "charset": "utf-8", "look_s": 0.05}
    channels = {"paper": {"type": "runner.sheet", "settings": {**desk, "carriers": {"洪泾": "王建国"}, "households_file": "houses.csv"}}}
    (tmp_path / "houses.csv").write_text("place,household,people,note\n洪泾村3组,张三,3,行动不便\n", encoding="utf-8")
    persons = [Person("wang", place="洪泾村"), Person("li", place="香塘村")]
    async with Node(tmp_path, channels=channels, persons=persons, rules=orders("paper", needed="HUMAN")) as node:
        await node.channels_up("paper")
        yield node


async def fenghuo(node: Node, *words: str) -> tuple[int, str, str]:
    """The command as a shell would run it."""
    command = [sys.executable, "-m", "fenghuo", "--config", str(node.folder / "fenghuo.toml"), *words]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def printed(folder: Path, count: int) -> list[Path]:
    """So many sheets, as soon as they are out."""
    async with asyncio.timeout(PATIENCE_S):
        while len(found := sorted((folder / "out").glob("*.pdf"))) < count:
            await asyncio.sleep(0.02)
    return found


async def evidence(node: Node, message: str, level: str) -> dict[str, Any]:
    def is_there(view: dict[str, Any]) -> bool:
        return bool(view["objectives"]) and view["objectives"][0]["deliveries"][0]["evidence"] == level

    found: dict[str, Any] = await node.until("message.show", is_there, id=message)
    return found


async def test_a_sheet_goes_out_and_its_code_comes_back(node: Node) -> None:
    """Printed is ACCEPTED; taken RELAYED; scanned HUMAN, with the name; and the second clerk hears of the first."""
    _, sent = await node.order("wang", TEXT)
    (sheet,) = await printed(node.folder, 1)
    bare = "".join(words(sheet).split())
    parts = (TEXT, "送往：洪泾村", "送达人：王建国", "□1.洪泾村3组张三3人行动不便")
    assert parts == tuple(part for part in parts if part in bare)
    await evidence(node, sent["id"], "ACCEPTED")
    (code,) = symbols(sheet)
    assert (True, sheet.stem) == (code.startswith("FH1:"), code[4:])

    status, out, _ = await fenghuo(node, "runner", "take", code, "--by", "王建国")
    assert (0, True) == (status, "RELAYED, 王建国" in out)
    assert f"{code[4:8]}-{code[8:]}" in (await fenghuo(node, "runner", "ls"))[1]
    status, out, _ = await fenghuo(node, "runner", "receipt", code, "--by", "李四", "--json")
    assert (0, "HUMAN", "李四") == (status, json.loads(out)["level"], json.loads(out)["by"])
    assert "MET" == (await node.ended(sent["id"]))["objectives"][0]["state"]

    status, _, err = await fenghuo(node, "runner", "receipt", code, "--by", "王五")
    assert (65, True) == (status, "is used: it was receipted by 李四 at" in err)
    status, _, err = await fenghuo(node, "runner", "receipt", "K7QD-3M2P", "--by", "王五")
    assert (65, True) == (status, "does not fit together" in err)


async def test_a_scanned_file_counts_after_a_sudden_death_too(node: Node) -> None:
    """The daemon is killed with a sheet out; the code that lies in the folder at its next start is its receipt."""
    _, sent = await node.order("li", TEXT)
    (sheet,) = await printed(node.folder, 1)
    await evidence(node, sent["id"], "ACCEPTED")
    await node.kill()
    (node.folder / "back" / "1.scan").write_text(f"{symbols(sheet).pop()} 李四 完成", encoding="utf-8")
    await node.start()
    assert "MET" == (await node.ended(sent["id"]))["objectives"][0]["state"]
    await evidence(node, sent["id"], "DONE")
    assert ([], [sheet]) == (list((node.folder / "back").glob("*.scan")), sorted((node.folder / "out").glob("*.pdf")))


async def test_a_preview_says_what_the_paper_costs_in_time(node: Node) -> None:
    """By the channel's own estimate, from a file that is not submitted."""
    order = node.folder / "order.json"
    order.write_text(json.dumps({"to": ["wang"], "text": TEXT}), encoding="utf-8")
    status, out, _ = await fenghuo(node, "alert", "preview", str(order), "--form", "sheet", "--json")
    (form,) = json.loads(out)["forms"]
    assert (0, "任务单 #9999\n内容：" + TEXT) == (status, form["text"])
    assert [("paper", 1, 0.0, 0.0)] == [(one["channel"], one["parts"], one["airtime_s"], one["fee_fen"]) for one in form["channels"]]


async def test_a_public_on_paper_counts_by_household(tmp_path: Path) -> None:
    """An alert to a town prints the page of its roll; who was missed stays open until a second receipt."""
    for name in ("out", "back"):
        (tmp_path / name).mkdir()
    desk = {"out_folder": str(tmp_path / "out"), "returns_folder": str(tmp_path / "back"), "look_s": 0.05}
    rules = RULES.replace('["bulk"]', '["paper"]').replace('needed = "ACCEPTED"', 'needed = "HUMAN"')
    node = Node(tmp_path, channels={"paper": {"type": "runner.sheet", "settings": desk}}, persons=[Person("wang")], rules=rules)
    houses = ("洪泾村1组 张三", "洪泾村2组 李四", "洪泾村3组 王五")
    roll = ["kind,address,area", *(f"place,{house},{TOWN}" for house in houses)]
    (tmp_path / "people" / "subscribers.csv").write_text("\n".join(roll) + "\n", encoding="utf-8")
    async with node:
        await node.channels_up("paper")
        status, sent = await node.post("/api/v1/alerts", cap("one"))
        assert 202 == status
        (sheet,) = await printed(tmp_path, 1)
        bare = "".join(words(sheet).split())
        assert ["□1.洪泾村1组张三", "□2.洪泾村2组李四", "□3.洪泾村3组王五"] == [
            part for part in ("□1.洪泾村1组张三", "□2.洪泾村2组李四", "□3.洪泾村3组王五") if part in bare
        ]
        (code,) = symbols(sheet)
        (tmp_path / "back" / ".1").write_text(f"{code} 王建国 缺2", encoding="utf-8")
        (tmp_path / "back" / ".1").rename(tmp_path / "back" / "1.scan")
        await node.until("message.show", lambda view: view["objectives"][0]["met"] == 2, id=sent["id"])
        assert "2 of 3 households" in (await fenghuo(node, "runner", "ls"))[1]
        status, out, _ = await fenghuo(node, "runner", "receipt", code, "--by", "王建国")
        assert (0, True) == (status, "1 of 3 households: HUMAN, 王建国" in out)
        shown = await node.ended(sent["id"])
        assert ("MET", 3) == (shown["objectives"][0]["state"], shown["objectives"][0]["met"])
