"""The page as a whole: it stands, it asks this daemon alone, and it breaks no rule of its own headers."""

from __future__ import annotations

import shutil

import pytest
from playwright.async_api import expect

from tests.console.stage import browser, staged

pytestmark = [
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine: apt-get install chromium"),
    pytest.mark.timeout(120),
    pytest.mark.may_leak(reason="the browser's driver is a process of its own that ends in its own time"),
]
CHANNEL = {"name": "sms-a", "type": "sms.smpp", "admin": "enabled", "health": "up", "evidence_max": "DEVICE", "queued": 0}


async def test_the_page_asks_no_other_host_and_breaks_no_policy() -> None:
    """Watched by a viewer, then by an officer who goes to every screen."""
    async with browser() as driver, staged(driver) as stage:
        stage.desk.change("channel/sms-a", CHANNEL | {"name": "<b>sms</b>"})
        page = await stage.page()
        await expect(page.locator(".strip")).to_contain_text("<b>sms</b>")
        officer = await stage.officer()
        for screen in ("wall", "system", "login", "watch"):
            await officer.goto(f"{stage.web.url}/#{screen}")
            await expect(officer.locator("main h1")).to_be_attached()
        assert [] == stage.complaints
        assert [] == [url for url in stage.asked if not url.startswith((f"{stage.web.url}/", "data:"))]
