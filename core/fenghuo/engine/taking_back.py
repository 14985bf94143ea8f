"""How the end of a message gets to whoever had it when a channel that it went by has been switched off since. Pure.

A device that we started is stopped through its channel all the same: the switch keeps anything from being started, and what sounds must be
ended by whoever can. Words take another way instead, and what stood on the channel that is off is ended there too when it is on again.
Cancel needs one person, so that no other way waits for a signature: people hear what was drafted and signed with the message.
Source: security.md §3, rule 5; delivery.md, Order, supersession, expiry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from fenghuo.engine.planning import ACTUATOR, Candidate, Carriage, candidates
from fenghuo.engine.rules import RuleBook, Rung
from fenghuo.model.delivery import Delivery, DeliveryState
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.situation import Admin, ChannelView, Situation
from fenghuo.model.traffic import Priority

__all__ = ["barred", "is_stranded", "lifted", "other_ways", "stand_ins"]

_WAITS = frozenset({DeliveryState.HELD, DeliveryState.READY, DeliveryState.IN_DOUBT})


def lifted(situation: Situation) -> Situation:
    """As a stop may see it: no switch keeps one from a device. What is down is down."""
    if not any(_is_off(view) and view.doubt == ACTUATOR for view in situation.channels):
        return situation
    views = (msgspec.structs.replace(view, admin=Admin.ENABLED) if view.doubt == ACTUATOR else view for view in situation.channels)
    return msgspec.structs.replace(situation, channels=tuple(views))


def barred(names: Iterable[str], situation: Situation) -> tuple[str, ...]:
    """Those of these channels by which the words of a Cancel do not go now, whatever their health."""
    views = (situation.channel.get(name) for name in dict.fromkeys(names))
    return tuple(view.name for view in views if view is not None and _is_off(view) and view.doubt != ACTUATOR)


def is_stranded(deliveries: Collection[Delivery], situation: Situation) -> bool:
    """Whether somebody is told of the end over nothing but channels that are switched off."""
    shut = [one for one in deliveries if one.state in _WAITS and barred((one.channel,), situation)]
    return bool(shut) and not any(_tells(one, situation) for one in deliveries)


def other_ways(
    recipient: RecipientId, used: Collection[str], rules: RuleBook, *, carriage: Carriage, directory: Directory, situation: Situation
) -> tuple[Candidate, ...]:
    """The ways in place of what is switched off: what stands beside it in a ladder, before whatever else reaches this recipient. Starts
    no device. Those of the first of both that has one in use; where neither has, all that somebody has not switched off."""
    beside = dict.fromkeys(name for rungs in _ladders(rules, used) for rung in rungs for name in rung.channels)
    words = msgspec.structs.replace(carriage, may_start=False, priority=Priority.P0)
    open_ones: list[Candidate] = []
    for names in (tuple(beside), tuple(view.name for view in situation.channels if view.name not in beside)):
        rungs = (Rung(tuple(name for name in names if name not in used)),)
        found, _ = candidates(recipient, rungs, words, directory=directory, situation=situation)
        ways = [way for way in found if not _is_off(situation.channel[way.channel]) and situation.channel[way.channel].doubt != ACTUATOR]
        if any(situation.channel[way.channel].gets_to(way.address) for way in ways):
            return tuple(ways)
        open_ones += ways
    return tuple(open_ones)


def stand_ins(places: dict[str, int], ways: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The same as alternates of the first rung of what is switched off; `places`: rung by channel."""
    rung = min(places.values(), default=0)
    return tuple(msgspec.structs.replace(way, rung=rung) for way in ways)


def _ladders(rules: RuleBook, used: Collection[str]) -> list[tuple[Rung, ...]]:
    """Of those that name one of these channels."""
    ladders = (ladder.rungs for ladder in rules.ladders.values())
    return [rungs for rungs in ladders if any(name in used for rung in rungs for name in rung.channels)]


def _tells(delivery: Delivery, situation: Situation) -> bool:
    """Whether it brings the words, or has; a device that is stopped says nothing."""
    view = situation.channel.get(delivery.channel)
    is_words = view is not None and view.doubt != ACTUATOR
    return is_words and delivery.state is not DeliveryState.FAILED and not (delivery.state in _WAITS and _is_off(view))


def _is_off(view: ChannelView | None) -> bool:
    return view is None or view.admin is not Admin.ENABLED
