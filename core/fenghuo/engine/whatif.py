"""Who could not be reached any more if something failed, and what must not fail at all: the plans over another Situation. Pure.

A recipient counts under each rule that may ever be for it, with the channels of the rule's ladder that may carry whatever the rule matches,
that can bring the evidence it needs, that take an address of it, and that are usable in the Situation asked about. What fails takes every
channel that names it. A rule that may match what few channels carry counts with those few: a P0 is not held by what carries P2 to P4.
Source: failover.md, Which channels, how many (`fenghuo whatif`); I10.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from fenghuo.engine.confidence import Way, can_show, chance, groups_of, joint
from fenghuo.engine.planning import Carriage, fitting
from fenghuo.engine.routing import whole
from fenghuo.engine.rules import Rule, RuleBook, Rung
from fenghuo.model.audience import Split
from fenghuo.model.directory import ContactPoint, Directory, RecipientId
from fenghuo.model.roll import PUBLIC
from fenghuo.model.situation import ChannelView, Health, Situation
from fenghuo.model.traffic import Priority, Traffic

__all__ = [
    "Footing",
    "Loss",
    "Reach",
    "SinglePoint",
    "WhatIf",
    "carriages",
    "fallen",
    "footings",
    "losing",
    "named",
    "single_points",
    "unreached",
]


class Footing(msgspec.Struct, frozen=True):
    """By what a recipient is held under one rule for one kind of message: the channels that reach it now, and what takes all of them at
    one blow."""

    rule: str
    recipient: RecipientId
    channels: tuple[str, ...]
    points: frozenset[str]


class Loss(msgspec.Struct, frozen=True):
    """A recipient that a rule cannot reach any more. `through`: what of that which fails would be enough alone; empty: only together."""

    rule: str
    recipient: RecipientId
    channels: tuple[str, ...]
    through: tuple[str, ...]


class Reach(msgspec.Struct, frozen=True):
    """How surely those of a rule are reached, on average, before and after."""

    rule: str
    recipients: int
    before: float
    after: float


class WhatIf(msgspec.Struct, frozen=True):
    """What a failure would do. `already`: (rule, recipient) without a way as it is; `alone`: those left with one channel."""

    lost: tuple[Loss, ...]
    already: tuple[Footing, ...]
    alone: tuple[Footing, ...]
    reach: tuple[Reach, ...]


class SinglePoint(msgspec.Struct, frozen=True):
    """Something whose failure alone cuts somebody off: the channels that hang on it, and who is held by nothing else."""

    name: str
    channels: tuple[str, ...]
    held: tuple[Footing, ...]


def named(situation: Situation) -> frozenset[str]:
    """Everything that can fail: risk groups, and channels by their names."""
    return frozenset(name for view in situation.channels for name in points_of(view))


def points_of(view: ChannelView) -> frozenset[str]:
    """What a channel is lost with: itself, and whatever it hangs on."""
    return groups_of(view) | {view.name}


def fallen(situation: Situation, lost: Collection[str]) -> Situation:
    """The same Situation after these have failed."""
    gone = frozenset(lost)
    views = (
        msgspec.structs.replace(view, health=Health.DOWN) if not gone.isdisjoint(points_of(view)) else view for view in situation.channels
    )
    return msgspec.structs.replace(situation, channels=tuple(views))


def losing(rules: RuleBook, directory: Directory, situation: Situation, lost: Collection[str]) -> WhatIf:
    """What the failure of all of these together would do."""
    after = fallen(situation, lost)
    pairs = list(zip(footings(rules, directory, situation), footings(rules, directory, after), strict=True))
    gone = [
        Loss(before.rule, before.recipient, before.channels, tuple(sorted(before.points.intersection(lost))))
        for before, then in pairs
        if before.channels and not then.channels
    ]
    once = {(loss.rule, loss.recipient): loss for loss in reversed(gone)}
    return WhatIf(
        lost=tuple(reversed(once.values())),
        already=_once(before for before, _ in pairs if not before.channels),
        alone=_once(then for before, then in pairs if len(then.channels) == 1 and then.channels != before.channels),
        reach=tuple(_reach(rules, pairs, situation, after)),
    )


def single_points(rules: RuleBook, directory: Directory, situation: Situation) -> tuple[SinglePoint, ...]:
    """Everything that cuts somebody off by itself, what holds most people first."""
    held: dict[str, list[Footing]] = {}
    for footing in footings(rules, directory, situation):
        for point in footing.points:
            held.setdefault(point, []).append(footing)
    on = {point: tuple(view.name for view in situation.channels if point in points_of(view)) for point in held}
    found = [SinglePoint(point, on[point], tuple(whom)) for point, whom in held.items()]
    return tuple(sorted(found, key=lambda point: (-len({footing.recipient for footing in point.held}), point.name)))


def unreached(rules: RuleBook, directory: Directory, situation: Situation) -> tuple[Footing, ...]:
    """Who has no usable channel as it is: nothing can cut them off any more."""
    return _once(footing for footing in footings(rules, directory, situation) if not footing.channels)


def _once(found: Iterable[Footing]) -> tuple[Footing, ...]:
    """A recipient under a rule once, whatever the message."""
    return tuple({(one.rule, one.recipient): one for one in found}.values())


def footings(rules: RuleBook, directory: Directory, situation: Situation) -> Iterator[Footing]:
    """Every recipient under every rule and for each kind of message that is carried otherwise, in the order of file and directory."""
    for rule in rules.rules:
        for fit in _least(rule, rules.ladders[rule.ladder].rungs, situation):
            yield from _under(rule, directory, [view for view in fit if view.is_usable])


def _under(rule: Rule, directory: Directory, views: list[ChannelView]) -> Iterator[Footing]:
    known: dict[tuple[frozenset[str], frozenset[str]], tuple[tuple[str, ...], frozenset[str]]] = {}
    for recipient in _recipients(rule, directory):
        points = directory.contacts_by_owner.get(recipient, ())
        shut = frozenset(view.name for view in views if view.no_way and _is_shut(view, points))
        key = (frozenset(point.kind for point in points), shut)
        if key not in known:
            known[key] = _held_by([view for view in views if view.name not in shut and _takes(view, key[0], rule)])
        yield Footing(rule.name, recipient, *known[key])


def _is_shut(view: ChannelView, points: Iterable[ContactPoint]) -> bool:
    """Whether nobody gets to any address that it would take."""
    return all(point.address in view.no_way for point in points if point.kind in view.address_kinds)


def _held_by(ways: list[ChannelView]) -> tuple[tuple[str, ...], frozenset[str]]:
    points = frozenset.intersection(*map(points_of, ways)) if ways else frozenset()
    return tuple(view.name for view in ways), points


def _takes(view: ChannelView, kinds: frozenset[str], rule: Rule) -> bool:
    return view.batch if rule.audience.split is Split.PUBLIC else not kinds.isdisjoint(view.address_kinds)


def _recipients(rule: Rule, directory: Directory) -> tuple[RecipientId, ...]:
    """Whoever it may be for: a public as one, and of a rule for whom a message names everybody who has an address."""
    audience = rule.audience
    if audience.split is Split.PUBLIC:
        return (f"{PUBLIC}{audience.name}",)
    if audience.split is Split.PERSON and not (audience.roles or audience.orgs or audience.persons):
        return tuple(directory.contacts_by_owner)
    return whole(audience, directory)


def _least(rule: Rule, ladder: tuple[Rung, ...], situation: Situation) -> list[tuple[ChannelView, ...]]:
    """The channels for each kind of message that a rule may match, whatever their health; without those that have all that another has:
    whoever is held by few is held by more. What confirms no device is no way for what must be confirmed; whether a person answers, no
    channel can say of itself."""
    fits: dict[frozenset[str], tuple[ChannelView, ...]] = {}
    for carriage in carriages(rule):
        fit = tuple(view for view in fitting(ladder, carriage, situation) if can_show(view, rule.needed_level))
        fits[frozenset(view.name for view in fit)] = fit
    return [fit for names, fit in fits.items() if not any(other < names for other in fits)]


def carriages(rule: Rule) -> Iterator[Carriage]:
    """What a rule may match, and make of it: what a message says of itself counts more. Without a traffic the real one is asked about."""
    levels = {Priority[level] for level in rule.match.priority if level in Priority.__members__} or set(Priority)
    levels |= {rule.priority_level} if rule.priority_level is not None else set()
    for traffic in rule.match.traffic or (Traffic.ACTUAL,):
        yield from (Carriage(Traffic(traffic), level) for level in sorted(levels))


def _reach(rules: RuleBook, pairs: list[tuple[Footing, Footing]], situation: Situation, after: Situation) -> Iterator[Reach]:
    """By the channels' own chances, within the rule's deadline."""
    known: dict[tuple[str, tuple[str, ...], bool], float] = {}

    def sure(footing: Footing, at: Situation, left_s: float) -> float:
        key = (footing.rule, footing.channels, at is after)
        if key not in known:
            views = [at.channel[name] for name in footing.channels]
            known[key] = joint([Way(view.name, chance(view, at, left_s=left_s), groups_of(view)) for view in views], at.availability)
        return known[key]

    for rule in rules.rules:
        mine = [pair for pair in pairs if pair[0].rule == rule.name]
        before = [sure(footing, situation, rule.deadline_s) for footing, _ in mine]
        then = [sure(footing, after, rule.deadline_s) for _, footing in mine]
        if mine:
            yield Reach(rule.name, len({footing.recipient for footing, _ in mine}), sum(before) / len(mine), sum(then) / len(mine))
