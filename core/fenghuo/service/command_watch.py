"""Follows what is accepted and what arrives, for incidents and collections, and tells of clocks when they are due."""

from __future__ import annotations

import asyncio

from fenghuo.clock import Clock
from fenghuo.model.event import Event
from fenghuo.model.message import MessageId
from fenghuo.service.collecting import CollectionKeeper
from fenghuo.service.incidents import IncidentKeeper
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, META, OBJECTIVE

__all__ = ["CommandWatch"]

CURSOR = "command.after"
PAGE = 1000
HEARD = ("message.accepted", "message.held", "objective.met")
"""What waits for signatures has been heard all the same: a suspicion tells nobody anything."""
LONGEST_WAIT_S = 3_600.0
"""The wall clock may be set: what is due later is looked at again then."""


class CommandWatch:
    """What is heard is kept with the place in the stream up to which it was heard: a crash repeats nothing that shows."""

    def __init__(self, store: Store, clock: Clock, incidents: IncidentKeeper, collections: CollectionKeeper) -> None:
        self._store = store
        self._clock = clock
        self._incidents = incidents
        self._collections = collections

    async def run(self) -> None:
        """For ever."""
        kept = await self._store.sound(META, CURSOR)
        after = int(kept.value) if kept is not None else self._store.events.head
        if kept is None:  # or what a crash cut off before anything was heard would be passed over
            await self._remember(after)
        while True:
            for part in (self._incidents, self._collections):
                await part.tell(self._clock.time())
            await self._news(after)
            for event in await self._store.events.read(after, PAGE):
                after = event.seq
                if event.type in HEARD:
                    await self._hear(event)
                    await self._remember(after)

    async def _remember(self, after: int) -> None:
        await self._store.run(lambda tx: tx.put(META, MetaRow(CURSOR, str(after))))

    async def _news(self, after: int) -> None:
        """Until there are events, or a clock is due."""
        times = [at for part in (self._incidents, self._collections) if (at := part.next_at()) is not None]
        wait_s = min([LONGEST_WAIT_S, *(max(0.0, at - self._clock.time()) for at in times)])
        try:
            async with asyncio.timeout(wait_s if times else None):
                await self._store.events.wait(after)
        except TimeoutError:
            return

    async def _hear(self, event: Event) -> None:
        if event.type == "objective.met":
            objective = await self._store.sound(OBJECTIVE, int(event.subject.partition("/")[2]))
            if objective is not None:
                await self._incidents.look_at(objective.message)
                await self._collections.look_at(objective.message)
            return
        ident = MessageId(event.subject.partition("/")[2])
        rows = await self._store.find(MESSAGE, "id = ? AND revision = ?", ident, int(str(event.body["revision"])))
        for row in rows:
            await self._incidents.accepted(row)
            await self._collections.accepted(row)
