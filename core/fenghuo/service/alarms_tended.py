"""What alarms need beside the events that raise and end them: their delays and shelves run out, what was so before a start is looked at,
and a store that kept none yet is given those that stand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.engine.alarms import due_at
from fenghuo.engine.alarms_kept import Annunciator
from fenghuo.model.alarm import Alarm
from fenghuo.model.event import Event
from fenghuo.service.past_events import first_since
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import ALARM, EVENT, META
from fenghuo.store.transaction import Tx

__all__ = ["LOOKED_AFTER_S", "Holds", "Tender"]

LOOKED_AFTER_S = 300.0
"""After a start until everything has said what it is: a channel has tried its peer by then, a sensor was read."""
SEEDED_S = 7 * 86_400.0
SEEDED_EVENTS = 1_000_000
"""Newest events that a first start goes through: a second or two, before the node is ready."""
SEEDED = "alarms.seeded"
PAGE = 1_000
_OF_TYPES = "seq > ? AND seq <= ? AND type IN (SELECT value FROM json_each(?)) ORDER BY seq"
_TIMED = "is_over = 0 AND (delayed_until > 0 OR held_until > 0)"
_BEFORE = "is_over = 0 AND stands = 1 AND event <= ?"

Holds = Callable[[str], bool]
"""Whether the condition about the thing of this name, the last part of the subject, holds now; of what is not here any more it does not."""

log = structlog.stdlib.get_logger("fenghuo.alarms")


class Tender:
    """Nothing wakes it but a time that is due and an event that may set one. `holds`: by kind, of those that a start must look at."""

    def __init__(self, store: Store, clock: Clock, annunciator: Annunciator) -> None:
        self._store = store
        self._clock = clock
        self._annunciator = annunciator
        self._wakes = annunciator.catalogue.timed()
        self.holds: Mapping[str, Holds] = {}

    async def run(self) -> None:
        """Until cancelled."""
        at = self._store.events.head
        while True:
            due = await self._next()
            if due is not None and due <= self._clock.time():
                await self._store.run(self._annunciator.lapse)
                continue
            at = await self._until(due, at)

    async def look(self) -> None:
        """Once, some minutes after a start: what was so before it and is not any more has returned."""
        head = self._store.events.head
        await asyncio.sleep(LOOKED_AFTER_S)
        await self.look_back(head)

    async def look_back(self, head: int) -> None:
        """Look at what was last raised by an event up to `head`."""
        found = await self._store.find(ALARM, _BEFORE, head)
        gone = [alarm for alarm in found if not self._still(alarm)]
        if gone:
            log.info("alarms of before the start have returned", alarms=[alarm.id for alarm in gone])
            await self._store.run(partial(self._annunciator.over, ids=[alarm.id for alarm in gone]))

    async def seed(self) -> None:
        """A store of before there were alarms: what of the last seven days has an end and has not come to it is raised, by its own events.
        What nothing but a person ends, a person has dealt with or not, and nobody knows: it is not."""
        if await self._store.sound(META, SEEDED) is not None:
            return
        head, since = self._store.events.head, self._clock.time() - SEEDED_S
        after = max(0, await first_since(self._store, since) - 1, head - SEEDED_EVENTS)
        while batch := await self._conditions(after, head):
            news = [event for event in batch if event.at >= since]
            await self._store.run(partial(self._annunciator.hear, events=news))
            after = batch[-1].seq
        await self._store.run(_seeded)

    async def _conditions(self, after: int, head: int) -> list[Event]:
        """The next events that raise or end what has an end."""
        catalogue = self._annunciator.catalogue
        types = [name for name in catalogue.types if name not in catalogue.kinds or catalogue.kinds[name].ends]
        wanted = msgspec.json.encode(types).decode()
        rows = await self._store.find(EVENT, _OF_TYPES, after, head, wanted, limit=PAGE)
        return [Event(row.seq, row.at, row.type, row.subject, msgspec.json.decode(row.body)) for row in rows]

    def _still(self, alarm: Alarm) -> bool:
        holds = self.holds.get(alarm.kind)
        return holds is None or holds(alarm.subject.partition("/")[2])

    async def _next(self) -> float | None:
        found = await self._store.find(ALARM, _TIMED)
        return min((at for alarm in found if (at := due_at(alarm)) is not None), default=None)

    async def _until(self, due: float | None, at: int) -> int:
        """Wait until then, or until something may have set another time; how far the stream was read."""
        wait_s = None if due is None else max(0.0, due - self._clock.time())
        read = [at]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._woken(read)
        return read[-1]

    async def _woken(self, read: list[int]) -> None:
        """Return after an event that may set a time; how far the stream was read goes into `read`, also when this is cancelled."""
        is_woken = False
        while not is_woken:
            await self._store.events.wait(read[-1])
            batch = await self._store.events.read(read[-1], PAGE)
            read[:] = [batch[-1].seq if batch else self._store.events.head]
            is_woken = any(event.type.startswith("alarms.") or event.type in self._wakes for event in batch)


def _seeded(tx: Tx) -> None:
    tx.put(META, MetaRow(SEEDED, "1"))
