"""The second code path: once a minute, while anything is open, whether what was due did run. Reads the store, and only puts facts.

It goes over the rows by their keys, never by the index of states, and takes nothing from the timers or the queues that might be what is
broken: what the store says is due and did not move is told to a person, and its target is looked at again. With nothing open it sleeps
until an event comes. Source: failover.md, Which channels, how many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from fenghuo.engine.book import Book
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.dispatcher import Dispatcher
from fenghuo.engine.facts import Facts, MessageEnded, Overdue, Settled
from fenghuo.engine.office import Office
from fenghuo.engine.overdue import due_since
from fenghuo.engine.timekeeping import Jumps
from fenghuo.engine.unheard import IS_IN_FORCE, Unheard
from fenghuo.errors import FenghuoError
from fenghuo.model.delivery import OPEN_STATES, Delivery, DeliveryState, Unknown
from fenghuo.model.message import MessageState
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE, TARGET

__all__ = ["EVERY_S", "SLACK_S", "Auditor"]

EVERY_S = 60.0
SLACK_S = 60.0
"""How late something may be before it counts as not done: more than a loop that catches up after a stall ever needs."""
AT_MOST = 500
"""Rows of one kind in one look: whoever has more has one fault, and the next look finds the rest."""
# The sign before a column keeps SQLite from using its index.
_OPEN = "+state IN ({})".format(", ".join(f"'{state}'" for state in sorted(OPEN_STATES)))
_LATE_DELIVERY = (
    "id >= ? AND (+state = 'EMITTING' OR (+state = 'READY' AND not_before < ?)"
    " OR (+state IN ('AWAITING', 'IN_DOUBT') AND until < ?)) ORDER BY id"
)
_RELEASED_AT = "SELECT MAX(at) FROM release WHERE message = ? AND revision = ?"
_HELD_ON = (
    "id >= ? AND +state = 'HELD' AND reason = 'release'"
    " AND EXISTS (SELECT 1 FROM message m WHERE m.id = delivery.message AND m.revision = delivery.revision AND +m.state = 'active')"
    " AND (SELECT MAX(r.at) FROM release r WHERE r.message = delivery.message AND r.revision = delivery.revision) < ? ORDER BY id"
)

_HELD_FOR = "id >= ? AND +state = 'HELD' AND reason IN ('channel', 'spent', 'mode', 'silence', 'policy') ORDER BY id"

log = structlog.stdlib.get_logger("fenghuo.auditor")

Told = tuple[str, str, str, float]


class Auditor:
    """Looks, and remembers what it has told of: one alarm for each thing that is overdue, a new try at each look."""

    def __init__(self, office: Office, facts: Facts, store: Store, *, book: Book, board: ChannelBoard, dispatcher: Dispatcher) -> None:
        self._office = office
        self._facts = facts
        self._store = store
        self._book = book
        self._board = board
        self._dispatcher = dispatcher
        self._jumps = Jumps(office.clock, store)
        self._unheard = Unheard(book, store)
        self.pages: Callable[[float, int], Awaitable[list[Overdue]]] = _no_pages
        self._told: frozenset[Told] = frozenset()
        self._review_from = 0
        self._lowest = {"delivery": 1, "objective": 1, "message": 1}  # what lies below has ended, and an end is never left

    async def run(self) -> None:
        """Look once a minute while anything is open; until cancelled."""
        events = self._store.events
        while True:
            head = events.head
            try:
                is_open = await self.look()
            except FenghuoError as error:
                log.error("the auditor could not look", cause=str(error))
                is_open = True
            if not is_open:
                await events.wait(head)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> bool:
        """One look at everything, the wall clock too; whether anything is open."""
        self._jumps.look()
        due = self._office.clock.time() - SLACK_S
        is_open = [await self._climb("delivery", _OPEN), await self._climb("objective", "+state IN ('OPEN', 'AT_RISK')")]
        await self._climb("message", IS_IN_FORCE)  # one in force with nothing open has nothing due but its end
        unheard = await self._lost()  # first: only what the loop has heard of can end
        found = [
            *unheard,
            *await self._deliveries(due),
            *await self._held(due),
            *await self._targets(due),
            *await self._objectives(due),
            *await self._messages(due),
            *await self.pages(due, self._lowest["objective"]),
        ]
        for one in found:
            self._facts.put(msgspec.structs.replace(one, is_told=_key(one) in self._told))
        self._told = frozenset(map(_key, found))
        for one in await self._reviews():
            self._facts.put(one)
        return any(is_open) or self._unheard.is_any

    async def _climb(self, table: str, is_open: str) -> bool:
        """Move the mark below which everything has ended; whether there is anything open above it."""
        lowest = self._lowest[table]
        first = await self._store.scalar(f"SELECT MIN(rowid) FROM {table} WHERE rowid >= ? AND {is_open}", lowest)
        if first is not None:
            self._lowest[table] = int(first)
        return first is not None

    async def _deliveries(self, due: float) -> list[Overdue]:
        rows = await self._store.find(DELIVERY, _LATE_DELIVERY, self._lowest["delivery"], due, due, limit=AT_MOST)
        late = [(row, since) for row in rows if (since := await due_since(row, store=self._store, board=self._board)) < due]
        in_hand = self._dispatcher.held() if late else set()
        found: list[Overdue] = []
        for row, since in late:
            may_wait = row.state is DeliveryState.READY and row.id in in_hand  # a medium may be busy for long
            if may_wait or self._has_moved(row):
                continue
            found.append(Overdue(row.state.value, f"delivery/{row.id}", since, row.objective, row.recipient, row.id))
            if row.state is DeliveryState.EMITTING and row.id not in in_hand:  # its task is gone: a doubt like that of a crash
                self._facts.put(Settled(row.id, row.tries, Unknown("lost"), self._office.clock.time(), begun=True))
        return found

    async def _lost(self) -> list[Overdue]:
        """Messages that the store has in force, released or ended, and the loop has not."""
        found = await self._unheard.look(self._lowest["message"])
        for _, fact in found:
            self._facts.put(fact)
        return [one for one, _ in found]

    async def _held(self, due: float) -> list[Overdue]:
        """What waits for a release that has come."""
        rows = await self._store.find(DELIVERY, _HELD_ON, self._lowest["delivery"], due, limit=AT_MOST)
        since = {key: await self._store.scalar(_RELEASED_AT, *key) for key in {(row.message, row.revision) for row in rows}}
        return [
            Overdue("release", f"delivery/{row.id}", float(since[row.message, row.revision] or 0.0), row.objective, row.recipient, row.id)
            for row in rows
            if not self._has_moved(row)
        ]

    async def _reviews(self) -> list[Overdue]:
        """What is held for a channel that is up, or by a mode, some of it at each look: an alternate may rightly wait for another, and what
        is shed for the end of its mode, so it is looked at again and nobody is told. When nothing comes of it, the deadline of its
        objective calls a person."""
        lowest = max(self._review_from, self._lowest["delivery"])
        rows = await self._store.find(DELIVERY, _HELD_FOR, lowest, limit=AT_MOST)
        self._review_from = rows[-1].id + 1 if len(rows) == AT_MOST else 0
        usable = {instance.name for instance in self._board if instance.view().is_usable}
        return [
            Overdue("held", f"delivery/{row.id}", row.not_before, row.objective, row.recipient, row.id, is_told=True)
            for row in rows
            if row.channel in usable and not self._has_moved(row)
        ]

    def _has_moved(self, row: Delivery) -> bool:
        """Whether the book is further than the row that was read."""
        now = self._book.delivery(row.id)
        return now is not None and (now.state, now.tries, now.until, now.reason) != (row.state, row.tries, row.until, row.reason)

    async def _targets(self, due: float) -> list[Overdue]:
        where = "objective >= ? AND +state = 'OPEN' AND wake_at < ? ORDER BY objective, recipient"
        rows = await self._store.find(TARGET, where, self._lowest["objective"], due, limit=AT_MOST)
        found: list[Overdue] = []
        for row in rows:
            opened = self._book.objectives.get(row.objective)
            entry = opened.targets.get(row.recipient) if opened else None
            if entry is None or entry.target.wake_at == row.wake_at:
                found.append(Overdue("timer", f"objective/{row.objective}", row.wake_at or 0.0, row.objective, row.recipient))
        return found

    async def _objectives(self, due: float) -> list[Overdue]:
        where = "id >= ? AND +state = 'OPEN' AND deadline_at < ? ORDER BY id"
        rows = await self._store.find(OBJECTIVE, where, self._lowest["objective"], due, limit=AT_MOST)
        known = ((row, self._book.objectives.get(row.id)) for row in rows)
        return [
            Overdue("deadline", f"objective/{row.id}", row.deadline_at, row.id)
            for row, opened in known
            if opened is None or opened.objective.state is row.state
        ]

    async def _messages(self, due: float) -> list[Overdue]:
        """Messages in force beyond their end."""
        where = f"rowid >= ? AND {IS_IN_FORCE} AND expires_at < ? ORDER BY rowid"
        rows = await self._store.find(MESSAGE, where, self._lowest["message"], due, limit=AT_MOST)
        for row in rows:
            self._facts.put(MessageEnded(row.id, row.revision, MessageState.EXPIRED))
        return [Overdue("expiry", f"message/{row.id}", row.expires_at) for row in rows]


async def _no_pages(due: float, lowest: int) -> list[Overdue]:
    """Until fan-outs are wired in."""
    return []


def _key(one: Overdue) -> Told:
    return one.what, one.subject, one.recipient, one.since
