"""The HTTP API: requests in, verbs of the desk out. It decides nothing about messages and keeps no state.

A 202 is written only after the desk has answered, and the desk answers only after the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from fenghuo import Actor, Command, FenghuoError, FrontContext, Refused
from fenghuo_adapters.http_exchange import Exchange, Receive, Scope, Send, is_loopback
from fenghuo_adapters.http_problems import TABLE, TOO_LARGE, HttpRefusal, problem_of
from fenghuo_adapters.source_rates import Rates
from fenghuo_http import ApiSettings
from fenghuo_http.bodies import SMALL_OCTETS, Reason, Shown, Words, is_json, is_xml, key_of, media_type_of, sign_tokens, small
from fenghuo_http.people import People, caller
from fenghuo_http.problems import problem_of_refusal

__all__ = ["ROUTES", "HttpApi", "Route"]

JSON_OCTETS = 1024 * 1024  # security.md §8
XML_OCTETS = 4 * 1024 * 1024  # the largest real alert known has 1.68 MB
ATTACHMENT_OCTETS = 5 * 1024 * 1024  # what the core takes; asked here so that no more than this is read
EVENTS_WAIT_MAX_S = 25.0  # below the 30 s that a request may take
READY = Actor("healthz", ("viewer",), "http")  # may ask whether we are ready, on behalf of anyone
METRICS = Actor("metrics", ("viewer",), "http")

encode = msgspec.json.Encoder().encode

STATUS = {word: status for status, word in TABLE.values()} | {"too-large": TOO_LARGE[0], "unknown": HTTPStatus.CONFLICT}
"""What HTTP says with each word of a failure."""


class Call(NamedTuple):
    """A request whose caller is known. `item`: the id in the path."""

    exchange: Exchange
    actor: Actor
    item: str


Handler = Callable[["HttpApi", Call], Awaitable[None]]


class Route(NamedTuple):
    """What answers a method at a path; `{id}` is the only variable part."""

    method: str
    path: str
    verb: str
    handler: Handler


class HttpApi:
    """Front `http.api`: mounts /api/v1, /healthz and /metrics."""

    def __init__(self, ctx: FrontContext) -> None:
        settings: ApiSettings = ctx.settings
        self._ctx = ctx
        self._rates = Rates(settings.rate_per_s, settings.burst, ctx.clock.monotonic)
        self._metrics_from_loopback = settings.metrics_from_loopback
        self._people = People(ctx, is_secure=settings.tls_in_front)
        self._table = _table(ROUTES)

    async def start(self) -> None:
        self._ctx.web.mount("/api/v1", self)
        self._people.mount()
        self._ctx.web.mount("/healthz", self)
        self._ctx.web.mount("/metrics", self)

    async def stop(self, deadline: float) -> None:
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every error of ours becomes a problem here and nowhere else."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._dispatch(exchange)
        except FenghuoError as exc:
            problem = problem_of(exc)
            if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
                self._ctx.log.error("request failed", path=exchange.path, error=str(exc))
            await exchange.refuse(problem)

    async def _dispatch(self, exchange: Exchange) -> None:
        if exchange.path == "/healthz":
            await self._healthz(exchange)
        elif exchange.path == "/metrics":
            await self._metrics(exchange)
        else:
            key, item = _shape(exchange.path)
            methods = self._table.get(key)
            if methods is None:
                raise HttpRefusal(HTTPStatus.NOT_FOUND, "not-found", f"there is no {exchange.path}")
            route = methods.get(exchange.method)
            if route is None:
                raise _wrong_method(exchange.method, methods)
            await route.handler(self, Call(exchange, self._caller(exchange), item))

    def _caller(self, exchange: Exchange) -> Actor:
        actor = caller(self._ctx, exchange)
        wait_s = self._rates.wait_s(actor.name)
        if wait_s:
            raise HttpRefusal(HTTPStatus.TOO_MANY_REQUESTS, "overloaded", f"{actor.name} makes too many requests", retry_after_s=wait_s)
        return actor

    async def submit_alert(self, call: Call) -> None:
        """POST /alerts: CAP XML or our JSON, by content type."""
        media_type = media_type_of(call.exchange)
        limit = JSON_OCTETS if is_json(media_type) else XML_OCTETS
        if media_type and not (is_json(media_type) or is_xml(media_type)):
            raise _wrong_type(media_type, "application/cap+xml or application/json")
        await self._submit(call, "alert.submit", limit, media_type=media_type)

    async def submit_message(self, call: Call) -> None:
        """POST /messages: a dispatch order or report in our JSON."""
        media_type = media_type_of(call.exchange)
        if media_type and not is_json(media_type):
            raise _wrong_type(media_type, "application/json")
        await self._submit(call, "message.submit", JSON_OCTETS, media_type="application/json")

    async def attach(self, call: Call) -> None:
        """POST /attachments: the octets of one attachment as they are; whatever they are is said by the message that names them."""
        media_type_of(call.exchange)
        raw = await call.exchange.body(ATTACHMENT_OCTETS)
        if not raw:
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", "the body is empty")
        result = await self._ctx.desk.do(call.actor, "attachment.put", {"raw": raw})
        await call.exchange.answer_json(HTTPStatus.CREATED, encode(result))

    async def list_messages(self, call: Call) -> None:
        """GET /messages?state=&limit=."""
        query = call.exchange.query("state", "limit")
        args: dict[str, Any] = {"limit": _whole(query, "limit", 100, least=1, most=1000)}
        if query.get("state"):
            args["state"] = query["state"]
        await self._read(call, "message.ls", args)

    async def show_message(self, call: Call) -> None:
        """GET /messages/ID."""
        await self._read(call, "message.show", {"id": call.item})

    async def sign_message(self, call: Call) -> None:
        """POST /messages/ID/sign with {"envelope": "…", "revision": n}: by the tokens of Fenghuo-Sign, else by the caller."""
        shown = await small(call.exchange, Shown, '{"envelope": text, "revision": number}')
        named = {name: value for name, value in msgspec.structs.asdict(shown).items() if value is not None}
        await self._each_signer(call, "alert.sign", named)

    async def review_unsent(self, call: Call) -> None:
        """POST /review: what a message would be, shown to the owners of the tokens that are going to come with it."""
        raw = await call.exchange.body(XML_OCTETS)
        if not raw:
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", "the body is empty")
        result: Any = None
        for token in sign_tokens(call.exchange) or [call.exchange.bearer]:
            args = {"raw": raw, "media_type": media_type_of(call.exchange), "token": token}
            result = await self._ctx.desk.do(call.actor, "alert.review", args)
        await call.exchange.answer_json(HTTPStatus.OK, encode(result))

    async def review_message(self, call: Call) -> None:
        """GET /messages/ID/review: what waits, shown to the owners of the tokens of Fenghuo-Sign, else to the caller."""
        await self._each_signer(call, "alert.review", {})

    async def _each_signer(self, call: Call, verb: str, args: dict[str, Any]) -> None:
        result: Any = None
        for token in sign_tokens(call.exchange) or [call.exchange.bearer]:
            result = await self._ctx.desk.do(call.actor, verb, {"id": call.item, "token": token, **args})
        await call.exchange.answer_json(HTTPStatus.OK, encode(result))

    async def correct_message(self, call: Call) -> None:
        """POST /messages/ID/correct, optionally with {"text": "…"}."""
        text = (await small(call.exchange, Words, '{"text": text}')).text
        await self._accept(call, "alert.correct", {"id": call.item, "text": text, "key": key_of(call.exchange)})

    async def cancel_message(self, call: Call) -> None:
        """POST /messages/ID/cancel, optionally with {"reason": "…"}."""
        reason = (await small(call.exchange, Reason, '{"reason": text}')).reason
        await self._accept(call, "alert.cancel", {"id": call.item, "reason": reason, "key": key_of(call.exchange)})

    async def explain_message(self, call: Call) -> None:
        """GET /messages/ID/why?recipient=&limit=."""
        query = call.exchange.query("recipient", "limit")
        args = {"id": call.item, "recipient": query.get("recipient", ""), "limit": _whole(query, "limit", 100, least=1, most=1000)}
        await self._read(call, "message.why", args)

    async def list_queue(self, call: Call) -> None:
        """GET /queue?channel=&limit=."""
        query = call.exchange.query("channel", "limit")
        args = {"channel": query.get("channel") or None, "limit": _whole(query, "limit", 200, least=1, most=1000)}
        await self._read(call, "queue.ls", args)

    async def show_status(self, call: Call) -> None:
        """GET /status."""
        await self._read(call, "status", {})

    async def list_channels(self, call: Call) -> None:
        """GET /channels."""
        await self._read(call, "channel.ls", {})

    async def show_state(self, call: Call) -> None:
        """GET /state?topics=message,objective,channel: as a snapshot of the console has it, without parts."""
        topics = [topic for topic in call.exchange.query("topics").get("topics", "").split(",") if topic]
        await self._read(call, "state", {"topics": topics or list(self._ctx.desk.topics)})

    async def command(self, call: Call) -> None:
        """POST /cmd with {"do": "…", "key": "…", "if_rev": n, "args": {…}}: as the frames cmd and res of the console have it."""
        if not is_json(media_type_of(call.exchange)):
            raise _wrong_type(media_type_of(call.exchange) or "of no type", "application/json")
        try:
            command = msgspec.json.decode(await call.exchange.body(JSON_OCTETS), type=Command)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", f"the body is no command, do, key, if_rev and args: {exc}") from exc
        answer = await self._ctx.desk.command(call.actor, command)
        status = HTTPStatus.OK if isinstance(answer.err, msgspec.UnsetType) else STATUS[answer.err.code]
        await call.exchange.answer_json(status, encode(answer))

    async def read_events(self, call: Call) -> None:
        """GET /events?after=&limit=&wait_s=: with wait_s the answer is held until there is one, or that long."""
        query = call.exchange.query("after", "limit", "wait_s")
        after = _whole(query, "after", 0, most=2**63 - 1)
        limit = _whole(query, "limit", 1000, least=1, most=1000)
        wait_s = min(_whole(query, "wait_s", 0, most=3600), EVENTS_WAIT_MAX_S)
        if wait_s and self._ctx.events.head <= after:
            await self._wait(after, wait_s)
        await self._read(call, "log.read", {"after": after, "limit": limit})

    async def list_modes(self, call: Call) -> None:
        """GET /modes."""
        await self._read(call, "mode.ls", {})

    async def declare_mode(self, call: Call) -> None:
        """POST /modes: a person's declaration, as the verb takes it."""
        await self._read(call, "mode.declare", await self._told(call))

    async def end_mode(self, call: Call) -> None:
        """POST /modes/end with {"axis": "…", "place": "…", "reason": "…"}."""
        await self._read(call, "mode.end", await self._told(call))

    async def log_modes(self, call: Call) -> None:
        """GET /modes/log?limit=."""
        await self._read(call, "mode.log", {"limit": _whole(call.exchange.query("limit"), "limit", 20, least=1, most=1000)})

    async def report_outage(self, call: Call) -> None:
        """POST /outages: what somebody says is out, as the verb takes it; 201 where it is news, 200 where it was said before."""
        told = await self._told(call)
        result = await self._ctx.desk.do(call.actor, "outage.report", told)
        await call.exchange.answer_json(HTTPStatus.CREATED if result["new"] else HTTPStatus.OK, encode(result))

    async def end_outage(self, call: Call) -> None:
        """POST /outages/end with {"id": "…", "reason": "…"}: in the body, since a source's own key may hold anything."""
        await self._read(call, "outage.end", await self._told(call))

    async def list_outages(self, call: Call) -> None:
        """GET /outages."""
        await self._read(call, "outage.ls", {})

    async def report_road(self, call: Call) -> None:
        """POST /roads: somebody's word on a road, as the verb takes it."""
        await self._read(call, "road.report", await self._told(call))

    async def list_roads(self, call: Call) -> None:
        """GET /roads."""
        await self._read(call, "road.ls", {})

    async def _told(self, call: Call) -> dict[str, Any]:
        body = await call.exchange.body(SMALL_OCTETS)
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", f"the body is no JSON object: {exc}") from exc

    async def _wait(self, after: int, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._ctx.events.wait(after)
        except TimeoutError:
            return  # nothing happened: the answer says so

    async def _submit(self, call: Call, verb: str, limit: int, **given: str) -> None:
        raw = await call.exchange.body(limit)
        if not raw:
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", "the body is empty")
        args: dict[str, Any] = {"raw": raw, "key": key_of(call.exchange), "tokens": sign_tokens(call.exchange), **given}
        await self._accept(call, verb, args)

    async def _accept(self, call: Call, verb: str, args: dict[str, Any]) -> None:
        result = await self._ctx.desk.do(call.actor, verb, args)
        if isinstance(result, Refused):
            await call.exchange.refuse(problem_of_refusal(result))
        else:
            await call.exchange.answer_json(HTTPStatus.ACCEPTED, encode(result))

    async def _read(self, call: Call, verb: str, args: dict[str, Any]) -> None:
        result = await self._ctx.desk.do(call.actor, verb, args)
        await call.exchange.answer_json(HTTPStatus.OK, encode(result))

    async def _healthz(self, exchange: Exchange) -> None:
        """For load balancers and watchdogs: no token, no detail.

        A node that takes nothing new, since its disk is full, still delivers what it has, and whoever restarts it for a 503 here
        would stop that: it stays ready, and `accepting` says that the next POST would be refused.
        """
        if exchange.method not in {"GET", "HEAD"}:
            raise _wrong_method(exchange.method, {"GET": None, "HEAD": None})
        status = msgspec.to_builtins(await self._ctx.desk.do(READY, "status", {}))
        ready = bool(status["ready"])
        code = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        await exchange.answer_json(code, encode({"ready": ready, "accepting": ready and bool(status["accepting"])}))

    async def _metrics(self, exchange: Exchange) -> None:
        if exchange.method != "GET":
            raise _wrong_method(exchange.method, {"GET": None})
        if exchange.bearer or not (self._metrics_from_loopback and is_loopback(exchange.client)):
            actor = self._caller(exchange)
        else:
            actor = METRICS
        text = await self._ctx.desk.do(actor, "metrics", {})
        await exchange.answer(HTTPStatus.OK, str(text).encode(), (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"))


ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/v1/alerts", "alert.submit", HttpApi.submit_alert),
    Route("POST", "/api/v1/messages", "message.submit", HttpApi.submit_message),
    Route("POST", "/api/v1/attachments", "attachment.put", HttpApi.attach),
    Route("GET", "/api/v1/messages", "message.ls", HttpApi.list_messages),
    Route("GET", "/api/v1/messages/{id}", "message.show", HttpApi.show_message),
    Route("GET", "/api/v1/messages/{id}/why", "message.why", HttpApi.explain_message),
    Route("POST", "/api/v1/review", "alert.review", HttpApi.review_unsent),
    Route("GET", "/api/v1/messages/{id}/review", "alert.review", HttpApi.review_message),
    Route("POST", "/api/v1/messages/{id}/sign", "alert.sign", HttpApi.sign_message),
    Route("POST", "/api/v1/messages/{id}/correct", "alert.correct", HttpApi.correct_message),
    Route("POST", "/api/v1/messages/{id}/cancel", "alert.cancel", HttpApi.cancel_message),
    Route("GET", "/api/v1/channels", "channel.ls", HttpApi.list_channels),
    Route("GET", "/api/v1/queue", "queue.ls", HttpApi.list_queue),
    Route("GET", "/api/v1/status", "status", HttpApi.show_status),
    Route("GET", "/api/v1/state", "state", HttpApi.show_state),
    Route("POST", "/api/v1/cmd", "", HttpApi.command),
    Route("GET", "/api/v1/events", "log.read", HttpApi.read_events),
    Route("GET", "/api/v1/modes", "mode.ls", HttpApi.list_modes),
    Route("POST", "/api/v1/modes", "mode.declare", HttpApi.declare_mode),
    Route("POST", "/api/v1/modes/end", "mode.end", HttpApi.end_mode),
    Route("GET", "/api/v1/modes/log", "mode.log", HttpApi.log_modes),
    Route("POST", "/api/v1/outages", "outage.report", HttpApi.report_outage),
    Route("POST", "/api/v1/outages/end", "outage.end", HttpApi.end_outage),
    Route("GET", "/api/v1/outages", "outage.ls", HttpApi.list_outages),
    Route("POST", "/api/v1/roads", "road.report", HttpApi.report_road),
    Route("GET", "/api/v1/roads", "road.ls", HttpApi.list_roads),
)


def _table(routes: tuple[Route, ...]) -> dict[str, dict[str, Route]]:
    table: dict[str, dict[str, Route]] = {}
    for route in routes:
        table.setdefault(route.path, {})[route.method] = route
    return table


def _shape(path: str) -> tuple[str, str]:
    """`/api/v1/messages/01J/sign` as the path of its route and the id."""
    parts = path.split("/")
    if len(parts) > 4 and parts[3] == "messages" and parts[4]:
        item, parts[4] = parts[4], "{id}"
        return "/".join(parts), item
    return path, ""


def _wrong_method(method: str, allowed: dict[str, Any]) -> HttpRefusal:
    allow = ", ".join(sorted(allowed))
    return HttpRefusal(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", f"{method} is not possible here, only {allow}", allow=allow)


def _wrong_type(media_type: str, wanted: str) -> HttpRefusal:
    return HttpRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "wrong-type", f"Content-Type {media_type} is not taken here; send {wanted}")


def _whole(query: dict[str, str], name: str, default: int, *, most: int, least: int = 0) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or not least <= int(text) <= most:
        raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", f"{name}={text[:20]!r} is not a whole number from {least} to {most}")
    return int(text)
