"""The one web port: owns the listening socket, the mounts and what every request must pass before a front sees it.

It knows no verb and no message. The HTTP server itself is in web_server.py, loaded only when a port is opened, because a
node without `[web]` must not pay its 100 ms and 10 MB.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib
import ipaddress
import itertools
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from email.utils import formatdate
from http import HTTPStatus
from ssl import SSLContext
from typing import Any, Protocol

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.errors import ConfigError, NotReady
from fenghuo.service.port_holder import holder_of
from fenghuo.service.settings_values import Listen

__all__ = ["SECURITY_HEADERS", "AsgiApp", "WebLimits", "WebPort", "host_name"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# On every answer, whoever wrote it. Source: console.md §1.
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)

# Thirty days without a way round a certificate that a browser does not trust; a browser minds it for names and not for bare addresses.
# Longer, and a site that gives TLS up would be locked out of its own console. Source: RFC 6797 §6.1, §8.1.
STRICT = (b"strict-transport-security", b"max-age=2592000")

RETRY_AFTER_STOPPING_S = 5  # a restart takes less than a second; five spares us the stampede of everyone coming at once
MAY_CHANGE = (errno.EADDRINUSE, errno.EADDRNOTAVAIL)
TRIED_AGAIN_S = (1.0, 2.0, 5.0, 10.0)
HOSTS_REMEMBERED = 256  # Host values found good and kept, so that the check costs one lookup a request


class WebLimits(msgspec.Struct, frozen=True):
    """What one client may take. Octets, seconds, connections.

    `head`: request line and headers; `head_s`: until they are complete; `request_s`: the whole request, answer included.
    Source: security.md §8.
    """

    head: int = 16 * 1024
    head_s: float = 10.0
    request_s: float = 30.0
    connections: int = 2000


class Refusal(msgspec.Struct, frozen=True):
    """An answer that no front gives: a problem of RFC 9457 with a stable code and a sentence."""

    status: HTTPStatus
    code: str
    detail: str


STOPPING = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "the service is stopping; try again")
TOO_MANY = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "too many connections; try again")
_AGAIN = "the request took too long; send it again: what was taken of it is answered as a duplicate"
TOO_SLOW = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", _AGAIN)
NOTHING_HERE = Refusal(HTTPStatus.NOT_FOUND, "not-found", "nothing is served at this path")
TWO_HOSTS = Refusal(HTTPStatus.BAD_REQUEST, "bad-request", "the request has two Host headers")
WRONG_HOST = Refusal(HTTPStatus.MISDIRECTED_REQUEST, "wrong-host", "the Host header names none of this port's hosts")
OUR_FAULT = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "this is a fault in Fenghuo; it has been logged")
LONG_HEAD = Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too-large", "the headers are too large")


class Server(Protocol):
    """What web_server.py gives: a running HTTP server on a bound socket."""

    default_headers: Headers

    @property
    def connections(self) -> int:
        """How many are open now."""

    async def start(self) -> None: ...

    async def stop(self, timeout_s: float) -> None: ...


class WebPort:
    """Fills ports.Web. Mounts may come before or after start(); the longest path wins.

    `address` is set by start(), with the real port.
    """

    def __init__(
        self, listen: Listen, *, clock: Clock, hosts: Iterable[str] = (), limits: WebLimits | None = None, tls: SSLContext | None = None
    ) -> None:
        self._listen = listen
        self._tls = tls
        self._clock = clock
        self._limits = limits or WebLimits()
        self._log = structlog.get_logger("fenghuo.web")
        self._mounts: dict[str, AsgiApp] = {}
        self._names = frozenset(name.lower() for name in ("localhost", socket.gethostname(), listen.host, *hosts))
        self._hosts: set[bytes] = set()
        self._server: Server | None = None
        self._running = 0
        self._quiet = asyncio.Event()
        self._refusing = False
        self._date_second = 0
        self.address = _address(listen.host, listen.port)
        self.refusal = "it was not tried yet"

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it, once started."""
        return f"{'https' if self._tls is not None else 'http'}://{self.address}"

    def mount(self, path: str, app: Any) -> None:
        """Serve `app` at `path` and everything below it. Raises: ConfigError when the place is taken."""
        key = "/" + path.strip("/")
        if key in self._mounts:
            raise ConfigError(f"two fronts want the web path {key}")
        self._mounts[key] = app

    async def start(self) -> None:
        """Bind and serve. Raises: NotReady when the address is not there yet or somebody else has it; ConfigError when it never will be."""
        bound = await self._taken()
        host, port = bound.getsockname()[:2]
        self.address = _address(host, port)
        module = importlib.import_module("fenghuo.service.web_server")  # the late import of this module's docstring
        headers = [(b"date", b""), *self._headers()]
        server: Server = module.HttpServer(self, bound, limits=self._limits, headers=headers, tls=self._tls)
        await server.start()
        self._server = server
        self._log.info("web port open", address=self.address)

    async def _taken(self) -> socket.socket:
        """The address, or why it cannot be had now, by whom, and what to do."""
        try:
            return self._bind()
        except NotReady as refusal:
            error = refusal.__cause__
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                who = await asyncio.to_thread(holder_of, self._listen.host, self._listen.port)
                self.refusal = f"{refusal}{f', by {who}' if who else ''}; end that, or give [web] listen another port"
            else:
                self.refusal = f"{refusal}; is the interface up that has it?"
            raise NotReady(self.refusal) from error

    @property
    def says(self) -> str:
        """Where it is open, or why it is not yet: for the line of a start."""
        return f"web {self.url}" if self._server is not None else f"no web port yet ({self.refusal}; it is tried again)"

    def _headers(self) -> Iterable[tuple[bytes, bytes]]:
        return SECURITY_HEADERS if self._tls is None else (*SECURITY_HEADERS, STRICT)

    async def start_late(self) -> None:
        """Try again until the address can be had: an interface may come up after us, and whoever has the port may go."""
        for wait_s in itertools.chain(TRIED_AGAIN_S, itertools.repeat(TRIED_AGAIN_S[-1])):
            await asyncio.sleep(wait_s)
            with contextlib.suppress(NotReady):
                await self.start()
                return

    def refuse(self) -> None:
        """From now on every new request gets 503 with Retry-After; what runs goes on."""
        self._refusing = True

    async def stop(self, deadline: float) -> None:
        """Refuse the new, let the running finish until `deadline` (monotonic seconds), then close. Idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        self.refuse()
        if self._running:
            self._quiet.clear()
            try:
                async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic() - 0.2)):
                    await self._quiet.wait()
            except TimeoutError:
                self._log.warning("web requests cut short by the stop", requests=self._running)
        await server.stop(max(0.1, deadline - self._clock.monotonic()))
        self._log.info("web port closed", address=self.address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application: checks, finds the mount, and answers for a front that fails or takes too long."""
        self._set_date()
        refusal = self._refusal(scope)
        if refusal is not None:
            await self._turn_away(scope, send, refusal)
            return
        app = self._find(scope["path"])
        if app is None:
            await self._turn_away(scope, send, NOTHING_HERE)
            return
        if scope["type"] == "websocket":
            await app(scope, receive, _Handshake(send, tuple(self._headers())).send)
            return
        await self._serve(app, scope, receive, send)

    async def _turn_away(self, scope: Scope, send: Send, refusal: Refusal) -> None:
        await _refuse(scope, send, refusal, tuple(self._headers()))

    async def _serve(self, app: AsgiApp, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        self._running += 1
        try:
            async with asyncio.timeout(self._limits.request_s):
                await app(scope, receive, answer.send)
        except TimeoutError:
            self._log.warning("web request took too long", path=scope["path"], limit_s=self._limits.request_s)
            await answer.refuse(scope, TOO_SLOW)
        except Exception:  # noqa: BLE001  # a front is a plugin: its fault ends one request and never the port
            self._log.exception("web front failed", path=scope["path"])
            await answer.refuse(scope, OUR_FAULT)
        finally:
            self._running -= 1
            if not self._running:
                self._quiet.set()

    def _refusal(self, scope: Scope) -> Refusal | None:
        if self._refusing:
            return STOPPING
        host: bytes | None = None
        octets = 0
        for name, value in scope["headers"]:
            octets += len(name) + len(value)
            if name == b"host":
                if host is not None:
                    return TWO_HOSTS
                host = value
        if octets > self._limits.head:
            return LONG_HEAD
        if not self._is_known_host(host):
            return WRONG_HOST
        if self._server is not None and self._server.connections > self._limits.connections:
            return TOO_MANY
        return None

    def _is_known_host(self, host: bytes | None) -> bool:
        """A name from the list or a bare address: a rebound DNS name can be neither."""
        if host is None:
            return False
        if host in self._hosts:
            return True
        name = host_name(host)
        known = name in self._names or _is_address(name)
        if known and len(self._hosts) < HOSTS_REMEMBERED:
            self._hosts.add(host)
        return known

    def _find(self, path: str) -> AsgiApp | None:
        while path:
            app = self._mounts.get(path)
            if app is not None:
                return app
            path = path.rpartition("/")[0]
        return self._mounts.get("/")

    def _set_date(self) -> None:
        # uvicorn renews Date from a timer ten times a second; here the request that needs it does.
        second = int(self._clock.time())
        if self._server is not None and second != self._date_second:
            self._date_second = second
            self._server.default_headers[0] = (b"date", formatdate(second, usegmt=True).encode())

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._listen.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setblocking(False)
            bound.bind((self._listen.host, self._listen.port))
        except OSError as exc:
            bound.close()
            sentence = f"web.listen {_address(self._listen.host, self._listen.port)} cannot be opened: {exc.strerror}"
            raise (NotReady(sentence) if exc.errno in MAY_CHANGE else ConfigError(sentence)) from exc
        return bound


class _Answer:
    """Remembers whether an answer has begun, so that a late failure is not written into the middle of one."""

    __slots__ = ("_send", "begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    def send(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        self.begun = True
        return self._send(message)

    async def refuse(self, scope: Scope, refusal: Refusal) -> None:
        if not self.begun:
            await _refuse(scope, self._send, refusal, SECURITY_HEADERS)


class _Handshake:
    """Puts the headers on whatever a front answers to an upgrade, which the server does for HTTP alone; a bare refusal becomes one."""

    __slots__ = ("_begun", "_send", "_shielding")

    def __init__(self, send: Send, shielding: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send = send
        self._shielding = shielding
        self._begun = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        kind = message["type"]
        if kind in ("websocket.accept", "websocket.http.response.start"):
            self._begun = True
            message = {**message, "headers": [*message.get("headers", ()), *self._shielding]}
        elif kind == "websocket.close" and not self._begun:
            self._begun = True
            headers = [(b"content-length", b"0"), *self._shielding]
            await self._send({"type": "websocket.http.response.start", "status": HTTPStatus.FORBIDDEN.value, "headers": headers})
            message = {"type": "websocket.http.response.body", "body": b""}
        await self._send(message)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_name(host: bytes) -> str:
    """The name or address in a Host header, lower case, without port and brackets."""
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _refuse(scope: Scope, send: Send, refusal: Refusal, shielding: tuple[tuple[bytes, bytes], ...]) -> None:
    """Answer with problem+json before, or instead of, a front. Source: RFC 9457."""
    status = refusal.status
    body = msgspec.json.encode(
        {"type": f"urn:fenghuo:problem:{refusal.code}", "title": status.phrase, "status": status.value, "detail": refusal.detail}
    )
    headers: Headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", str(RETRY_AFTER_STOPPING_S).encode()))
    prefix = "http"
    if scope["type"] == "websocket":
        # The server adds its default headers to HTTP answers only.
        prefix = "websocket.http"
        headers += shielding
    else:
        headers.append((b"connection", b"close"))
    await send({"type": f"{prefix}.response.start", "status": status.value, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": body})
