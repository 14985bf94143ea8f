"""One target, its deliveries, the situation and the time → what changes. Pure: the whole decision, nothing else.

`advance` never sees a whole objective. What came from a channel was turned into the next state of a delivery before (`settling`).
Source: delivery.md, States of a delivery; At least once, with one exception.
"""

from __future__ import annotations

import msgspec

from fenghuo.engine.climb import GIVEN_UP, Climb
from fenghuo.engine.frame import Frame, Step, ended_by
from fenghuo.engine.last_attempt import LAST, held_by, is_cut_off, rechecked
from fenghuo.engine.settling import CRASH, DECLINED, MAX_REFIRES, is_broken_off
from fenghuo.model.delivery import (
    OPEN_STATES,
    Delivery,
    DeliveryState,
    Hold,
    Target,
    TargetState,
)
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.model.traffic import Priority

__all__ = ["Frame", "Step", "advance", "ended_by"]

MAX_RESTARTS = 1
"""Starts of a device that may have started already, without a person's word (delivery.md, At least once, with one exception)."""
MAX_REPEATS = 2
"""Repeats of an emission without a receipt, on channels that may be repeated at all."""


def advance(target: Target, deliveries: tuple[Delivery, ...], frame: Frame) -> Step:
    """The next state of everything about one target."""
    draft = _Decision(target, deliveries, frame)
    draft.raise_evidence()
    if draft.is_met and any(map(frame.owes, deliveries)):
        draft.linger()
    elif target.state is not TargetState.OPEN:
        draft.close(target.state)
    elif draft.is_answered():
        draft.close(TargetState.MET)
    elif frame.closing or frame.message_state in (MessageState.SUPERSEDED, MessageState.CANCELLED):
        draft.close(TargetState.WITHDRAWN)
    elif frame.message_state is MessageState.EXPIRED:
        draft.close(TargetState.MISSED)
    elif not frame.released:
        draft.hold_all(Hold.RELEASE)
    elif frame.is_restored or frame.is_shed:
        draft.stand_still(Hold.RESTORED if frame.is_restored else Hold.MODE)
    else:
        draft.go_on()
    return draft.step()


class _Decision(Climb):
    """What becomes of the deliveries that there are; which of them begin is the climb's."""

    # Endings.

    def raise_evidence(self) -> None:
        """A target has the highest evidence of its deliveries, and never less than before (I3)."""
        best = max((delivery.evidence for delivery in self.now.values()), default=Evidence.STORED)
        if best > self.target.evidence:
            self.target = msgspec.structs.replace(self.target, evidence=best)

    @property
    def is_declined(self) -> bool:
        """A person has it, and says that it is not or cannot be done."""
        return any(delivery.reason == DECLINED for delivery in self.now.values())

    @property
    def is_met(self) -> bool:
        """Before or by this look."""
        return self.target.state is TargetState.MET or (self.target.state is TargetState.OPEN and self.is_answered())

    def is_answered(self) -> bool:
        """Whether the needed evidence is there. Whoever declined meets nothing by that, nor does a machine for them: only their own word
        over another channel does, as over the same one it takes the refusal back (domain.md §3.5)."""
        needed = self.frame.objective.needed
        if not self.is_declined:
            return self.target.evidence >= needed
        best = max((delivery.evidence for delivery in self.now.values() if delivery.reason != DECLINED), default=Evidence.STORED)
        return best >= max(needed, Evidence.HUMAN)

    def close(self, state: TargetState) -> None:
        """End the target and withdraw what has not left; what is being emitted ends with its outcome."""
        self.target = msgspec.structs.replace(self.target, state=state, wake_at=None)
        for delivery in self.now.values():
            self.end(delivery, state)

    def linger(self) -> None:
        """The target is met; what is owed on other channels goes on, and what has been waited for long enough there ends."""
        self.target = msgspec.structs.replace(self.target, state=TargetState.MET)
        for delivery in tuple(self.now.values()):
            is_confirmed = delivery.evidence >= min(self.frame.objective.needed, Evidence.DEVICE)
            if is_confirmed or not self.frame.owes(delivery):
                self.end(delivery, TargetState.MET)
            elif delivery.state is DeliveryState.AWAITING:
                self.wait_on(delivery)
            elif delivery.state in (DeliveryState.READY, DeliveryState.HELD, DeliveryState.IN_DOUBT):
                self.recheck(delivery)
        self.hold_late()
        for delivery in tuple(self.now.values()):
            if delivery.state is DeliveryState.HELD and delivery.reason != Hold.LATE:
                self.let_go(delivery)
            elif delivery.state is DeliveryState.AWAITING and delivery.until is None:
                self.end(delivery, TargetState.MET)
        self.target = msgspec.structs.replace(self.target, wake_at=min(self.wakes, default=None))

    def let_go(self, delivery: Delivery) -> None:
        """Whatever its rung: as soon as its channel can take it."""
        if delivery.not_before > self.frame.now:
            self.wakes.append(delivery.not_before)
        elif self.may_go(delivery):
            self.put(delivery, state=DeliveryState.READY, reason="" if self.is_usable(delivery) else LAST)

    def end(self, delivery: Delivery, state: TargetState) -> None:
        """Withdraw it, unless it is on the air or over."""
        if delivery.state in OPEN_STATES - {DeliveryState.EMITTING}:
            self.put(delivery, **self._end(delivery, state))

    def _end(self, delivery: Delivery, state: TargetState) -> dict[str, object]:
        if state is TargetState.MET and delivery.evidence >= self.frame.objective.needed and delivery.reason != DECLINED:
            return {"state": DeliveryState.MET, "reason": "", "until": None}
        return {"state": ended_by(self.frame.message_state), "reason": state.value.lower(), "until": None}

    def hold_all(self, reason: Hold) -> None:
        for delivery in self.now.values():
            if delivery.state in (DeliveryState.HELD, DeliveryState.READY) and delivery.reason != reason:
                self.put(delivery, state=DeliveryState.HELD, reason=reason)

    def stand_still(self, reason: Hold) -> None:
        """The mode in force holds its class back, or a person is to say first whether it goes: nothing of it begins, and what has left is
        waited for as ever."""
        for delivery in tuple(self.now.values()):
            if delivery.state is DeliveryState.AWAITING:
                self.wait_on(delivery)
            elif delivery.state is DeliveryState.IN_DOUBT:
                self.recheck(delivery)
        self.hold_all(reason)
        self.target = msgspec.structs.replace(self.target, wake_at=min(self.wakes, default=None))

    # Going on.

    def go_on(self) -> None:
        for delivery in tuple(self.now.values()):
            if delivery.state is DeliveryState.AWAITING:
                self.wait_on(delivery)
            elif delivery.state in (DeliveryState.READY, DeliveryState.HELD, DeliveryState.IN_DOUBT):
                self.recheck(delivery)
        self.hold_late()
        self.open_rungs()
        self.escalate()
        self.target = msgspec.structs.replace(self.target, wake_at=min(self.wakes, default=None))

    def recheck(self, delivery: Delivery) -> None:
        """Look at its channel, and at what may be done about a doubt."""
        state, reason = rechecked(delivery, self.view(delivery))
        if delivery.rung >= self.target.rung and reason == Hold.CHANNEL != delivery.reason:
            reason = Hold.RUNG  # it was held for a mode before its time had come
        if (state, reason) != (delivery.state, delivery.reason):
            delivery = self.put(delivery, state=state, reason=reason)
        if state is DeliveryState.IN_DOUBT:
            self.resolve(delivery)

    def wait_on(self, delivery: Delivery) -> None:
        """An emission without its receipt is hopeful until `until`; after that the next rung is due, and a receipt is still welcome."""
        if delivery.until is None:
            return
        if delivery.until <= self.frame.now:
            if self.may_repeat(delivery):
                self.repeat(delivery)
            else:
                self.put(delivery, until=None)
        else:
            self.wakes.append(delivery.until)

    def repeat(self, delivery: Delivery) -> None:
        """Once more, marked; if its channel is away, when that is back."""
        state, reason = (DeliveryState.READY, "repeat") if self.is_usable(delivery) else (DeliveryState.HELD, held_by(delivery))
        self.put(delivery, state=state, reason=reason, until=None, refires=delivery.refires + 1)

    def may_repeat(self, delivery: Delivery) -> bool:
        """On the last rung, a channel that may be repeated (a frame on the air that nobody confirmed) is tried again, marked."""
        view = self.view(delivery)
        is_last = self.target.rung >= len(self.frame.rungs)
        is_confirmed = delivery.evidence >= Evidence.DEVICE  # a person who does not answer is asked by escalation, not by the same frame
        return view is not None and view.repeat_safe and not is_confirmed and is_last and delivery.refires < MAX_REPEATS

    def resolve(self, delivery: Delivery) -> None:
        """What may be done about a doubt, by what the channel can do (the table in delivery.md)."""
        view = self.frame.situation.channel.get(delivery.channel)
        doubt = view.doubt if view else "opaque"
        if doubt == "actuator" and not self.may_start_again(delivery):
            return
        is_owed, is_free = self.owes_copy(delivery, doubt), doubt == "idempotent"
        refires = delivery.refires + (not is_free)
        if is_free and not self.is_usable(delivery):  # it need not be patient with a channel that comes back
            delivery = self.put(delivery, not_before=min(delivery.not_before, self.frame.now))
        if is_owed and self.is_usable(delivery) and delivery.not_before <= self.frame.now:
            self.put(delivery, state=DeliveryState.READY, reason="", until=None, refires=refires)
        elif delivery.until is not None and delivery.until <= self.frame.now:
            if is_owed:  # its channel is away, or we were: it goes when the channel is back
                self.put(delivery, state=DeliveryState.HELD, reason=held_by(delivery), until=None, refires=refires)
            elif self.may_repeat(delivery):  # no more is known of it than of a frame that nobody confirmed
                self.repeat(delivery)
            else:
                self.put(delivery, state=DeliveryState.FAILED, reason=GIVEN_UP, until=None)
        elif delivery.until is not None:
            self.wakes.append(delivery.until if delivery.not_before <= self.frame.now else min(delivery.not_before, delivery.until))

    def owes_copy(self, delivery: Delivery, doubt: str) -> bool:
        """Whether it is to be sent again, sooner or later: where that does no harm always; marked what is urgent, and what broke off
        so that nobody has the whole, unless another way has carried the message meanwhile: one doubt costs one copy, not two (I9)."""
        if doubt == "idempotent":
            return True
        others = () if self.frame.owes(delivery) else self.now.values()
        carried = any(other.evidence >= Evidence.ACCEPTED for other in others if other.id != delivery.id)
        may_copy = delivery.refires < MAX_REFIRES or delivery.reason == CRASH
        return (delivery.priority <= Priority.P1 or is_broken_off(delivery)) and not carried and may_copy

    def may_start_again(self, delivery: Delivery) -> bool:
        """Whether a device that may have started may be started by nobody's word: once, for what is urgent, where its operator said so."""
        view = self.view(delivery)
        is_meant = view is not None and view.refire_after_s is not None and delivery.refires < MAX_RESTARTS
        return is_meant and self.owes_copy(delivery, "actuator")

    def is_out_of_reach(self) -> bool:
        """Whether no way of a P0 reaches this recipient, and a channel is up that may reach another."""
        ways = self.now.values()
        return is_cut_off(ways, self.frame.situation) and any(self.is_usable(one) for one in ways if one.state in OPEN_STATES)

    def escalate(self) -> None:
        """Ask the next person when a step is due; a person who stands in for another is not stood in for."""
        if self.target.covers:
            return
        done = self.target.escalated
        for step in self.frame.escalate[done:]:
            due_at = self.frame.objective.opened_at + step.after_s
            is_first = done == self.target.escalated
            is_due = due_at <= self.frame.now or (self.frame.is_urged and is_first)
            is_due = is_due or (not done and (self.is_declined or self.is_out_of_reach()))  # neither is waited out
            if not is_due:
                self.wakes.append(due_at)
                break
            self.ask.append(step.to)
            done += 1
        self.target = msgspec.structs.replace(self.target, escalated=done)
