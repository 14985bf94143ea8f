"""Verbs of the desk that decide about what is open: resolve a doubt, shed a delivery, waive an objective, let go what a restore holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.engine.decisions import Decisions, Ruling
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.store.audit import acting

__all__ = ["QueueVerbs"]


class Resolve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"ruling": "as"}):
    """A delivery in doubt, and what became of it."""

    id: int
    ruling: Ruling
    reason: str = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A delivery, or an objective, and why."""

    id: int
    reason: str = ""


class Escalate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An objective; `recipient`: only this one of it, none: all that are open; and why it is not waited for."""

    id: int
    recipient: str = ""
    reason: str = ""


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Messages that are held since a restore, none named: every one; and why they go."""

    messages: tuple[str, ...] = ()
    reason: str = ""


class QueueVerbs:
    """Carries out what the desk has allowed; each answers when the decision is on the disk."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "queue.resolve": self.resolve,
            "queue.shed": self.shed,
            "queue.waive": self.waive,
            "queue.escalate": self.escalate,
            "queue.release": self.release,
        }

    async def resolve(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Resolve)
        await self._decisions.resolve(wanted.id, wanted.ruling, by=acting.get(), reason=wanted.reason)
        return {"id": wanted.id, "as": wanted.ruling.value, "by": actor.name}

    async def shed(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Named)
        await self._decisions.shed(wanted.id, by=acting.get(), reason=wanted.reason)
        return {"id": wanted.id, "state": "SHED", "by": actor.name}

    async def waive(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Named)
        await self._decisions.waive(wanted.id, by=acting.get(), reason=wanted.reason)
        return {"id": wanted.id, "state": "WAIVED", "by": actor.name}

    async def escalate(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Escalate)
        await self._decisions.escalate(wanted.id, wanted.recipient, by=acting.get(), reason=wanted.reason)
        return {"id": wanted.id, "recipient": wanted.recipient, "by": actor.name}

    async def release(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Held)
        for message in wanted.messages or ("",):
            await self._decisions.release(message, by=acting.get(), reason=wanted.reason)
        return {"messages": list(wanted.messages), "by": actor.name}
