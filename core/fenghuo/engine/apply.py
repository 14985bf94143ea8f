"""What each fact means for the book: which targets must be looked at, and what one look changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

import msgspec

from fenghuo.engine.advance import Frame, advance
from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenMessage, OpenTarget
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.facts import (
    ChannelObserved,
    ChannelReopened,
    ChannelSwitched,
    Decided,
    Denial,
    DirectoryChanged,
    Fact,
    FanOutCounted,
    MessageAccepted,
    MessageEnded,
    ModesChanged,
    Overdue,
    Receipted,
    RulesChanged,
    Settled,
    Signed,
    WaysChanged,
    Widened,
)
from fenghuo.engine.hedging import Hedging
from fenghuo.engine.inherit import Heir, without_devices
from fenghuo.engine.interventions import Interventions, sound, sound_late
from fenghuo.engine.modes_applied import NO_MODES, Ruling
from fenghuo.engine.office import Office
from fenghuo.engine.opening import Opening
from fenghuo.engine.outcomes import Outcomes
from fenghuo.engine.restored import Restored
from fenghuo.engine.taking_back import lifted
from fenghuo.engine.tally import Tally
from fenghuo.engine.timers import Deadline, Expiry, Timers
from fenghuo.model.delivery import (
    Delivery,
    DeliveryState,
    TargetState,
)
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import Message, MessageState
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Action
from fenghuo.store.records import MetaRow, ReleaseRow

__all__ = ["MODES_KEPT", "Apply"]

MODES_KEPT = "modes"
"""The row of `meta` in which the modes outlive the process."""

NOTHING: frozenset[str] = frozenset()
Mark = Callable[[OpenTarget], None]
SOURCE = "source:"
"""How a source is called that counts as a person (vouching.py)."""


class Apply:
    """Turns facts into changes of the book and rows of the batch. The only writer of the book, licences excepted."""

    def __init__(self, office: Office, book: Book, board: ChannelBoard, *, opening: Opening, tally: Tally, timers: Timers) -> None:
        self._office = office
        self._book = book
        self._board = board
        self._opening = opening
        self._tally = tally
        self._timers = timers
        self.restored = Restored()
        opening.copies = self.restored.copies
        self._interventions = Interventions(office, book, tally, self._changed, restored=self.restored, begin=self._time)
        self._outcomes = Outcomes(office, book, board, changed=self._changed, observed=self._observed)
        self._hedging = Hedging()
        self.modes: Ruling = NO_MODES
        self.release_valid_s = 120.0
        self.end_fan_out: Callable[[int], int | None] = _is_none
        self._on_changed: Callable[[Delivery | None, Delivery], None] = _is_not_noted

    def tell(self, on_changed: Callable[[Delivery | None, Delivery], None], on_answer: Callable[[str, Delivery], None]) -> None:
        """Have each change of a delivery noted, and by which channel a person answered."""
        self._on_changed, self._outcomes.on_answer = on_changed, on_answer

    def all(self, facts: Iterable[Fact], batch: Batch) -> list[OpenTarget]:
        """Apply facts in order; every target that must be advanced."""
        dirty: list[OpenTarget] = []
        for fact in facts:
            dirty.extend(self._one(fact, batch))
        return dirty

    def advance(self, entry: OpenTarget, batch: Batch, mark: Mark) -> list[Delivery]:
        """Advance one target; the deliveries that became READY."""
        opened, now = entry.objective, self._office.clock.time()
        frame = Frame(
            objective=opened.objective,
            rungs=opened.rungs,
            message_state=opened.message.state,
            released=opened.message.is_released,
            situation=self._board.situation_for(entry.target.recipient),
            now=now,
            escalate=opened.escalate,
            is_stop=opened.message.message.action is Action.CANCEL,
            closing=opened.closing,
            had=opened.message.had.get(entry.target.recipient, NOTHING),
            hedges=self._hedging.left(now),
            hedge_at=self._hedging.next_at(now),
            loads=self._opening.recent_loads(opened),
            is_restored=self.restored.holds(opened.objective),
            is_urged=self._interventions.is_urged(entry.target),
        )
        frame = self.modes.over(frame, entry.target.recipient)
        frame = self._taken_back(entry, frame, batch)
        step = advance(entry.target, tuple(entry.deliveries.values()), frame)
        self._hedging.spend(step.hedged, promised=step.promised)
        if not entry.target.rung and step.target.rung:
            self._hedging.began()
        for delivery in step.changed:
            self._changed(entry, delivery, batch)
        entry.lingers = step.lingers
        if step.target.state is not TargetState.OPEN and not step.lingers:
            on_air = (key for key, delivery in entry.deliveries.items() if delivery.state is DeliveryState.EMITTING)
            self._book.withdrawn.update(on_air)
        if step.target != entry.target or entry.target.wake_at is not None:
            entry.target = step.target
            batch.targets[(step.target.objective, step.target.recipient)] = step.target
        if step.target.wake_at is not None:
            self._timers.at(step.target.wake_at, entry)
        for to in step.ask:
            self._ask(entry, to, batch, mark)
        if entry.is_finished or (entry.lingers and not entry.is_counted):
            self._tally.finished(entry)
            batch.targets[(entry.target.objective, entry.target.recipient)] = entry.target
        self._tell_cut_off(entry, batch, is_cut_off=step.cut_off)
        self.modes.advanced(entry, frame, batch)
        unoffered = [entry.deliveries[key] for key in sorted(entry.unoffered)]
        entry.unoffered.clear()
        return [delivery for delivery in unoffered if delivery.state is DeliveryState.READY]

    def _taken_back(self, entry: OpenTarget, frame: Frame, batch: Batch) -> Frame:
        """A Cancel: no switch keeps it from a device, and its words take another way than one that is switched off."""
        if not frame.is_stop:
            return frame
        if entry.target.state is TargetState.OPEN and frame.released:
            self._opening.stand_in(entry, frame.situation, batch)
        return msgspec.structs.replace(frame, situation=lifted(frame.situation))

    def _changed(self, entry: OpenTarget, delivery: Delivery, batch: Batch) -> None:
        before = entry.deliveries.get(delivery.id)
        batch.changed(before, delivery)
        self._on_changed(before, delivery)
        if delivery.state is DeliveryState.IN_DOUBT and (before is None or before.state is not DeliveryState.IN_DOUBT):
            sound(delivery, self._board.situation(), batch)
        sound_late(before, delivery, batch)
        self._book.put(entry, delivery)
        if delivery.state is DeliveryState.READY and (before is None or before.state is not DeliveryState.READY):
            entry.unoffered.add(delivery.id)

    @staticmethod
    def _tell_cut_off(entry: OpenTarget, batch: Batch, *, is_cut_off: bool) -> None:
        """One alarm for each objective, from its first recipient whom no channel that is up can reach until there is none."""
        cut_off, recipient = entry.objective.cut_off, entry.target.recipient
        if not is_cut_off:
            cut_off.discard(recipient)
            return
        if not cut_off:
            message = entry.objective.objective.message
            batch.event("alarm.all_channels_down", f"objective/{entry.target.objective}", message=message, recipient=recipient)
        cut_off.add(recipient)

    def _ask(self, entry: OpenTarget, to: str, batch: Batch, mark: Mark) -> None:
        """Ask the next person as well; whoever is asked already is not asked twice."""
        person = self._office.directory.person_by_id.get(entry.target.recipient)
        name = (person.deputy if person else None) if to == "deputy" else to.removeprefix("person:")
        subject = f"objective/{entry.target.objective}"
        if not name or name in entry.objective.asked:
            batch.event("alarm.nobody_to_escalate_to", subject, recipient=entry.target.recipient, to=to)
            return
        batch.event("objective.escalated", subject, recipient=entry.target.recipient, to=name)
        if not self._opening.seals.is_foreseen(entry.objective, entry.target.recipient, name):
            message = entry.objective.message.message
            for other in self._opening.seals.widen(Widened(message.id, message.revision, person=name), batch):
                mark(other)
        mark(self._opening.add_target(entry.objective, Heir(name), batch, covers=entry.target.recipient))

    def _one(self, fact: Fact, batch: Batch) -> Iterable[OpenTarget]:
        match fact:
            case Settled() | Receipted() | Denial():
                return self._outcomes.apply(fact, batch)
            case MessageAccepted() | Signed() | MessageEnded() | Widened():
                return self._of_message(fact, batch)
            case ChannelObserved() | ChannelSwitched() | ChannelReopened() | WaysChanged():
                return self._of_channel(fact, batch)
            case Decided() | Overdue():
                return self._intervened(fact, batch)
            case FanOutCounted():
                return self._counted(fact)
            case ModesChanged():
                return self._ruled(fact, batch)
            case DirectoryChanged() | RulesChanged():
                self._board.refresh()
                return ()
            case _:
                assert_never(fact)

    def _ruled(self, fact: ModesChanged, batch: Batch) -> Iterable[OpenTarget]:
        batch.metas.append(MetaRow(MODES_KEPT, fact.kept))
        if fact.answer is not None:
            batch.answers.append(fact.answer)
        return self.modes.changed(fact, batch)

    def _of_message(self, fact: MessageAccepted | Signed | MessageEnded | Widened, batch: Batch) -> Iterable[OpenTarget]:
        match fact:
            case MessageAccepted():
                return self._accepted(fact, batch)
            case Signed():
                return self._signed(fact, batch)
            case MessageEnded():
                return self._ended(fact, batch)
            case Widened():
                return self._widened(fact, batch)

    # Messages.

    def _accepted(self, fact: MessageAccepted, batch: Batch) -> Iterable[OpenTarget]:
        key = (fact.message.id, fact.message.revision)
        if fact.told is not None:
            return self._joined(fact, fact.told, batch)
        if key in self._book.messages or key in self._book.resting:  # heard twice, it would go out twice
            return ()
        entry = OpenMessage(fact.message, fact.state)
        entry.signed.update({actor: self._until(actor, fact.message) for actor in fact.signatures})
        self._book.add_message(entry)
        self._opening.open(entry, batch, fact.heirs)
        entry.needed_signatures = max(entry.needed_signatures, fact.least)
        batch.releases += self._signatures(entry)
        self._timers.at(fact.message.expires_at, Expiry(fact.message.id, fact.message.revision))
        self._time(entry)
        self._tally.rest(entry)
        return ()

    def _joined(self, fact: MessageAccepted, told: frozenset[RecipientId], batch: Batch) -> Iterable[OpenTarget]:
        """Those who got what turned out to be of the same event, and were not told this, are told it; also when it rests."""
        key = (fact.message.id, fact.message.revision)
        entry = self._book.messages.get(key)
        if entry is None and key not in self._book.resting:
            return ()
        if entry is None:
            entry = OpenMessage(fact.message, fact.state)
            entry.is_planned = True
            self._book.close_message(key)
            self._book.add_message(entry)
        entry.told = set() if fact.again else entry.told | told
        self._opening.inherit(entry, without_devices(fact.heirs, told, self._office.devices), batch)
        self._time(entry)
        self._tally.rest(entry)
        return ()

    def _widened(self, fact: Widened, batch: Batch) -> Iterable[OpenTarget]:
        if fact.answer is not None:
            batch.answers.append(fact.answer)
        return self._opening.seals.widen(fact, batch)

    def _time(self, entry: OpenMessage) -> None:
        for opened in filter(None, map(self._book.objectives.get, entry.objectives)):
            self._timers.at(opened.objective.deadline_at, Deadline(opened.objective.id))

    def _until(self, actor: str, message: Message) -> float:
        """A person's signature counts for a while; that of a source is in the message itself."""
        return message.expires_at if actor.startswith(SOURCE) else self._office.clock.time() + self.release_valid_s

    def _signatures(self, entry: OpenMessage) -> list[ReleaseRow]:
        """The signatures that came with a submission, bound to the envelope that its plan has; they count no longer than any other."""
        message, now = entry.message, self._office.clock.time()
        return [ReleaseRow(message.id, message.revision, entry.envelope, actor, now, entry.signed[actor]) for actor in sorted(entry.signed)]

    def _signed(self, fact: Signed, batch: Batch) -> Iterable[OpenTarget]:
        key = (fact.id, fact.revision)
        entry = self._book.messages.get(key)
        if entry is None:
            return ()
        entry.signed[fact.actor] = self._office.clock.time() + self.release_valid_s
        if not fact.released:
            return ()
        if not entry.is_released:
            self._tally.released(entry, batch)
        entry.state = MessageState.ACTIVE
        self._opening.inherit(entry, fact.heirs, batch)
        self._time(entry)
        self._tally.rest(entry)
        return list(self._book.of_message(key))

    def _ended(self, fact: MessageEnded, batch: Batch) -> Iterable[OpenTarget]:
        key = (fact.id, fact.revision)
        entry = self._book.messages.get(key)
        is_in_force = key in self._book.resting if entry is None else entry.state in (MessageState.HELD, MessageState.ACTIVE)
        if not is_in_force:
            return ()
        if fact.state is MessageState.EXPIRED:
            batch.messages[key] = fact.state
            batch.event("message.expired", f"message/{fact.id}", revision=fact.revision)
        if entry is None:
            self._book.close_message(key)
            return ()
        if not entry.is_released:
            batch.event("release.changed", f"release/{fact.id}", revision=fact.revision)
        entry.state = fact.state
        targets = list(self._book.of_message(key))
        self._end_fan_outs(entry)
        self._tally.rest(entry)
        return targets

    def _end_fan_outs(self, entry: OpenMessage) -> None:
        for number in entry.objectives:
            opened, met = self._book.objectives.get(number), self.end_fan_out(number)
            if opened is not None and met is not None:
                total = opened.objective.total
                self._tally.counted(opened, met=met, ended=max(0, total - met), total=total)

    def _counted(self, fact: FanOutCounted) -> Iterable[OpenTarget]:
        opened = self._book.objectives.get(fact.objective)
        if opened is not None:
            evidence = max(opened.objective.evidence, fact.evidence)
            opened.objective = msgspec.structs.replace(opened.objective, evidence=evidence)
            is_over = opened.message.state not in (MessageState.HELD, MessageState.ACTIVE)
            ended = max(0, fact.total - fact.met) if is_over else fact.ended  # counted before its message ended, in this very turn
            self._tally.counted(opened, met=fact.met, ended=ended, total=fact.total)
        return ()

    def _intervened(self, fact: Decided | Overdue, batch: Batch) -> Iterable[OpenTarget]:
        match fact:
            case Decided():
                return self._interventions.decided(fact, batch)
            case Overdue():
                return self._interventions.overdue(fact, batch)

    # Channels.

    def _of_channel(self, fact: ChannelObserved | ChannelSwitched | ChannelReopened | WaysChanged, batch: Batch) -> Iterable[OpenTarget]:
        match fact:
            case ChannelObserved():
                return self._observed(fact, batch)
            case ChannelSwitched():
                return self._on_channel(fact.channel)
            case ChannelReopened():
                return self._reopened(fact.channel, batch)
            case WaysChanged():
                self._board.refresh()
                for name in fact.channels:
                    self._reopened(name, batch)
                return list(self._book.targets())  # a way that was none has no delivery by which to find its target

    def _reopened(self, name: str, batch: Batch) -> list[OpenTarget]:
        """What waits on a channel for its time goes now: all at once, so that the most urgent is first and not whoever asked last."""
        holders, now = list(self._on_channel(name)), self._office.clock.time()
        for holder in holders:
            for delivery in list(holder.deliveries.values()):
                if delivery.channel == name and delivery.state is DeliveryState.HELD and delivery.not_before > now:
                    self._changed(holder, msgspec.structs.replace(delivery, not_before=now), batch)
        return holders

    def _observed(self, fact: ChannelObserved, batch: Batch) -> Iterable[OpenTarget]:
        change = self._board.observe(fact.channel, fact.sign, recipient=fact.recipient, reason=fact.reason, began_at=fact.began_at)
        if change is None:
            return ()
        before, after = change
        instance = self._board.get(fact.channel)
        is_meant = instance is not None and instance.admin is Admin.INHIBITED  # a mode has sent it to sleep
        kind = "alarm.channel_down" if after is Health.DOWN and not is_meant else "channel.health"
        batch.event(kind, f"channel/{fact.channel}", before=before, after=after, cause=fact.reason or fact.sign.value)
        return self._on_channel(fact.channel) if Health.DOWN in change else ()  # a choice that was made stands while it may be used

    def _on_channel(self, name: str) -> Iterator[OpenTarget]:
        """Every open target with something on a channel, most of them for nothing: rare, and simple."""
        for holder in list(self._book.targets()):
            if any(delivery.channel == name for delivery in holder.deliveries.values()):
                yield holder


def _is_not_noted(before: Delivery | None, after: Delivery) -> None:
    """Until the proven-path ledger is wired in, nobody notes what becomes of a delivery."""


def _is_none(objective: int) -> None:
    """Until the fan-outs are wired in, no objective is one."""
