"""How surely a recipient is reached as things stand, in a sentence with the numbers used. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from fenghuo.clock import instant
from fenghuo.engine.confidence import AVAILABILITY, TARGET, WORKING, Way, can_show, chance, groups_of, joint
from fenghuo.formats.sentences import Sentence, said
from fenghuo.formats.wording import BEIJING
from fenghuo.model.delivery import TERMINAL_STATES, Delivery, Objective, Target, TargetState
from fenghuo.model.situation import Admin, ChannelView, Situation

__all__ = ["Outlook", "channel_says", "target_says"]


class Outlook(msgspec.Struct, frozen=True):
    """What can be known now: the Situation, and the moment, UTC seconds."""

    situation: Situation
    now: float


def target_says(target: Target, deliveries: Iterable[Delivery], objective: Objective, outlook: Outlook) -> Sentence | None:
    """By what an open target may still be reached before its deadline, and how surely by all of it; None for one that is not open."""
    left_s = objective.deadline_at - outlook.now
    if target.state is not TargetState.OPEN or left_s <= 0:
        return None
    situation = outlook.situation
    open_ones = [one for one in deliveries if one.state not in TERMINAL_STATES]
    shut = {one.channel for one in open_ones if (view := situation.channel.get(one.channel)) is not None and one.address in view.no_way}
    names = dict.fromkeys(one.channel for one in open_ones if one.channel not in shut)
    begins = {name: min(one.not_before for one in open_ones if one.channel == name) for name in names}
    views = [view for name in names if (view := situation.channel.get(name)) is not None]
    useless = {view.name: why for view in views if (why := _why_useless(view, begins[view.name], objective)) is not None}
    ways = [
        Way(
            view.name,
            chance(view, situation, target.recipient, left_s=min(left_s, objective.deadline_at - begins[view.name])),
            groups_of(view),
        )
        for view in views
        if view.name not in useless
    ]
    asked = TARGET[objective.priority]
    if not views:
        return said("outlook.none", left=f"{left_s:.0f}")
    parts = [said("outlook.way", channel=way.channel, p=f"{way.p:.4f}", on=_on(way.groups, situation)) for way in ways]
    parts += useless.values()
    reached = joint(ways, situation.availability)
    return said("outlook.reached", left=f"{left_s:.0f}", p=f"{reached:.4f}", asked=f"{asked:g}", parts=parts)


def _why_useless(view: ChannelView, begins: float, objective: Objective) -> Sentence | None:
    """Why a way that stays open brings nothing that counts before the deadline: it can never show what is needed, or it waits longer."""
    if not can_show(view, objective.needed):
        return said("outlook.mute", channel=view.name, most=view.evidence_max.name, needed=objective.needed.name)
    if begins >= objective.deadline_at:
        at = instant(begins).astimezone(BEIJING).isoformat(timespec="seconds")
        return said("outlook.later", channel=view.name, at=at)
    return None


def channel_says(view: ChannelView, situation: Situation) -> Iterator[Sentence]:
    """What planning makes of a channel: its chance, what it hangs on and with whom, and what it is kept for."""
    groups = groups_of(view)
    p = chance(view, situation)
    whole = joint([Way(view.name, p, groups)], situation.availability)
    health = f"{view.health.value} {WORKING[view.health]:g}" if view.admin is Admin.ENABLED else view.admin.value
    on = _on(groups, situation) or said("outlook.alone")
    yield said("outlook.channel", p=f"{whole:.4f}", reach=f"{view.reach:g}", health=health, on=on)
    for group in sorted(groups):
        others = [other.name for other in situation.channels if other.name != view.name and group in other.risk_groups]
        if others:
            yield said("outlook.shared", group=group, others=others)
    if view.scarce:
        yield said("outlook.scarce")


def _on(groups: Iterable[str], situation: Situation) -> Sentence | None:
    named = [f"{group} {situation.availability.get(group, AVAILABILITY):g}" for group in sorted(groups)]
    return said("outlook.on", groups=named) if named else None
