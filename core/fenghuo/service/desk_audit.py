"""Verbs of the desk about the audit: read it, verify it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.plugin.ports import Actor
from fenghuo.service.audit import AuditKeeper
from fenghuo.service.desk import Verb
from fenghuo.store.audit import record_line
from fenghuo.store.store import Store
from fenghuo.store.tables import AUDIT

__all__ = ["AuditVerbs"]

MOST_RECORDS = 10_000


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records after a number."""

    after: int = 0
    limit: int = 1000


class AuditVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, keeper: AuditKeeper, store: Store) -> None:
        self._keeper = keeper
        self._store = store

    def verbs(self) -> Mapping[str, Verb]:
        return {"audit.read": self.read, "audit.verify": self.verify}

    async def read(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Records as lines of an export, in order."""
        wanted = msgspec.convert(args, Read)
        rows = await self._store.find(AUDIT, "seq > ? ORDER BY seq", wanted.after, limit=max(1, min(wanted.limit, MOST_RECORDS)))
        return {
            "head": self._store.audited.mark,
            "after": rows[-1].seq if rows else wanted.after,
            "records": [record_line(row) for row in rows],
        }

    async def verify(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Whether the chain holds, and as far as the heads in the state folder know."""
        return (await self._keeper.verify()).answer()
