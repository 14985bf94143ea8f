"""The page over the running daemon, which is killed while two officers act: nothing is lost, nothing is done twice, both see the same.

Source: console.md §6 and §11.
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from fenghuo.service.second_factor import STEP_S, code_at
from tests.console.stage import MARKS, browser
from tests.e2e.node import Node, Person
from tests.scale import PATIENCE_S
from tools.console_words import read_words

pytestmark = [*MARKS, pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(300)]
WORDS = read_words()
PASSWORD = "Tide-table 4711"
RULES = """
[ladders.all]
[[ladders.all.rungs]]
channels = ["mail"]
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "informants", roles = ["informant"] }
needed = "DEVICE"
deadline_s = 600
ladder = "all"
"""
EXTRA = '[fronts.console]\ntype = "console"\n[accounts]\nmemory_kib = 8\npasses = 1'


async def test_a_killed_daemon_costs_the_officers_nothing(tmp_path: Path) -> None:
    """Orders that no rule fits are alarms; one officer acknowledges, the other sees it; after a SIGKILL both see what is so again, and an
    act of meanwhile has one outcome."""
    channels = {"mail": {"type": "http.webhook", "settings": {}}}
    persons = [Person("anna", url="http://127.0.0.1:9/")]
    async with Node(tmp_path, channels=channels, persons=persons, rules=RULES, extra=EXTRA) as node, browser() as driver:
        _keep_the_port(node)
        for number in range(3):
            await node.order("anna", f"按预案集合 {number}")
        zhang, li = await _seat(node, driver, "zhang"), await _seat(node, driver, "li")
        await expect(_waiting(li)).to_have_count(3)
        await _acknowledge(zhang)
        await expect(_waiting(li)).to_have_count(2)
        await node.kill()
        for page in (zhang, li):
            await expect(page.locator("#link")).to_have_text(re.compile(r"已断线——数据停在 \d\d:\d\d:\d\d"))
            await expect(page.locator("main.stale")).to_be_visible()
        await _acknowledge(zhang)  # pressed while nobody is there
        await node.start()
        await expect(zhang.locator(".alarms .notice")).to_contain_text(re.compile("已确认：|已被别人改动"))  # what became of it is known
        await expect(zhang.locator("#unknown")).to_have_count(0)
        for page in (zhang, li):
            await expect(page.locator("#link")).to_have_count(0)
            await _shows_what_is_so(page, node)


async def _shows_what_is_so(page: Page, node: Node) -> None:
    """Until the rows are those of the daemon, each in its state; alarms may still come and go."""
    script = "rows => Object.fromEntries(rows.map(row => [row.dataset.id, row.querySelector('.state').textContent.split(' ')[0]]))"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            there = {str(one["id"]): WORDS[f"alarm.state.{one['state']}"]["zh"] for one in await node.ask("alarm.ls")}
            if there == await page.locator("#alarm-list [data-id]").evaluate_all(script):
                return
            await page.mouse.move(2, 2)
            await page.locator("main:not(.stale)").wait_for()


def _waiting(page: Page) -> Locator:
    """The rows of orders that no rule fits, and nobody has acknowledged."""
    return page.locator("#alarm-list [data-id]").filter(has_text="没有规则适用").filter(has_text="未确认")


async def _acknowledge(page: Page) -> None:
    """The first of them."""
    await _waiting(page).first.click()
    await page.locator("#alarm-detail").wait_for()
    await page.keyboard.press("a")


def _keep_the_port(node: Node) -> None:
    """A restart serves where the pages will look for it."""
    settings = node.folder / "fenghuo.toml"
    port = urlsplit(node.url).port
    settings.write_text(settings.read_text(encoding="utf-8").replace("127.0.0.1:0", f"127.0.0.1:{port}"), encoding="utf-8")


async def _seat(node: Node, driver: Browser, name: str) -> Page:
    """A desk with an officer who may release, so with a second factor."""
    made = await node.ask("account.add", name=name, rights=["operator", "releaser"], display=name)
    enrolled = await node.ask("account.enrol", name=name, code=made["code"], password=PASSWORD)
    secret = parse_qs(urlsplit(enrolled["otpauth"]).query)["secret"][0]
    code = code_at(base64.b32decode(secret + "=" * (-len(secret) % 8)), int(time.time()) // STEP_S)
    page = await (await driver.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})).new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    await page.goto(f"{node.url}/#login")
    for field, text in (("name", name), ("password", PASSWORD), ("code", code)):
        await page.locator(f"input[name={field}]").fill(text)
    async with asyncio.timeout(PATIENCE_S):
        await page.locator("form.login button.main").click()
        await page.locator("main:not(.stale) .watch").wait_for()
    return page
