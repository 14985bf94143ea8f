"""The board on paper and the sheet of a hand-over (交接班): what is, in one document, made of the verbs that the asker may do anyway.

Nothing is kept twice: a part that this node or this person does not have is null, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.errors import FenghuoError
from fenghuo.model.delivery import ObjectiveState
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import may
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.showing import message_line, objective_line, rfc3339
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, OBJECTIVE

__all__ = ["BoardVerbs"]

OPEN = (ObjectiveState.OPEN, ObjectiveState.AT_RISK)
MOST = 200
ENDS = "Cancel"
PARTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "alarms": ("alarm.ls", {}),
    "duty": ("shift.ls", {}),
    "channels": ("channel.ls", {}),
    "modes": ("mode.ls", {}),
    "outages": ("outage.ls", {}),
    "network": ("network.ls", {}),
    "recipients": ("recipient.ls", {"all": False}),
    "sheets": ("sheet.ls", {}),
    "status": ("status", {}),
}
"""Part of the board → the verb that knows it."""


class BoardVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, room: EngineRoom, store: Store) -> None:
        self._desk = desk
        self._office = room.office
        self._store = store

    def verbs(self) -> Mapping[str, Verb]:
        return {"board.show": self.show}

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that stands on the board now, with the moment at which it was so."""
        msgspec.convert(args, Nothing)
        in_force = "state IN ('held', 'active') AND source != ? ORDER BY accepted_at DESC"
        found = await self._store.find(MESSAGE, in_force, SELF_PROBE, limit=MOST)
        messages = [line for line in map(message_line, found) if line["state"] == "held" or line["action"] != ENDS]
        objectives = await self._store.find(OBJECTIVE, "state IN (?, ?) AND rule != ? ORDER BY deadline_at", *OPEN, SELF_PROBE, limit=MOST)
        parts = {name: await self._part(actor, verb, asked) for name, (verb, asked) in PARTS.items()}
        return {
            "at": rfc3339(self._office.clock.time()),
            "node": self._office.node,
            "clock": self._office.clock.quality().value,
            "by": actor.name,
            "messages": messages,
            "objectives": [objective_line(row) for row in objectives],
            **{name: data for name, (data, _) in parts.items()},
            "missing": {name: why for name, (_, why) in parts.items() if why},
        }

    async def _part(self, actor: Actor, verb: str, asked: Mapping[str, Any]) -> tuple[Any, str]:
        """A part and why it is not there; a person who may not see it has a board without it, and no refusal in the audit."""
        if not may(verb, actor.rights):
            return None, f"{actor.name} may not {verb}"
        try:
            return await self._desk.do(actor, verb, asked), ""
        except FenghuoError as refusal:
            return None, str(refusal)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It takes nothing."""
