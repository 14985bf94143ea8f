"""Simulated far ends for the conformance kit: a server of webhooks with a path for each recipient, and a bulk gateway."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from types import MappingProxyType

import msgspec
from aiohttp import web

from fenghuo import Arrival, ConformancePeer
from fenghuo_http import BulkSettings, WebhookSettings

__all__ = ["SECRET", "BulkPeer", "HookPeer", "simulated_bulk", "simulated_hook"]

SECRET = "Bearer kit-5ecret-0f-the-hook"
_SECRET_FILE = "hook-secret"
_BAD = "/gone"
_Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_URL = re.compile(r"http://127\.0\.0\.1:\d+/to/\d+")


class _Body(msgspec.Struct):
    text: str


class HookPeer(ConformancePeer):
    """What any server under examination has in common. Recipients are paths on it; a path outside of /to/ is gone for good."""

    secrets = MappingProxyType({_SECRET_FILE: SECRET})

    def __init__(self) -> None:
        super().__init__()
        self._base = ""

    def settings(self, port: int) -> WebhookSettings:
        self._base = f"http://127.0.0.1:{port}"
        self.bad_address = self._base + _BAD
        return WebhookSettings(secret_file=_SECRET_FILE, timeout_s=1.0, connect_s=0.5)

    def address(self, number: int) -> str:
        return f"{self._base}/to/{number}"

    def took(self, url: str, token: str, body: bytes) -> int:
        """A POST came: its status, and what it was is kept."""
        if not _URL.fullmatch(url):
            return 410
        self.arrivals.append(Arrival(url, msgspec.json.decode(body, type=_Body).text, token=token))
        return 200


class SimulatedHook(HookPeer):
    """Answers at once."""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Authorization") != SECRET:
            return web.Response(status=401)
        return web.Response(status=self.took(str(request.url), request.headers.get("Idempotency-Key", ""), await request.read()))


class _Sheet(msgspec.Struct):
    token: str
    message: _Body
    to: tuple[str, ...]


class BulkPeer(ConformancePeer):
    """What any bulk gateway under examination has in common: telephones, of which one is not told."""

    secrets = MappingProxyType({_SECRET_FILE: SECRET})
    bad_address = "+8613800000066"

    def settings(self, port: int) -> BulkSettings:
        return BulkSettings(url=f"http://127.0.0.1:{port}/bulk", secret_file=_SECRET_FILE, timeout_s=1.0, connect_s=0.5)

    def address(self, number: int) -> str:
        return f"+86{13_900_000_000 + number}"

    def took(self, body: bytes) -> bytes:
        """A page came: who on it is not told, and what it was is kept of everybody else."""
        sheet = msgspec.json.decode(body, type=_Sheet)
        told = [address for address in sheet.to if address != self.bad_address]
        self.arrivals += (Arrival(address, sheet.message.text, token=sheet.token) for address in told)
        refused = [{"to": address, "code": "no-such-number"} for address in sheet.to if address not in told]
        return msgspec.json.encode({"ref": f"page-{len(self.arrivals)}", "refused": refused})


class SimulatedBulk(BulkPeer):
    """Answers at once."""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Authorization") != SECRET:
            return web.Response(status=401)
        octets = await request.read()
        return web.Response(body=self.took(octets) if request.method == "POST" else b"", content_type="application/json")


@contextlib.asynccontextmanager
async def simulated_hook() -> AsyncIterator[ConformancePeer]:
    """A server that listens."""
    hook = SimulatedHook()
    async with _serving(hook, hook.answer):
        yield hook


@contextlib.asynccontextmanager
async def simulated_bulk() -> AsyncIterator[ConformancePeer]:
    """A gateway that listens."""
    gateway = SimulatedBulk()
    async with _serving(gateway, gateway.answer):
        yield gateway


@contextlib.asynccontextmanager
async def _serving(peer: ConformancePeer, answer: _Answer) -> AsyncIterator[None]:
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer.port = runner.addresses[0][1]
    try:
        yield
    finally:
        await runner.cleanup()
