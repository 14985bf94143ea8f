"""What comes from outside the ordinary way of a delivery: the decisions of people, what the auditor found, and the call for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenMessage, OpenTarget
from fenghuo.engine.decisions import resolved, shed
from fenghuo.engine.facts import WITHDRAWN, Decided, Overdue
from fenghuo.engine.office import Office
from fenghuo.engine.restored import Restored
from fenghuo.engine.tally import Tally
from fenghuo.errors import NotFound
from fenghuo.model.delivery import Delivery, DeliveryState, Hold, Target, TargetState
from fenghuo.model.situation import Situation
from fenghuo.store.audit import Deed

__all__ = ["Interventions", "sound", "sound_late"]

Changed = Callable[[OpenTarget, Delivery, Batch], None]


def sound(doubtful: Delivery, situation: Situation, batch: Batch) -> None:
    """A device that may have started is started again by nobody but a person, who must hear of it at once (delivery.md, At least once).
    What was broken off because nobody wants it any more asks nobody anything: it is not to start again, and its stop goes out by itself."""
    view = situation.channel.get(doubtful.channel)
    if view is not None and view.doubt == "actuator" and not doubtful.reason.endswith(WITHDRAWN):
        body = {"message": doubtful.message, "recipient": doubtful.recipient, "channel": doubtful.channel, "cause": doubtful.reason}
        batch.event("alarm.in_doubt", f"delivery/{doubtful.id}", **body)


def sound_late(before: Delivery | None, after: Delivery, batch: Batch) -> None:
    """A device that would start long after its release is started by nobody but a person, who must hear of it at once."""
    if after.reason == Hold.LATE and (before is None or before.reason != Hold.LATE):
        body = {"message": after.message, "recipient": after.recipient, "channel": after.channel}
        batch.event("alarm.start_late", f"delivery/{after.id}", **body)


class Interventions:
    """The part of apply that carries them out; `changed` is apply's own way to note a delivery, `begin` to set the timers of a message."""

    def __init__(
        self, office: Office, book: Book, tally: Tally, changed: Changed, *, restored: Restored, begin: Callable[[OpenMessage], None]
    ) -> None:
        self._restored = restored
        self._begin = begin
        self._office = office
        self._book = book
        self._tally = tally
        self._changed = changed
        self._urged: set[tuple[int, str]] = set()

    def is_urged(self, target: Target) -> bool:
        """Whether somebody wants the next rung and the next step of this target now; asked once for each look."""
        key = (target.objective, target.recipient)
        is_so = key in self._urged
        self._urged.discard(key)
        return is_so

    def decided(self, fact: Decided, batch: Batch) -> Iterable[OpenTarget]:
        """Carry a decision out, or tell whoever made it why it cannot be."""
        try:
            dirty = self._freed(fact, batch) if fact.what == "release" else self._carry_out(fact, batch)
        except NotFound as missing:
            if not fact.answer.done():
                fact.answer.set_exception(missing)
            return ()
        if fact.what != "release":
            batch.decided(fact)
        return dirty

    def _freed(self, fact: Decided, batch: Batch) -> Iterable[OpenTarget]:
        """What was held since a restore goes on, the most urgent of it first as ever. Raises: NotFound: it is not held."""
        keys = self._restored.free(fact.ruling, batch)
        subject = f"message/{fact.ruling}" if fact.ruling else "store"
        batch.did(Deed.of("release", subject, messages=keys, reason=fact.reason), fact.by)
        batch.answers.append(fact.answer)
        for entry in self._book.messages.values():
            if f"{entry.message.id}/{entry.message.revision}" in keys:  # its time begins with the word, as after any release
                self._tally.released(entry, batch)
                self._begin(entry)
        return list(self._book.targets())

    def overdue(self, fact: Overdue, batch: Batch) -> Iterable[OpenTarget]:
        """Tell a person once, and have it looked at again."""
        opened = self._book.objectives.get(fact.objective)
        entry = opened.targets.get(fact.recipient) if opened else None
        if not fact.is_told:
            is_known = entry is not None or (opened is not None and not fact.recipient) or not fact.objective
            batch.event("alarm.overdue", fact.subject, what=fact.what, due=fact.since, recipient=fact.recipient, known=is_known)
        if fact.what == "deadline":
            self._tally.overdue(fact.objective, batch)
        if entry is None:
            return ()
        if fact.what == DeliveryState.READY:
            entry.unoffered.add(fact.delivery)
        return (entry,)

    def _carry_out(self, fact: Decided, batch: Batch) -> Iterable[OpenTarget]:
        """Raises: NotFound: there is nothing to decide about."""
        if fact.what == "waive":
            return self._tally.waive(fact, batch)
        if fact.what == "escalate":
            return self._urge(fact, batch)
        holder = self._book.by_delivery.get(fact.number)
        if holder is None:
            raise NotFound(f"no delivery {fact.number} is open")
        before = holder.deliveries[fact.number]
        now, needed = self._office.clock.time(), holder.objective.objective.needed
        after = shed(before, fact) if fact.what == "shed" else resolved(before, fact, needed=needed, now=now)
        self._changed(holder, after, batch)
        return (holder,)

    def _urge(self, fact: Decided, batch: Batch) -> list[OpenTarget]:
        """Its next rung opens, and its next step is due, in this very turn. Raises: NotFound: nothing of it is left."""
        opened = self._book.objectives.get(fact.number)
        if opened is None or not opened.message.is_released:
            raise NotFound(f"objective {fact.number} is not open; `fenghuo queue ls` shows what is")
        named = [one for one in opened.targets.values() if fact.ruling in ("", one.target.recipient)]
        urged = [one for one in named if one.target.state is TargetState.OPEN and _has_more(one)]
        if not urged:
            says = f"nothing is left to escalate objective {fact.number} to: every rung is open, and whoever was to be asked has been"
            raise NotFound(says)
        self._urged.update((one.target.objective, one.target.recipient) for one in urged)
        body = {"by": fact.by.actor, "reason": fact.reason, "recipients": len(urged)}
        batch.event("objective.urged", f"objective/{fact.number}", **body, recipient=fact.ruling)
        return urged


def _has_more(entry: OpenTarget) -> bool:
    target, opened = entry.target, entry.objective
    return target.rung < len(opened.rungs) or (not target.covers and target.escalated < len(opened.escalate))
