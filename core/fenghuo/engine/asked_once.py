"""Whoever several rules would tell of one message over the same channels is told by one of them: nobody reads the same text twice. Pure.

Source: scenarios.md A2 (nothing twice to a person); delivery.md, Dispatcher (a copy has its reason and its mark).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from fenghuo.engine.rules import RuleBook

if TYPE_CHECKING:
    from fenghuo.engine.routing import Routed  # which asks for this

__all__ = ["asked_once"]


def asked_once(items: Sequence[Routed], rules: RuleBook) -> tuple[Routed, ...]:
    """The same objectives, each without those whom another one tells over a channel that it names too.

    Of several the one stays that asks for more: by evidence, then by priority, then the one that goes on to somebody else, then the one
    with less time, then the first. What is left with nobody goes; the hands that it needs are asked for by the others.
    """
    if len(items) < 2:
        return tuple(items)
    channels = [{channel for rung in rules.ladder(item.rule.ladder).rungs for channel in rung.channels} for item in items]
    ranks = sorted(range(len(items)), key=lambda place: _rank(items[place], place))
    told: dict[str, set[str]] = defaultdict(set)
    kept: dict[int, list[str]] = {}
    for place in ranks:
        kept[place] = [recipient for recipient in items[place].recipients if told[recipient].isdisjoint(channels[place])]
        for recipient in kept[place]:
            told[recipient] |= channels[place]
    left = [msgspec.structs.replace(item, recipients=tuple(kept[place])) for place, item in enumerate(items)]
    if left == list(items):
        return tuple(items)
    hands = max(item.signatures for item in items)
    still = [one for one, item in zip(left, items, strict=True) if one.recipients or not item.recipients]
    return tuple(msgspec.structs.replace(one, signatures=hands) for one in still)


def _rank(item: Routed, place: int) -> tuple[int, int, bool, float, int]:
    return (-int(item.needed), int(item.priority), not item.rule.escalate, item.deadline_s, place)
