"""P0 overrides breakers: one last attempt over a channel that is down, for each delivery and outage, and an alarm when all are. Pure.

Source: failover.md, Health of a channel. An attempt is "last" from the moment it is READY over a channel that is down. Whatever
became of it, a doubt too, the delivery waits as any other until the channel is back, and only then may the next outage bring it another
one. So nothing turns in a circle while a channel stays down, nobody has a second one at the cost of somebody's first, and a success
proves the path: it is what takes the channel into its probation.

"On every channel" is for each rung: the channels of a rung stand in for each other, and P0 opens all rungs at once, which is where an
operator puts one channel of every risk group. So while one of a rung is up and hopeful, another that is down has no attempt: a second copy
to everybody over the same rung would make the first copy to anybody later. When nothing on the ladder is hopeful any more, it has.

A channel may be up and say that it does not reach this recipient (scope WAY: the base station of a radio is cut off). What it knows of that
may be old, so that a P0 that was never on the air goes once over it too, when nothing else is hopeful; and such a way is none that is up.
"""

from __future__ import annotations

from collections.abc import Iterable

from fenghuo.model.delivery import TERMINAL_STATES, Delivery, DeliveryState, Hold
from fenghuo.model.situation import Admin, ChannelView, Health, Situation
from fenghuo.model.traffic import Priority

__all__ = [
    "CUT_OFF",
    "LAST",
    "OVERRIDES",
    "held_by",
    "in_doubt",
    "is_cut_off",
    "is_due",
    "is_last",
    "may_override",
    "rechecked",
    "waits_for",
]

LAST = "last"
"""Reason of a READY or EMITTING delivery that goes although its channel is down."""
CUT_OFF = "cut off"
"""Reason of one that goes although its channel says that it does not reach the recipient."""
OVERRIDES = frozenset({LAST, CUT_OFF})
_BARRED = {Admin.INHIBITED: Hold.MODE, Admin.SILENT: Hold.SILENCE, Admin.STANDBY: Hold.POLICY}
_HELD_BACK = frozenset({*_BARRED.values(), Hold.RESTORED})
_IN_DOUBT = "last attempt: "
"""What the reason of a doubt begins with whose emission was one: the next try of it waits for the channel."""


def is_last(delivery: Delivery) -> bool:
    """Whether its try in hand, or the one it is in doubt about, is the last one of this outage."""
    return delivery.reason == LAST or (delivery.state is DeliveryState.IN_DOUBT and delivery.reason.startswith(_IN_DOUBT))


def held_by(delivery: Delivery) -> Hold:
    """Why it waits when its try has come to nothing on a channel that is down, or that does not reach its recipient."""
    if delivery.reason == CUT_OFF:
        return Hold.WAY
    return Hold.SPENT if is_last(delivery) else Hold.CHANNEL


def waits_for(view: ChannelView | None) -> Hold:
    """What a delivery waits for whose channel cannot be used: until it is up, for the mode that keeps it back or silent to be over, or
    for one that brings it in."""
    return _BARRED.get(view.admin, Hold.CHANNEL) if view is not None else Hold.CHANNEL


def in_doubt(delivery: Delivery, cause: str) -> str:
    """The reason of the doubt that follows from `cause`."""
    return _IN_DOUBT + cause if is_last(delivery) else cause


def is_due(delivery: Delivery, view: ChannelView | None) -> bool:
    """Whether this delivery may go over a channel that is down, and has not done so in this outage."""
    is_down = view is not None and view.admin is Admin.ENABLED and view.health is Health.DOWN
    return is_down and delivery.priority is Priority.P0 and delivery.reason != Hold.SPENT


def may_override(delivery: Delivery) -> bool:
    """Whether it may go over a way that is cut off: it waits for that, and nothing of it was ever on the air there."""
    return delivery.state is DeliveryState.HELD and delivery.reason == Hold.WAY and not delivery.tries


def rechecked(delivery: Delivery, view: ChannelView | None) -> tuple[DeliveryState, str]:
    """State and reason of a READY, HELD or IN_DOUBT delivery after a look at its channel."""
    is_usable = view is not None and view.gets_to(delivery.address)
    if delivery.state is DeliveryState.IN_DOUBT:
        return (delivery.state, delivery.reason.removeprefix(_IN_DOUBT) if is_usable else delivery.reason)
    is_ready = delivery.state is DeliveryState.READY
    if is_ready and not is_usable:
        if view is not None and view.is_usable:  # the channel is there, and no way to whom it is for
            return (DeliveryState.HELD, Hold.WAY)
        return (DeliveryState.READY, LAST) if is_due(delivery, view) else (DeliveryState.HELD, waits_for(view))
    if is_ready and delivery.reason == LAST:
        return (DeliveryState.READY, "")
    if delivery.reason in _HELD_BACK and delivery.reason != waits_for(view):
        return (DeliveryState.HELD, Hold.CHANNEL)  # as after an outage: where another way is hopeful it is no second copy
    if is_usable and delivery.reason == Hold.SPENT:
        return (DeliveryState.HELD, Hold.CHANNEL)
    return (delivery.state, delivery.reason)


def is_cut_off(deliveries: Iterable[Delivery], situation: Situation) -> bool:
    """Whether every way that a P0 still has is over a channel that is down or switched off, or that does not reach the recipient."""
    ways = [one for one in deliveries if one.priority is Priority.P0 and one.state not in TERMINAL_STATES]
    return bool(ways) and not any(_is_open(one, situation.channel.get(one.channel)) for one in ways)


def _is_open(delivery: Delivery, view: ChannelView | None) -> bool:
    return view is not None and view.gets_to(delivery.address) and delivery.reason not in (Hold.WAY, CUT_OFF)
