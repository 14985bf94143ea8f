"""Bugs that the checks must catch: each is put into the code under test from outside, never written into it.

A checker that never failed is no checker. Every bug found later in real life joins this list. Source: reliability.md §3.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from enum import StrEnum
from typing import Any, TypeVar, cast

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.batch import Batch
from fenghuo.engine.book import OpenMessage
from fenghuo.engine.channels import Instance
from fenghuo.engine.decisions import Decisions
from fenghuo.engine.facts import Decided
from fenghuo.engine.licence import Job, Licence
from fenghuo.engine.page_licence import PageJob
from fenghuo.engine.receipts import Receipts
from fenghuo.engine.recovery import Recovery
from fenghuo.errors import Withdrawn
from fenghuo.model.audit import By
from fenghuo.model.delivery import Delivery
from fenghuo.model.directory import RecipientId
from fenghuo.rig.powercut.connection import RecordedConnection, Rows
from fenghuo.rig.powercut.counters import Counters
from fenghuo.service.engine_room import EngineRoom
from fenghuo.store.audit import Deed
from fenghuo.store.mapping import Scalar, Table
from fenghuo.store.records import InboxRow
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["Bug", "connection_with", "counters_with", "put_in", "store_with"]

T = TypeVar("T")
R = TypeVar("R", bound=msgspec.Struct)

LATE_S = 0.05
"""How long a bug keeps from the disk what should have been there first."""
LATER_S = 0.5
"""The same where few emissions could show it."""
HOUR_S = 3600.0
TEN_YEARS_S = 10 * 365 * 86_400.0


class Bug(StrEnum):
    """What is wrong with the code under test."""

    NO_INTENT = "no durable intent before the emission"
    NORMAL_SYNC = "synchronous = NORMAL"
    EARLY_ACK = "answered before the commit"
    SPLIT_RECEIPT = "receipt and state in two transactions"
    EARLY_COUNTER = "counter used before its reservation is durable"
    IGNORED_EXPIRY = "recovery ignores expiry"
    ENDLESS_REPEAT = "the licence of a repeat does not look at its expiry"
    SHORT_MEMORY = "what came in more than an hour before the start is not worked out any more"
    LATE_PAGE = "a page is written down after its hand-off"
    LATE_WORD = "a person's decision is answered before it is written"
    ENDLESS_PUBLIC = "a fan-out whose message was over before the restart knew of it is ended by nobody"
    FORGOTTEN_PLAN = "recovery does not learn whom a held Update is for"
    SPLIT_AUDIT = "what was done and who did it in two transactions"


def connection_with(bug: Bug | None) -> type[RecordedConnection]:
    """The connection of the writer."""
    match bug:
        case Bug.NORMAL_SYNC:
            return _NormalSync
        case Bug.EARLY_ACK:
            return _LateCommit
        case _:
            return RecordedConnection


def store_with(bug: Bug | None, store: Store) -> Store:
    """What the engine takes for the store."""
    return cast(Store, PROXIES[bug](store)) if bug in PROXIES else store


def counters_with(bug: Bug | None, store: Store, lane: str) -> Counters:
    """The counters of a channel."""
    return _EarlyCounters(store, lane) if bug is Bug.EARLY_COUNTER else Counters(store, lane)


def put_in(bug: Bug | None, room: EngineRoom, store: Store) -> None:
    """Change the engine that was built."""
    if bug is Bug.NO_INTENT:
        room.licensing.grant = _hasty(room)  # type: ignore[method-assign, assignment]  # the bug is put into the object, not into the class
    if bug is Bug.IGNORED_EXPIRY:
        forgetful = cast(Store, _Forgetful(store))
        room.recovery = Recovery(
            room.office,
            room.book,
            forgetful,
            opening=room.opening,
            shelf=room.shelf,
            tally=room.tally,
            timers=room.timers,
            restored=room.apply.restored,
        )
    if bug is Bug.ENDLESS_REPEAT:
        right = room.book.licence
        room.book.licence = lambda key: _endless(right(key))  # type: ignore[method-assign]
    if bug is Bug.ENDLESS_PUBLIC:
        room.fan_outs._end_at_once = lambda fan: None  # type: ignore[method-assign]
    if bug is Bug.FORGOTTEN_PLAN:
        room.recovery._told = _nobody  # type: ignore[method-assign]
    if bug is Bug.LATE_WORD:
        room.decisions = _Hurried(room.facts)
    if bug is Bug.SHORT_MEMORY:
        short = cast(Store, _ShortMemory(store, room.office.clock))
        room.receipts = Receipts(room.office, room.facts, room.book, short, intake=room.intake)
        room.book.on_named = room.receipts.named
        room.book.on_landed = room.receipts.landed
        room.fan_outs.on_settled = room.receipts.page_settled


class _NormalSync(RecordedConnection):
    """Says FULL and does NORMAL."""

    def execute(self, sql: str, params: Sequence[Scalar] = ()) -> Rows:
        if sql == "PRAGMA synchronous":
            return Rows([(2,)], 0)
        return super().execute(sql.replace("synchronous = FULL", "synchronous = NORMAL"), params)


class _LateCommit(RecordedConnection):
    """Says that it committed, and commits when it is next asked for something."""

    def __init__(self, path: str, vfs: str) -> None:
        super().__init__(path, vfs)
        self._owes = False

    @property
    def in_transaction(self) -> bool:
        return super().in_transaction and not self._owes

    def execute(self, sql: str, params: Sequence[Scalar] = ()) -> Rows:
        if sql == "COMMIT":
            self._owes = True
            return Rows([], 0)
        self._pay()
        return super().execute(sql, params)

    def close(self) -> None:
        self._pay()
        super().close()

    def _pay(self) -> None:
        if self._owes:
            self._owes = False
            super().execute("COMMIT")


class _Proxy:
    """The store, with one thing changed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Splitting(_Proxy):
    """Writes the receipts of a turn first, and what they mean for the deliveries afterwards."""

    def submit(self, job: Callable[[Tx], T], **more: Any) -> asyncio.Future[T]:
        batch = getattr(job, "__self__", None)
        if isinstance(batch, Batch) and batch.receipts:
            first = Batch()
            first.receipts, batch.receipts = batch.receipts, []
            first.inbox, batch.inbox = batch.inbox, {}
            self._store.submit(first.write)
        return self._store.submit(job, **more)


class _LatePages(_Proxy):
    """Says that a page has its licence, and writes that down later."""

    async def run(self, job: Callable[[Tx], T], **more: Any) -> T | None:
        if not isinstance(getattr(job, "__self__", None), PageJob):
            return await cast(Awaitable[T], self._store.run(job, **more))
        asyncio.get_running_loop().call_later(LATER_S, lambda: self._store.submit(job).add_done_callback(_let_be))
        return None


class _SplitAudit(_Proxy):
    """Writes what was done first, and who did it afterwards."""

    async def run(self, job: Callable[[Tx], T], **more: Any) -> T:
        deeds: list[Deed] = []
        done = await cast(Awaitable[T], self._store.run(lambda tx: job(cast(Tx, _Deaf(tx, deeds))), **more))
        asyncio.get_running_loop().call_later(LATER_S, lambda: self._store.submit(lambda tx: _tell(tx, deeds)))
        return done


class _Deaf:
    """A transaction that keeps the audit for later."""

    def __init__(self, tx: Tx, deeds: list[Deed]) -> None:
        self._tx = tx
        self._deeds = deeds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def audit(self, deed: Deed, *, by: By | None = None) -> None:
        self._deeds.append(deed)


PROXIES: dict[Bug | None, type[_Proxy]] = {
    Bug.SPLIT_RECEIPT: _Splitting,
    Bug.LATE_PAGE: _LatePages,
    Bug.SPLIT_AUDIT: _SplitAudit,
}


class _Hurried(Decisions):
    """Puts a decision to the loop, and does not wait for it."""

    async def _decide(self, fact: Decided) -> None:
        fact.answer.add_done_callback(_let_be)
        self._facts.put(fact)


class _EarlyCounters(Counters):
    """Gives numbers out of a block that is still on its way to the disk."""

    async def take(self) -> int:
        if self.next == self.end:
            known = await self.store.scalar('SELECT "next" FROM frame_counter WHERE lane = ?', self.lane)
            self.next = max(self.end, int(known or 0))
            self.end = self.next + self.block
            asyncio.get_running_loop().call_later(LATER_S, lambda: self.store.submit(self.reserve))
        self.next += 1
        return self.next - 1


class _Forgetful(_Proxy):
    """Reads every row as if it held for ten years more."""

    async def find(self, table: Table[R], where: str = "", *params: Scalar, limit: int | None = None) -> list[R]:
        rows = await self._store.find(table, where, *params, limit=limit)
        return [
            msgspec.structs.replace(row, expires_at=row.expires_at + TEN_YEARS_S) if hasattr(row, "expires_at") else row for row in rows
        ]


class _ShortMemory(_Proxy):
    """Finds what came in within the last hour, however long nobody was there. Was in the engine until a power cut showed it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store)
        self._clock = clock

    async def find(self, table: Table[R], where: str = "", *params: Scalar, limit: int | None = None) -> list[R]:
        rows = await self._store.find(table, where, *params, limit=limit)
        return [row for row in rows if not isinstance(row, InboxRow) or row.at > self._clock.time() - HOUR_S]


def _endless(begun: Delivery | None) -> Delivery | None:
    """What left once may leave for ten years more."""
    if begun is None or begun.tries == 1:
        return begun
    return msgspec.structs.replace(begun, expires_at=begun.expires_at + TEN_YEARS_S)


def _tell(tx: Tx, deeds: list[Deed]) -> None:
    for deed in deeds:
        tx.audit(deed)


def _nobody(entry: OpenMessage, begun: set[RecipientId]) -> set[RecipientId]:
    return set()


def _let_be(done: asyncio.Future[Any]) -> None:
    """What comes too late has failed, and nobody looks."""
    if not done.cancelled():
        done.exception()


def _hasty(room: EngineRoom) -> Callable[[Job, Instance], Coroutine[Any, Any, Licence]]:
    """Hand out the licence at once, and let the commit follow."""
    right = room.licensing.grant
    under_way: set[asyncio.Task[Any]] = set()

    async def grant(job: Job, instance: Instance) -> Licence:
        payload = room.shelf.get(job.delivery.message, job.delivery.revision, job.delivery.form)
        if payload is None:
            raise Withdrawn("the message is over")

        async def later() -> None:
            await asyncio.sleep(LATE_S)
            await right(job, instance)

        task = asyncio.get_running_loop().create_task(later())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return Licence(job, payload, validity_s=0.0, number=0)

    return grant
