"""The working copy of one decision about a target: its deliveries as they are by now, whom to ask, and when to look again."""

from __future__ import annotations

import math

import msgspec

from fenghuo.engine.admission import NO_LOAD, Load, late
from fenghuo.engine.frame import Frame, Step
from fenghuo.engine.last_attempt import is_cut_off, is_due
from fenghuo.model.delivery import OPEN_STATES, Delivery, DeliveryState, Hold, Scope, Target, TargetState
from fenghuo.model.situation import ChannelView

__all__ = ["A_MOMENT_S", "BY_WORD", "Draft"]

BY_WORD = "by a person's word"
"""Reason of a READY delivery that somebody let go, however late it is."""
A_MOMENT_S = 0.001
"""After its last chance to be in time a delivery is late, whatever a sum of floats makes of that instant."""


class Draft:
    """Lives for one call of advance()."""

    def __init__(self, target: Target, deliveries: tuple[Delivery, ...], frame: Frame) -> None:
        self.target = target
        self.before = {delivery.id: delivery for delivery in deliveries}
        self.now = {delivery.id: delivery for delivery in deliveries}
        self.frame = frame
        self.ask: list[str] = []
        self.wakes: list[float] = []
        self.hedged = 0
        self.promised = 0.0
        self.is_urged = frame.is_urged  # and has not had its rung for it yet

    def view(self, delivery: Delivery) -> ChannelView | None:
        return self.frame.situation.channel.get(delivery.channel)

    def is_usable(self, delivery: Delivery) -> bool:
        view = self.view(delivery)
        return view is not None and view.gets_to(delivery.address)

    def may_go(self, delivery: Delivery) -> bool:
        """Usable, or down with a last attempt due."""
        return self.is_usable(delivery) or is_due(delivery, self.view(delivery))

    def is_barred(self, delivery: Delivery) -> bool:
        """Whether it would start a device too late; or its address was refused on its rung, which another channel would do too: a channel's
        own failure says nothing of it."""
        return self.start_by(delivery) < self.frame.now or any(
            one.state is DeliveryState.FAILED and one.reason.startswith(Scope.RECIPIENT)
            for one in self.now.values()
            if one.rung == delivery.rung and one.address == delivery.address
        )

    def start_by(self, delivery: Delivery) -> float:
        """Until when it may start a device without a person's word (UTC seconds): a siren that comes back after hours must not sound for
        what was. What starts nothing may come at any time, a stop too, and so may what a person has let go."""
        view = self.view(delivery)
        if view is None or view.start_within_s is None or view.doubt != "actuator" or self.frame.is_stop or delivery.reason == BY_WORD:
            return math.inf
        return self.frame.objective.opened_at + view.start_within_s

    def hold_late(self) -> None:
        """What would start a device too late waits for a person; look again when that will be."""
        for delivery in tuple(self.now.values()):
            start_by = self.start_by(delivery)
            if delivery.state not in (DeliveryState.HELD, DeliveryState.READY) or math.isinf(start_by):
                continue
            if start_by < self.frame.now:
                self.put(delivery, state=DeliveryState.HELD, reason=Hold.LATE)
            else:
                self.wakes.append(start_by + A_MOMENT_S)

    def lateness(self, delivery: Delivery) -> str:
        """Why it cannot be relied on in time (admission); what has left is held to the time that its objective had; after the deadline
        nothing is late."""
        objective, load = self.frame.objective, self.load(delivery)
        left_s = objective.deadline_at - self.frame.now
        if left_s <= 0:
            return ""
        if delivery.state not in (DeliveryState.HELD, DeliveryState.READY):
            return late(Load(latency_q95_s=load.latency_q95_s), objective.deadline_at - objective.opened_at)
        return late(load, left_s, delivery.expires_at - self.frame.now)

    def load(self, delivery: Delivery) -> Load:
        """What is before it and what it costs. The place of a READY one in the queue is its own: of it is asked whether it would be late if
        it were next."""
        view = self.view(delivery)
        load = self.frame.loads.get(delivery.channel) or (Load(latency_q95_s=view.latency_q95_s) if view else NO_LOAD)
        return msgspec.structs.replace(load, ahead_s=0.0) if delivery.state is DeliveryState.READY else load

    def put(self, delivery: Delivery, **changes: object) -> Delivery:
        after = self.now[delivery.id] = msgspec.structs.replace(self.now[delivery.id], **changes)
        return after

    def step(self) -> Step:
        changed = tuple(delivery for key, delivery in self.now.items() if delivery is not self.before[key] and delivery != self.before[key])
        owed = (delivery for delivery in self.now.values() if self.frame.owes(delivery))
        lingers = self.target.state is TargetState.MET and any(delivery.state in OPEN_STATES for delivery in owed)
        cut_off = self.target.state is TargetState.OPEN and self.frame.released and is_cut_off(self.now.values(), self.frame.situation)
        return Step(self.target, changed, tuple(self.ask), cut_off, lingers, self.hedged, self.promised)
