"""The page in Debian's Chromium over a web port of ours: the console and the API over a fake desk, in the test's own loop."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

import fenghuo_console
import fenghuo_http
from fenghuo import Front
from fenghuo.clock import SystemClock
from fenghuo.plugin.context import HostedFrontContext
from fenghuo.service.settings_values import Listen
from fenghuo.service.web import WebPort
from fenghuo_console import ConsoleSettings
from tests.plugins.http_fakes import COOKIE, NONCE, FakeDesk, FakeEvents
from tests.scale import PATIENCE_S

__all__ = ["Stage", "browser", "staged"]

API = next(kind for kind in fenghuo_http.fenghuo_front_types() if kind.id == "http.api")
(CONSOLE,) = fenghuo_console.fenghuo_front_types()
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-software-rasterizer"]
"""Without software rasterizer: what needs WebGL would fail here as it does on the desks of a command centre."""
ME = {"name": "zhang", "display": "张值班", "rights": ["operator", "releaser"], "may": ["operator", "releaser"]}


class Stage:
    """A served page. `complaints`: what the browser's console said; `asked`: every request that a page made."""

    def __init__(self, web: WebPort, desk: FakeDesk, driver: Browser) -> None:
        self.web, self.desk, self.driver = web, desk, driver
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.traffic = "Actual"
        desk.answers["session.open"] = self._open
        desk.answers["session.show"] = lambda args: {**ME, "session": {"traffic": self.traffic, "locked": False}}
        desk.answers["session.close"] = {}

    def _open(self, args: dict[str, Any]) -> dict[str, Any]:
        self.traffic = args["traffic"]
        return {"session": COOKIE, "csrf": NONCE, **ME, "traffic": self.traffic, "idle_s": 900.0, "lasts_s": 43200.0}

    async def context(self, **options: Any) -> BrowserContext:
        """Another browser, as on another desk."""
        return await self.driver.new_context(**{"locale": "zh-CN", "viewport": {"width": 1280, "height": 900}, **options})

    async def page(self, context: BrowserContext | None = None, *, path: str = "/", **options: Any) -> Page:
        """A page that has been loaded."""
        page = await (context or await self.context(**options)).new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", lambda line: self.complaints.append(line.text) if line.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        await page.goto(self.web.url + path)
        return page

    async def officer(self, context: BrowserContext | None = None, *, traffic: str = "Actual", **options: Any) -> Page:
        """A page on which the duty officer has logged in."""
        page = await self.page(context, path="/#login", **options)
        await page.locator(f"input[value={traffic}]").check()
        await page.locator("input[name=name]").fill("zhang")
        await page.locator("input[name=password]").fill("Tide-table 4711")
        await page.locator("form.login button.main").click()
        await page.locator("header.top .person button").wait_for()
        return page


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """One browser for a module."""
    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield chromium
        finally:
            await chromium.close()


@asynccontextmanager
async def staged(driver: Browser, settings: ConsoleSettings | None = None) -> AsyncIterator[Stage]:
    """The console and the API on one real port."""
    events = FakeEvents()
    desk = FakeDesk(events)
    web = WebPort(Listen("127.0.0.1", 0), clock=SystemClock())
    fronts: list[Front] = []
    for kind, given in ((API, None), (CONSOLE, settings or ConsoleSettings(open_viewer=True))):
        ctx = HostedFrontContext(name=kind.id, settings=given or kind.settings(), clock=SystemClock(), desk=desk, events=events, web=web)
        fronts.append(kind.factory(ctx))
    await web.start()
    for front in fronts:
        await front.start()
    try:
        yield Stage(web, desk, driver)
    finally:
        for front in reversed(fronts):
            await front.stop(time.monotonic() + 2)
        await web.stop(time.monotonic() + 2)
