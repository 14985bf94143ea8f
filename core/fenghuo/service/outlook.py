"""How surely a recipient is reached as things stand, in a sentence with the numbers used. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from fenghuo.engine.confidence import AVAILABILITY, TARGET, WORKING, Way, chance, groups_of, joint
from fenghuo.model.delivery import TERMINAL_STATES, Delivery, Objective, Target, TargetState
from fenghuo.model.situation import Admin, ChannelView, Situation

__all__ = ["Outlook", "channel_says", "target_says"]


class Outlook(msgspec.Struct, frozen=True):
    """What can be known now: the Situation, and the moment, UTC seconds."""

    situation: Situation
    now: float


def target_says(target: Target, deliveries: Iterable[Delivery], objective: Objective, outlook: Outlook) -> str:
    """By what an open target may still be reached before its deadline, and how surely by all of it; empty for one that is not open."""
    left_s = objective.deadline_at - outlook.now
    if target.state is not TargetState.OPEN or left_s <= 0:
        return ""
    situation = outlook.situation
    names = dict.fromkeys(one.channel for one in deliveries if one.state not in TERMINAL_STATES)
    views = [view for name in names if (view := situation.channel.get(name)) is not None]
    ways = [Way(view.name, chance(view, situation, target.recipient, left_s=left_s), groups_of(view)) for view in views]
    asked = TARGET[objective.priority]
    if not ways:
        return f"no channel is left that may reach it by its deadline in {left_s:.0f} s"
    parts = ", ".join(f"{way.channel} {way.p:.4f}{_on(way.groups, situation)}" for way in ways)
    reached = joint(ways, situation.availability)
    return f"as things stand it is reached in the {left_s:.0f} s that are left with {reached:.4f} of {asked:g}: {parts}"


def channel_says(view: ChannelView, situation: Situation) -> Iterator[str]:
    """What planning makes of a channel: its chance, what it hangs on and with whom, and what it is kept for."""
    groups = groups_of(view)
    p = chance(view, situation)
    whole = joint([Way(view.name, p, groups)], situation.availability)
    health = f"{view.health.value} {WORKING[view.health]:g}" if view.admin is Admin.ENABLED else view.admin.value
    yield f"planning counts on it with {whole:.4f}: reach {view.reach:g}, {health}" + (_on(groups, situation) or ", no risk groups")
    for group in sorted(groups):
        others = [other.name for other in situation.channels if other.name != view.name and group in other.risk_groups]
        if others:
            yield f"{group} is shared with {', '.join(others)}"
    if view.scarce:
        yield "it is scarce: P3 and P4 wait for another way of their ladder"


def _on(groups: Iterable[str], situation: Situation) -> str:
    named = ", ".join(f"{group} {situation.availability.get(group, AVAILABILITY):g}" for group in sorted(groups))
    return f" (on {named})" if named else ""
