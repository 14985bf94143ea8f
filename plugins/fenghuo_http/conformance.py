"""A simulated far end of webhooks for the conformance kit: one server, a path for each recipient."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from types import MappingProxyType

import msgspec
from aiohttp import web

from fenghuo import Arrival, ConformancePeer
from fenghuo_http import WebhookSettings

__all__ = ["HookPeer", "simulated_hook"]

SECRET = "Bearer kit-5ecret-0f-the-hook"
_SECRET_FILE = "hook-secret"
_BAD = "/gone"
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


@contextlib.asynccontextmanager
async def simulated_hook() -> AsyncIterator[ConformancePeer]:
    """A server that listens."""
    hook = SimulatedHook()
    runner = web.ServerRunner(web.Server(hook.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.port = runner.addresses[0][1]
    try:
        yield hook
    finally:
        await runner.cleanup()
