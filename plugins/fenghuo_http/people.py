"""People at the web port: the cookie of a session and its nonce, log-in, log-out, and who asks a request.

Source: RFC 6265 §5; security.md §2; console.md §6, handshake.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple, TypeVar

import msgspec

from fenghuo import Actor, FenghuoError, FrontContext, NotAuthenticated
from fenghuo_adapters.http_exchange import Exchange, Receive, Scope, Send
from fenghuo_adapters.http_problems import HttpRefusal, problem_of
from fenghuo_adapters.session_cookie import COOKIE, address_of, cookie_of

__all__ = ["ROUTES", "People", "caller"]

NONCE = b"fenghuo-csrf"
SMALL_OCTETS = 16 * 1024
DOOR = Actor("log-in", ("door",), "http")
"""Asks in the name of whoever stands before the door; the right lets people in and does nothing else."""

B = TypeVar("B", bound=msgspec.Struct)

encode = msgspec.json.Encoder().encode


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a log-in."""

    name: str
    password: str
    code: str = ""
    traffic: str = "Actual"


class Enrol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body with which a person sets a password."""

    name: str
    code: str
    password: str
    factor: bool = False


class Route(NamedTuple):
    """What answers a method at a path."""

    method: str
    path: str
    verb: str
    handler: Callable[[People, Exchange], Awaitable[None]]


def caller(ctx: FrontContext, exchange: Exchange) -> Actor:
    """Who asks: the owner of the bearer token, else the person whose session the cookie is. What changes something needs the nonce, and
    comes from a page of this port. Raises: NotAuthenticated, HttpRefusal."""
    if exchange.bearer:
        owner = ctx.desk.actor(exchange.bearer, "http", exchange.certificate)
        return msgspec.structs.replace(owner, address=_address(exchange))
    session = cookie_of(exchange.header(b"cookie"))
    if not session:
        raise NotAuthenticated("a bearer token is needed: Authorization: Bearer …, or the cookie of a session")
    _own_page(exchange)
    nonce = exchange.header(NONCE)
    if not nonce and exchange.method not in {"GET", "HEAD"}:
        raise HttpRefusal(
            HTTPStatus.FORBIDDEN, "forbidden", "a request by a session that changes something needs its nonce: Fenghuo-Csrf: …"
        )
    return ctx.desk.member(session, nonce, "http", _address(exchange))


class People:
    """Serves /api/v1/session, /api/v1/me and /api/v1/enrol. `is_secure`: TLS ends in front of this port, so every cookie is Secure."""

    def __init__(self, ctx: FrontContext, *, is_secure: bool) -> None:
        self._ctx = ctx
        self._is_secure = is_secure
        self._table = {(route.method, route.path): route for route in ROUTES}

    def mount(self) -> None:
        for path in sorted({route.path for route in ROUTES}):
            self._ctx.web.mount(path, self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every error of ours becomes a problem."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._route(exchange).handler(self, exchange)
        except FenghuoError as exc:
            await exchange.refuse(problem_of(exc))

    async def log_in(self, exchange: Exchange) -> None:
        """POST /session: the session goes into the cookie alone, its nonce into the answer."""
        _own_page(exchange)
        said = await _body(exchange, LogIn)
        asked = {**msgspec.structs.asdict(said), "address": _address(exchange), "certificate": exchange.certificate}
        answer = msgspec.to_builtins(await self._ctx.desk.do(DOOR, "session.open", asked))
        cookie = self._cookie(exchange, answer.pop("session"), int(answer["lasts_s"]))
        await exchange.answer(HTTPStatus.CREATED, encode(answer), (b"content-type", b"application/json"), cookie)

    async def log_out(self, exchange: Exchange) -> None:
        """DELETE /session."""
        await self._ctx.desk.do(caller(self._ctx, exchange), "session.close", {})
        await exchange.answer(HTTPStatus.OK, b"{}", (b"content-type", b"application/json"), self._cookie(exchange, "", 0))

    async def show(self, exchange: Exchange) -> None:
        """GET /me."""
        result = await self._ctx.desk.do(caller(self._ctx, exchange), "session.show", {})
        await exchange.answer_json(HTTPStatus.OK, encode(result))

    async def enrol(self, exchange: Exchange) -> None:
        """POST /enrol."""
        _own_page(exchange)
        said = await _body(exchange, Enrol)
        result = await self._ctx.desk.do(DOOR, "account.enrol", {**msgspec.structs.asdict(said), "address": _address(exchange)})
        await exchange.answer_json(HTTPStatus.OK, encode(result))

    def _route(self, exchange: Exchange) -> Route:
        allowed = sorted(method for method, path in self._table if path == exchange.path)
        if not allowed:
            raise HttpRefusal(HTTPStatus.NOT_FOUND, "not-found", f"there is no {exchange.path}")
        route = self._table.get((exchange.method, exchange.path))
        if route is None:
            says = f"{exchange.method} is not possible here, only {', '.join(allowed)}"
            raise HttpRefusal(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", says, allow=", ".join(allowed))
        return route

    def _cookie(self, exchange: Exchange, session: str, lasts_s: int) -> tuple[bytes, bytes]:
        secure = "; Secure" if self._is_secure or exchange.scope.get("scheme") == "https" else ""
        return b"set-cookie", f"{COOKIE}={session}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Strict{secure}".encode()


ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/v1/session", "session.open", People.log_in),
    Route("DELETE", "/api/v1/session", "session.close", People.log_out),
    Route("GET", "/api/v1/me", "session.show", People.show),
    Route("POST", "/api/v1/enrol", "account.enrol", People.enrol),
)


async def _body(exchange: Exchange, shape: type[B]) -> B:
    """Raises: HttpRefusal 415: not said to be JSON, as no plain form of another page can say; 400: of another shape."""
    if exchange.header(b"content-type").partition(";")[0].strip().lower() != "application/json":
        raise HttpRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "wrong-type", "send application/json")
    try:
        return msgspec.json.decode(await exchange.body(SMALL_OCTETS), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        fields = ", ".join(shape.__struct_fields__)
        raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", f"the body is no JSON object of {fields}: {exc}") from exc


def _own_page(exchange: Exchange) -> None:
    """Raises: HttpRefusal 403: a browser says that a page from elsewhere asks."""
    origin, host = exchange.header(b"origin"), exchange.header(b"host")
    if origin and origin not in {f"http://{host}", f"https://{host}"}:
        raise HttpRefusal(HTTPStatus.FORBIDDEN, "forbidden", "pages from this origin may not ask here")


def _address(exchange: Exchange) -> str:
    """Where the person sits; never the empty text, which is this machine's."""
    return address_of(exchange.client)
