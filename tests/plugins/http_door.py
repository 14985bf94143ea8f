"""The HTTP API over a fake desk, as a client sees it: what the tests of its requests ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

import fenghuo_http
from fenghuo import Accepted
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import MessageId
from fenghuo.service.web import WebPort
from fenghuo_http import ApiSettings
from tests.plugins.http_fakes import FakeDesk, serving
from tests.scale import PATIENCE_S

__all__ = ["ACCEPTED", "API", "CAP", "JSON", "MET", "Door", "at_door"]

API = next(kind for kind in fenghuo_http.fenghuo_front_types() if kind.id == "http.api")
MET = {"Authorization": "Bearer met-token"}
CAP = MET | {"Content-Type": "application/cap+xml"}
JSON = MET | {"Content-Type": "application/json"}
ACCEPTED = Accepted(MessageId("01J"), 1, "active", (Verdict("schema", "valid", True),), ("assumed zone +08:00",))


class Door:
    """The API as a client sees it, and the desk behind it."""

    def __init__(self, web: WebPort, desk: FakeDesk, session: aiohttp.ClientSession) -> None:
        self.web = web
        self.desk = desk
        self.session = session

    async def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any, Any]:
        """Status, headers, decoded JSON (None when there is none)."""
        async with asyncio.timeout(PATIENCE_S), self.session.request(method, self.web.url + path, **given) as answer:
            body = await answer.read()
            return answer.status, answer.headers, msgspec.json.decode(body) if body[:1] in {b"{", b"["} else body.decode() or None


@asynccontextmanager
async def at_door(settings: ApiSettings) -> AsyncIterator[Door]:
    """A door with a desk behind it that answers what the tests of most requests need."""
    async with serving(API, settings) as (web, desk), aiohttp.ClientSession() as session:
        desk.answers |= {
            "alert.submit": ACCEPTED,
            "message.submit": ACCEPTED,
            "alert.cancel": ACCEPTED,
            "status": {"ready": True, "accepting": True},
        }
        desk.answers |= {"message.ls": [], "message.show": {"id": "01J"}, "channel.ls": [], "metrics": "fenghuo_up 1\n"}
        desk.answers |= {"alert.sign": lambda args: {"id": args["id"], "by": args["token"]}, "log.read": {"events": []}}
        yield Door(web, desk, session)
