"""What to make ready before something fails: single measures, each of which gives somebody a way who would have none. Pure.

A channel that stands after the failure and could carry whatever the rule matches lacks one thing: it is switched off, the people have no
address that it takes, or the rule's ladder does not name it. What would take two measures is not proposed.
Source: failover.md, Which channels, how many (`fenghuo whatif`: "what to stage now").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from fenghuo.engine.planning import fitting
from fenghuo.engine.rules import Rule, RuleBook, Rung
from fenghuo.engine.whatif import carriages
from fenghuo.model.audience import Split
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, ChannelView, Health, Situation

__all__ = ["Measure", "Stage", "staged"]


class Measure(StrEnum):
    """What is to be done."""

    ENABLE = "enable"
    ADDRESS = "address"
    LADDER = "ladder"


class Stage(msgspec.Struct, frozen=True):
    """One measure with a channel, and whom it would give a way. `kinds`: of addresses that it takes; `ladder`: of the rule."""

    measure: Measure
    channel: str
    ladder: str
    kinds: tuple[str, ...]
    recipients: tuple[RecipientId, ...]


def staged(rules: RuleBook, directory: Directory, after: Situation, without: Iterable[tuple[str, RecipientId]]) -> tuple[Stage, ...]:
    """The measures for those (rule, recipient) who have no way in the Situation `after` a failure; what helps most people first."""
    cut_off: dict[str, list[RecipientId]] = {}
    for name, recipient in without:
        cut_off.setdefault(name, []).append(recipient)
    found: dict[tuple[Measure, str, str], dict[RecipientId, None]] = {}
    for rule in (rule for rule in rules.rules if rule.name in cut_off):
        for view in _able(rule, after):
            is_named = any(view.name in rung.channels for rung in rules.ladders[rule.ladder].rungs)
            for recipient, measure in _lacking(view, rule, directory, cut_off[rule.name], is_named=is_named):
                ladder = rule.ladder if measure is Measure.LADDER else ""
                found.setdefault((measure, view.name, ladder), {})[recipient] = None
    stages = [Stage(*key, after.channel[key[1]].address_kinds, tuple(whom)) for key, whom in found.items()]
    return tuple(sorted(stages, key=lambda stage: (-len(stage.recipients), list(Measure).index(stage.measure), stage.channel)))


def _able(rule: Rule, after: Situation) -> list[ChannelView]:
    """Channels that stand and could carry all that the rule may match, to the evidence that it needs."""
    every = (Rung(channels=tuple(view.name for view in after.channels)),)
    carried = [frozenset(view.name for view in fitting(every, carriage, after)) for carriage in carriages(rule)]
    able = frozenset.intersection(*carried) if carried else frozenset()
    needed = min(rule.needed_level, Evidence.DEVICE)
    return [view for view in after.channels if view.name in able and view.evidence_max >= needed and view.health is not Health.DOWN]


def _lacking(
    view: ChannelView, rule: Rule, directory: Directory, whom: Iterable[RecipientId], *, is_named: bool
) -> Iterator[tuple[RecipientId, Measure]]:
    """The one thing that keeps this channel from reaching each of them, where it is one that can be staged."""
    common = [Measure.ENABLE] if view.admin is Admin.DISABLED else []
    common += [] if is_named else [Measure.LADDER]
    if view.admin in (Admin.INHIBITED, Admin.STANDBY):  # which a mode says, and no operator stages
        return
    for recipient in whom:
        lacks = common if _is_addressed(view, rule, directory, recipient) else [*common, Measure.ADDRESS]
        if len(lacks) == 1 and not (lacks == [Measure.ADDRESS] and rule.audience.split is Split.PUBLIC):
            yield recipient, lacks[0]


def _is_addressed(view: ChannelView, rule: Rule, directory: Directory, recipient: RecipientId) -> bool:
    if rule.audience.split is Split.PUBLIC:
        return view.batch
    return any(point.kind in view.address_kinds for point in directory.contacts_by_owner.get(recipient, ()))
