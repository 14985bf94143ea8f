"""What became of a message, told to the post it came from: once all that the own rules made of it is met, or a person said so.

So a custodian that passed a message on tells the level above, and whoever reported from below learns that it was read.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from fenghuo.engine.channels import ChannelBoard
from fenghuo.errors import FenghuoError
from fenghuo.model.delivery import Objective, ObjectiveState
from fenghuo.model.event import Event
from fenghuo.model.evidence import DELIVERED, Evidence
from fenghuo.model.message import MessageId
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Unsupported
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import IDEMPOTENCY, META, OBJECTIVE

__all__ = ["Upward"]

_KEY = "key\x1fpost:"
_CURSOR = "upward.after"
_PAGE = 1000
log = structlog.stdlib.get_logger("fenghuo.upward")


class Upward:
    """Finds by which name the sender knows a message, and the channel that leads back to it."""

    def __init__(self, board: ChannelBoard, store: Store) -> None:
        self._board = board
        self._store = store
        self._told: set[tuple[MessageId, int, Evidence]] = set()

    async def tell(self, message: MessageId, revision: int, traffic: Traffic, *, level: Evidence, text: str) -> str:
        """By which channel the sender is told, durably; empty if the message came over none. Raises: NotReady, FrameError, KeyUnusable."""
        keys = await self._store.find(IDEMPOTENCY, "message = ? AND revision = ? AND key LIKE ?", message, revision, f"{_KEY}%", limit=1)
        if not keys:
            return ""
        ref = keys[0].key.rpartition("\x1f")[2]
        for instance in self._board:
            channel = instance.channel()
            if channel is None or not instance.capabilities.inbound:
                continue
            if not isinstance(await channel.acknowledge(ref, level, text=text, traffic=traffic), Unsupported):
                self._told.add((message, revision, level))
                return instance.name
        return ""

    async def run(self) -> None:
        """Follow the events for ever; what a crash cut off is told again, which the sender takes for the same."""
        kept = await self._store.get(META, _CURSOR)
        after = int(kept.value) if kept is not None else self._store.events.head
        while True:
            await self._store.events.wait(after)
            for event in await self._store.events.read(after, _PAGE):
                after = event.seq
                if event.type == "objective.met":
                    await self._met(event)

    async def _met(self, event: Event) -> None:
        objective = await self._store.get(OBJECTIVE, int(event.subject.partition("/")[2]))
        if objective is None:
            return
        mine = await self._store.find(OBJECTIVE, "message = ? AND revision = ?", objective.message, objective.revision)
        level = _whole(mine)
        if level < DELIVERED or (objective.message, objective.revision, level) in self._told:
            return
        try:
            told = await self.tell(objective.message, objective.revision, objective.traffic, level=level, text="")
        except FenghuoError as fault:
            log.warning("the sender was not told", message=objective.message, level=level.name, cause=str(fault))
            return
        if told:
            row = MetaRow(_CURSOR, str(event.seq))
            await self._store.run(lambda tx: tx.put(META, row))


def _whole(objectives: Sequence[Objective]) -> Evidence:
    """What can be said of a message as a whole: the lowest of what its objectives asked for, once all are met."""
    if any(objective.state is not ObjectiveState.MET for objective in objectives):
        return Evidence.STORED
    return min((objective.needed for objective in objectives), default=Evidence.STORED)
