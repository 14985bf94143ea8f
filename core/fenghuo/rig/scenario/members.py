"""People who have an account at the daemon of a scenario: the accounts and sessions of the product, over hashes that take no time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from fenghuo.clock import Clock
from fenghuo.plugin.ports import Actor
from fenghuo.service.accounts import Accounts, Scope
from fenghuo.service.desk import Desk
from fenghuo.service.desk_accounts import AccountVerbs
from fenghuo.service.log_in_delays import LogInDelays
from fenghuo.service.passwords import Passwords
from fenghuo.service.second_factor import Sealing
from fenghuo.service.sessions import Sessions, Terms
from fenghuo.store import Store

__all__ = ["DOOR", "Members", "log_in"]

PASSWORD = "a sentence that only this simulation says"
DOOR = Actor("door", ("door",), "sim")


class Members:
    """Built at each start of the daemon; an account is made at the first."""

    def __init__(self, store: Store, clock: Clock, rights: Mapping[str, tuple[str, ...]]) -> None:
        passwords = QuickPasswords()
        self._rights = rights
        self._accounts = Accounts(store, clock, passwords=passwords, sealing=Sealing.of(store.folder), node="sim")
        self.sessions = Sessions(store, clock, self._accounts, passwords=passwords, delays=LogInDelays(()), terms=Terms())

    async def load(self) -> None:
        """Who has an account, and whose sessions go on. Raises: FormatError: rights that exclude each other."""
        await self._accounts.load()
        await self.sessions.load()
        for name, rights in self._rights.items():
            if self._accounts.find(name) is None:
                code = await self._accounts.add(name, display=name, rights=rights, scope=Scope())
                await self._accounts.enrol(name, code, PASSWORD)

    def join(self, desk: Desk) -> None:
        """Let them speak at this desk."""
        desk.sessions = self.sessions
        desk.add(AccountVerbs(self._accounts, self.sessions).verbs())


class QuickPasswords(Passwords):
    """Argon2 works in a thread, and none is in simulated time: what is compared here is a plain hash."""

    async def hash(self, password: str) -> str:
        return hashlib.sha256(password.encode()).hexdigest()

    async def fits(self, phc: str, password: str) -> bool:
        return phc == await self.hash(password)

    def is_stale(self, phc: str) -> bool:
        return False


def log_in(name: str, address: str) -> dict[str, Any]:
    """What somebody says at a log-in."""
    return {"name": name, "password": PASSWORD, "address": address}
