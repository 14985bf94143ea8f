"""Verbs of the desk about people: their accounts, their one-time codes, and their sessions."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.errors import FormatError
from fenghuo.plugin.ports import Actor
from fenghuo.service.accounts import CODE_LASTS_S, Accounts, Scope
from fenghuo.service.desk import Verb
from fenghuo.service.sessions import Enrol, LogIn, Sessions
from fenghuo.service.showing import rfc3339
from fenghuo.store.records_people import AccountRow

__all__ = ["AccountVerbs"]


class Add(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new person; `areas`: `SYSTEM:CODE`, none: those of the `post` (an organisation of the directory), or everywhere; `level`: the
    gravest colour the person may speak for, "" for every one."""

    name: str
    rights: tuple[str, ...]
    display: str = ""
    areas: tuple[str, ...] = ()
    post: str = ""
    level: str = ""


class Rights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rights of an account from now on; `areas`, `post`, `level`: None leaves them."""

    name: str
    rights: tuple[str, ...]
    areas: tuple[str, ...] | None = None
    post: str | None = None
    level: str | None = None


class Pinned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sha256`: of a client certificate, in hex; "" takes it away."""

    name: str
    sha256: str


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which account."""

    name: str


class AccountVerbs:
    """Carries out what the desk has allowed. Secrets stand in answers once: a one-time code, a session, what an authenticator reads."""

    def __init__(self, accounts: Accounts, sessions: Sessions) -> None:
        self._accounts = accounts
        self._sessions = sessions

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "session.open": self.open,
            "session.show": self.me,
            "session.close": self.close,
            "account.enrol": self.enrol,
            "account.factor": self.factor,
            "account.ls": self.ls,
            "account.show": self.show,
            "account.add": self.add,
            "account.rights": self.rights,
            "account.password": self.password,
            "account.certificate": self.certificate,
            "account.disable": self.disable,
            "account.enable": self.enable,
            "account.end_sessions": self.end_sessions,
        }

    async def open(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Log in."""
        opened = await self._sessions.open(msgspec.convert(args, LogIn))
        account = self._accounts.get(opened.row.account)
        said = {"name": account.name, "display": account.display, "rights": account.rights, "traffic": opened.row.traffic}
        times = {"ends": rfc3339(opened.row.ends_at), "idle_s": self._sessions.terms.idle_s, "lasts_s": self._sessions.terms.lasts_s}
        return {"session": opened.session, "csrf": opened.csrf, **said, **times}

    async def me(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Who asks: a person with the session, or the owner of a token. `may`: what this very request was allowed."""
        if not actor.session:
            return {"name": actor.name, "display": actor.name, "rights": actor.rights, "may": actor.rights, "session": None}
        session, account = self._sessions.view(actor)
        said = {"name": account.name, "display": account.display, "rights": account.rights, "may": actor.rights}
        return {**said, "session": _times(session)}

    async def close(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Log out."""
        await self._sessions.close(actor)
        return {}

    async def enrol(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Set one's password by a one-time code."""
        return _for_authenticator(await self._sessions.enrol(msgspec.convert(args, Enrol)))

    async def factor(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Take another authenticator, by the password and what the one of before shows."""
        row = await self._sessions.confirm(msgspec.convert(args, LogIn))
        return _for_authenticator(await self._accounts.renew_factor(row.name))

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [self._line(row) for row in self._accounts]

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        row = self._accounts.get(msgspec.convert(args, Named).name)
        return {**self._line(row), "open": [_times(self._sessions.line(one)) for one in self._sessions.of(row.name)]}

    async def add(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Add)
        scope = Scope(wanted.areas, wanted.post, wanted.level)
        code = await self._accounts.add(wanted.name, display=wanted.display, rights=wanted.rights, scope=scope)
        return self._answer(wanted.name, code)

    async def rights(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Rights)
        if actor.session and actor.name == wanted.name:
            raise FormatError("nobody gives rights to themselves; another administrator may", code="own-rights", where="name")
        scope = Scope(wanted.areas, wanted.post, wanted.level)
        return self._answer(wanted.name, await self._accounts.set_rights(wanted.name, rights=wanted.rights, scope=scope))

    async def password(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        name = msgspec.convert(args, Named).name
        return self._answer(name, await self._accounts.invite(name))

    async def certificate(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Pinned)
        await self._accounts.pin(wanted.name, wanted.sha256)
        return self._answer(wanted.name, "")

    async def disable(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        name = msgspec.convert(args, Named).name
        await self._accounts.disable(name)
        return self._answer(name, "")

    async def enable(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        name = msgspec.convert(args, Named).name
        return self._answer(name, await self._accounts.enable(name))

    async def end_sessions(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        name = msgspec.convert(args, Named).name
        await self._accounts.end_sessions(name)
        return self._answer(name, "")

    def _answer(self, name: str, code: str) -> dict[str, Any]:
        """The account as it is now, with a code where one was made: it is shown here and nowhere else."""
        given = {"code": code, "code_lasts_s": CODE_LASTS_S} if code else {}
        return {**self._line(self._accounts.get(name)), **given}

    def _line(self, row: AccountRow) -> dict[str, Any]:
        said = {"name": row.name, "display": row.display, "rights": row.rights, "areas": row.areas, "state": row.state}
        said |= {"post": row.post, "level": row.level, "certificate": row.certificate.hex()}
        return {**said, "factor": bool(row.factor), "sessions": sum(1 for _ in self._sessions.of(row.name)), "made": rfc3339(row.made_at)}


def _times(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rfc3339(value) if isinstance(value, float) else value for name, value in line.items()}


def _for_authenticator(text: str) -> dict[str, str]:
    """What it reads, and the same as a picture that a page shows; both are given here once."""
    symbol = importlib.import_module("fenghuo.formats.qr_symbol")  # the first to enrol waits for it, and no start does
    return {"otpauth": text, "qr": symbol.svg_uri(text) if text else ""}
