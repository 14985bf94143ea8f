"""Front `http.endpoint`: the plain page of an endpoint. What has come, and a person's receipt for it, in forms without a script: it works
in any browser, on a slow line, and in a terminal.

The token travels in the body of each POST and in nothing that a browser keeps or sends by itself: no other page can press a key here.
"""

from __future__ import annotations

import html
import time
import unicodedata
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import msgspec

from fenghuo import Actor, Denied, FenghuoError, FrontContext, NotAuthenticated, NotFound
from fenghuo_adapters.http_exchange import Exchange, Receive, Scope, Send
from fenghuo_adapters.http_problems import HttpRefusal, problem_of

__all__ = ["PATH", "EndpointPage"]

PATH = "/endpoint"
OCTETS = 16 * 1024
FIELDS = 10
BEIJING_S = 8 * 3600
HTML = (b"content-type", b"text/html; charset=utf-8")


class Keyed(msgspec.Struct, frozen=True):
    """What a form held. `number`: the message that is answered, empty for none; `done`: what it asked for is done."""

    token: str
    number: str = ""
    text: str = ""
    done: bool = False


class EndpointPage:
    """Serves /endpoint: GET is the way in, POST shows what has come and takes what is keyed in."""

    def __init__(self, ctx: FrontContext) -> None:
        self._ctx = ctx

    async def start(self) -> None:
        self._ctx.web.mount(PATH, self)

    async def stop(self, deadline: float) -> None:
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._respond(exchange)
        except FenghuoError as error:
            problem = problem_of(error)
            await exchange.answer(problem.status, self._page("", f"<p role=alert>{_safe(str(error))}</p>{_way_in()}"), HTML)

    async def _respond(self, exchange: Exchange) -> None:
        if exchange.path != PATH:
            raise HttpRefusal(HTTPStatus.NOT_FOUND, "not-found", f"there is no {exchange.path}")
        if exchange.method in {"GET", "HEAD"}:
            await exchange.answer(HTTPStatus.OK, self._page("", _way_in()), HTML)
            return
        if exchange.method != "POST":
            raise HttpRefusal(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", "this page takes GET and POST")
        keyed = await _keyed(exchange)
        actor = self._ctx.desk.actor(keyed.token, "http")
        said = await self._answer(actor, keyed) if keyed.number else ""
        rows = await self._ctx.desk.do(actor, "endpoint.ls", {})
        await exchange.answer(HTTPStatus.OK, self._page(said, _shown(rows, keyed.token)), HTML)

    async def _answer(self, actor: Actor, keyed: Keyed) -> str:
        """What became of a person's receipt, in a sentence."""
        try:
            answer = await self._ctx.desk.do(actor, "endpoint.ack", {"id": keyed.number, "text": keyed.text, "done": keyed.done})
        except NotFound:
            return f"没有签收：没有编号 {keyed.number} 的信息"
        except Denied as refused:
            return f"没有签收：{refused}"
        told = f"，经 {answer['told']} 上报" if answer["told"] else ""
        return f"#{answer['number']:04d} 已签收（{answer['level']}）{told}"

    def _page(self, said: str, body: str) -> bytes:
        at = time.strftime("%m-%d %H:%M:%S", time.gmtime(self._ctx.clock.time() + BEIJING_S))
        at += " 时钟未校准，时间不可信" if self._ctx.clock.quality() == "freerun" else ""
        status = f"<p role=status>{_safe(said)}</p>" if said else ""
        return (
            '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            '<title>烽火 · 端点</title><link rel="icon" href="data:,"></head>'
            f"<body><h1>烽火 · 端点 <small>{at}</small></h1>{status}{body}</body></html>"
        ).encode()


async def _keyed(exchange: Exchange) -> Keyed:
    """Raises: HttpRefusal: from another page, or no form; NotAuthenticated: no token."""
    origin, host = exchange.header(b"origin"), exchange.header(b"host")
    if origin and origin not in {f"http://{host}", f"https://{host}"}:
        raise HttpRefusal(HTTPStatus.FORBIDDEN, "origin", "forms of other pages are not taken here")
    if exchange.header(b"content-type").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise HttpRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type", "this page takes its own form")
    try:
        fields = parse_qs((await exchange.body(OCTETS)).decode("utf-8"), max_num_fields=FIELDS)
    except ValueError as fault:
        raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", "the form cannot be read") from fault
    first = {name: values[0].strip() for name, values in fields.items()}
    if not first.get("token"):
        raise NotAuthenticated("a token is needed")
    return Keyed(first["token"], first.get("number", ""), first.get("text", ""), first.get("level") == "DONE")


def _shown(rows: list[dict[str, Any]], token: str) -> str:
    """The newest first; each with its keys until somebody has said that it is done."""
    hidden = f'<input type=hidden name=token value="{_safe(token)}">'
    box = (
        f'<form method=post action="{PATH}">{hidden}<label>编号 <input name=number inputmode=numeric size=5></label> '
        "<label>说明 <input name=text size=30></label> <button name=level value=HUMAN>收到</button> "
        "<button name=level value=DONE>完成</button></form>"
        f'<form method=post action="{PATH}">{hidden}<button>刷新</button></form>'
    )
    return box + ("".join(_row(row, hidden) for row in reversed(rows)) or "<p>还没有收到信息。</p>")


def _row(row: dict[str, Any], hidden: str) -> str:
    number = f"{row['number']:04d}"
    head = f"#{number} {_safe(row['priority'])} {_safe(row['source'])} {_safe(row['evidence'])}"
    keys = (
        ""
        if row["evidence"] == "DONE"
        else (
            f'<form method=post action="{PATH}">{hidden}<input type=hidden name=number value="{_safe(row["id"])}">'
            "<label>说明 <input name=text size=30></label> <button name=level value=HUMAN>收到</button> "
            "<button name=level value=DONE>完成</button></form>"
        )
    )
    return f'<article aria-label="{number}"><h2>{head}</h2><pre>{_safe(row["text"])}</pre>{keys}</article>'


def _way_in() -> str:
    return (
        f'<form method=post action="{PATH}"><label>访问令牌 <input name=token type=password autocomplete=off required></label> '
        "<button>进入</button></form>"
    )


def _safe(text: str) -> str:
    """Text as text: no mark-up of its own, no control characters, nothing that turns the writing round."""
    return html.escape("".join(char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf") else "\ufffd" for char in text))
