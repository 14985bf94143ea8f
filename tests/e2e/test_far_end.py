"""The endpoint that we ship, run as its first lines say, and what a node of another role says to the words for endpoints."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.node import Node, Person, orders
from tests.scale import PATIENCE_S
from tests.signals import Process

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

CONFIG = Path(__file__).parents[2] / "config"


class Shipped(Node):
    """config/endpoint.example.toml on a free port, with its one secret in place, run by `fenghuo endpoint serve`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, channels={}, persons=[], rules="")
        text = (CONFIG / "endpoint.example.toml").read_text(encoding="utf-8").replace("127.0.0.1:8025", "127.0.0.1:0")
        (folder / "fenghuo.toml").write_text(text, encoding="utf-8")
        (folder / "rules.toml").unlink()  # it has none, and would take the file of that name
        (folder / "secrets").mkdir()
        (folder / "secrets" / "link.key").write_text("0f" * 32)
        (folder / "secrets" / "link.key").chmod(0o600)

    async def _spawn(self, under: Sequence[str]) -> Process:
        with self.log.open("ab") as log:
            command = (sys.executable, "-m", "fenghuo", "endpoint", "serve", "--config", str(self.folder / "fenghuo.toml"))
            return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=log)


async def said(node: Node, *words: str) -> tuple[int | None, str, str]:
    """Exit code, output and errors of a command."""
    command = (sys.executable, "-m", "fenghuo", *words, "--config", str(node.folder / "fenghuo.toml"))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=os.environ)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_the_example_is_a_far_end(tmp_path: Path) -> None:
    """It has a screen, on a terminal and on the page, by the token that it made; a report waits for the radio, which is not there."""
    async with Shipped(tmp_path) as place:
        await place.channels_up("screen")
        assert (0, []) == ((await said(place, "endpoint", "ls"))[0], await place.ask("endpoint.ls"))
        form = {"token": (tmp_path / "state" / "duty.token").read_text().strip()}
        async with aiohttp.ClientSession() as browser, browser.post(f"{place.url}/endpoint", data=form) as page:
            assert (200, True) == (page.status, "还没有收到信息" in await page.text())
        code, out, _ = await said(place, "report", "--text", "浏河镇已转移213人")
        (objective,) = (await place.until("message.show", lambda view: view["objectives"], id=out.split()[0]))["objectives"]
        (delivery,) = objective["deliveries"]
        assert (0, "up", "link", "HELD") == (code, delivery["recipient"], delivery["channel"], delivery["state"])


@pytest.mark.usefixtures("paging")
async def test_a_node_of_another_role_says_so(tmp_path: Path) -> None:
    """Its list, its key, its terminal and its page are a sentence each; a report is refused, and nothing of it is kept."""
    page = '[fronts.page]\ntype = "http.endpoint"\n'
    persons = [Person("wang", "+8613800000001")]
    channels = {"pages": {"type": "pager.pages", "settings": {"port": 9}}}
    async with Node(tmp_path, channels=channels, persons=persons, rules=orders("pages"), extra=page) as node:
        no_screen = 'fenghuo: this node has no screen; one with role = "endpoint" has\n'
        for words in (("ls",), ("ack", "1"), ("watch",)):
            assert (1, "", no_screen) == await said(node, "endpoint", *words)
        form = {"token": node.token("operator")}
        async with aiohttp.ClientSession() as browser, browser.post(f"{node.url}/endpoint", data=form) as answer:
            assert (404, True) == (answer.status, "this node has no screen" in await answer.text())
        code, out, err = await said(node, "report", "--text", "已转移213人")
        assert (65, "", True) == (code, out, err.startswith("fenghuo: refused: it would reach nobody"))
        assert [] == await node.ask("message.ls")
