"""Verbs of the desk by which a node learns whom another one has reached with an order that both have: what is open here, who has it there,
and an end of what needs nobody any more.

After a hand-over each goes on with its own copy of an order; whoever was reached by one is not told again by the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.decisions import Decisions
from fenghuo.engine.reconciling import key_of
from fenghuo.errors import FormatError
from fenghuo.model.delivery import Objective, ObjectiveState, TargetState
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.desk_reconcile import BACK_S
from fenghuo.store.audit import acting
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, OBJECTIVE, TARGET

__all__ = ["ReachedVerbs"]

MOST_KEYS = 1_000
MOST_NAMED = 5
"""People whom the reason of an end names; the rest are counted."""
OPEN = (ObjectiveState.OPEN, ObjectiveState.AT_RISK)


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages, by identity."""

    keys: tuple[str, ...]


class Had(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who has a message there, each with the evidence by name."""

    key: str
    reached: Mapping[str, str]


class Settle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What another node, by its name, says."""

    peer: str
    messages: tuple[Had, ...]


class ReachedVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, store: Store, clock: Clock, decisions: Decisions, *, node: str) -> None:
        self._store = store
        self._clock = clock
        self._decisions = decisions
        self._node = node

    def verbs(self) -> Mapping[str, Verb]:
        return {"reconcile.open": self.open, "reconcile.reached": self.reached, "reconcile.settle": self.settle}

    async def open(self, actor: Actor, args: Mapping[str, Any]) -> list[str]:
        """The keys of all that is open here."""
        return sorted(await self._open())

    async def reached(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Of these messages that are here: whose objectives are met, and by what."""
        wanted = frozenset(msgspec.convert(args, Keys).keys[:MOST_KEYS])
        rows = await self._store.find(MESSAGE, "accepted_at >= ?", self._clock.time() - BACK_S)
        known = [(key, row) for row in rows if (key := key_of(row)) in wanted]
        return [{"key": key, "reached": had} for key, row in known if (had := await self._had(row))]

    async def settle(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """End each objective here of which everybody who is still missing is reached there, as much as it asks for; it counts as waived, by
        whoever asks for this, and not as met: the evidence is the other node's. Raises: FormatError: this node's own name; Overloaded."""
        wanted = msgspec.convert(args, Settle)
        if not wanted.peer or wanted.peer == self._node:
            raise FormatError(f"peer: {wanted.peer!r} is not the name of another node", code="bad-argument", where="peer")
        open_ones = await self._open()
        settled = []
        for had in wanted.messages:
            for objective in open_ones.get(had.key, ()):
                if names := await self._all_reached(objective, had.reached):
                    await self._decisions.waive(objective.id, by=acting.get(), reason=f"reached by {wanted.peer}: {_listed(names)}")
                    settled.append(objective.message)
        return {"settled": list(dict.fromkeys(settled))}

    async def _open(self) -> dict[str, list[Objective]]:
        found: dict[str, list[Objective]] = {}
        for objective in await self._store.find(OBJECTIVE, "state IN (?, ?) ORDER BY id", *OPEN):
            row = await self._store.sound(MESSAGE, objective.message, objective.revision)
            if row is not None:
                found.setdefault(key_of(row), []).append(objective)
        return found

    async def _had(self, row: MessageRow) -> dict[str, str]:
        sql = "objective IN (SELECT id FROM objective WHERE message = ? AND revision = ?) AND state = ?"
        targets = await self._store.find(TARGET, sql, row.id, row.revision, TargetState.MET)
        return {one.recipient: one.evidence.name for one in targets}

    async def _all_reached(self, objective: Objective, reached: Mapping[str, str]) -> list[str]:
        """Everybody who is missing here, each with the evidence there; nobody as soon as one is missing there too."""
        left = await self._store.find(TARGET, "objective = ? AND state = ?", objective.id, TargetState.OPEN)
        levels = {one.recipient: reached.get(one.recipient, "") for one in left}
        is_enough = all(level in Evidence.__members__ and Evidence[level] >= objective.needed for level in levels.values())
        return [f"{name} {level}" for name, level in sorted(levels.items())] if is_enough else []


def _listed(names: list[str]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
