"""Verbs of the desk about releases by one person in need: let a template go, list, review."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.errors import NotAllowed
from fenghuo.plugin.ports import Actor
from fenghuo.service.break_glass import BreakGlass
from fenghuo.service.desk import Verb
from fenghuo.service.desk_duty import Proof
from fenghuo.service.log_in_delays import MACHINE
from fenghuo.service.sessions import Sessions
from fenghuo.service.showing import rfc3339
from fenghuo.store.records_people import AccountRow, BreakGlassRow

__all__ = ["BreakGlassVerbs"]


class Released(Proof, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`key`: what stands in the key file."""

    template: str
    reason: str
    key: str


class Reviewed(Proof, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`review`: what was found."""

    id: str
    review: str


class BreakGlassVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, glass: BreakGlass, sessions: Sessions) -> None:
        self._glass = glass
        self._sessions = sessions

    def verbs(self) -> Mapping[str, Verb]:
        return {"break_glass.ls": self.ls, "break_glass.release": self.release, "break_glass.review": self.review}

    def topic(self) -> dict[str, Any]:
        """What a console sees, by path: what waits for its review."""
        return {f"break_glass/{row.id}": _view(row) for row in self._glass if not row.reviewed_by}

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        templates = [{"name": one.name, "approved_by": one.approved_by} for one in self._glass.settings.templates]
        return {"releases": [_view(row) for row in self._glass], "templates": templates}

    async def release(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """At the machine alone, and always with password and second factor."""
        wanted = msgspec.convert(args, Released)
        if actor.door != MACHINE:
            raise NotAllowed("a release by one person alone is made at the machine itself: fenghuo break-glass release")
        leader = await wanted.proven(actor, self._sessions)
        _check(leader, "releaser", "operator")
        if not leader.factor:
            says = "has no second factor, without which nobody releases alone"
            raise NotAllowed(f"{leader.name} {says}: fenghuo user password {leader.name}, then user enrol --second-factor")
        own = self._sessions.authority_of(leader)
        row, answer = await self._glass.release(leader.name, wanted.template, reason=wanted.reason, key=wanted.key, own=own)
        return {**_view(row), "state": answer.state}

    async def review(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Reviewed)
        person = await wanted.account(actor, self._sessions)
        _check(person, "releaser", "auditor")
        return _view(await self._glass.review(person.name, wanted.id, wanted.review))


def _check(account: AccountRow, *rights: str) -> None:
    if not set(rights).intersection(account.rights):
        raise NotAllowed(f"{account.name} may not; that takes an account with one of the rights {', '.join(rights)}")


def _view(row: BreakGlassRow) -> dict[str, Any]:
    seen = {"reviewed_by": row.reviewed_by, "reviewed": rfc3339(row.reviewed_at) if row.reviewed_at else None, "review": row.review}
    what = {"id": row.id, "at": rfc3339(row.at), "leader": row.leader, "template": row.template, "reason": row.reason}
    return {**what, "message": row.message, **seen}
