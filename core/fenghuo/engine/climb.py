"""Which delivery of a ladder begins: the rungs that are due, the best alternate of each, and a second copy when nothing else is hopeful.

Pure, and a part of the decision about one target (`advance`).
Source: delivery.md, Planning; At least once, with one exception.
"""

from __future__ import annotations

import msgspec

from fenghuo.engine.draft import A_MOMENT_S, Draft
from fenghuo.engine.last_attempt import CUT_OFF, LAST, may_override, waits_for
from fenghuo.engine.planning import best_first
from fenghuo.engine.rules import Rung, RungMode
from fenghuo.engine.spread import BACK, also_now, why_back
from fenghuo.model.delivery import Delivery, DeliveryState, Hold, Scope
from fenghuo.model.traffic import Priority

__all__ = ["GIVEN_UP", "Climb"]

GIVEN_UP = f"{Scope.CHANNEL} in-doubt"
"""Reason of a delivery whose doubt nobody resolved in time."""
SHORTEST_WAIT_S = 10.0
"""Between two looks for a hedge that the budget has not: of a crowd each look is work."""


class Climb(Draft):
    """A draft whose rungs open."""

    def open_rungs(self) -> None:
        """Give every open rung a live delivery if it can have one, and open the next rungs that are due; at last try what is left."""
        for index in range(self.target.rung):  # whatever gives way on one rung leaves its risk groups to an alternate of another
            self.give_way(index)
        for index in range(self.target.rung):
            self.enliven(index)
        while self.is_next_due():
            self.target = msgspec.structs.replace(self.target, rung=self.target.rung + 1, rung_at=self.frame.now)
            for index in range(self.target.rung):
                self.enliven(index)
        for index in range(self.target.rung):
            if self.is_at_its_end():
                self.enliven(index, is_last=True)
        self.override()
        self.watch_the_queue()

    def override(self) -> None:
        """A P0 for which nothing is hopeful goes once over each way that is said to be cut off."""
        if self.frame.objective.priority is not Priority.P0 or not self.is_at_its_end():
            return
        for delivery in tuple(self.now.values()):
            if may_override(delivery) and self.is_usable(delivery) and not self.is_barred(delivery):
                self.put(delivery, state=DeliveryState.READY, reason=CUT_OFF, not_before=self.frame.now)

    def is_next_due(self) -> bool:
        """Whether the next rung of the ladder is to be opened now; notes when it will be, if later."""
        target, frame = self.target, self.frame
        if target.rung >= len(frame.rungs):
            return False
        if self.is_urged and target.rung:
            self.is_urged = False
            return True
        following = frame.rungs[target.rung]
        if target.rung == 0 or frame.objective.priority is Priority.P0 or following.mode is RungMode.PARALLEL:
            return True
        if not any(self.is_hopeful(delivery) for delivery in self.now.values()):
            return True
        if any(self.stands_back(delivery) for delivery in self.now.values() if delivery.rung == target.rung - 1):
            return True
        due_s = self.patience_s(following)
        if due_s is None:
            return False
        if frame.now >= target.rung_at + due_s:
            return following.after_s is not None or self.may_hedge(due_s)
        self.wakes.append(target.rung_at + due_s)
        return False

    def watch_the_queue(self) -> None:
        """Look again when what waits for its turn will have waited too long, where there is another way."""
        deadline_at, now = self.frame.objective.deadline_at, self.frame.now
        if self.frame.objective.priority is Priority.P0 or not any(one.state is DeliveryState.HELD for one in self.now.values()):
            return
        for ready in (one for one in self.now.values() if one.state is DeliveryState.READY):
            load = self.load(ready)
            at = deadline_at - load.airtime_s - load.latency_q95_s + A_MOMENT_S
            self.wakes.extend([at] if at > now else [])

    def may_hedge(self, due_s: float) -> bool:
        """Whether the budget has one more; if not, again when it has one for this target. That is too far off in a crowd: then as long
        again, when the first has its outcome, or others have theirs."""
        if self.hedged < self.frame.hedges:
            self.hedged += 1
            return True
        again_at, looked_at = self.frame.now + max(due_s, SHORTEST_WAIT_S), self.target.wake_at
        if looked_at is not None and looked_at > self.frame.now:  # something else had it looked at: its turn stands
            again_at = min(again_at, looked_at)
        elif self.frame.hedge_at < again_at:
            again_at = self.promised = self.frame.hedge_at
        self.wakes.append(again_at)
        return False

    def patience_s(self, following: Rung) -> float | None:
        """Seconds after which the next rung opens although this one may still work: `after_s`, or for a hedge the q95 of what is under
        way; None: not by time."""
        if following.after_s is not None:
            return following.after_s
        if following.mode is RungMode.HEDGE or self.frame.objective.priority is Priority.P1:
            used = [view.latency_q95_s for one in self.now.values() if self.is_hopeful(one) and (view := self.view(one))]
            return max(used, default=0.0)
        return None

    def is_hopeful(self, delivery: Delivery) -> bool:
        """Whether a delivery of an open rung may still bring the evidence by itself."""
        if delivery.rung >= self.target.rung:
            return False
        match delivery.state:
            case DeliveryState.READY | DeliveryState.EMITTING:
                is_urgent_copy = delivery.refires > 0 and delivery.priority <= Priority.P1
                return not (is_urgent_copy or self.is_sent_again(delivery) or self.is_outrun(delivery))  # such goes beside the next rung
            case DeliveryState.AWAITING:
                return delivery.until is not None
            case DeliveryState.IN_DOUBT:
                is_waited_for = delivery.priority > Priority.P1 or self.may_be_told(delivery)
                return is_waited_for and not self.is_sent_again(delivery)
            case _:
                return False

    def is_outrun(self, delivery: Delivery) -> bool:
        """Whether what waits for its turn comes too late, and another way that has not begun would come in time."""
        if delivery.priority is Priority.P0 or not self.lateness(delivery):
            return False
        return any(self.may_begin(other) and not self.lateness(other) for other in self.now.values() if not self.is_kept(other))

    def is_kept(self, delivery: Delivery) -> bool:
        """Scarce, and not for what is routine."""
        view = self.view(delivery)
        return delivery.priority >= Priority.P3 and view is not None and view.scarce

    def is_sent_again(self, delivery: Delivery) -> bool:
        """Whether it was in doubt and goes once more under its token, as often as the far end keeps silent: a black hole gives no hope."""
        view = self.view(delivery)
        begun = delivery.tries - delivery.failures - (delivery.state is DeliveryState.EMITTING)
        return view is not None and view.doubt == "idempotent" and begun > 0

    def may_be_told(self, delivery: Delivery) -> bool:
        """Whether the channel may still say what became of it."""
        view = self.view(delivery)
        return view is not None and view.doubt == "queryable" and delivery.not_before > self.frame.now

    def enliven(self, index: int, *, is_last: bool = False) -> None:
        """Make the best waiting alternate of a rung READY, unless one is under way, or may have come while there is other hope; of a P0
        also one in the place of a way that failed, if nothing else carries it over that risk group."""
        self.give_way(index)
        here = [delivery for delivery in self.now.values() if delivery.rung == index]
        is_carried = any(self.is_occupied(delivery) or (self.may_have_come(delivery) and not is_last) for delivery in here)
        if is_carried and self.frame.objective.priority is not Priority.P0:
            return
        waiting = [delivery for delivery in here if delivery.state is DeliveryState.HELD and not self.is_barred(delivery)]
        usable = [delivery for delivery in waiting if self.may_go(delivery) and delivery.not_before <= self.frame.now]
        if not is_last and self.frame.objective.priority is not Priority.P0:
            usable = self.steady(usable)
        usable = self.those_that_go(usable, is_last=is_last)
        if usable and all(delivery.reason == Hold.CHANNEL for delivery in usable) and self.is_elsewhere(index):
            return
        self.wakes.extend(delivery.not_before for delivery in waiting if delivery.not_before > self.frame.now)
        best = self.best_first(usable)
        for first in () if is_carried else best[:1]:
            self.put(first, state=DeliveryState.READY, reason=self.begins_as(first))
        for delivery in also_now(self, best if is_carried else best[1:]):
            self.put(delivery, state=DeliveryState.READY, reason="")
        for delivery in () if usable or is_carried else waiting:
            waits_for_it = (waits_for(self.view(delivery)), Hold.SPENT, Hold.WAY)
            if delivery.reason not in waits_for_it and not self.stands_back(self.now[delivery.id]):
                self.put(delivery, reason=waits_for_it[0])

    def begins_as(self, delivery: Delivery) -> str:
        """The reason of one that becomes READY. That its way was cut off is remembered until it is on the air: it may be so still."""
        if not self.is_usable(delivery):
            return LAST
        return delivery.reason if delivery.reason == Hold.WAY else ""

    def best_first(self, usable: list[Delivery]) -> list[Delivery]:
        """Alternates in the order to try them; of one channel the older before the newer."""
        order = best_first(tuple({delivery.channel for delivery in usable}), self.frame.situation, self.target.recipient)
        older_first = sorted(usable, key=lambda delivery: delivery.id)
        return [delivery for name in order for delivery in older_first if delivery.channel == name]

    def those_that_go(self, usable: list[Delivery], *, is_last: bool) -> list[Delivery]:
        """Without those that stand back for another way, each of which says why."""
        going: list[Delivery] = []
        for delivery in usable:
            why = why_back(self, delivery, self.is_hopeful, is_last=is_last)
            if not why:
                going.append(delivery)
                continue
            if self.frame.objective.deadline_at > self.frame.now:  # after it nothing is late
                self.wakes.append(self.frame.objective.deadline_at)
            if why != delivery.reason:
                self.put(delivery, reason=why)
        return going

    @staticmethod
    def stands_back(delivery: Delivery) -> bool:
        return delivery.state is DeliveryState.HELD and delivery.reason.startswith(BACK)

    def steady(self, usable: list[Delivery]) -> list[Delivery]:
        """Without those over a channel that flaps, while a way over a steady one is hopeful or may begin: a switch, and not one a flap."""
        ways = [delivery for delivery in self.now.values() if not self.is_unsteady(delivery)]
        if not any(self.is_hopeful(delivery) or self.may_begin(delivery) for delivery in ways):
            return usable
        return [delivery for delivery in usable if not self.is_unsteady(delivery)]

    def is_unsteady(self, delivery: Delivery) -> bool:
        view = self.view(delivery)
        return view is None or view.unsteady

    def may_begin(self, delivery: Delivery) -> bool:
        """Whether it waits for its rung alone."""
        is_free = delivery.state is DeliveryState.HELD and self.is_usable(delivery) and delivery.not_before <= self.frame.now
        return is_free and not self.is_barred(delivery)

    def give_way(self, index: int) -> None:
        """A last attempt that still waits for its turn gives way to an alternate that is up again."""
        here = [delivery for delivery in self.now.values() if delivery.rung == index]
        if any(delivery.state is DeliveryState.HELD and self.is_usable(delivery) for delivery in here):
            for delivery in here:
                if delivery.state is DeliveryState.READY and delivery.reason == LAST:
                    self.put(delivery, state=DeliveryState.HELD, reason=Hold.CHANNEL)

    def is_elsewhere(self, index: int) -> bool:
        """Below P1 a rung that lost its channel waits while another rung is under way: two bearers that return bring one copy."""
        if self.frame.objective.priority <= Priority.P1:
            return False
        if any(rung.mode is RungMode.PARALLEL for rung in self.frame.rungs[: self.target.rung]):
            return False
        return any(self.is_hopeful(delivery) for delivery in self.now.values() if delivery.rung != index)

    def is_occupied(self, delivery: Delivery) -> bool:
        """Whether this delivery keeps its rung from trying an alternate: a second copy to the same person is failover, not routine."""
        if delivery.state is DeliveryState.IN_DOUBT:
            return delivery.priority > Priority.P1 or self.is_usable(delivery)
        if delivery.state is DeliveryState.READY:
            return not self.is_outrun(delivery)
        is_awaited = delivery.state is DeliveryState.AWAITING and delivery.until is not None
        return is_awaited or delivery.state is DeliveryState.EMITTING

    @staticmethod
    def may_have_come(delivery: Delivery) -> bool:
        """Emitted, waited for, and never confirmed: another way may be the second copy."""
        is_unconfirmed = delivery.state is DeliveryState.AWAITING and delivery.until is None
        return is_unconfirmed or (delivery.state is DeliveryState.FAILED and delivery.reason == GIVEN_UP)

    def is_at_its_end(self) -> bool:
        """The whole ladder is open and nothing on it is hopeful: an alternate is worth a second copy (C8)."""
        return self.target.rung >= len(self.frame.rungs) and not any(self.is_hopeful(delivery) for delivery in self.now.values())
