"""Which waiting ways stand back for others, by the priority: the disjoint hedge, the disjoint third, the cheap one, the one in time. Pure.

P1 takes the best now and hedges with a way that shares no risk group with it; P2 goes in sequence, and its third try is disjoint from what
it tried; P3 and P4 wait rather than use what is scarce. P0 stands back for nothing: it takes one way of every risk group at once. The
ladder keeps its say: what stands back keeps its place, and goes when there is nothing left that it could stand back for.
Source: failover.md, Which channels, how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fenghuo.engine.confidence import groups_of, is_disjoint
from fenghuo.engine.draft import Draft
from fenghuo.model.delivery import Delivery, DeliveryState
from fenghuo.model.situation import Admin, ChannelView
from fenghuo.model.traffic import Priority

__all__ = ["BACK", "FEW", "also_now", "why_back"]

BACK = "stands back: "
"""What the reason of a HELD delivery begins with that could go and does not."""
FEW = 100
"""Recipients of one objective up to which a P0 takes several alternates of one rung at once; of more, the first copy to everybody goes
before the second to anybody (delivery.md, Priorities and the transmit scheduler)."""

_UNDER_WAY = (DeliveryState.READY, DeliveryState.EMITTING)
_CARRIED = (*_UNDER_WAY, DeliveryState.AWAITING, DeliveryState.IN_DOUBT)
Hopeful = Callable[[Delivery], bool]


def why_back(draft: Draft, delivery: Delivery, is_hopeful: Hopeful, *, is_last: bool = False) -> str:
    """Why a way that could go now stands back for another one, empty if it does not. `is_last`: the whole ladder is open and nothing on it
    is hopeful, so that only what is scarce still does."""
    priority = draft.frame.objective.priority
    if priority >= Priority.P3 and (why := _scarce(draft, delivery, is_hopeful)):
        return why
    if priority is Priority.P0 or is_last:
        return ""
    if priority <= Priority.P2 and (why := _sharing(draft, delivery, is_hopeful)):
        return why
    return _late(draft, delivery, is_hopeful)


def also_now(draft: Draft, usable: Iterable[Delivery]) -> list[Delivery]:
    """Alternates of a rung, best first, that a P0 takes beside the one under way: one for each risk group that nothing there hangs on. A
    channel whose settings name none says nothing of what it shares, and stays the alternate that it is; so does one on the same medium,
    where a second copy would take the airtime of somebody's first."""
    objective = draft.frame.objective
    if objective.priority is not Priority.P0 or objective.total > FEW:
        return []
    used = [view for one in draft.now.values() if one.state in _CARRIED and (view := draft.view(one))]
    found: list[Delivery] = []
    for delivery in usable:
        view = draft.view(delivery)
        if view is not None and view.gets_to(delivery.address) and groups_of(view) and all(_is_apart(view, other) for other in used):
            used.append(view)
            found.append(delivery)
    return found


def _is_apart(view: ChannelView, other: ChannelView) -> bool:
    return bool(groups_of(other)) and is_disjoint(view, other) and view.medium != other.medium


def _sharing(draft: Draft, delivery: Delivery, is_hopeful: Hopeful) -> str:
    """A second way that fails together with the first is no second way, while there is another one."""
    if any(is_hopeful(other) and delivery.reason.endswith(_does_not(other.channel)) for other in draft.now.values()):
        return delivery.reason  # what it stood back for has begun: it is the hedge of that one now
    own, least = draft.view(delivery), 1 if draft.frame.objective.priority is Priority.P1 else 2
    tried = [one for one in draft.now.values() if one.tries or one.state in _UNDER_WAY]
    if own is None or len(tried) < least:
        return ""
    used = _used(draft, tried, is_hopeful)
    shared = [view for view in used if not is_disjoint(own, view)]
    if len(used) < least or not shared:
        return ""
    for other in draft.now.values():
        view = draft.view(other)
        if view is None or other.id == delivery.id:
            continue
        is_apart = all(is_disjoint(view, one) for one in used if one.name != view.name)
        is_under_way = is_hopeful(other) and is_disjoint(own, view) and is_apart
        if is_under_way or (is_apart and view not in used and _is_next(draft, other, delivery)):
            group = min(set(own.risk_groups).intersection(shared[0].risk_groups), default=own.name)
            return f"{BACK}it shares {group} with {shared[0].name}{_does_not(view.name)}"
    return ""


def _does_not(channel: str) -> str:
    """What the reason ends with of a way that stands back for one over this channel, because that one shares nothing."""
    return f", and {channel} does not"


def _used(draft: Draft, tried: list[Delivery], is_hopeful: Hopeful) -> list[ChannelView]:
    """The channels that carry it: of a P1 those that are hopeful, or were tried if none is; below it all that were tried."""
    if draft.frame.objective.priority is Priority.P1:
        tried = [one for one in tried if is_hopeful(one)] or tried
    return list({view.name: view for one in tried if (view := draft.view(one)) is not None}.values())


def _late(draft: Draft, delivery: Delivery, is_hopeful: Hopeful) -> str:
    """What cannot be relied on before the deadline is no help before it while another way can."""
    why = draft.lateness(delivery)
    for other in draft.now.values() if why else ():
        if _is_saved(draft, other, delivery) or draft.lateness(other):
            continue
        if is_hopeful(other) or _is_next(draft, other, delivery):
            said = f"{BACK}it would take "
            is_said = delivery.reason.startswith(said) and delivery.reason.endswith(f"; {other.channel} may do")
            return delivery.reason if is_said else f"{BACK}{why}; {other.channel} may do"  # not anew for each second
    return ""


def _is_saved(draft: Draft, other: Delivery, delivery: Delivery) -> bool:
    """Whether routine traffic keeps from this one rather than from the one that stands back for it."""
    view, own = draft.view(other), draft.view(delivery)
    is_scarce = view is not None and view.scarce and own is not None and not own.scarce
    return is_scarce and draft.frame.objective.priority >= Priority.P3


def _scarce(draft: Draft, delivery: Delivery, is_hopeful: Hopeful) -> str:
    """Routine traffic waits for a cheap way that may still come, rather than use a scarce one."""
    view = draft.view(delivery)
    if view is None or not view.scarce:
        return ""
    for other in draft.now.values():
        cheap = draft.view(other)
        if cheap is None or cheap.scarce or cheap.admin is not Admin.ENABLED:
            continue
        if is_hopeful(other) or (other.state is DeliveryState.HELD and not draft.is_barred(other)):
            return f"{BACK}{view.name} is scarce, and {cheap.name} is waited for"
    return ""


def _is_next(draft: Draft, other: Delivery, delivery: Delivery) -> bool:
    """Whether another way could begin in this very look: on this rung or one behind it, on which nothing is under way."""
    if other.rung < delivery.rung or other.state is not DeliveryState.HELD or other.not_before > draft.frame.now:
        return False
    view = draft.view(other)
    if view is None or not view.gets_to(other.address) or (view.unsteady and view.name != delivery.channel):
        return False
    others = [one for one in draft.now.values() if one.rung == other.rung and one.id not in (other.id, delivery.id)]
    return not any(one.state is not DeliveryState.HELD for one in others)
