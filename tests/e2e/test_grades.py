"""A channel that somebody else's plugin brings, before and after the conformance kit's record of it, through the daemon's doors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders
from tests.peers.pager import CHANNEL, NAME, PLUGIN, Pager
from tests.peers.site import give_record, install
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

WANG = Person("wang", "+8613800000001")


def fenghuo(node: Node, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fenghuo", "--config", str(node.folder / "fenghuo.toml"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


async def test_without_bronze_it_carries_p2_to_p4_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No record: a P1 finds no way and is told why, in every place where one would ask; a P2 is carried, and its Cancel too.

    With the record of these very files, after a restart, the P1 is carried; a line more in the plugin, and it is not.
    """
    site = tmp_path / "site"
    monkeypatch.setenv("PYTHONPATH", install(site, NAME, PLUGIN), prepend=":")
    async with Pager() as pager, Node(tmp_path, channels={"first": pager.channel()}, persons=[WANG], rules=orders("first")) as node:
        await node.channels_up("first")
        _, urgent = await node.order("wang", "立即到岗", priority="P1")
        view = await node.until("message.why", lambda view: "no record of the conformance kit" in str(view), id=urgent["id"])
        assert "the channel carries P2 to P4 only" in str(view)
        (fault,) = (await node.ask("route.lint"))["faults"]
        assert "rule 'orders': may be P0 or P1, and every channel of ladder 'orders' carries P2 to P4 only" in fault
        (row,) = await node.ask("channel.ls")
        assert "no record of the conformance kit" in row["ungraded"]
        checked = fenghuo(node, "config", "check")
        assert (0, 2) == (checked.returncode, checked.stderr.count("P2 to P4 only")), checked.stderr
        assert f"{CHANNEL} none" in fenghuo(node, "plugin", "ls").stdout
        _, calm = await node.order("wang", "请回电", priority="P2")
        await node.ended(calm["id"])
        await node.order("wang", "取消", action="Cancel", reference=calm["id"], priority="P0")
        await pager.wait_for(lambda: len(pager.pages) == 2)
        assert ["请回电" in page.text or "取消" in page.text for page in pager.pages] == [True, True]
        give_record(tmp_path / "state", site, NAME, CHANNEL)
        await node.restart()
        await node.channels_up("first")
        _, again = await node.order("wang", "立即到岗", priority="P1")
        await node.ended(again["id"])
        assert f"{CHANNEL} bronze" in fenghuo(node, "plugin", "ls").stdout
    (site / "fenghuo_pages.py").write_text(PLUGIN + "\n# one line more\n", encoding="utf-8")
    assert "other files than those installed" in fenghuo(node, "plugin", "ls").stdout
