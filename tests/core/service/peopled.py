"""People over a manned desk: accounts that were enrolled, and what they do by their sessions. Cheap hashes, the tests' own clock."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fenghuo.plugin.ports import Actor
from fenghuo.service.people import People
from fenghuo.service.second_factor import STEP_S, code_at
from fenghuo.service.settings_values import AccountSettings
from fenghuo.store.records import AuditRow
from fenghuo.store.tables import AUDIT
from tests.core.service.manned import Manned, manned

__all__ = ["ADMIN", "DESK_ADDRESS", "DOOR", "PASSWORD", "Peopled", "peopled"]

PASSWORD = "Tide-table 4711"
DESK_ADDRESS = "10.0.0.5"
CHEAP = AccountSettings(consoles=(DESK_ADDRESS,), memory_kib=8, passes=1)
ADMIN = Actor("console", ("admin",), "test")
DOOR = Actor("log-in", ("door",), "test")


class Peopled:
    """`secrets`: of the second factors, by name, as each person's authenticator has them."""

    def __init__(self, there: Manned, people: People) -> None:
        self.there, self.people = there, people
        self.clock = there.house.clock
        self.secrets: dict[str, bytes] = {}
        there.state.topics.update(people.join(there.desk, there.house.office))

    async def admin(self, verb: str, **args: Any) -> Any:
        """A verb of an administrator."""
        return await self.there.desk.do(ADMIN, verb, args)

    async def person(self, name: str, *rights: str, **args: Any) -> None:
        """Somebody who has an account and has set a password."""
        await self.enrol(name, (await self.admin("account.add", name=name, rights=rights, **args))["code"])

    async def enrol(self, name: str, code: str, password: str = PASSWORD, **args: Any) -> None:
        """Set the password, and take the second factor into the authenticator."""
        done = await self.there.desk.do(DOOR, "account.enrol", {"name": name, "code": code, "password": password, **args})
        if done["otpauth"]:
            text = parse_qs(urlsplit(done["otpauth"]).query)["secret"][0]
            self.secrets[name] = base64.b32decode(text + "=" * (-len(text) % 8))

    def code(self, name: str) -> str:
        """What the authenticator shows now."""
        return code_at(self.secrets[name], int(self.clock.time()) // STEP_S) if name in self.secrets else ""

    async def log_in(self, name: str, **said: Any) -> dict[str, Any]:
        """A new session, at the next step of the authenticator: a code counts once."""
        self.clock.now += STEP_S
        wanted = {"name": name, "password": PASSWORD, "code": self.code(name), "address": DESK_ADDRESS, **said}
        answer: dict[str, Any] = await self.there.desk.do(DOOR, "session.open", wanted)
        return answer

    async def do(self, session: dict[str, Any], verb: str, /, **args: Any) -> Any:
        """A verb by a session, said by its own page."""
        answer = await self.there.desk.do(self.member(session), verb, args)
        await self.there.house.settle()
        return answer

    async def sign(self, session: dict[str, Any], ident: str) -> Any:
        """A signature by a session that has looked at what waits a moment before."""
        shown = await self.do(session, "alert.review", id=ident)
        return await self.do(session, "alert.sign", id=ident, envelope=shown["envelope"])

    def member(self, session: dict[str, Any]) -> Actor:
        """Who a session is when its own page asks."""
        return self.there.desk.member(session["session"], session["csrf"], "test")

    async def audited(self, action: str) -> list[AuditRow]:
        """The records of one action."""
        return [row for row in await self.there.house.store.find(AUDIT, "1 ORDER BY seq") if row.action == action]


@asynccontextmanager
async def peopled(folder: Path, settings: AccountSettings = CHEAP, **house: Any) -> AsyncIterator[Peopled]:
    """A desk with nobody at it yet."""
    async with manned(folder, **house) as there:
        yield Peopled(there, await People.of(settings, there.house.store, there.house.clock, node="taicang"))
