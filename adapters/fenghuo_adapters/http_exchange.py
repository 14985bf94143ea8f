"""One HTTP request and its answer over plain ASGI: headers, a body with a limit, bytes out. No routing, no verbs."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from fenghuo_adapters.http_problems import HttpRefusal, Problem

__all__ = ["Exchange", "Receive", "Scope", "Send", "is_loopback"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = (b"content-type", b"application/json")
NO_STORE = (b"cache-control", b"no-store")

# After a 413 the rest of the body is read and thrown away, so that the client can read our answer instead of a reset.
LINGER_OCTETS = 16 * 1024 * 1024
LINGER_S = 2.0


class Exchange:
    """A request being answered. Headers are looked up by their lower-case name; of a repeated one the last counts."""

    __slots__ = ("_receive", "_send", "headers", "method", "path", "scope")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self._receive = receive
        self._send = send

    def header(self, name: bytes) -> str:
        """A header's value, empty when absent."""
        return self.headers.get(name, b"").decode("latin-1").strip()

    def query(self, *known: str) -> dict[str, str]:
        """The query parameters. Raises: HttpRefusal 400 for one that is not `known`: a misspelt filter would show everything."""
        try:
            found = parse_qsl(self.scope["query_string"].decode("latin-1"), max_num_fields=20, keep_blank_values=True)
        except ValueError as exc:
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", "too many query parameters") from exc
        for name, _ in found:
            if name not in known:
                says = f"there is no query parameter {name[:40]!r} here; there is " + (", ".join(known) or "none")
                raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", says)
        return dict(found)

    @property
    def certificate(self) -> str:
        """SHA-256 in hex of the client certificate that TLS has proved, empty without one."""
        shown: str = self.scope.get("extensions", {}).get("tls", {}).get("client_certificate_sha256", "")
        return shown

    @property
    def bearer(self) -> str:
        """The bearer token, empty when there is none. Source: RFC 6750 §2.1."""
        scheme, _, token = self.header(b"authorization").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def client(self) -> str:
        """The peer's address, empty when unknown."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    async def body(self, limit: int) -> bytes:
        """The body, at most `limit` octets. Raises: HttpRefusal 413 as soon as it is longer, 400 when the client goes away."""
        declared = self.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        octets = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", "the body ended early")
            chunk: bytes = message.get("body", b"")
            octets += len(chunk)
            if octets > limit:
                raise _too_large(limit)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def answer(self, status: HTTPStatus, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        """Send the whole answer."""
        length = (b"content-length", b"%d" % len(body))
        await self._send({"type": "http.response.start", "status": status.value, "headers": [length, NO_STORE, *headers]})
        await self._send({"type": "http.response.body", "body": body})

    async def answer_json(self, status: HTTPStatus, body: bytes) -> None:
        """Send an encoded JSON document."""
        await self.answer(status, body, JSON)

    async def refuse(self, problem: Problem) -> None:
        """Send a problem; after "too large" read on a little before closing."""
        if problem.status is not HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            await self.answer(problem.status, problem.body(), *problem.headers())
            return
        body = problem.body()
        headers = [(b"content-length", b"%d" % len(body)), NO_STORE, (b"connection", b"close"), *problem.headers()]
        await self._send({"type": "http.response.start", "status": problem.status.value, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        await self._discard()
        await self._send({"type": "http.response.body", "body": b""})

    async def _discard(self) -> None:
        octets, more = 0, True
        try:
            async with asyncio.timeout(LINGER_S):
                while more and octets < LINGER_OCTETS:
                    message = await self._receive()
                    octets += len(message.get("body", b""))
                    more = message.get("more_body", False)
        except TimeoutError:
            return


def _too_large(limit: int) -> HttpRefusal:
    return HttpRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", f"the body is longer than {limit} octets")


def is_loopback(address: str) -> bool:
    """Whether a peer's address is of this machine."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
