"""What is said of an emission: its outcome, its receipt, a refused licence. What that makes of its delivery and its channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenTarget
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.facts import WITHDRAWN, ChannelObserved, Denial, Receipted, Settled
from fenghuo.engine.frame import ended_by
from fenghuo.engine.health import Sign, shown_at, shown_by
from fenghuo.engine.last_attempt import LAST, is_last
from fenghuo.engine.names import parts_of, rows_of
from fenghuo.engine.office import Office
from fenghuo.engine.settling import receipted, settle
from fenghuo.model.delivery import Delivery, DeliveryState, Hold, Permanent, Reached, Scope, Transient, Unknown, outcome_text
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.model.situation import Health

__all__ = ["Outcomes"]

Changed = Callable[[OpenTarget, Delivery, Batch], None]
Observed = Callable[[ChannelObserved, Batch], Iterable[OpenTarget]]


class Outcomes:
    """The part of apply that such a fact is for; `changed` and `observed` are its own ways to note a delivery and a channel."""

    def __init__(self, office: Office, book: Book, board: ChannelBoard, *, changed: Changed, observed: Observed) -> None:
        self._office = office
        self._book = book
        self._board = board
        self._changed = changed
        self._observed = observed
        self.on_answer: Callable[[str, Delivery], None] = _is_not_noted

    def apply(self, fact: Settled | Receipted | Denial, batch: Batch) -> Iterable[OpenTarget]:
        """What it changes; the targets that must be advanced."""
        match fact:
            case Settled():
                return self._settled(fact, batch)
            case Receipted():
                return self._receipted(fact, batch)
            case Denial():
                return self._denied(fact, batch)

    def _settled(self, fact: Settled, batch: Batch) -> Iterable[OpenTarget]:
        holder = self._book.by_delivery.get(fact.delivery)
        if holder is None:
            return ()
        delivery = holder.deliveries[fact.delivery]
        fact = msgspec.structs.replace(fact, outcome=self._board.credited(delivery.channel, fact.outcome))
        is_expected = delivery.state in (DeliveryState.EMITTING, DeliveryState.IN_DOUBT) and delivery.tries == fact.n
        is_late = fact.begun and not is_expected
        if fact.begun:
            batch.outcomes[(delivery.token, fact.n)] = (outcome_text(fact.outcome), fact.at)
            self._name(delivery, fact, batch)
        if is_late and not isinstance(fact.outcome, Reached):
            return ()
        if not fact.begun and delivery.state not in (DeliveryState.READY, DeliveryState.HELD):  # withdrawn before it could begin
            return self._health_after(delivery, fact, batch)
        view = self._board.situation().channel.get(delivery.channel)
        after = settle(
            delivery,
            fact.outcome,
            needed=holder.objective.objective.needed,
            now=fact.at,
            view=view,
            jitter=self._office.chance.random(),
        )
        if is_late:
            after = receipted(delivery, level=after.evidence, failure=None, needed=holder.objective.objective.needed)
        self._changed(holder, after, batch)
        if isinstance(fact.outcome, Reached) and fact.outcome.level >= Evidence.HUMAN:
            self.on_answer(delivery.channel, delivery)
        if after.state is DeliveryState.READY:  # another try: what the dispatcher had is done with
            holder.unoffered.add(after.id)
        affected = self._health_after(delivery, fact, batch)
        return (holder, *affected)

    def _name(self, delivery: Delivery, fact: Settled, batch: Batch) -> None:
        refs, total = parts_of(fact.outcome)
        batch.refs += rows_of(delivery.channel, delivery.token, fact.n, fact.outcome)
        self._book.name(delivery.id, delivery.channel, refs, n=fact.n, total=total)

    def _health_after(self, delivery: Delivery, fact: Settled, batch: Batch) -> Iterable[OpenTarget]:
        match fact.outcome:
            case Reached() if delivery.reason == LAST:
                sign = Sign.LOCAL_UP  # begun after the breaker had opened: the path is proven, and probation may begin
            case Reached():
                sign = Sign.SENT
            case Transient(scope=Scope.CHANNEL) | Permanent(scope=Scope.CHANNEL):
                sign = Sign.FAILED
            case Unknown(cause=cause) if cause != WITHDRAWN:
                sign = Sign.TIMED_OUT
            case _:
                return ()
        seen = ChannelObserved(delivery.channel, sign, outcome_text(fact.outcome), delivery.recipient, fact.began_at)
        return self._observed(seen, batch)

    def _denied(self, fact: Denial, batch: Batch) -> Iterable[OpenTarget]:
        holder = self._book.by_delivery.get(fact.delivery)
        if holder is None:
            return ()
        delivery = holder.deliveries[fact.delivery]
        if delivery.state not in (DeliveryState.READY, DeliveryState.EMITTING):
            return ()
        tries = delivery.tries - (delivery.state is DeliveryState.EMITTING)  # the attempt that was not committed does not count
        is_over = delivery.expires_at <= self._office.clock.time()  # begin() looked before the timer of its expiry rang
        message = holder.objective.message
        if message.is_released or is_over:
            state, reason = ended_by(MessageState.EXPIRED if is_over else message.state), fact.reason
        else:  # it went back to waiting for signatures in that very moment
            state, reason = DeliveryState.HELD, str(Hold.RELEASE)
        after = msgspec.structs.replace(delivery, state=state, reason=reason, tries=tries)
        self._changed(holder, after, batch)
        return (holder,)

    def _receipted(self, fact: Receipted, batch: Batch) -> Iterable[OpenTarget]:
        holder = self._book.by_delivery.get(fact.delivery)
        if holder is None:  # it was matched in the very turn that closed its target
            batch.late.append(fact.row())
            _tell_words(fact, f"delivery/{fact.delivery}", batch)
            return self._shown(fact, batch)
        before = holder.deliveries[fact.delivery]
        needed = holder.objective.objective.needed
        after = receipted(before, level=fact.level, failure=fact.failure, needed=needed, declined=fact.is_declined)
        self._note_receipt(fact, batch)
        _tell_words(fact, f"delivery/{fact.delivery}", batch, message=before.message, recipient=before.recipient)
        if after != before:
            self._changed(holder, after, batch)
        if fact.level is not None and fact.level >= Evidence.HUMAN:
            self.on_answer(fact.channel, before)
        return (holder, *self._shown(fact, batch, is_last=is_last(before) and fact.channel == before.channel))

    def _shown(self, fact: Receipted, batch: Batch, *, is_last: bool = False) -> Iterable[OpenTarget]:
        """What a receipt shows of its channel, once; of a last attempt it is of an emission begun while the channel was down, which is
        news as long as that is so."""
        instance = self._board.get(fact.channel)
        is_down = instance is not None and instance.health.state is Health.DOWN
        if fact.is_seen and not (is_last and is_down):
            return ()
        at = fact.at if is_last else shown_at(fact.level, fact.failure, fact.at)
        return self._observed(ChannelObserved(fact.channel, shown_by(fact.level, fact.failure), began_at=at), batch)

    def _note_receipt(self, fact: Receipted, batch: Batch) -> None:
        receipt = fact.row()
        batch.receipts.append(msgspec.structs.replace(receipt, level=fact.of_part) if fact.of_part is not None else receipt)
        if fact.inbox:
            batch.inbox[fact.inbox] = "matched"
        batch.event(
            "receipt.matched",
            f"delivery/{fact.delivery}",
            channel=fact.channel,
            level=receipt.level.name,
            text=fact.text,
            inbox=fact.inbox,
        )


def _is_not_noted(channel: str, delivery: Delivery) -> None:
    """Until the proven-path ledger is wired in, nobody notes by which channel a person answered."""


def _tell_words(fact: Receipted, subject: str, batch: Batch, **whose: str) -> None:
    """What only a person can make something of."""
    if fact.tells:
        batch.event(fact.tells, subject, **whose, channel=fact.channel, text=fact.text, inbox=fact.inbox)
