"""People over HTTP: log-in by a cookie, its nonce, the whole way to a release by two, and a console that a session opens."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

import fenghuo_console
import fenghuo_http
from fenghuo import Front
from fenghuo.clock import SystemClock
from fenghuo.formats.console_frames import PROTOCOL
from fenghuo.plugin.context import HostedFrontContext
from fenghuo.service.settings_values import Listen
from fenghuo.service.web import WebPort
from fenghuo_adapters.session_cookie import cookie_of
from fenghuo_console import ConsoleSettings
from fenghuo_http import ApiSettings
from fenghuo_http.people import ROUTES
from tests.core.engine.values import NOW
from tests.core.service.manned import cap
from tests.core.service.peopled import PASSWORD, Peopled, peopled
from tests.core.store.rows import StillClock
from tests.plugins.http_fakes import COOKIE, NONCE, FakeDesk, serving
from tests.scale import PATIENCE_S

API = next(kind for kind in fenghuo_http.fenghuo_front_types() if kind.id == "http.api")
(CONSOLE,) = fenghuo_console.fenghuo_front_types()
OPENED = {"session": "s3cret", "csrf": "n0nce", "name": "zhang", "lasts_s": 43200.0}
BODY = {"name": "zhang", "password": PASSWORD}


class Browser:
    """A browser of one person: it keeps the cookie, and says the nonce where its page does."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url, self.session, self.nonce = url, session, ""

    async def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any, aiohttp.ClientResponse]:
        """Status, decoded body, and the answer for its headers."""
        headers = {"Fenghuo-Csrf": self.nonce} if self.nonce else {}
        given["headers"] = headers | given.get("headers", {})
        async with asyncio.timeout(PATIENCE_S), self.session.request(method, f"{self.url}/api/v1/{path}", **given) as answer:
            return answer.status, json.loads(await answer.read() or b"null"), answer

    async def log_in(self, here: Peopled, name: str, **said: Any) -> None:
        """With the next code of the authenticator."""
        here.clock.now += 30.0
        status, body, _ = await self.ask("POST", "session", json={"name": name, "password": PASSWORD, "code": here.code(name), **said})
        assert 201 == status
        self.nonce = body["csrf"]


@asynccontextmanager
async def browsing(url: str, count: int = 1) -> AsyncIterator[list[Browser]]:
    """So many browsers, each with a cookie jar of its own that takes cookies of an address."""
    sessions = [aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) for _ in range(count)]
    try:
        yield [Browser(url, session) for session in sessions]
    finally:
        for session in sessions:
            await session.close()


@asynccontextmanager
async def faked(settings: ApiSettings | None = None) -> AsyncIterator[tuple[Browser, FakeDesk]]:
    """The API over a fake desk."""
    async with serving(API, settings) as (web, desk), browsing(web.url) as (browser,):
        desk.answers |= {"session.open": OPENED, "session.close": {}, "session.show": {"name": "zhang"}, "account.enrol": {"otpauth": ""}}
        desk.answers |= {"message.ls": [], "alert.sign": {"state": "active"}}
        yield browser, desk


@pytest.mark.parametrize(("settings", "secure"), [(ApiSettings(), ""), (ApiSettings(tls_in_front=True), "; Secure")])
async def test_the_session_is_in_the_cookie_alone(settings: ApiSettings, secure: str) -> None:
    """The answer has the nonce and not the session; the desk is told where the person sits; a log-out takes the cookie away."""
    async with faked(settings) as (browser, desk):
        status, body, answer = await browser.ask("POST", "session", json=BODY)
        assert (201, {"csrf": "n0nce", "name": "zhang", "lasts_s": 43200.0}) == (status, body)
        assert f"fenghuo_session=s3cret; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict{secure}" == answer.headers["Set-Cookie"]
        told = {**BODY, "code": "", "traffic": "Actual", "address": "127.0.0.1", "certificate": ""}
        assert ("log-in", "session.open", told) == desk.calls[-1]
        browser.session.cookie_jar.clear()
        headers = {"Cookie": f"fenghuo_session={COOKIE}", "Fenghuo-Csrf": NONCE}
        status, _, answer = await browser.ask("DELETE", "session", headers=headers)
        assert (200, ("zhang", "session.close", {})) == (status, desk.calls[-1])
        assert answer.headers["Set-Cookie"].startswith("fenghuo_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")


async def test_a_request_by_a_cookie_needs_its_nonce_and_our_own_page() -> None:
    """Reading goes without the nonce, changing never; another page, another nonce, an old cookie and a plain form are refused."""
    mine, nonce = {"Cookie": f"a=1; fenghuo_session={COOKIE}"}, {"Fenghuo-Csrf": NONCE}
    elsewhere = {"Origin": "http://evil.example"}
    asked: list[tuple[int, str, str, dict[str, str]]] = [
        (200, "GET", "messages", mine),
        (200, "GET", "me", mine),
        (200, "POST", "messages/01J/sign", mine | nonce),
        (403, "POST", "messages/01J/sign", mine),
        (403, "DELETE", "session", mine),
        (403, "POST", "messages/01J/sign", mine | nonce | elsewhere),
        (403, "POST", "session", elsewhere),
        (403, "POST", "enrol", elsewhere),
        (401, "POST", "messages/01J/sign", mine | {"Fenghuo-Csrf": "another"}),
        (401, "GET", "me", {"Cookie": "fenghuo_session=old"}),
        (401, "GET", "me", {}),
        (405, "GET", "session", mine),
        (415, "POST", "session", {"Content-Type": "text/plain"}),
        (400, "POST", "session", {"Content-Type": "application/json"}),
    ]
    async with faked() as (browser, desk):
        for status, method, path, headers in asked:
            assert (status, method, path) == ((await browser.ask(method, path, headers=headers))[0], method, path)
        assert ("zhang", "alert.sign", {"id": "01J", "token": ""}) == next(call for call in desk.calls if call[1] == "alert.sign")
        assert [200] == [(await browser.ask("GET", "me", headers={"Authorization": "Bearer duty-token"}))[0]]


def test_what_is_no_cookie_of_ours_is_none() -> None:
    """Other cookies, nonsense, nothing."""
    assert ["x", "", "", ""] == [cookie_of(header) for header in ("a=b; fenghuo_session=x", "a=b", "", "fenghuo session=x;;=")]


def test_the_paths_are_pinned() -> None:
    """Pages rely on them; docs/reference/http-api.md lists them."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "http-api.md").read_text(encoding="utf-8")
    assert [] == [route.path for route in ROUTES if f"`{route.method} {route.path}`" not in page]
    assert {"POST /api/v1/session", "DELETE /api/v1/session", "GET /api/v1/me", "POST /api/v1/enrol"} == {
        f"{r.method} {r.path}" for r in ROUTES
    }


@asynccontextmanager
async def served(here: Peopled, heartbeat_s: float = 10.0) -> AsyncIterator[WebPort]:
    """API and console on a real port, over the real desk."""
    web, desk = WebPort(Listen("127.0.0.1", 0), clock=SystemClock()), here.there.desk
    settings = {API: ApiSettings(), CONSOLE: ConsoleSettings(page=False, heartbeat_s=heartbeat_s)}
    still = StillClock(NOW)  # no console of a busy machine is taken for silent
    fronts: list[Front] = [
        kind.factory(
            HostedFrontContext(name="front", settings=found, clock=still, desk=desk, events=here.there.house.store.events, web=web)
        )
        for kind, found in settings.items()
    ]
    await web.start()
    for front in fronts:
        await front.start()
    try:
        yield web
    finally:
        for front in fronts:
            await front.stop(still.monotonic() + 2)
        await web.stop(time.monotonic() + 2)


async def test_from_the_set_up_code_to_an_alert_that_two_people_released(tmp_path: Path) -> None:
    """Over HTTP alone: the first administrator, three people, an alert by one of them, two signatures by the others; each in the audit."""
    async with peopled(tmp_path) as here, served(here) as web, browsing(web.url, 4) as (root, zhang, li, wang):
        for name, code in [("root", here.people.set_up)]:
            status, body, _ = await root.ask("POST", "enrol", json={"name": name, "code": code, "password": PASSWORD})
            assert (200, True) == (status, body["otpauth"].startswith("otpauth://totp/Fenghuo%20taicang:root?secret="))
        for name in ("zhang", "li", "wang"):
            await here.person(name, "operator", "releaser")
        people = {"zhang": zhang, "li": li, "wang": wang}
        for name, browser in people.items():
            await browser.log_in(here, name)
        headers = {"Content-Type": "application/cap+xml"}
        status, alert, _ = await zhang.ask("POST", "alerts", data=cap().encode(), headers=headers)
        assert (202, "held") == (status, alert["state"])
        await here.there.house.settle()
        seen = {name: (await browser.ask("GET", f"messages/{alert['id']}/review"))[1]["envelope"] for name, browser in people.items()}
        sign = f"messages/{alert['id']}/sign"
        signed = {name: await browser.ask("POST", sign, json={"envelope": seen[name]}) for name, browser in people.items()}
        assert {"zhang": 403, "li": 200, "wang": 200} == {name: status for name, (status, _, _) in signed.items()}
        assert ("active", ["li", "wang"]) == (signed["wang"][1]["state"], signed["wang"][1]["signatures"])
        assert [True, True] == [row.door.startswith("http/") for row in await here.audited("sign")]
        assert (200, ["operator", "releaser"]) == ((me := await li.ask("GET", "me"))[0], me[1]["may"])
        assert 200 == (await li.ask("DELETE", "session"))[0]
        assert 401 == (await li.ask("GET", "me"))[0]


async def test_a_console_watches_by_a_session_until_that_ends(tmp_path: Path) -> None:
    """Cookie, nonce and the own origin together; one of them missing is 4401; when the session is ended the console is told 4401."""
    async with peopled(tmp_path) as here, served(here, heartbeat_s=0.05) as web:
        await here.person("zhang", "operator")
        mine = await here.log_in("zhang", address="127.0.0.1")
        cookie, own = {"Cookie": f"fenghuo_session={mine['session']}"}, Origin(f"http://{web.address}")
        wrong: list[tuple[dict[str, str], Origin | None, str]] = [
            ({}, own, mine["csrf"]),
            (cookie, None, mine["csrf"]),
            (cookie, own, "another"),
            (cookie, own, ""),
        ]
        options: dict[str, Any] = {"subprotocols": [Subprotocol(PROTOCOL)], "compression": None}
        for headers, origin, nonce in wrong:
            async with connect(f"ws://{web.address}/ws/console", origin=origin, additional_headers=headers, **options) as raw:
                await raw.send(json.dumps({"t": "auth", "csrf": nonce}))
                assert 4401 == await _closed(raw)
        async with connect(f"ws://{web.address}/ws/console", origin=own, additional_headers=cookie, **options) as raw:
            await raw.send(json.dumps({"t": "auth", "csrf": mine["csrf"]}))
            frames = [json.loads(await asyncio.wait_for(raw.recv(), PATIENCE_S)) for _ in range(2)]
            assert ("ready", "zhang") == (frames[1]["t"], frames[1]["user"])
            here.clock.now += 16 * 60.0
            said = [json.loads(await asyncio.wait_for(raw.recv(), PATIENCE_S))]
            while said[-1]["t"] != "ready":
                said.append(json.loads(await asyncio.wait_for(raw.recv(), PATIENCE_S)))
            assert ("viewer", ["stop", "viewer"]) == (said[-1]["role"], said[-1]["rights"])
            await here.admin("account.end_sessions", name="zhang")
            assert 4401 == await _closed(raw)


async def _closed(raw: Any) -> int:
    """The code with which the server ends it, past all that it says before."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await raw.recv()
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd is not None else 0
