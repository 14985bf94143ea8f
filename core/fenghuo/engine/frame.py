"""What the decision about one target may know, and what comes of it. Pure values."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from fenghuo.engine.admission import Load
from fenghuo.engine.rules import INHERITED, Escalation, Rung
from fenghuo.model.delivery import Delivery, DeliveryState, Objective, ObjectiveState, Target
from fenghuo.model.message import MessageState
from fenghuo.model.situation import Situation

__all__ = ["Frame", "Step", "ended_by"]


class Frame(msgspec.Struct, frozen=True):
    """What a decision may know beside the target and its deliveries. `now`: UTC seconds; `had`: the channels that brought an earlier
    revision to this recipient; `hedges`: how many may begin beside what is under way (hedging); `hedge_at`: when the budget has
    one more; `loads`: of the next one, by channel; `is_shed`: the mode in force holds its class back;
    `is_stop`: it takes back, and starts
    nothing; `is_restored`: it was in force before a restore, and a person has not said yet whether it goes; `is_urged`: somebody wants
    its next rung and its next step now."""

    objective: Objective
    rungs: tuple[Rung, ...]
    message_state: MessageState
    released: bool
    situation: Situation
    now: float
    escalate: tuple[Escalation, ...] = ()
    closing: bool = False
    had: frozenset[str] = frozenset()
    hedges: int = 1
    hedge_at: float = math.inf
    loads: Mapping[str, Load] = {}
    is_shed: bool = False
    is_restored: bool = False
    is_stop: bool = False
    is_urged: bool = False

    def owes(self, delivery: Delivery) -> bool:
        """Whether it goes whatever another channel has brought: what was shown on a screen or said on the air stands until it is taken back
        or replaced there (delivery.md, Order: "exactly those recipients and channels")."""
        is_over = self.objective.state is ObjectiveState.WAIVED or self.message_state is not MessageState.ACTIVE
        is_inherited = self.objective.ladder == INHERITED and not self.had  # of whom it is not known what they had
        return not is_over and (is_inherited or delivery.channel in self.had)


class Step(msgspec.Struct, frozen=True):
    """The new target, the deliveries that changed, and whom to ask as well. `cut_off`: a P0 whose every channel is down; `lingers`:
    met, and owed on other channels still; `hedged`: hedges that began; `promised`: when it comes back for one."""

    target: Target
    changed: tuple[Delivery, ...] = ()
    ask: tuple[str, ...] = ()
    cut_off: bool = False
    lingers: bool = False
    hedged: int = 0
    promised: float = 0.0


def ended_by(message: MessageState) -> DeliveryState:
    """What a delivery is that has not left when its message came to this state."""
    match message:
        case MessageState.SUPERSEDED:
            return DeliveryState.SUPERSEDED
        case MessageState.EXPIRED:
            return DeliveryState.EXPIRED
        case _:
            return DeliveryState.CANCELLED
