"""P0 overrides breakers: one last attempt over a channel that is down, for each delivery and outage, and an alarm when all are. Pure.

Source: failover.md, Health of a channel. An attempt is "last" from the moment it is READY over a channel that is down; when it failed,
the delivery waits as any other until the channel is back, and only then may the next outage bring it another one. So nothing turns
in a circle while a channel stays down, and a success proves the path: it is what takes the channel into its probation.

"On every channel" is for each rung: the channels of a rung stand in for each other, and P0 opens all rungs at once, which is where an
operator puts one channel of every risk group. So while one of a rung is up and hopeful, another that is down has no attempt: a second copy
to everybody over the same rung would make the first copy to anybody later. When nothing on the ladder is hopeful any more, it has.
"""

from __future__ import annotations

from collections.abc import Iterable

from fenghuo.model.delivery import TERMINAL_STATES, Delivery, DeliveryState, Hold
from fenghuo.model.situation import Admin, ChannelView, Health, Situation
from fenghuo.model.traffic import Priority

__all__ = ["LAST", "is_cut_off", "is_due", "rechecked"]

LAST = "last"
"""Reason of a READY or EMITTING delivery that goes although its channel is down."""


def is_due(delivery: Delivery, view: ChannelView | None) -> bool:
    """Whether this delivery may go over a channel that is down, and has not done so in this outage."""
    is_down = view is not None and view.admin is Admin.ENABLED and view.health is Health.DOWN
    return is_down and delivery.priority is Priority.P0 and delivery.reason != Hold.SPENT


def rechecked(delivery: Delivery, view: ChannelView | None) -> tuple[DeliveryState, str]:
    """State and reason of a READY or HELD delivery after a look at its channel."""
    is_usable = view is not None and view.is_usable
    is_ready = delivery.state is DeliveryState.READY
    if is_ready and not is_usable:
        return (DeliveryState.READY, LAST) if is_due(delivery, view) else (DeliveryState.HELD, Hold.CHANNEL)
    if is_ready and delivery.reason == LAST:
        return (DeliveryState.READY, "")
    if is_usable and delivery.reason == Hold.SPENT:
        return (DeliveryState.HELD, Hold.CHANNEL)
    return (delivery.state, delivery.reason)


def is_cut_off(deliveries: Iterable[Delivery], situation: Situation) -> bool:
    """Whether every way that a P0 still has is over a channel that is down or switched off."""
    views = [situation.channel.get(one.channel) for one in deliveries if one.priority is Priority.P0 and one.state not in TERMINAL_STATES]
    return bool(views) and not any(view is not None and view.is_usable for view in views)
