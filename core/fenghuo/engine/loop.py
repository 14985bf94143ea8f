"""The one loop: drain all facts, advance every dirty target, write facts and transitions as ONE job, wake the dispatcher.

Escalation, receipts, health and the auditor do nothing but put facts. Nothing else calls back.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from fenghuo.engine.apply import Apply
from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenTarget
from fenghuo.engine.dispatcher import Dispatcher
from fenghuo.engine.facts import Facts, MessageEnded
from fenghuo.engine.fan_outs import FanOuts
from fenghuo.engine.medium import CROWD
from fenghuo.engine.office import Office
from fenghuo.engine.opening import Opening
from fenghuo.engine.tally import Tally
from fenghuo.engine.timers import Deadline, Due, Expiry, Timers
from fenghuo.model.delivery import Delivery, DeliveryState
from fenghuo.model.message import MessageState
from fenghuo.model.traffic import Priority
from fenghuo.store.store import Store

__all__ = ["OF_A_CROWD", "UNWRITTEN", "Loop", "Stations"]

ADVANCED_A_TURN = 500
"""Targets advanced before other tasks get the loop: about 20 ms."""
OF_A_CROWD = 100
"""How many of them may be of a crowd: an urgent order's commit waits for the rows of those before it."""
UNWRITTEN = 2
"""Turns that the store may lag behind before a crowd waits for it: whatever is urgent queues behind what it was handed."""

log = structlog.stdlib.get_logger("fenghuo.loop")


class Stations(msgspec.Struct, frozen=True):
    """What a turn passes through, in this order."""

    opening: Opening
    apply: Apply
    tally: Tally
    timers: Timers
    dispatcher: Dispatcher
    fan_outs: FanOuts


class Loop:
    """Owns the turn. Everything it uses is handed in; what leaves it is one job for the store and READY deliveries for the dispatcher."""

    def __init__(
        self,
        office: Office,
        facts: Facts,
        book: Book,
        store: Store,
        *,
        stations: Stations,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._store = store
        self._opening = stations.opening
        self._apply = stations.apply
        self._tally = stations.tally
        self._timers = stations.timers
        self._dispatcher = stations.dispatcher
        self._fan_outs = stations.fan_outs
        self._on_fatal = on_fatal
        self._dirty: list[tuple[int, bool, int, OpenTarget]] = []
        self._queued: set[int] = set()
        self._count = 0
        self._unwritten = 0
        self.turns = 0

    async def run(self) -> None:
        """Turn until cancelled; wait when there is nothing to do, without waking up for nothing."""
        while True:
            if not (self._may_advance or self._may_open):
                await self._timers.until_due_or(self._facts)
            await asyncio.sleep(0)  # whoever is answered by the commit that brought a fact is answered before it is planned
            self.turn()

    @property
    def has_work(self) -> bool:
        """Whether a turn would find something to do."""
        return bool(self._may_advance or self._may_open or len(self._facts))

    @property
    def _may_advance(self) -> bool:
        return bool(self._dirty) and (self._unwritten < UNWRITTEN or not self._is_crowd_next)

    @property
    def _is_crowd_next(self) -> bool:
        _, is_of_crowd, _, _ = self._dirty[0]
        return is_of_crowd

    @property
    def _may_open(self) -> bool:
        return bool(self._opening) and self._unwritten < UNWRITTEN

    def turn(self) -> None:
        """One turn: facts in, transitions out."""
        batch = Batch()
        self.turns += 1
        for entry in self._apply.all(self._facts.drain(), batch):
            self.mark(entry)
        for due in self._timers.due(self._office.clock.time()):
            self._wake(due, batch)
        if self._may_open:
            for target in self._opening.step(batch):
                self.mark(target)
        ready = self._advance(batch)
        self._tally.close(batch, self.mark)
        if batch:
            self._hand_over(batch)
        self._dispatcher.offer(ready)
        self._fan_outs.add(batch.fan_outs)
        self._fan_outs.pump()
        self._dispatcher.miss(one for one in (*batch.deliveries.values(), *batch.new_deliveries) if one.state is DeliveryState.HELD)
        for delivery in list(batch.deliveries.values()):
            if delivery.state is DeliveryState.IN_DOUBT:
                self._dispatcher.ask(delivery)

    def _hand_over(self, batch: Batch) -> None:
        self._unwritten += 1
        is_patient = self._unwritten < UNWRITTEN and batch.can_wait(self._priority_of)  # a second would keep what is urgent from opening
        job = self._store.submit(batch.write, is_patient=is_patient)
        job.add_done_callback(self._written)
        for _, fact in batch.decisions:
            job.add_done_callback(partial(_answered, fact.answer))
        for answer in batch.answers:
            job.add_done_callback(partial(_answered, answer))

    def _priority_of(self, objective: int) -> Priority:
        """Of one that is over, and of which nothing is known any more, as if it were urgent."""
        opened = self._book.objectives.get(objective)
        return opened.objective.priority if opened is not None else Priority.P0

    def mark(self, entry: OpenTarget) -> None:
        """This target must be looked at, in the order of its priority; one of a crowd after one of a few."""
        if id(entry) not in self._queued:
            self._queued.add(id(entry))
            self._count += 1
            objective = entry.objective.objective
            heapq.heappush(self._dirty, (objective.priority, objective.total > CROWD, self._count, entry))

    def _wake(self, due: Due, batch: Batch) -> None:
        match due:
            case OpenTarget():
                self.mark(due)
            case Expiry(id=message, revision=revision):
                for target in self._apply.all([MessageEnded(message, revision, MessageState.EXPIRED)], batch):
                    self.mark(target)
            case Deadline(objective=objective):
                self._tally.overdue(objective, batch)

    def _advance(self, batch: Batch) -> list[Delivery]:
        """Advance the most urgent dirty targets; the deliveries that became READY. A channel that goes down makes a whole crowd dirty:
        it is advanced in pieces, and no faster than the store writes them, so that an urgent order finds a short queue there."""
        ready: list[Delivery] = []
        crowd = OF_A_CROWD if self._unwritten < UNWRITTEN else 0
        for _ in range(min(ADVANCED_A_TURN, len(self._dirty))):
            if self._is_crowd_next and not crowd:
                break
            _, is_of_crowd, _, entry = heapq.heappop(self._dirty)
            crowd -= is_of_crowd
            self._queued.discard(id(entry))
            ready.extend(self._apply.advance(entry, batch, self.mark))
        return ready

    def _written(self, job: asyncio.Future[None]) -> None:
        """A turn that the store could not write leaves the book ahead of the truth: stop, and start again from the disk."""
        self._unwritten -= 1
        if self._opening or self._dirty:
            self._facts.wake()
        if job.cancelled():
            return
        error = job.exception()
        if error is not None:
            log.error("a turn could not be written", cause=str(error))
            self._on_fatal(error)


def _answered(answer: asyncio.Future[None], job: asyncio.Future[None]) -> None:
    """The turn that carried a decision out is on the disk; one that is not stops the daemon, and its decision was never made."""
    if not answer.done() and not job.cancelled() and job.exception() is None:
        answer.set_result(None)
