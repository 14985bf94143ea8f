"""HTTP over a bound path: a connection is made before anything is committed, and given up after our own limit, never after TCP's.

TCP outlasts an outage by as long again as the outage took (its back-off doubles), so a connection that did not answer in time is
reset and made anew.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from fenghuo.errors import LinkBroken, LinkClosed, LinkTimeout
from fenghuo_adapters.bound_http_framing import Answer, AnswerReader, Request, Where, where
from fenghuo_adapters.bound_socket import BoundPath, wire_octets
from fenghuo_adapters.rate_bucket import RateBucket

__all__ = ["BoundHttp", "HttpLine", "Limits", "Refused"]

PIECE_OCTETS = 4 * 1348
"""So much is handed to the kernel at once: a few segments, so that an urgent message waits for no more than that."""
_CHUNK = 16 * 1024
_PIECE_HEADERS = 4 * 52

_Address: TypeAlias = tuple[str, int]
Turn = Callable[[], Awaitable[None]]


class Refused(LinkBroken):
    """Somebody answered and said no: the path works, the far end does not take connections."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: `connect_s` until a connection stands, `answer_s` for a request and its answer, `keep_s` that a quiet one is kept."""

    connect_s: float = 4.0
    answer_s: float = 12.0
    keep_s: float = 60.0


@dataclass(slots=True, eq=False)
class HttpLine:
    """One connection. `used_at`: monotonic seconds; `counted`: octets of it that the bucket has seen."""

    to: Where
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used_at: float
    counted: int = 0

    def abort(self) -> None:
        """Reset it: whatever was not acknowledged is thrown away."""
        self.writer.transport.abort()

    def sent(self) -> int | None:
        """Octets that it has put on the wire, None where nobody knows."""
        sock: socket.socket | None = self.writer.get_extra_info("socket")
        return None if sock is None else wire_octets(sock)


@dataclass(slots=True)
class BoundHttp:
    """Connections over one path, shared by whoever sends. `clock` gives monotonic seconds; `trust`: for https; `always`: headers that
    each request carries, a secret among them."""

    path: BoundPath
    bucket: RateBucket
    limits: Limits
    clock: Callable[[], float]
    trust: ssl.SSLContext | None = None
    always: Mapping[str, str] = field(default_factory=dict, repr=False)
    _idle: list[HttpLine] = field(default_factory=list)
    _busy: list[HttpLine] = field(default_factory=list)
    _is_closed: bool = False

    async def line(self, url: str) -> HttpLine:
        """A connection to where `url` leads, one that is idle or a new one. Raises: LinkTimeout, Refused, LinkBroken, LinkClosed."""
        if self._is_closed:
            raise LinkClosed("the path was closed")
        to = where(url)
        line = self._reusable(to)
        if line is None:
            line = await self._dialled(to)
        self._busy.append(line)
        return line

    async def exchange(self, line: HttpLine, request: Request, *, turn: Turn | None = None) -> Answer:
        """Send, as fast as the bucket lets it, and wait for the answer, all within `answer_s`; the connection is kept or reset.

        `turn` is awaited between two pieces of a long request. Raises: LinkTimeout, LinkBroken; both leave open what the far end has.
        """
        keeps = False
        try:
            async with asyncio.timeout(self.limits.answer_s):
                await self._send(line, request.octets(self.always), turn)
                answer = await _answer(line.reader, is_head=request.method == "HEAD")
            keeps = answer.keeps
            return answer
        except TimeoutError as exc:
            raise LinkTimeout(f"no answer within {self.limits.answer_s:g} s") from exc
        except OSError as exc:
            raise LinkBroken(f"the connection was lost: {exc.strerror or exc}") from exc
        finally:
            self.give_back(line, keeps=keeps)

    def give_back(self, line: HttpLine, *, keeps: bool = True) -> None:
        """Count what it cost, and keep it for the next or reset it."""
        self._settle(line)
        if line in self._busy:
            self._busy.remove(line)
        line.used_at = self.clock()
        if keeps and not self._is_closed and not line.reader.at_eof():
            self._idle.append(line)
        else:
            line.abort()

    def settle(self) -> None:
        """Count what went over quiet connections since they were used: acknowledgements, and what was sent again."""
        for line in self._idle:
            self._settle(line)

    def reset(self) -> None:
        """Reset every connection; the next one is made anew."""
        for line in (*self._idle, *self._busy):
            self._settle(line)
            line.abort()
        self._idle.clear()

    def close(self) -> None:
        """Reset every connection, for good: afterwards no byte leaves."""
        self._is_closed = True
        self.reset()

    # Ways.

    def _reusable(self, to: Where) -> HttpLine | None:
        """The idle connection used last, if one is young enough; whatever is too old is reset."""
        self.settle()
        now = self.clock()
        kept: list[HttpLine] = []
        for line in self._idle:
            if line.reader.at_eof() or now - line.used_at > self.limits.keep_s:
                line.abort()
            else:
                kept.append(line)
        self._idle = kept
        found = next((line for line in reversed(kept) if line.to == to), None)
        if found is not None:
            kept.remove(found)
        return found

    async def _dialled(self, to: Where) -> HttpLine:
        try:
            async with asyncio.timeout(self.limits.connect_s):
                reader, writer = await self._connected(to)
        except TimeoutError as exc:
            raise LinkTimeout(f"{to.host}:{to.port} did not answer within {self.limits.connect_s:g} s") from exc
        except ConnectionRefusedError as exc:
            raise Refused(f"{to.host}:{to.port} takes no connection") from exc
        except OSError as exc:
            raise LinkBroken(f"{to.host}:{to.port} cannot be reached: {exc.strerror or exc}") from exc
        return HttpLine(to, reader, writer, self.clock())

    async def _connected(self, to: Where) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Raises: OSError, LinkBroken."""
        loop = asyncio.get_running_loop()
        family, address = await _resolved(to)
        sock = self.path.open(family)
        try:
            await loop.sock_connect(sock, address)
            context = self.trust or ssl.create_default_context() if to.scheme == "https" else None
            return await asyncio.open_connection(sock=sock, ssl=context, server_hostname=to.host if context else None)
        except BaseException:
            self.bucket.settle(wire_octets(sock) or 0)  # knocking in vain costs as well
            sock.close()
            raise

    async def _send(self, line: HttpLine, octets: bytes, turn: Turn | None) -> None:
        for start in range(0, len(octets), PIECE_OCTETS):
            piece = octets[start : start + PIECE_OCTETS]
            if start and turn is not None:
                await turn()
            await self._may_go(line, len(piece))
            line.writer.write(piece)
            await line.writer.drain()

    async def _may_go(self, line: HttpLine, octets: int) -> None:
        cost = octets + _PIECE_HEADERS
        line.counted += cost
        wait_s = self.bucket.take(cost)
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def _settle(self, line: HttpLine) -> None:
        """What was foreseen is replaced by what the kernel says that it sent."""
        sent = line.sent()
        if sent is not None:
            self.bucket.settle(sent - line.counted)
            line.counted = sent


async def _resolved(to: Where) -> tuple[int, _Address]:
    """Family and address. A name is asked for wherever this machine asks for names, which may be another way: addresses are better."""
    try:
        return (socket.AF_INET6 if ipaddress.ip_address(to.host).version == 6 else socket.AF_INET), (to.host, to.port)
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    family, *_, address = found[0]
    return family, (str(address[0]), int(address[1]))


async def _answer(reader: asyncio.StreamReader, *, is_head: bool) -> Answer:
    """Raises: OSError, LinkError."""
    parser = AnswerReader(is_head=is_head)
    while octets := await reader.read(_CHUNK):
        answer = parser.feed(octets)
        if answer is not None:
            return answer
    answer = parser.at_end()
    if answer is None:
        raise LinkBroken("the connection ended before the answer did")
    return answer
