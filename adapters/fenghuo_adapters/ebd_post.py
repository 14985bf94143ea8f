"""Packets by HTTP POST: sends one and gives back what the far end answered, and takes those that others send. Knows no envelope.

No redirect is followed and no proxy used; each exchange has its deadline. Source: GD/J 083-2018, GY/T 384-2023 (transport).
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from fenghuo.errors import LinkBroken, LinkClosed, LinkError, LinkTimeout
from fenghuo_adapters.ebd_framing import MOST_OCTETS

__all__ = ["HttpRefused", "NotSent", "PacketDoor", "PacketPost"]

CONTENT_TYPE = "application/x-tar"
BODY_S = 30.0
"""Longest time for a whole packet to come in."""
AT_ONCE = 16
"""Packets that may come in at one time; who floods us is told to come back."""
_READ = 64 * 1024

Answer = Callable[[bytes], Awaitable[bytes]]


class NotSent(LinkError):
    """Certainly no octet of the packet has left: nobody listens, or there is no way to it."""


class HttpRefused(LinkError):
    """The far end answered with a status that is no success."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the far end answered http {status}")


class PacketPost:
    """One far end by its url. A connection is kept for the next packet."""

    def __init__(self, url: str, *, connect_s: float, concurrency: int) -> None:
        self._url = url
        self._connect_s = connect_s
        self._concurrency = concurrency
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Be ready; nothing is connected yet."""
        connector = aiohttp.TCPConnector(limit=self._concurrency, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector, headers={"User-Agent": "fenghuo"}, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )

    async def close(self) -> None:
        """Cut whatever is under way; afterwards nothing leaves."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, packet: bytes, *, timeout_s: float) -> bytes:
        """The body of the answer. Raises: NotSent; HttpRefused; LinkTimeout, LinkBroken, LinkClosed: it may have left."""
        if self._session is None:
            raise NotSent("the channel is stopped")
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(self._connect_s, timeout_s))
        headers = {"Content-Type": CONTENT_TYPE}
        try:
            async with self._session.post(self._url, data=packet, headers=headers, timeout=timeout, allow_redirects=False) as answer:
                body = await _body(answer.content)
                if not 200 <= answer.status < 300:
                    raise HttpRefused(answer.status)
                return body
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as nobody:
            raise NotSent(_why(nobody)) from nobody
        except TimeoutError as late:
            raise LinkTimeout(f"no answer within {timeout_s:g} s") from late
        except aiohttp.ClientError as broken:
            if self._session is None:
                raise LinkClosed("the channel was stopped meanwhile") from broken
            raise LinkBroken(f"{type(broken).__name__}: {broken}") from broken


class PacketDoor:
    """Listens on a port of its own, and hands the body of each POST to `answer`, whose octets go back with status 200."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._under_way = 0
        self._runner: web.ServerRunner | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen; the port. Raises: LinkBroken: it is taken, or is not ours to take."""
        runner = web.ServerRunner(web.Server(self._taken, access_log=None), handle_signals=False, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as taken:
            await runner.cleanup()
            raise LinkBroken(f"cannot listen on {host}:{port}: {errno.errorcode.get(taken.errno or 0, taken)}") from taken
        self._runner = runner
        return int(runner.addresses[0][1])

    async def close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _taken(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        if self._under_way >= AT_ONCE:
            return web.Response(status=503, headers={"Retry-After": "1"})
        self._under_way += 1
        try:
            return await self._answered(request)
        finally:
            self._under_way -= 1

    async def _answered(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            async with asyncio.timeout(BODY_S):
                packet = await _body(request.content)
        except TimeoutError:
            return web.Response(status=408)
        except LinkBroken:
            return web.Response(status=413)
        return web.Response(body=await self._answer(packet), content_type=CONTENT_TYPE)


async def _body(stream: aiohttp.StreamReader) -> bytes:
    """Raises: LinkBroken: it is longer than any packet."""
    whole = bytearray()
    while octets := await stream.read(_READ):
        whole += octets
        if len(whole) > MOST_OCTETS:
            raise LinkBroken(f"more than {MOST_OCTETS} octets came")
    return bytes(whole)


def _why(failure: Exception) -> str:
    """In a word, without addresses that a log would repeat by the thousand."""
    number = getattr(failure, "errno", None)
    return f"no connection: {errno.errorcode.get(number, type(failure).__name__) if number else type(failure).__name__}"
