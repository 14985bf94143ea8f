"""begin(): the commit that is the licence to emit, and the emission it opens. Nothing leaves without it (I2, I4)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.engine.book import Book
from fenghuo.engine.channels import Instance
from fenghuo.engine.costs import booked, estimated, priced
from fenghuo.engine.digests import Member, mark_of, whole
from fenghuo.engine.facts import Denial, Facts, Widened
from fenghuo.engine.last_attempt import OVERRIDES
from fenghuo.engine.medium import Medium
from fenghuo.engine.office import Office
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.seals import Seals
from fenghuo.engine.standing import refusal
from fenghuo.errors import Denied, ReleaseNeeded, StaleEpoch, StoreError, TooUrgent, Withdrawn, WrongTraffic
from fenghuo.formats.digest import digest
from fenghuo.formats.renditions import marked
from fenghuo.model.attachment import attachments_of
from fenghuo.model.delivery import Attempt, Delivery, DeliveryState, Token
from fenghuo.model.message import MessageId, MessageState
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Emission, Estimate
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, DELIVERY, META
from fenghuo.store.transaction import Tx

__all__ = ["Job", "Licensing", "guard"]

log = structlog.stdlib.get_logger("fenghuo.licence")


class Licence:
    """The Emission a plugin gets: token, number, payload, and turn()."""

    def __init__(self, job: Job, payload: Rendition, *, validity_s: float, number: int) -> None:
        self.token: Token = job.delivery.token
        self.n = job.n
        self.payload = payload
        self.validity_s = validity_s
        self.number = number
        self._job = job

    def book(self, cost: Estimate) -> None:
        """What it has really cost so far; also after it has its outcome, for what goes on by itself, as a siren does."""
        self._job.book(cost)

    async def turn(self) -> None:
        """Let more urgent traffic pass. Raises: Withdrawn when the delivery was cancelled meanwhile."""
        await self._job.turn()


class Job:
    """The SendJob a plugin gets. `is_taken`: the book says EMITTING; `is_licensed`: begin() has committed.

    `n` is then the number of the attempt, `began_at` (UTC seconds) the moment it was asked for, and `cost` what the channel has counted
    itself, None: what was estimated.
    """

    def __init__(self, licensing: Licensing, delivery: Delivery, instance: Instance, medium: Medium) -> None:
        self.delivery = delivery
        self.address = delivery.address
        self.address_kind = licensing.address_kind(delivery)
        self.priority: Priority = delivery.priority
        self.traffic: Traffic = delivery.traffic
        self.is_last = delivery.reason in OVERRIDES
        self.size = licensing.size(delivery)
        self.deadline = licensing.deadline(instance)
        self.n = delivery.tries + 1
        self.is_licensed = False
        self.is_taken = False
        self.began_at = math.inf
        self.cost: Estimate | None = None
        self.beside: list[Delivery] = []  # may go along, as one digest
        self.members: list[Member] = []  # go along
        self._is_over = False
        self._licensing = licensing
        self._instance = instance
        self._medium = medium

    def book(self, cost: Estimate) -> None:
        """Kept with the end of the emission, so that what is counted packet by packet is written once; afterwards at once."""
        self.cost = cost
        if self._is_over:
            self._licensing.book(self, priced(cost, self._instance.capabilities))

    def begin(self) -> AbstractAsyncContextManager[Emission]:
        """Commit the attempt and open the licence. Raises: Denied."""
        return self._begin()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Emission]:
        licence = await self._licensing.grant(self, self._instance)
        self.is_licensed = True
        try:
            yield licence
        finally:
            self._is_over = True
            if self.cost is not None:
                self._licensing.book(self, priced(self.cost, self._instance.capabilities))

    async def turn(self) -> None:
        self._licensing.check_wanted(self.delivery.id)
        if self._medium.must_yield(self.priority) and not self._medium.uses_its_slot(self.delivery):
            await self._aside()

    async def _aside(self) -> None:
        """Give the medium up until it is ours again. Raises: Withdrawn: nothing is to be sent any more, and its slot is the next one's."""
        resumed = self._medium.park(self.delivery)
        self._licensing.pump()
        try:
            await resumed
            self._licensing.check_wanted(self.delivery.id)
        except (Withdrawn, asyncio.CancelledError):
            if not resumed.cancelled():
                self._medium.forgo()
            raise


class Licensing:
    """Grants licences: takes the delivery in the book, then re-reads the truth in the store and commits the attempt."""

    def __init__(self, office: Office, facts: Facts, book: Book, store: Store, *, shelf: RenditionShelf) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._store = store
        self._shelf = shelf
        self.pump: Callable[[], None] = _nothing
        self.on_digest: Callable[[Delivery, Sequence[Member]], None] = _no_digest
        self.seals: Seals | None = None

    def job(self, delivery: Delivery, instance: Instance, medium: Medium) -> Job:
        return Job(self, delivery, instance, medium)

    def size(self, delivery: Delivery) -> int:
        payload = self._shelf.get(delivery.message, delivery.revision, delivery.form)
        return len(payload.data) if payload else 0

    def address_kind(self, delivery: Delivery) -> str:
        points = self._office.directory.points_of(delivery.recipient)
        return next((point.kind for point in points if point.address == delivery.address), "")

    def deadline(self, instance: Instance) -> float:
        return self._office.clock.monotonic() + instance.capabilities.attempt_s

    def check_wanted(self, delivery: int) -> None:
        """Raises: Withdrawn: the target was met, cancelled or superseded while the emission was under way."""
        if delivery in self._book.withdrawn:
            raise Withdrawn("the delivery was withdrawn while it was being sent")

    async def grant(self, job: Job, instance: Instance) -> Licence:
        """The licence, after the commit. Raises: Denied."""
        message = self._book.messages.get((job.delivery.message, job.delivery.revision))
        payload = self._shelf.get(job.delivery.message, job.delivery.revision, job.delivery.form)
        self._check_channel(job, instance)
        if message is None or payload is None:
            raise self._denied(job, Withdrawn("the message is over"))
        if why := self._outside(job.delivery, instance):
            raise ReleaseNeeded(f"{why}; it must be signed again")
        begun = self._book.licence(job.delivery.id)
        if begun is None:
            raise Withdrawn("the delivery is no longer ready")
        job.is_taken = True
        job.began_at = now = self._office.clock.time()
        mark = f"重发{begun.refires}" if begun.refires else ""
        if instance.capabilities.attachments:
            payload = msgspec.structs.replace(payload, attachments=attachments_of(message.message))
        emitted = marked(payload, mark)
        cost = estimated(instance, emitted, begun.address)
        try:
            attempt = _attempt(begun, now, self._office.epoch, mark)
            await self._store.run(_committing(begun, attempt, self._office.clock, cost), is_patient=_can_wait(begun))
        except (Denied, StaleEpoch) as denied:
            self._facts.put(Denial(begun.id, str(denied)))
            raise
        if job.beside:
            job.beside = [one for one in job.beside if not self._outside(one, instance)]
            emitted = await self._joined(job, begun, emitted)
        validity_s = max(0.0, begun.expires_at - self._office.clock.time())
        return Licence(job, emitted, validity_s=validity_s, number=message.message.number)

    def _check_channel(self, job: Job, instance: Instance) -> None:
        """Raises: WrongTraffic, TooUrgent."""
        if job.delivery.traffic not in instance.traffic:
            raise self._denied(job, WrongTraffic(f"channel {instance.name} may not carry {job.delivery.traffic} traffic"))
        if why := self._too_urgent(job, instance):
            raise self._denied(job, TooUrgent(f"{instance.name}: {why}"))

    async def _joined(self, job: Job, leader: Delivery, emitted: Rendition) -> Rendition:
        """The emission with whatever goes along in it: each has its attempt on the disk, too. What did not fit is left in `beside`."""
        texts = [(one, self._shelf.get(one.message, one.revision, one.form)) for one in job.beside]
        found = [(one, text) for one, text in texts if text is not None]
        fit = found[: whole(emitted, [text for _, text in found])]
        begun = [Member(taken, text) for one, text in fit if (taken := self._book.licence(one.id)) is not None]
        taken_ids = {one.delivery.id for one in begun}
        job.beside = [one for one in job.beside if one.id not in taken_ids]
        if not begun:
            return emitted
        job.members = begun  # whatever becomes of this commit, they have their outcome
        denied = await self._store.run(_joining(begun, leader, self._office.epoch, self._office.clock))
        for one, why in denied.items():
            self._facts.put(Denial(one, why))
        job.members = [one for one in begun if one.delivery.id not in denied]
        self.on_digest(leader, job.members)
        return digest((emitted, *(one.text for one in job.members)))

    def book(self, of: Job, cost: Estimate) -> None:
        """What an emission has cost, as its channel has counted it: it takes the place of what was estimated."""
        begun, token, n, figures = of.delivery, of.delivery.token, of.n, booked(cost)
        names = {"message": begun.message, "revision": begun.revision, "channel": begun.channel}

        def job(tx: Tx) -> None:
            tx.event("delivery.booked", f"delivery/{begun.id}", **names, token=token, n=n, booked=figures)

        try:
            self._store.submit(job, is_patient=_can_wait(begun)).add_done_callback(_unbooked)
        except StoreError as closed:
            log.info("what an emission has cost is not kept", cause=str(closed))

    def _outside(self, delivery: Delivery, instance: Instance) -> str:
        """Why an emission is outside of what people have signed, which the loop is told; empty where it is inside."""
        opened = self._book.objectives.get(delivery.objective)
        why = self.seals.refusal(opened.message, opened.objective, instance) if self.seals is not None and opened is not None else ""
        if why:
            self._facts.put(Widened(delivery.message, delivery.revision, channel=instance.name))
        return why

    def _too_urgent(self, job: Job, instance: Instance) -> str:
        """What was planned by an earlier process, before the files of the plugin changed, is looked at again here."""
        opened = self._book.objectives.get(job.delivery.objective)
        return refusal(instance.ungraded, opened.objective) if opened is not None else ""

    def _denied(self, job: Job, denied: Denied) -> Denied:
        """Tell the loop, or the delivery would stay READY and keep its rung for ever."""
        self._facts.put(Denial(job.delivery.id, str(denied)))
        return denied


def _can_wait(begun: Delivery) -> bool:
    """Whether it may share a sync with what comes after it; no octet of it leaves before."""
    return begun.priority >= Priority.P3


def _attempt(begun: Delivery, now: float, epoch: int, mark: str) -> Attempt:
    return Attempt(
        token=begun.token,
        n=begun.tries,
        delivery=begun.id,
        channel=begun.channel,
        recipient=begun.recipient,
        address=begun.address,
        at=now,
        epoch=epoch,
        mark=mark,
    )


def _committing(begun: Delivery, attempt: Attempt, clock: Clock, cost: Estimate | None) -> Callable[[Tx], None]:
    """The job: guarded by what is true at this moment, in the store's own order (delivery.md, T3)."""
    figures = booked(cost) if cost is not None else {}

    def commit(tx: Tx) -> None:
        row = tx.get(DELIVERY, begun.id)
        if row is None or row.state is not DeliveryState.READY:
            raise Withdrawn(f"the delivery is {row.state if row else 'gone'}")
        guard(tx, begun.message, begun.revision, expires_at=begun.expires_at, epoch=attempt.epoch, now=clock.time())
        tx.update(DELIVERY, begun)
        tx.insert(ATTEMPT, attempt)
        tx.event(
            "delivery.emitting",
            f"delivery/{begun.id}",
            message=begun.message,
            revision=begun.revision,
            objective=begun.objective,
            recipient=begun.recipient,
            channel=begun.channel,
            token=attempt.token,
            n=attempt.n,
            mark=attempt.mark,
            booked=figures,
        )

    return commit


def _joining(members: Sequence[Member], leader: Delivery, epoch: int, clock: Clock) -> Callable[[Tx], dict[int, str]]:
    """The job by which members go along with a leader whose attempt is on the disk; why some do not, by delivery."""

    def commit(tx: Tx) -> dict[int, str]:
        denied: dict[int, str] = {}
        now = clock.time()
        for begun in (one.delivery for one in members):
            try:
                _committing(begun, _attempt(begun, now, epoch, mark_of(leader)), clock, None)(tx)
            except (Denied, StaleEpoch) as refusal:
                denied[begun.id] = str(refusal)
        return denied

    return commit


def _no_digest(leader: Delivery, members: Sequence[Member]) -> None:
    """Until whoever counts the evidence of members is wired in."""


def guard(tx: Tx, message: MessageId, revision: int, *, expires_at: float, epoch: int, now: float) -> None:
    """What must be true of a message at the moment of the licence (delivery.md, T3; I4). Raises: Withdrawn, StaleEpoch."""
    state = tx.scalar("SELECT state FROM message WHERE id = ? AND revision = ?", message, revision)
    if state != MessageState.ACTIVE:
        raise Withdrawn(f"the message is {state!s}")
    if expires_at <= now:
        raise Withdrawn("the message has expired")
    held = tx.get(META, "epoch")
    if held is not None and int(held.value) != epoch:
        raise StaleEpoch(f"this node holds epoch {epoch}, the store says {held.value}")


def _unbooked(done: asyncio.Future[None]) -> None:
    """A disk that is full keeps no emission from having been one: what was estimated stands."""
    if not done.cancelled() and (fault := done.exception()) is not None:
        log.warning("what an emission has cost is not kept", cause=str(fault))


def _nothing() -> None:
    """Until the daemon has wired the dispatcher in, there is nothing to pump."""
