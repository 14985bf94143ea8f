"""A simulated far end for the conformance kit: a server with a path for each recipient, which drops what it has had before."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from types import MappingProxyType

import msgspec
from aiohttp import web

from fenghuo import Arrival, ConformancePeer, Meter
from fenghuo_vsat.settings import HttpSettings

__all__ = ["FEN_PER_MEGABYTE", "RATE_KBIT", "SECRET", "WATTS", "SitePeer", "over_ip", "simulated_site"]

SECRET = "Bearer kit-5ecret-0f-the-site"
_SECRET_FILE = "site-secret"
_BAD = "/gone"
_URL = re.compile(r"http://127\.0\.0\.1:\d+/to/\d+")


RATE_KBIT, WATTS, FEN_PER_MEGABYTE = 4096.0, 20.0, 3000.0
_SEGMENT, _HEADERS = 1348, 52
"""Payload of a segment on a path of 1,400 octets, and IPv4 and TCP with timestamps. Source: RFC 9293, RFC 7323."""


def over_ip(before: Meter, after: Meter) -> Meter:
    """Octets of a connection between two readings, in as many segments as they take and with the acknowledgement of the answer; the
    seconds that they are on the air, and what that costs."""
    payload = (after.octets or 0) - (before.octets or 0)
    octets = payload + (-(-payload // _SEGMENT) + 1) * _HEADERS
    seconds = octets / (RATE_KBIT * 125)
    return Meter(airtime_s=seconds, octets=octets, fee_fen=octets * FEN_PER_MEGABYTE / 1_000_000)


class _Body(msgspec.Struct):
    text: str


class SitePeer(ConformancePeer):
    """What any site under examination has in common. Recipients are paths on it; a path outside of /to/ is gone for good."""

    secrets = MappingProxyType({_SECRET_FILE: SECRET})

    def __init__(self) -> None:
        super().__init__()
        self._base = ""

    def settings(self, port: int) -> HttpSettings:
        self._base = f"http://127.0.0.1:{port}"
        self.bad_address = self._base + _BAD
        return HttpSettings(
            source="127.0.0.1",
            secret_file=_SECRET_FILE,
            attempt_s=1.0,
            connect_s=0.5,
            rate_kbit=RATE_KBIT,
            watts_transmit=WATTS,
            fen_per_megabyte=FEN_PER_MEGABYTE,
        )

    def address(self, number: int) -> str:
        return f"{self._base}/to/{number}"

    def meter(self, heard: int) -> Meter:
        return Meter(octets=heard)

    def spent(self, before: Meter, after: Meter) -> Meter:
        return over_ip(before, after)

    def took(self, url: str, token: str, body: bytes) -> int:
        """A POST came: its status, and what it was is kept."""
        if not _URL.fullmatch(url):
            return 410
        self.arrivals.append(Arrival(url, msgspec.json.decode(body, type=_Body).text, token=token))
        return 200


class SimulatedSite(SitePeer):
    """Answers at once."""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Authorization") != SECRET:
            return web.Response(status=401)
        octets = await request.read()
        if request.method != "POST":
            return web.Response()
        return web.Response(status=self.took(str(request.url), request.headers.get("Idempotency-Key", ""), octets))


@contextlib.asynccontextmanager
async def simulated_site() -> AsyncIterator[ConformancePeer]:
    """A server that listens."""
    site = SimulatedSite()
    runner = web.ServerRunner(web.Server(site.answer))
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()
