"""Two daemons that acted apart take from each other what is missing, by the command line, over each other's control socket."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import sent
from tests.peers.pager import Pager
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

WANG = Person("wang", "+8613800000001")


async def test_what_one_did_is_known_at_the_other_and_goes_to_nobody_again(tmp_path: Path) -> None:
    """An order of each; both know both, and each centre got the one page that it had."""
    async with Pager() as first, Pager() as second:
        ways = [{"first": pager.channel()} for pager in (first, second)]
        for name in ("centre", "town"):
            (tmp_path / name).mkdir()
        centre, town = (
            Node(tmp_path / name, channels=channels, persons=[WANG], rules=orders("first"))
            for name, channels in (("centre", ways[0]), ("town", ways[1]))
        )
        (town.folder / "fenghuo.toml").write_text((town.folder / "fenghuo.toml").read_text().replace('name = "node"', 'name = "town"'))
        async with centre, town:
            ids = [await sent(node, "wang", text) for node, text in ((centre, "中心的"), (town, "镇里的"))]
            for node, ident in zip((centre, town), ids, strict=True):
                await node.ended(ident)
            assert [[ids[1]], [ids[0]], []] == [(await take(*pair))["taken"] for pair in ((centre, town), (town, centre), (centre, town))]
            there = await centre.shown(ids[1])
            assert ("complete", "node:town", []) == (there["state"], there["source"], there["objectives"])
            assert [1, 1] == [len(pager.pages) for pager in (first, second)]


async def take(ours: Node, theirs: Node) -> dict[str, list[str]]:
    """What `fenghuo reconcile` prints."""
    socket, token = (theirs.folder / "state" / name for name in ("ctl.sock", "ctl.token"))
    own = ("--socket", str(ours.folder / "state" / "ctl.sock"), "--token-file", str(ours.folder / "state" / "ctl.token"))
    command = ("reconcile", str(socket), "--peer-token-file", str(token), *own, "--json")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "fenghuo", *command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate()
    assert 0 == process.returncode, out
    result: dict[str, list[str]] = msgspec.json.decode(out)
    return result
