"""The page in Debian's Chromium over a web port of ours: the console and the API over a fake desk, in the test's own loop."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

import fenghuo_console
import fenghuo_http
from fenghuo import Front
from fenghuo.clock import SystemClock
from fenghuo.errors import Outdated
from fenghuo.plugin.context import HostedFrontContext
from fenghuo.service.settings_values import Listen
from fenghuo.service.web import WebPort
from fenghuo_console import ConsoleSettings
from tests.plugins.http_fakes import COOKIE, NONCE, FakeDesk, FakeEvents
from tests.scale import PATIENCE_S

__all__ = ["CHANNEL", "MAPPED", "MARKS", "STATUS", "SYSTEM", "Service", "Stage", "alarm", "browser", "instant", "mapped_alert", "staged"]

MARKS = [
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine: apt-get install chromium"),
    pytest.mark.timeout(120),
    pytest.mark.may_leak(reason="the browser's driver is a process of its own that ends in its own time"),
    pytest.mark.may_block(reason="the fakes of this test read the page's own files while it runs"),
]
API = next(kind for kind in fenghuo_http.fenghuo_front_types() if kind.id == "http.api")
(CONSOLE,) = fenghuo_console.fenghuo_front_types()
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-software-rasterizer"]
"""Without software rasterizer: what needs WebGL would fail here as it does on the desks of a command centre."""
TOPICS = ("message", "objective", "channel", "mode", "alarm", "release", "shift")
CHANNEL = {"name": "sms-a", "type": "sms.smpp", "admin": "enabled", "health": "up", "evidence_max": "DEVICE", "queued": 0, "reason": ""}
STATUS = {
    "version": "0.9", "since": "2026-07-15T08:00:00.000Z", "accepting": True, "queued": 0, "in_flight": 0, "in_doubt": 0,
    "clock_quality": "ntp", "clock_jump_s": 0.0, "certificates": [],
}  # fmt: skip
MAPPED: dict[str, Any] = {"alerts": [], "left_out": 0, "places": [], "layers": []}
SYSTEM: dict[str, Any] = {
    "at": "2026-07-15T12:00:00.000Z", "build": {"python": "3.11", "sqlite": "3.40", "schema": 12},
    "storage": {
        "folder": "/var/lib/fenghuo", "database": 5 << 20, "wal": 1 << 20, "free": 3 << 30, "total": 4 << 30, "least_free": 64 << 20,
    },
    "backup": {"at": "2026-07-14T12:00:00.000Z", "path": "/mnt/usb/night.sqlite", "bytes": 5 << 20},
    "audit": {"records": 120, "head": "2026-07-15T11:59:00.000Z", "behind": 3},
}  # fmt: skip
TO_ACK = ("UNACKED", "RETURNED_UNACKED")


def instant(from_now_s: float) -> str:
    """So many seconds from now, as the wire has it."""
    return (datetime.now(UTC) + timedelta(seconds=from_now_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def alarm(number: int, priority: str = "MEDIUM", state: str = "UNACKED", **more: Any) -> dict[str, Any]:
    """One as the topic has it, raised a while ago, the smaller number first."""
    raised = instant(number - 1000)
    held: dict[str, Any] = {"held": None, "shelf_asked": None, "flood": None, "first_out": False, "fold": None, "args": {}}
    acts = {"acked_by": None, "acked": None, "comment": "", "returned": None, "stands": True}
    times = {"raised": raised, "called": raised, "last": raised, "respond_by": instant(300)}
    about = {"id": number, "rev": number, "kind": "alarm.channel_down", "subject": f"channel/c{number}", "count": 1}
    return {**about, **held, **acts, **times, "priority": priority, "state": state, **more}


def mapped_alert(ident: str, stage: str = "in_force", severity: str = "Severe", **more: Any) -> dict[str, Any]:
    """One as `map.show` has it. `codes`, `polygons`, `circles`, `name`: of its one area."""
    area = {"name": "双凤镇", "codes": ["mca:320585109"], "polygons": [], "circles": [], "thinned": False}
    area |= {key: more.pop(key) for key in ("name", "codes", "polygons", "circles") if key in more}
    ended = instant(-5) if stage in {"cancelled", "expired"} else None
    said = {"colour": "", "event": "暴雨", "headline": f"{ident}号预警", "severity": severity, "stage": stage, "traffic": "Actual"}
    times = {"accepted": instant(-60), "expires": instant(3600), "ended": ended}
    return {"id": ident, "revision": 1, "number": 7, "action": "New", "priority": "P1", **said, **times, "areas": [area], **more}


# A machine that is busy with other things is no fault of the page.
expect.set_options(timeout=PATIENCE_S * 1000)


class Service:
    """What stands between the desk and the page: it can be ended and begun again, at the same place."""

    def __init__(self, desk: FakeDesk, settings: ConsoleSettings) -> None:
        self.desk = desk
        self.settings: tuple[msgspec.Struct, ...] = (API.settings(), settings)
        self.fronts: list[Front] = []
        self.web = WebPort(Listen("127.0.0.1", 0), clock=SystemClock())

    async def start(self) -> None:
        port = int(self.web.address.rpartition(":")[2])
        self.web = WebPort(Listen("127.0.0.1", port), clock=SystemClock())
        for kind, settings in zip((API, CONSOLE), self.settings, strict=True):
            ctx = HostedFrontContext(
                name=kind.id, settings=settings, clock=SystemClock(), desk=self.desk, events=self.desk.events, web=self.web
            )
            self.fronts.append(kind.factory(ctx))
        await self.web.start()
        for front in self.fronts:
            await front.start()

    async def stop(self) -> None:
        while self.fronts:
            await self.fronts.pop().stop(time.monotonic() + 2)
        await self.web.stop(time.monotonic() + 2)


class Stage:
    """A served page. `complaints`: what the browser's console said; `asked`: every request that a page made."""

    def __init__(self, service: Service, desk: FakeDesk, driver: Browser) -> None:
        self.service, self.desk, self.driver = service, desk, driver
        self.shared: Page | None = None
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.traffic = "Actual"
        self.locks = self.locked = False
        desk.topics = TOPICS
        answers = {
            "session.open": self._open, "session.show": self._me, "session.close": {}, "alarm.ack": self._ack, "alarm.shelve": self._shelve,
            "alarm.silence": {}, "map.show": MAPPED, "status": STATUS, "system.show": SYSTEM,
            "plugin.ls": [{"plugin": "sms", "kind": "channel", "type": "sms.smpp"}],
        }  # fmt: skip
        desk.answers.update(answers)

    @property
    def web(self) -> WebPort:
        return self.service.web

    def begin(self) -> None:
        """No alarms, nobody on duty, nothing said."""
        for path in [path for path in self.desk.objects if path.startswith(("alarm/", "shift/"))]:
            self.desk.change(path, None)
        self.desk.calls.clear()
        self.complaints.clear()
        self.desk.answers["map.show"] = MAPPED
        self.traffic, self.locked, self.locks = "Actual", False, False

    def put(self, *alarms: dict[str, Any]) -> None:
        """Raise or change alarms."""
        for one in alarms:
            self.desk.change(f"alarm/{one['id']}", one)

    def did(self, verb: str) -> list[dict[str, Any]]:
        """The arguments of each call of a verb."""
        return [args for _, name, args in self.desk.calls if name == verb]

    def _account(self) -> dict[str, Any]:
        return {"name": "zhang", "display": "张值班", "rights": list(self.desk.rights)}

    def _me(self, args: dict[str, Any]) -> dict[str, Any]:
        return {**self._account(), "session": {"traffic": self.traffic, "locked": self.locked}}

    def _open(self, args: dict[str, Any]) -> dict[str, Any]:
        self.traffic, self.locked = args["traffic"], self.locks
        return {"session": COOKIE, "csrf": NONCE, **self._account(), "traffic": self.traffic, "idle_s": 900.0, "lasts_s": 43200.0}

    def _ack(self, args: dict[str, Any]) -> list[dict[str, Any]]:
        revs = {int(number): rev for number, rev in args.get("revs", {}).items()} | ({args["id"]: args["if_rev"]} if "id" in args else {})
        done = [self._change(number, rev, state="ACKED", acked_by="zhang") for number, rev in revs.items()]
        self.put(*done)
        return done

    def _shelve(self, args: dict[str, Any]) -> dict[str, Any]:
        held = {"by": "zhang", "why": args["reason"], "second": None, "since": instant(0), "until": instant(args["lasts_s"])}
        done = self._change(args["id"], args["if_rev"], state="SHELVED", held=held)
        self.put(done)
        return done

    def _change(self, number: int, rev: int, **fields: Any) -> dict[str, Any]:
        path = f"alarm/{number}"
        now: dict[str, Any] = self.desk.objects[path]
        if rev != now["rev"]:
            raise Outdated(path, by="li", at=time.time(), what="it is ACKED")
        return {**now, **fields, "rev": now["rev"] + 1000}

    async def context(self, **options: Any) -> BrowserContext:
        """Another browser, as on another desk."""
        return await self.driver.new_context(**{"locale": "zh-CN", "viewport": {"width": 1280, "height": 900}, **options})

    async def leave(self) -> None:
        """Every desk goes home but the shared one."""
        for context in self.driver.contexts:
            if self.shared is None or context is not self.shared.context:
                await context.close()

    async def desk_page(self) -> Page:
        """The officer's page that the claims share, as it is after a while without anybody: nothing chosen, nothing under the pointer."""
        if self.shared is None:
            self.shared = await self.officer()
        page = self.shared
        await page.mouse.move(2, 2)
        await page.evaluate("document.querySelector('dialog[open] header button')?.click(); location.hash = '#watch'")
        await page.locator("main:not(.stale) .watch").wait_for()
        await page.locator("input.filter").fill("")
        await page.keyboard.press("Escape")
        await page.evaluate("document.activeElement?.blur()")
        raised = [path for path in self.desk.objects if path.startswith("alarm/")]
        await expect(page.locator("#alarm-list [data-id]")).to_have_count(len(raised))
        return page

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
        """A page on which the duty officer has logged in, with a live line."""
        page = await self.page(context, path="/#login", **options)
        await page.locator(f"input[value={traffic}]").check()
        await page.locator("input[name=name]").fill("zhang")
        await page.locator("input[name=password]").fill("Tide-table 4711")
        await page.locator("form.login button.main").click()
        await page.locator("header.top .person button").wait_for()
        await page.locator("main:not(.stale) .watch").wait_for()
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
    desk = FakeDesk(FakeEvents())
    desk.change("channel/sms-a", CHANNEL)
    service = Service(desk, settings or ConsoleSettings(open_viewer=True))
    await service.start()
    try:
        yield Stage(service, desk, driver)
    finally:
        await service.stop()
