"""What comes in over channels: commit the raw bytes, ack the peer, then work out whose evidence it is. Whoever can be told that intake
refuses its message is acked after that.

Source: delivery.md, T5; architecture.md, step 8.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
import structlog

from fenghuo.clock import ClockQuality
from fenghuo.engine.answered import answered
from fenghuo.engine.answers import Named, Verb, level_of, named, verb_of
from fenghuo.engine.book import Book
from fenghuo.engine.bounded import bounded
from fenghuo.engine.brought import origin_of, why_untold
from fenghuo.engine.chain import KEEP_KEYS_S
from fenghuo.engine.facts import ALARM_DECLINED, ALARM_TO_READ, ChannelObserved, Facts, Receipted
from fenghuo.engine.health import Sign, shown_at, shown_by
from fenghuo.engine.heard_before import HeardBefore
from fenghuo.engine.intake import Intake, Submission
from fenghuo.engine.late import Late, raise_late
from fenghuo.engine.late_outcomes import LateOutcomes
from fenghuo.engine.nameless import Nameless, Owner
from fenghuo.engine.names import may_be_anothers, named_by
from fenghuo.engine.office import Office
from fenghuo.engine.orphans import Orphans, Stored
from fenghuo.engine.page_store import Settled as PageSettled
from fenghuo.engine.page_store import Told
from fenghuo.engine.raw_inbound import mark, packed, refused, set_aside, unmatched, unpacked
from fenghuo.errors import FenghuoError, KeyConflict
from fenghuo.model.delivery import Delivery
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound, InboundKind
from fenghuo.store.records import InboxRow
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, INBOX
from fenghuo.store.transaction import Tx

__all__ = ["Receipts"]

UNREAD_S = 3600.0
"""How far back from the newest raw row a restart looks for receipts and answers that nobody has understood yet: however long nobody was
there. A message that could not be taken is looked for as long as its keys are kept: it is no copy of one that was."""

log = structlog.stdlib.get_logger("fenghuo.receipts")


def _told(stored: Stored, refs: tuple[str, ...]) -> Told:
    """The receipt as it would read of people on a page."""
    inbound = stored.inbound
    addresses = inbound.addresses or ((inbound.address,) if inbound.address else ())
    return Told(stored.channel, addresses, inbound.level, inbound.failure, stored.inbox, inbound.token, refs, is_seen=stored.is_seen)


async def _about_no_page(told: Told) -> bool:
    """Until the fan-outs are wired in, no receipt is about one."""
    return False


def _as_said(channel: str, inbound: Inbound) -> Inbound:
    """Until the channels are wired in, nobody knows what one declares."""
    return inbound


def _nobody_asks(inbound: Inbound) -> None:
    """Until whoever follows what posts measure is wired in."""


def _nothing(tx: Tx) -> None:
    """Its turn at the writer is after that of whatever was handed to it before."""


class Receipts:
    """Takes everything that channels hear. Called by each channel's supervisor, in the order of arrival, several at once."""

    def __init__(self, office: Office, facts: Facts, book: Book, store: Store, *, intake: Intake) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._store = store
        self._intake = intake
        self._orphans = Orphans()
        self._before = HeardBefore()
        self._speaking: set[str] = set()
        self._pages_named = self._landed = 0
        self._refusals: dict[int, list[Stored]] = {}  # by delivery, on the air
        self.nameless = Nameless(book, store)
        self.late_outcomes = LateOutcomes(facts, book, store)
        self._next_inbox = 1
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_page: Callable[[Told], Awaitable[bool]] = _about_no_page
        self.credited: Callable[[str, Inbound], Inbound] = _as_said
        self.on_measured: Callable[[Inbound], None] = _nobody_asks

    @property
    def in_hand(self) -> int:
        """How many things heard are being worked out."""
        return len(self._tasks)

    async def recover(self) -> None:
        """After a restart: go on with the numbering, and work out what was acked and not yet understood when it came."""
        self._next_inbox = int(await self._store.scalar("SELECT COALESCE(MAX(id), 0) FROM inbox") or 0) + 1
        recent = "at > (SELECT MAX(at) FROM inbox) - CASE kind WHEN ? THEN ? ELSE ? END"
        bounds = (InboundKind.MESSAGE, KEEP_KEYS_S, UNREAD_S)
        for row in await self._store.find(INBOX, f"state = 'new' AND {recent} ORDER BY id", *bounds):
            try:
                inbound = self.credited(row.channel, unpacked(row.raw, is_timed=self._office.clock.quality() is not ClockQuality.FREERUN))
                await self._classify(Stored(row.channel, inbound, row.id, row.at, is_seen=True))
            except FenghuoError as error:  # what it is about may be damaged; it stays new
                log.error("something heard before could not be worked out", inbox=row.id, cause=str(error))
            except Exception as fault:  # noqa: BLE001  a fault of ours at one row must not end every start from now on
                await self._store.run(set_aside(row.id, row.channel, fault))

    async def take(self, channel: str, inbound: Inbound) -> None:
        """Commit, ack, classify. Raises: StoreFull: nothing was acked, the peer will send it again."""
        inbound = bounded(inbound)
        if inbound.kind in (InboundKind.HEARD, InboundKind.MEASURED):
            await inbound.ack()
            self._facts.put(ChannelObserved(channel, Sign.HEARD))
            if inbound.kind is InboundKind.MEASURED:
                self.on_measured(inbound)
            return
        # Whoever hands it over may give up waiting; what is on the disk must be understood all the same.
        await asyncio.shield(self._begin(self._take(channel, inbound)))

    def _begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._taken)
        return task

    async def _take(self, channel: str, inbound: Inbound) -> None:
        stored = self._once(await self._keep(channel, inbound))
        if inbound.refuse is None:
            await inbound.ack()
        waiting = [] if channel in self._speaking else self._orphans.of(channel)  # what a restart could not tell apart, it may tell now
        self._speaking.add(channel)
        try:
            await self._classify(stored)
        except FenghuoError:
            raise  # it may be worked out at the next start
        except Exception as fault:  # noqa: BLE001  acked and never sent again: a person reads what we could not
            await self._store.run(set_aside(stored.inbox, channel, fault))
            if inbound.refuse is not None:
                await inbound.refuse("fault")
        await self._look_again(waiting)

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.info("something heard was not taken", cause=str(error))

    async def _keep(self, channel: str, inbound: Inbound) -> Stored:
        number, self._next_inbox = self._next_inbox, self._next_inbox + 1
        row = InboxRow(number, channel, inbound.kind, packed(inbound), self._office.clock.time(), "new")

        def keep(tx: Tx) -> None:
            tx.insert(INBOX, row)

        await self._store.run(keep)
        return Stored(channel, self.credited(channel, inbound), number, row.at)

    async def _classify(self, stored: Stored) -> None:
        match stored.inbound.kind:
            case InboundKind.RECEIPT:
                await self._receipt(stored)
            case InboundKind.ANSWER:
                await self._answer(stored)
            case InboundKind.LATE_OUTCOME:
                await self.late_outcomes.take(stored)
            case InboundKind.MESSAGE:
                self._seen(stored)
                await self._message(stored)
            case InboundKind.REFUSED | InboundKind.TURNED_DOWN | InboundKind.CLOCK:
                self._seen(stored)
                await self._store.run(refused(stored.inbox, stored.channel, stored.inbound))
            case InboundKind.HOSTILE:  # what somebody forges shows nothing of the channel
                await self._store.run(refused(stored.inbox, stored.channel, stored.inbound))

    def _once(self, stored: Stored) -> Stored:
        """A copy of a receipt shows no more of its channel than that the far end speaks, whatever it is about."""
        if not self._before.is_again(stored.channel, stored.inbound):
            return stored
        self._facts.put(ChannelObserved(stored.channel, Sign.SPOKE, began_at=stored.at))
        return msgspec.structs.replace(stored, is_seen=True)

    def _seen(self, stored: Stored, level: Evidence | None = None) -> Stored:
        """What it shows of its channel, told once, where no open delivery tells it: its bearer works. `level`: of an answer."""
        if stored.is_seen:
            return stored
        level, failure = level or stored.inbound.level, stored.inbound.failure
        at = shown_at(level, failure, stored.at)
        self._facts.put(ChannelObserved(stored.channel, shown_by(level, failure), began_at=at))
        return msgspec.structs.replace(stored, is_seen=True)

    # Receipts of machines.

    async def _receipt(self, stored: Stored) -> None:
        inbound = stored.inbound
        refs, pages_named, landed = (inbound.ref, *inbound.alternate_refs), self._pages_named, self._landed
        may_be_named = self.nameless.is_on_air(stored)
        if await self._is_named(stored):
            return
        if await self.on_page(_told(stored, refs)) or await self._is_by_token(stored):
            return
        if await self._raise_named(stored):  # a name that the disk knows is first of all that of an older emission, whoever is in doubt now
            return
        owner = None if may_be_named else await self.nameless.owner(stored)
        if owner is not None:
            await self._give(stored, owner)
            return
        stored = await self._wait_for_a_name(stored)
        if self._pages_named != pages_named:  # its page may have been named while it was looked up: that will not come again
            await self._of_a_page(stored)
        if self._landed != landed and self._orphans.waits(stored):  # and so may its emission, in the turn that ended it
            await self._store.run(_nothing)
            await self._look_again([stored])

    async def _raise_named(self, stored: Stored, delivery: int = 0, *, is_whole: bool = True) -> bool:
        """Note it where its name belongs, or at this delivery, which is over."""
        inbound = stored.inbound
        level = inbound.level if is_whole else None
        late = Late(stored.channel, stored.inbox, stored.at, level, inbound, delivery=delivery, text=inbound.text)
        if not await raise_late(self._store, late):
            return False
        self._seen(stored)
        return True

    async def _is_by_token(self, stored: Stored) -> bool:
        """A receipt by our token, which is on the disk before anything leaves, is of that emission, open or over."""
        token = stored.inbound.token
        found = await self._store.find(ATTEMPT, "token = ? ORDER BY n DESC LIMIT 1", token) if token else []
        for attempt in found:
            if attempt.delivery in self._book.on_air and stored.inbound.failure is not None:
                self._refusals.setdefault(attempt.delivery, []).append(stored)
            elif attempt.delivery in self._book.by_delivery:
                self._put(stored, attempt.delivery, stored.inbound.level)
            else:
                await self._raise_named(stored, attempt.delivery)
        return bool(found)

    def landed(self, delivery: int) -> None:
        """An emission has its outcome: a refusal that was faster may end it now."""
        self._landed += 1
        for stored in self._refusals.pop(delivery, ()):
            self._put(stored, delivery, stored.inbound.level)

    async def _give(self, stored: Stored, owner: Owner) -> None:
        """It can only be of this one, open or over; of one of several fragments it says no more than that something of it came."""
        self.nameless.given(owner.delivery, stored)
        if owner.delivery in self._book.by_delivery:
            self._put(stored, owner.delivery, stored.inbound.level if owner.is_whole else None)
        else:
            await self._raise_named(stored, owner.delivery, is_whole=owner.is_whole)

    async def _is_named(self, stored: Stored) -> bool:
        """Whether an open delivery has its name, by which it is put there."""
        inbound, at = stored.inbound, stored.channel
        names = [ref for ref in (inbound.ref, *inbound.alternate_refs) if (at, ref) in self._book.refs]
        if not names:
            return False
        ref, delivery = names[0], self._book.refs[at, names[0]]
        if may_be_anothers(inbound):
            part = await self._store.run(lambda tx: named_by(tx, at, inbound))
            if part is None or part.attempt.delivery not in self._book.by_delivery:
                return False
            ref, delivery = part.ref, part.attempt.delivery
        elif (at, ref) in self._book.shared:
            return False
        self._orphans.drop(stored)
        self._put_part(stored, delivery, ref)
        return True

    async def _wait_for_a_name(self, stored: Stored) -> Stored:
        """Keep a receipt until an outcome names it; the outcome may have come while the store was searched, and will not come again."""
        seen = self._seen(stored)
        self._orphans.add(seen)
        return stored if await self._is_named(seen) else seen

    def named(self, channel: str, ref: str, delivery: int) -> None:
        """An outcome has just named its ref: a receipt that was faster is matched now, and what else waits there is not of this one."""
        again = [stored for stored in self._orphans.named(channel, ref) if not self._is_sure(stored, delivery, ref)]
        for stored in again:
            self._orphans.add(stored)
        named = self._book.delivery(delivery)
        if again or (named is not None and self._orphans.at(channel, named.address)):
            self._begin(self._look_again_there(channel, named.address if named is not None else "", again))

    def _is_sure(self, stored: Stored, delivery: int, ref: str) -> bool:
        """Whether a receipt that was faster than the name can be of no other."""
        is_open = delivery in self._book.by_delivery
        if may_be_anothers(stored.inbound) or (stored.channel, ref) in self._book.shared or not is_open:
            return False
        self._put_part(stored, delivery, ref)
        return True

    def page_settled(self, settled: PageSettled) -> None:
        """The outcome of a page is on the disk: what was faster is of it, and what could have been of it may now be of another."""
        channel = settled.page.channel
        self._pages_named += 1
        for stored in (one for ref in settled.refs for one in self._orphans.named(channel, ref)):
            self._begin(self._receipt(stored))
        if late := self.late_outcomes.crossed(channel, settled.page.token):
            self._begin(self.late_outcomes.take(late))
        if freed := self.nameless.after_page(channel):
            self._begin(self._look_again([stored for stored in freed if self._orphans.waits(stored)]))

    async def _of_a_page(self, stored: Stored) -> None:
        if await self.on_page(_told(stored, (stored.inbound.ref, *stored.inbound.alternate_refs))):
            self._orphans.drop(stored)

    def doubted(self, delivery: Delivery) -> Coroutine[object, object, None] | None:
        """No outcome has named this emission: what to do for the receipts that wait at its address, if there are any."""
        if late := self.late_outcomes.crossed(delivery.channel, delivery.token):
            self._begin(self.late_outcomes.take(late))
        waiting = self._orphans.at(delivery.channel, delivery.address)
        return self._look_again(waiting) if waiting else None

    async def _look_again_there(self, channel: str, address: str, waiting: list[Stored]) -> None:
        """Once the turn that has just named an emission is on the disk."""
        await self._store.run(_nothing)
        at = {one.inbox: one for one in (*waiting, *self._orphans.at(channel, address))}
        await self._look_again([one for one in at.values() if self._orphans.waits(one)])

    async def _look_again(self, waiting: list[Stored]) -> None:
        for stored in waiting:
            if await self._is_named(stored):
                continue
            if await self._raise_named(stored):
                self._orphans.drop(stored)  # it was named in the turn that ended its emission
                continue
            owner = await self.nameless.owner(stored)
            if owner is not None and self._orphans.drop(stored):
                await self._give(stored, owner)

    def _put_part(self, stored: Stored, delivery: int, ref: str) -> None:
        """A receipt of one part counts when all parts have theirs; a refusal of one part counts at once."""
        inbound = stored.inbound
        if inbound.failure is not None or inbound.level is None or self._book.reported(delivery, stored.channel, ref):
            self._put(stored, delivery, inbound.level, ref=ref)
        else:
            self._put(stored, delivery, None, ref=ref, of_part=inbound.level)

    def _put(self, stored: Stored, delivery: int, level: Evidence | None, *, ref: str = "", **more: Any) -> None:
        """`more`: of the fact."""
        inbound = stored.inbound
        fact = Receipted(delivery, stored.channel, level, inbound.failure, stored.at, ref or inbound.ref, inbound.text, stored.inbox)
        self._facts.put(msgspec.structs.replace(fact, is_seen=stored.is_seen, **more))

    # Answers of people.

    async def _answer(self, stored: Stored) -> None:
        """An answer belongs to its sender's newest open objective, or to the short number it names (delivery.md, Objects). One that is
        broken belongs to the number it names alone."""
        inbound = stored.inbound
        owners = self._office.directory.owners_by_address.get((inbound.address_kind, inbound.address), ())
        said, verb = named(inbound.text), verb_of(inbound.text)
        tells = ALARM_DECLINED if verb is Verb.DECLINE else ALARM_TO_READ if verb is Verb.OTHER and not said.numbers else ""
        level, tells = (Evidence.HUMAN, tells or ALARM_TO_READ) if inbound.is_broken else (level_of(verb), tells)  # a part may say anything
        is_of_one = said.surely or not inbound.is_broken
        delivery = await answered(self._book, self._store, owners, said, channel=stored.channel) if is_of_one else None
        if delivery is not None:
            self._put(stored, delivery.id, level, tells=tells)
        elif is_of_one and await self._late_answer(stored, owners, said, level, tells=tells):
            self._seen(stored, level)
        else:
            await self._store.run(unmatched(stored.inbox, stored.channel, inbound, owners))
            self._seen(stored)

    async def _late_answer(self, stored: Stored, owners: tuple[str, ...], said: Named, level: Evidence, *, tells: str) -> bool:
        for number in said.numbers if said.surely else (*said.numbers, None):
            text = stored.inbound.text
            answer = Late(stored.channel, stored.inbox, stored.at, level, owners=owners, number=number, text=text, tells=tells)
            if await raise_late(self._store, answer):
                return True
        return False

    # The rest.

    async def _message(self, stored: Stored) -> None:
        inbound = stored.inbound
        origin = origin_of(stored.channel, inbound, self._office.directory)
        submission = Submission(inbound.raw, origin, inbound.media_type, key=inbound.ref or f"inbox-{stored.inbox}")
        why_not = ""
        try:
            why_not = next(filter(None, map(why_untold, await self._intake.accept(submission))), "")
        except KeyConflict as conflict:  # told and audited by the door; offered again it would be told again at every start
            log.warning("a message came under a key that another has", channel=stored.channel, cause=str(conflict))
            why_not = "key-conflict"
        await self._store.run(lambda tx: mark(tx, stored.inbox, "taken"))
        if inbound.refuse is not None:
            await (inbound.refuse(why_not) if why_not else inbound.ack())
