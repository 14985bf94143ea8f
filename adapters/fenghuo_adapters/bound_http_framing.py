"""HTTP/1.1 as octets: a request to send, and answers read out of whatever comes. No I/O. Source: RFC 9112."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

import httptools

from fenghuo.errors import LinkBroken

__all__ = ["Answer", "AnswerReader", "Request", "Where", "where"]

DEFAULT_PORTS = {"http": 80, "https": 443}
ANSWER_MOST = 64 * 1024
"""Octets of an answer that are kept; a longer one has no place on such a path."""


@dataclass(frozen=True, slots=True)
class Where:
    """Whom a connection is to."""

    scheme: str
    host: str
    port: int


def where(url: str) -> Where:
    """The far end of an http or https url that was normalised before."""
    parts = urlsplit(url)
    return Where(parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `url` absolute, `headers` without those of the connection."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def octets(self, always: Mapping[str, str] = MappingProxyType({})) -> bytes:
        """As it goes over the wire. `always`: headers of the session. Raises: ValueError: a header has a line break in it."""
        parts = urlsplit(self.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in {**always, **self.headers}.items()]
        if self.body or self.method != "HEAD":
            lines.append(f"Content-Length: {len(self.body)}")
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header with a line break in it")
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What the far end said; `headers` by lower-case name; `keeps`: whether the connection may be used again."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    keeps: bool


class AnswerReader:
    """Feed octets until there is an answer. One for each request; `is_head`: the answer has no body whatever its headers say."""

    def __init__(self, *, is_head: bool = False) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._is_head = is_head
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._status = 0
        self._is_whole = False
        self._is_cut = False
        self._keeps = False

    def feed(self, octets: bytes) -> Answer | None:
        """The answer once it is whole. Raises: LinkBroken: what came is no HTTP."""
        try:
            self._parser.feed_data(octets)
        except httptools.HttpParserError as exc:
            if not self._is_whole:
                raise LinkBroken(f"the answer is no HTTP: {exc}") from exc
        return self._answer() if self._is_whole else None

    def at_end(self) -> Answer | None:
        """The connection ended: the answer if its headers were all it needed, None if it was cut."""
        ends_so = self._status and "content-length" not in self._headers and "transfer-encoding" not in self._headers
        return self._answer(keeps=False) if self._is_whole or ends_so else None

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:  # an interim answer is none. Source: RFC 9110 §15.2
            self._status = status
            self._keeps = bool(self._parser.should_keep_alive())  # asked later it speaks of the message after this one
            self._is_whole = self._is_head

    def on_body(self, body: bytes) -> None:
        room = ANSWER_MOST - len(self._body)
        self._is_cut |= len(body) > room
        self._body += body[:room]
        self._is_whole |= self._is_cut

    def on_message_complete(self) -> None:
        if self._status:
            self._is_whole = True
        else:
            self._headers.clear()

    def _answer(self, *, keeps: bool = True) -> Answer:
        return Answer(self._status, dict(self._headers), bytes(self._body), keeps and self._keeps and not self._is_cut)
