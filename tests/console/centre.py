"""A centre as its officers meet it: the running daemon with its console, the directory of Taicang, people with accounts, and a real
short message centre at the far end."""

from __future__ import annotations

import base64
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from playwright.async_api import Browser, BrowserContext, Page

from fenghuo.service.second_factor import STEP_S, code_at
from tests.e2e.node import Node, sms
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

__all__ = ["INFORMANT", "WARNED", "Centre", "Officer"]

TAICANG = Path(__file__).parents[2] / "config" / "taicang"
PASSWORD = "Tide-table 4711"
INFORMANT, WARNED = "+8619900000173", "+8619900000153"
"""Who is told of the leak, and who of the rain."""
CONTACTS = f"""owner,kind,address,rank,proven_at
huangjing-informant-1,msisdn,{INFORMANT},1,
huangjing-duty-officer,msisdn,+8619900000171,1,
shaxi-informant-1,msisdn,{WARNED},1,
"""
RULES = """
[ladders.all]
[[ladders.all.rungs]]
channels = ["sms"]
[[ladders.all.rungs]]
channels = ["mail"]
[[rules]]
name = "signals of the station"
match = { kind = ["Alert"], source = ["met"] }
audience = { name = "灾害信息员", split = "person", roles = ["informant"], areas = "message" }
needed = "DEVICE"
deadline_s = 600
signatures = 0
ladder = "all"
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "灾害信息员", split = "person", roles = ["informant"], areas = "message" }
needed = "DEVICE"
deadline_s = 600
ladder = "all"
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed", split = "person" }
needed = "HUMAN"
deadline_s = 900
signatures = 0
ladder = "all"
"""
EXTRA = """
[fronts.console]
type = "console"
[fronts.console.settings]
reload_s = 0.5
[accounts]
memory_kib = 8
passes = 1
[tokens.met]
file = "met.token"
rights = ["source"]
certificates = ["met.pem"]
[[authority]]
source = "met"
kinds = ["Alert"]
areas = ["mca:320585"]
events = ["暴雨"]
"""


class Officer(msgspec.Struct, frozen=True):
    """Somebody with an account. `secret`: of the second factor, none where the rights ask for none."""

    name: str
    secret: bytes = b""

    @property
    def code(self) -> str:
        """What the authenticator shows now."""
        return code_at(self.secret, int(time.time()) // STEP_S) if self.secret else ""


class Centre(Node):
    """`station`: the certificate of the weather station; `complaints`: what browsers said of the page; `asked`: what they asked for."""

    def __init__(self, folder: Path, smsc: Smsc, station: bytes) -> None:
        (folder / "met.pem").write_bytes(station)
        (folder / "met.token").write_text("met-0123456789abcdef0123456789abcdef")
        (folder / "met.token").chmod(0o600)
        second = {"type": "http.webhook", "settings": {}}
        super().__init__(folder, channels={"sms": sms(smsc.port), "mail": second}, persons=[], rules=RULES, extra=EXTRA)
        shutil.copytree(TAICANG, folder / "people", dirs_exist_ok=True)
        (folder / "people" / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
        self.complaints: list[str] = []
        self.asked: list[str] = []

    async def hire(self, name: str, *rights: str, display: str = "") -> Officer:
        """An account with its password, and a second factor where the rights ask for one."""
        made = await self.ask("account.add", name=name, rights=list(rights), display=display or name)
        enrolled = await self.ask("account.enrol", name=name, code=made["code"], password=PASSWORD)
        found = parse_qs(urlsplit(enrolled["otpauth"]).query).get("secret", [""])[0]
        return Officer(name, base64.b32decode(found + "=" * (-len(found) % 8)) if found else b"")

    async def seat(self, browser: Browser, officer: Officer, *, traffic: str = "Actual", **options: Any) -> Page:
        """A desk of its own, with this officer logged in."""
        context = await self.context(browser, **options)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", lambda line: self.complaints.append(line.text) if line.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        await page.goto(f"{self.url}/#login")
        await page.locator(f"input[value={traffic}]").check()
        await page.locator("input[name=name]").fill(officer.name)
        await page.locator("input[name=password]").fill(PASSWORD)
        if officer.secret:
            await page.locator("input[name=code]").fill(officer.code)
        await page.locator("form.login button.main").click()
        await page.locator("header.top .person button").wait_for()
        return page

    async def context(self, browser: Browser, **options: Any) -> BrowserContext:
        return await browser.new_context(**{"locale": "zh-CN", "viewport": {"width": 1280, "height": 900}, **options})
