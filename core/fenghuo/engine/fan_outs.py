"""Tells whole publics: takes page after page to a channel that takes pages, urgent fan-outs first, and counts who is reached.

It holds no page and no recipient; what a page became is worked out in the store, on the truth, and comes back as a count.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import TypeVar

import msgspec
import structlog

from fenghuo.engine.book import Book, OpenObjective
from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.facts import ChannelObserved, Facts, FanOutCounted
from fenghuo.engine.fan_out import Again, OpenFanOut
from fenghuo.engine.health import shown_at, shown_by
from fenghuo.engine.lanes import Lanes
from fenghuo.engine.office import Office
from fenghuo.engine.orphans import Stored
from fenghuo.engine.page_sender import PageSender
from fenghuo.engine.page_store import Change, PageStore, Settled, Told
from fenghuo.engine.paging import is_for_another, is_for_channel, strikes
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.seals import Seals
from fenghuo.engine.settling import retry_of
from fenghuo.errors import RowDamaged
from fenghuo.model.delivery import DeliveryState, Objective, Transient
from fenghuo.model.message import MessageState
from fenghuo.store.records import FanOutRow, PageRow
from fenghuo.store.store import Store

__all__ = ["FanOuts"]

_T = TypeVar("_T")

LOOK_S = 2.0
"""Between two looks at a page in doubt whose channel cannot resolve it yet."""
log = structlog.stdlib.get_logger("fenghuo.fan_outs")


class FanOuts:
    """All that are open."""

    def __init__(self, office: Office, facts: Facts, book: Book, store: Store, *, board: ChannelBoard, shelf: RenditionShelf) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._pages = PageStore(office, store, board=board)
        self._sender = PageSender(office, facts, store, pages=self._pages, shelf=shelf)
        self._lanes = Lanes(board, on_cut_off=partial(self._pages.tell, "alarm.all_channels_down"))
        self._open: dict[int, OpenFanOut] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}  # no set: its order would change from run to run
        self._alarm: asyncio.TimerHandle | None = None
        self._turns = 0
        self._stopping = False
        self.on_fatal: Callable[[BaseException], None] = _ignored
        self.on_settled: Callable[[Settled], None] = _nobody_waits

    def __len__(self) -> int:
        return len(self._open)

    def keep_within(self, seals: Seals) -> None:
        """No page goes beyond what people have signed."""
        self._sender.seals = seals

    def hold_back(self, is_shed: Callable[[Objective], bool]) -> None:
        """What the mode of the node sheds waits, as long as this says so."""
        self._lanes.is_shed = is_shed

    @property
    def in_flight(self) -> int:
        """Pages that are being carried."""
        return self._lanes.in_flight

    @property
    def in_doubt(self) -> int:
        """Pages of which nobody knows whether they left."""
        return sum(fan.in_doubt for fan in self._open.values())

    def queued(self, channel: str) -> int:
        """Pages that wait for a channel, and may go: the first alternate that works, or that would if it did."""
        fans = [fan for fan in self._open.values() if fan.may_go]
        fresh = sum(self.unbegun(fan).get(channel, 0) for fan in fans)
        return fresh + sum(self._lanes.way(fan, page, fan.span_of(page.number)) == channel for fan in fans for page in fan.waiting)

    def unbegun(self, fan: OpenFanOut) -> dict[str, int]:
        """How many pages of a fan-out have not begun, by what they wait for."""
        found: Counter[str] = Counter()
        for span, left in fan.fresh:
            found[self._lanes.way(fan, Again(0.0, 0), span)] += left
        return found

    @property
    def open(self) -> Mapping[int, OpenFanOut]:
        """All that are open, by objective."""
        return self._open

    # From the auditor.

    def resume(self, rows: Iterable[FanOutRow | PageRow]) -> None:
        """Take up what was lost: a fan-out that is open on the disk alone, a page that waits for nothing or is in nobody's hands."""
        for row in rows:
            fan = self._open.get(row.objective)
            if isinstance(row, FanOutRow):
                self.add([row] if fan is None else [])
            elif fan is not None and row.state is DeliveryState.EMITTING:
                self._spawn(self._changed(fan, self._pages.lost(fan, row.number)))
            elif fan is not None:
                self._go_on(fan, row)
        self.pump()

    # From the loop.

    def add(self, rows: Iterable[FanOutRow]) -> None:
        """Begin with fan-outs whose intent the writer has."""
        for row in rows:
            opened = self._book.objectives.get(row.objective)
            if opened is not None:
                self._begin(row, opened)

    def end(self, objective: int) -> int | None:
        """Its message is over: nothing of it leaves any more. How many people have what is needed; None: it is no fan-out."""
        fan = self._open.get(objective)
        if fan is None:
            return None
        if not fan.is_stopped:
            fan.is_stopped = True
            self._close_if_idle(fan)
        return fan.met

    def pump(self) -> None:
        """Let every page go that may."""
        if not self._open or self._stopping:
            return
        now = self._office.clock.time()
        for fan in self._open.values():
            for number in fan.doubts(now):
                self._spawn(self._look(fan, number))
        while (found := self._lanes.choose(self._open.values(), self._office.clock.time())) is not None:
            fan, page, instance = found
            fan.take(page)
            self._turns += 1
            fan.turn = self._turns
            self._lanes.take(instance, self._office.clock.time())
            self._spawn(self._carry(fan, page, instance))
        self._arm(now)

    async def receipt(self, told: Told) -> bool:
        """What the far end says of people on a page; whether it was about a page at all."""
        if not (told.addresses and self._pages.has_any):
            return False
        found = await self._pages.told(told)
        if found is None:
            return False
        was, page = found
        if not told.is_seen:
            at = shown_at(told.level, told.failure, self._office.clock.time())
            self._facts.put(ChannelObserved(told.channel, shown_by(told.level, told.failure), began_at=at))
        fan = self._open.get(page.objective)
        if fan is not None and fan.is_known and page != was:
            fan.put_back(page, was=was)
            self._count(fan)
        return True

    async def late_outcome(self, stored: Stored) -> bool:
        """What became of an emission of a page after all; False where it is of none, or its outcome is still to come."""
        found = await self._pages.late(stored) if self._pages.has_any else None
        if found is None:
            return False
        objective, settled = found
        fan, work = self._open.get(objective.id), self._pages.settle(objective, settled)
        await (self._written(work) if fan is None or not fan.is_known else self._changed(fan, work))
        self.on_settled(settled)
        return True

    async def may_own(self, stored: Stored, since: float) -> bool:
        """Whether a receipt could be of a page that has no name and went to its address too, after `since` (UTC seconds)."""
        return await self._pages.may_own(stored.channel, stored.inbound.address, since=since, until=stored.at)

    async def recover(self) -> int:
        """Go on with what a crash cut off: what was on the air is in doubt, and what was never begun goes; how many pages are in doubt."""
        doubts = await self._pages.recover()
        for row in await self._pages.open_rows():
            opened = self._book.objectives.get(row.objective)
            if opened is not None:
                self._begin(row, opened)
                continue
            try:
                await self._pages.finish(row.objective, DeliveryState.CANCELLED, "over")
            except RowDamaged as damage:  # alarmed by whoever read it; nothing of it goes, and its pages stay as they are
                log.error("a fan-out cannot be read", cause=str(damage))
        return doubts

    async def stop(self, deadline: float) -> None:
        """Begin nothing more, and wait until `deadline` (monotonic) for what is in flight to reach a recorded state."""
        self._stopping = True
        if self._alarm is not None:
            self._alarm.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=max(0.0, deadline - self._office.clock.monotonic()))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _arm(self, now: float) -> None:
        """One timer for the earliest page that was not due at `now` (UTC seconds), none when there is none. What came due since was not
        looked at: by a later clock it would be neither waited for nor looked at, until the auditor finds it."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        later = [at for fan in self._open.values() for at in fan.due_at]
        times = [at for at in (*later, *self._lanes.open_at) if at > now]
        if times and not self._stopping:
            self._alarm = asyncio.get_running_loop().call_later(min(times) - now, self.pump)

    # One page.

    async def _carry(self, fan: OpenFanOut, place: Again, instance: Instance) -> None:
        settled: Settled | Transient | None = None
        try:
            settled = await self._sender.send(fan, place.number, instance)
            if isinstance(settled, Transient):
                fan.again(self._later(place, settled))
        except RowDamaged as damage:  # alarmed by whoever read it; the objective ends as missed, which a person sees too
            log.error("a page cannot be read", cause=str(damage))
        finally:
            self._lanes.leave(instance)
            self.pump()
        if isinstance(settled, Settled):
            was, page = await self._written(self._pages.settle(fan.opened.objective, settled))
            fan.put_back(page, was=was)
            self._go_on(fan, page)
            self.on_settled(settled)
        fan.in_hand.discard(place.number)
        self._count(fan)
        self.pump()

    def _later(self, place: Again, failed: Transient) -> Again:
        """When a page that was not begun goes once more."""
        retry = retry_of(failed, 0, strikes=place.strikes + 1, jitter=self._office.chance.random())
        wait_s = retry.wait_s if retry.wait_s is not None else LOOK_S
        return msgspec.structs.replace(place, at=self._office.clock.time() + wait_s, strikes=place.strikes + 1)

    def _go_on(self, fan: OpenFanOut, page: PageRow) -> None:
        """What is still to happen to a page by itself."""
        now = self._office.clock.time()
        others = self._lanes.others(fan, page.number, page.channel)
        if page.state is DeliveryState.READY:
            only = page.channel if is_for_channel(page) else ""
            is_elsewhere = bool(others) and not only and is_for_another(page)
            never = page.channel if is_elsewhere else ""
            is_new_there = is_elsewhere and strikes(page) <= len(others)  # each of them has it once, and after that there is a wait
            fan.again(Again(now if is_new_there else page.not_before, page.number, only, never))
        elif page.state is DeliveryState.IN_DOUBT:
            ends = [at for at in (page.not_before, page.until) if at is not None and at > now]
            fan.doubt(page.number, min([*ends, now + LOOK_S]))

    async def _look(self, fan: OpenFanOut, number: int) -> None:
        """Look again at a page in doubt when something may have become of it."""
        if not fan.is_stopped:
            await self._changed(fan, self._pages.look(fan, number, others=lambda page: self._lanes.others(fan, number, page.channel)))

    async def _changed(self, fan: OpenFanOut, work: Coroutine[object, object, Change | None]) -> None:
        """What follows a job that may have changed a page."""
        found = await self._written(work)
        if found is None:
            return
        was, page = found
        fan.put_back(page, was=was)
        self._go_on(fan, page)
        self._count(fan)
        self.pump()

    # Beginning and end of a fan-out.

    def _begin(self, row: FanOutRow, opened: OpenObjective) -> None:
        self._pages.has_any = True
        fan = self._open[row.objective] = OpenFanOut(row, opened)
        self._spawn(self._learn(fan))

    async def _learn(self, fan: OpenFanOut) -> None:
        """List its pages, and take up those that a crash left behind."""
        kept = await self._written(self._pages.learn(fan))
        for page in kept:
            self._go_on(fan, page)
        if not fan.is_stopped and fan.opened.message.state not in (MessageState.HELD, MessageState.ACTIVE):
            self._end_at_once(fan)
        self._count(fan)
        self.pump()

    def _end_at_once(self, fan: OpenFanOut) -> None:
        """Its message was over before it was known here, just before a crash or while nobody was there: nobody else will end it."""
        self._facts.put(FanOutCounted(fan.objective, fan.met, max(0, fan.total - fan.met), fan.total, fan.evidence))
        fan.is_stopped = True

    def _count(self, fan: OpenFanOut) -> None:
        """Tell the loop how far it has come, and let go of it when nothing more can become of it."""
        if not fan.is_stopped:
            self._facts.put(FanOutCounted(fan.objective, fan.met, fan.ended, fan.total, fan.evidence))
            fan.is_stopped = fan.is_settled
        self._close_if_idle(fan)

    def _close_if_idle(self, fan: OpenFanOut) -> None:
        """What is on the air ends first."""
        if fan.is_stopped and not fan.in_hand and not fan.is_closed:
            fan.is_closed = True
            self._spawn(self._close(fan))

    async def _close(self, fan: OpenFanOut) -> None:
        """Nothing of it may leave any more: every page says so."""
        state = fan.opened.message.state
        ended = DeliveryState.SUPERSEDED if state is MessageState.SUPERSEDED else DeliveryState.EXPIRED
        ended = DeliveryState.CANCELLED if state in (MessageState.CANCELLED, MessageState.ACTIVE) else ended
        await self._written(self._pages.finish(fan.objective, ended, state.value))
        self._open.pop(fan.objective, None)

    async def _written(self, work: Coroutine[object, object, _T]) -> _T:
        """The result of a job of the writer. One that cannot be written ends the daemon, which starts again from the disk."""
        try:
            return await work
        except Exception as error:
            log.error("a page could not be written", cause=str(error))
            self.on_fatal(error)
            raise

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a fan-out stopped", cause=repr(error), exc_info=error)
            self.on_fatal(error)


def _ignored(error: BaseException) -> None:
    """Until the daemon is wired in; the log has it."""


def _nobody_waits(settled: Settled) -> None:
    """Until the receipts are wired in."""
