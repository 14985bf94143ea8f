"""The people of this node, put together from the settings: accounts, sessions, and what guards the way in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.office import Office
from fenghuo.service.accounts import Accounts
from fenghuo.service.desk import Desk
from fenghuo.service.desk_accounts import AccountVerbs
from fenghuo.service.desk_duty import DutyVerbs
from fenghuo.service.duty import DutyKeeper
from fenghuo.service.log_in_delays import LogInDelays
from fenghuo.service.passwords import Cost, Passwords
from fenghuo.service.second_factor import Sealing
from fenghuo.service.sessions import Sessions, Terms
from fenghuo.service.settings_values import AccountSettings, DutySettings
from fenghuo.store.store import Store

__all__ = ["People"]

UNWATCHED = DutySettings()


class People(msgspec.Struct, frozen=True):
    """`set_up`: the one-time code that makes the first administrator, "" where there is somebody already."""

    accounts: Accounts
    sessions: Sessions
    set_up: str
    duty: DutyKeeper

    @classmethod
    async def of(cls, settings: AccountSettings, store: Store, clock: Clock, *, node: str, duty: DutySettings = UNWATCHED) -> People:
        """As the store has them. Raises: ConfigError: the key of the second factors cannot be read or made."""
        passwords = Passwords(Cost(settings.memory_kib, settings.passes))
        sealing = await asyncio.to_thread(Sealing.of, store.folder)
        accounts = Accounts(store, clock, passwords=passwords, sealing=sealing, node=node)
        delays, terms = LogInDelays(settings.consoles), Terms(settings.idle_s, settings.lasts_s)
        sessions = Sessions(store, clock, accounts, passwords=passwords, delays=delays, terms=terms)
        set_up = await accounts.load()
        await sessions.load()
        shifts = DutyKeeper(store, clock, duty, accounts.names)
        await shifts.load()
        return cls(accounts, sessions, set_up, shifts)

    def join(self, desk: Desk, office: Office) -> dict[str, Callable[[], dict[str, Any]]]:
        """Let them speak at the desk, each within the own authority, and be administered there; the topics of the state that they give."""
        desk.sessions = self.sessions
        self.sessions.directory = lambda: office.directory
        desk.add(AccountVerbs(self.accounts, self.sessions).verbs())
        duty = DutyVerbs(self.duty, self.sessions, office.clock, desk.do)
        desk.add(duty.verbs())
        return {"shift": duty.topic}

    def greeting(self) -> str:
        """What a first start says to whoever sits before it; "" where there is an account."""
        if not self.set_up:
            return ""
        return f"nobody has an account here; make the first administrator: fenghuo user enrol NAME, with the one-time code {self.set_up}"
