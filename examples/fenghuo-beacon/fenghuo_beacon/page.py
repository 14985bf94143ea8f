"""A page of our own on the one web port: whoever has a token sees which channels stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from fenghuo import Denied, FrontContext

from fenghuo_beacon import PageSettings

__all__ = ["Page"]


class Page:
    """The desk checks each question, and writes into the audit what was asked in vain."""

    def __init__(self, ctx: FrontContext) -> None:
        self.ctx = ctx
        self.settings: PageSettings = ctx.settings

    async def start(self) -> None:
        self.ctx.web.mount(self.settings.path, self._serve)

    async def stop(self, deadline: float) -> None:
        return None

    async def _serve(self, scope: Mapping[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """An ASGI application, as small as it gets; Starlette's are taken as well."""
        token = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        try:
            rows = await self.ctx.desk.do(self.ctx.desk.actor(token, "http/boards"), "channel.ls", {})
            status, body = 200, msgspec.json.encode(rows)
        except Denied:
            status, body = 403, b"{}"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})
