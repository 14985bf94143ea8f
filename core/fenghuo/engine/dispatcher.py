"""Takes the next due delivery of each medium to its channel: `send(job)`, with begin() as the licence to emit.

The outcome of every emission is a fact. The dispatcher decides nothing about a delivery.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable

import structlog

from fenghuo.engine.arrears import is_in_arrears
from fenghuo.engine.book import Book
from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.digests import as_member
from fenghuo.engine.facts import WITHDRAWN, Facts, Settled
from fenghuo.engine.licence import Job, Licensing
from fenghuo.engine.medium import Medium
from fenghuo.engine.office import Office
from fenghuo.engine.settling import QUERY_S
from fenghuo.errors import Denied, StaleEpoch
from fenghuo.model.delivery import AttemptRef, Delivery, DeliveryState, Hold, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.traffic import Action, Priority
from fenghuo.plugin.ports import Channel, Doubt, Unsupported

__all__ = ["Dispatcher"]

ASKED = (Doubt.QUERYABLE, Doubt.ACTUATOR)
"""Whoever may know what became of an emission; the state of a device counts before the policy of its channel (delivery.md)."""
log = structlog.stdlib.get_logger("fenghuo.dispatcher")


class Dispatcher:
    """One queue for each medium, one task for each emission in flight, one timer for whatever matures first."""

    def __init__(self, office: Office, facts: Facts, book: Book, *, board: ChannelBoard, licensing: Licensing) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._board = board
        self._licensing = licensing
        self._media: dict[str, Medium] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}  # no set: its order would change from run to run
        self._unasked: set[int] = set()
        self._carried: set[int] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._stopping = False
        self.sent = 0
        self.on_doubt: Callable[[Delivery], Coroutine[object, object, None] | None] = _nothing_waits

    def offer(self, ready: Iterable[Delivery]) -> None:
        """Queue READY deliveries, let everything go that may, and ask what may be asked."""
        for delivery in ready:
            self._put(delivery)
        self._ask_whoever_is_up()
        for medium in self._media.values():
            self._pump(medium)
        self._arm()

    def ask(self, doubtful: Delivery) -> None:
        """Ask a channel that may know what became of an emission in doubt, as soon as it is up: after a crash it is not. And look whether a
        receipt has come that can only be of this one."""
        instance = self._board.get(doubtful.channel)
        if instance is not None and instance.capabilities.doubt in ASKED:
            self._unasked.add(doubtful.id)
            self._ask_whoever_is_up()
        work = self.on_doubt(doubtful) if not self._stopping else None
        if work is not None:
            self._spawn(work)

    def _ask_whoever_is_up(self) -> None:
        for key in list(self._unasked):
            doubtful = self._book.doubts.get(key)
            instance = self._board.get(doubtful.channel) if doubtful else None
            channel = instance.channel() if instance else None
            if doubtful is None or instance is None:
                self._unasked.discard(key)
            elif channel is not None and instance.answers and not self._stopping:
                self._unasked.discard(key)
                self._spawn(self._query(channel, doubtful))

    def miss(self, waiting: Iterable[Delivery]) -> None:
        """What cannot wait for long waits for a channel that is down: it may be at rest, and is tried now."""
        for name in {one.channel for one in waiting if one.priority <= Priority.P2 and one.reason == Hold.CHANNEL}:
            if (instance := self._board.get(name)) is not None:
                instance.knock()

    def is_on_air(self, instance: Instance) -> bool:
        """Whether anything is being emitted on the medium of an instance."""
        medium = self._media.get(instance.medium)
        return medium is not None and medium.is_on_air

    def queued(self, channel: str) -> int:
        instance = self._board.get(channel)
        medium = self._media.get(instance.medium) if instance else None
        return medium.queued(channel) if medium else 0

    def ahead(self, instance: Instance, priority: Priority, audience: int) -> int:
        """How many deliveries the medium of an instance has before a new one of this class to an audience of this size."""
        medium = self._media.get(instance.medium)
        return medium.ahead(priority, audience) if medium else 0

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    def held(self) -> set[int]:
        """Every delivery that is being carried, or stands in a queue."""
        return self._carried.union(*(medium.held() for medium in self._media.values()))

    async def stop(self, deadline: float) -> None:
        """Start nothing more, and wait until `deadline` (monotonic) for what is in flight to reach a recorded state."""
        self._stopping = True
        if self._alarm is not None:
            self._alarm.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=max(0.0, deadline - self._office.clock.monotonic()))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _put(self, delivery: Delivery) -> None:
        instance = self._board.get(delivery.channel)
        if instance is None:
            return
        medium = self._media.setdefault(instance.medium, Medium(instance.medium))
        medium.instances.setdefault(instance.name, instance)
        holder = self._book.by_delivery.get(delivery.id)
        deadline = holder.objective.objective.deadline_at if holder else delivery.expires_at
        audience = holder.objective.objective.total if holder else 1
        is_cancel = holder is not None and holder.objective.message.message.action is Action.CANCEL
        is_stop = is_cancel and instance.capabilities.doubt is Doubt.ACTUATOR  # elsewhere it is words, which follow those they take back
        now = self._office.clock.time()
        opened_at = holder.objective.objective.opened_at if holder else now
        if delivery.not_before <= now and not is_stop and is_in_arrears(delivery.priority, opened_at, instance.health, now):
            medium.owe(delivery, deadline=deadline, audience=audience)
        else:
            medium.put(delivery, now=now, deadline=deadline, audience=audience, is_stop=is_stop)

    def _pump(self, medium: Medium) -> None:
        for delivery in medium.mature(self._office.clock.time()):
            self._put(delivery)
        while not self._stopping and (taken := medium.take(self._office.clock.time())) is not None:
            current = self._book.delivery(taken.id)
            instance = self._board.get(taken.channel)
            if instance is None or current is None or current.state is not DeliveryState.READY:
                self._put_back(medium.unused(taken))
                continue
            if current.not_before > self._office.clock.time():  # an entry of before it was held: what it waits for now came later
                self._put_back((*medium.unused(taken), current))
                continue
            beside = [waiting for one in medium.with_it(current) if (waiting := self._still_ready(one)) is not None]
            self._carried.update(one.id for one in (current, *beside))
            self._spawn(self._carry(medium, current, instance, beside))

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    def _still_ready(self, delivery: Delivery) -> Delivery | None:
        """As the book has it now, if it still waits for its turn."""
        current = self._book.delivery(delivery.id)
        return current if current is not None and current.state is DeliveryState.READY else None

    async def _carry(self, medium: Medium, delivery: Delivery, instance: Instance, beside: list[Delivery]) -> None:
        job = self._licensing.job(delivery, instance, medium)
        job.beside = beside
        carried = [one.id for one in (delivery, *beside)]
        try:
            outcome = await self._send(job, instance)
            if outcome is not None:
                self._settle(job, outcome)
        finally:
            self._carried.difference_update(carried)
            self._release(medium, delivery)
            self._put_back(waiting for one in job.beside if (waiting := self._still_ready(one)) is not None)
            self._pump(medium)
            self._arm()

    async def _send(self, job: Job, instance: Instance) -> Outcome | None:
        """The outcome of one emission; None when begin() found nothing left to send."""
        channel = instance.channel()
        if channel is None:
            instance.knock()
            return Transient(Scope.CHANNEL, "not-started")
        try:
            async with asyncio.timeout(instance.capabilities.attempt_s):
                outcome = await channel.send(job)
        except (Denied, StaleEpoch):
            return Unknown(WITHDRAWN) if job.is_licensed else None
        except TimeoutError:
            return _failed(job, "timeout")
        except Exception as error:
            log.warning("send failed", channel=instance.name, cause=f"{type(error).__name__}: {error}", exc_info=not job.is_licensed)
            return _failed(job, type(error).__name__)
        if isinstance(outcome, Reached) and not job.is_licensed:
            log.error("a channel claims an emission without a licence", channel=instance.name)
            return Permanent(Scope.CHANNEL, "no-licence")
        return outcome

    def _settle(self, job: Job, outcome: Outcome) -> None:
        self.sent += job.is_licensed
        now = self._office.clock.time()
        self._facts.put(Settled(job.delivery.id, job.n, outcome, now, begun=job.is_taken, began_at=job.began_at))
        for one in job.members:
            told = as_member(outcome)
            self._facts.put(Settled(one.delivery.id, one.delivery.tries, told, now, begun=True, began_at=job.began_at))

    def _release(self, medium: Medium, delivery: Delivery) -> None:
        medium.rest(delivery, self._office.clock.time())
        self._put_back(medium.done(delivery))

    def _put_back(self, deliveries: Iterable[Delivery]) -> None:
        for waiting in deliveries:
            self._put(waiting)

    async def _query(self, channel: Channel, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(QUERY_S):
                answer = await channel.query(AttemptRef(delivery.token, delivery.tries, delivery.address))
        except Exception as error:  # noqa: BLE001  # a plugin's bug in a question leaves the doubt what it was
            log.info("query gave no answer", channel=delivery.channel, cause=f"{type(error).__name__}: {error}")
            return
        if not isinstance(answer, Unsupported | Unknown):
            self._facts.put(Settled(delivery.id, delivery.tries, answer, self._office.clock.time(), begun=True))

    def _arm(self) -> None:
        """One timer for the earliest delivery that is not ripe yet, none when there is none."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        soonest = [at for medium in self._media.values() for at in (medium.next_mature_at, medium.next_open_at)]
        times = [at for at in soonest if at is not None]
        if times and not self._stopping:
            wait_s = max(0.0, min(times) - self._office.clock.time())
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self.offer, ())


def _failed(job: Job, cause: str) -> Outcome:
    """Before the licence nothing can have left; after it nobody knows."""
    return Unknown(cause) if job.is_licensed else Transient(Scope.CHANNEL, cause)


def _nothing_waits(doubtful: Delivery) -> None:
    """Until receipts are wired in, none waits for a name."""
