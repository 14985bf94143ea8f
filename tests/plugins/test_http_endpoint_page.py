"""The plain page of an endpoint over real HTTP: what a browser without scripts sends, and what others would like to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from fenghuo import FrontType, NotFound
from fenghuo_http import EndpointPageSettings
from fenghuo_http.endpoint_page import EndpointPage
from tests.plugins.http_fakes import FakeDesk, serving

ROW = {"id": "01M8", "number": 123, "priority": "P1", "source": "post:BJ1CMD", "evidence": "DEVICE", "text": "立即转移<b>\u202e沙溪\x07"}
DUTY = {"token": "duty-token"}


class Browser:
    """Sends forms to the page."""

    def __init__(self, url: str, desk: FakeDesk) -> None:
        self.url = url
        self.desk = desk

    async def post(self, fields: dict[str, str], **headers: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/endpoint", data=fields, headers=headers) as answer:
            return answer.status, await answer.text()

    def keyed(self) -> list[dict[str, Any]]:
        return [args for _, verb, args in self.desk.calls if verb == "endpoint.ack"]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    def prepare(desk: FakeDesk) -> None:
        desk.answers = {"endpoint.ls": [ROW], "endpoint.ack": {"number": 123, "level": "HUMAN", "told": "link"}}

    async with serving(FrontType("http.endpoint", EndpointPageSettings, EndpointPage), prepare=prepare) as (web, desk):
        yield Browser(web.url, desk)


async def test_the_page_shows_nothing_before_a_token(browser: Browser) -> None:
    """Anybody may see the way in, and no more."""
    async with aiohttp.ClientSession() as session, session.get(f"{browser.url}/endpoint") as answer:
        page = await answer.text()
    assert (200, "no-store") == (answer.status, answer.headers["Cache-Control"])
    assert "访问令牌" in page
    assert [] == browser.desk.calls


async def test_what_came_is_shown_as_text(browser: Browser) -> None:
    """Mark-up, bells and turned writing from the air do nothing in a browser."""
    status, page = await browser.post(DUTY)
    assert 200 == status
    assert "立即转移&lt;b&gt;\ufffd沙溪\ufffd" in page
    assert "#0123 P1 post:BJ1CMD DEVICE" in page


@pytest.mark.parametrize(("level", "done"), [("HUMAN", False), ("DONE", True)])
async def test_a_key_of_the_page_is_a_persons_receipt(browser: Browser, level: str, *, done: bool) -> None:
    """The number, the words and whether it is done go to the desk; the page says what became of it."""
    _, page = await browser.post({**DUTY, "number": "0123", "text": "已到岗", "level": level})
    assert [{"id": "0123", "text": "已到岗", "done": done}] == browser.keyed()
    assert "#0123 已签收（HUMAN），经 link 上报" in page


async def test_a_number_that_nobody_knows_is_said_on_the_page(browser: Browser) -> None:
    """And the list stays where it is."""
    browser.desk.answers["endpoint.ack"] = NotFound("no message is known as 9999")
    status, page = await browser.post({**DUTY, "number": "9999"})
    assert (200, True, True) == (status, "没有签收：没有编号 9999 的信息" in page, "#0123" in page)


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"number": "0123"}, {}, 401),
        ({"token": "guessed", "number": "0123"}, {}, 401),
        ({**DUTY, "number": "0123"}, {"Origin": "http://evil.example"}, 403),
        ({**DUTY, "number": "0123"}, {"Content-Type": "text/plain"}, 415),
        ({**DUTY, "number": "0123", "text": "x" * 20_000}, {}, 413),
    ],
)
async def test_what_is_no_form_of_this_page_presses_no_key(
    browser: Browser, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    """Without a token, with a wrong one, from another page, as another type, too long."""
    assert status == (await browser.post(fields, **headers))[0]
    assert [] == browser.keyed()
