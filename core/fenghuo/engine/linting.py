"""What cannot work in the rules of a node, before a message finds out: on its channels, with its directory. Pure.

Source: failover.md, "The linter refuses"; I10 of delivery.md. Keys and ladders that do not exist are refused when the file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from fenghuo.engine.confidence import can_show
from fenghuo.engine.planning import lint
from fenghuo.engine.routing import whole
from fenghuo.engine.rules import Match, Rule, RuleBook
from fenghuo.engine.standing import dead_ends
from fenghuo.model.audience import Split
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.message import Scope
from fenghuo.model.situation import ChannelView, Situation
from fenghuo.model.traffic import Action, Kind, Priority, Traffic

__all__ = ["lint_rules", "lint_structure"]

SHOWN = 5
"""Recipients named in one sentence; the rest are counted."""

# What a message can hold in the fields that are closed sets. Source: CAP 1.2 §3.2; colours as the product writes them.
KNOWN: dict[str, tuple[str, ...]] = {
    "kind": tuple(Kind),
    "action": tuple(Action),
    "traffic": tuple(Traffic),
    "priority": tuple(level.name for level in Priority),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
    "colour": ("red", "orange", "yellow", "blue"),
    "scope": tuple(Scope),
}


def lint_rules(rules: RuleBook, directory: Directory, situation: Situation) -> tuple[str, ...]:
    """Every fault of rules and ladders as a sentence, in the order of the file; empty if there is none."""
    faults = _linted(rules, (*_STRUCTURE, *_PEOPLE), _Ground(rules, directory, situation))
    ungraded = {view.name: view.ungraded for view in situation.channels}
    return (*faults, *(f"rule {name!r}: {fault}" for name, fault in dead_ends(rules, ungraded)))


def lint_structure(rules: RuleBook, situation: Situation) -> tuple[str, ...]:
    """Those of them that no directory could mend: what such rules are for does not work on these channels."""
    return tuple(_linted(rules, _STRUCTURE, _Ground(rules, Directory(), situation)))


def _linted(rules: RuleBook, checks: Sequence[_Check], ground: _Ground) -> list[str]:
    faults = list(lint({name: (ladder.rungs, ladder.min_risk_groups) for name, ladder in rules.ladders.items()}, ground.situation))
    for place, rule in enumerate(rules.rules):
        faults += [f"rule {rule.name!r}: {fault}" for fault in _shadowed(rule, rules.rules[:place])]
        faults += [f"rule {rule.name!r}: {fault}" for check in checks for fault in check(rule, ground)]
    return faults


class _Ground(msgspec.Struct, frozen=True):
    """What a rule stands on."""

    rules: RuleBook
    directory: Directory
    situation: Situation

    def channels(self, rule: Rule) -> tuple[ChannelView, ...]:
        """The channels of its ladder that this node has."""
        names = dict.fromkeys(name for rung in self.rules.ladders[rule.ladder].rungs for name in rung.channels)
        return tuple(self.situation.channel[name] for name in names if name in self.situation.channel)


def _shadowed(rule: Rule, earlier: Sequence[Rule]) -> Iterator[str]:
    for other in earlier:
        if not other.continue_ and _covers(other.match, rule.match):
            yield f"is never reached; {other.name!r} before it matches all that it matches and does not continue"
            return


def _covers(wide: Match, narrow: Match) -> bool:
    """Whether whatever fits `narrow` fits `wide`: field by field the wide one is silent, or lists all that the narrow one lists."""
    pairs = [(getattr(wide, name), getattr(narrow, name)) for name in Match.__struct_fields__]
    return all(not ours or (theirs and set(theirs) <= set(ours)) for ours, theirs in pairs)


def _unknown_values(rule: Rule, ground: _Ground) -> Iterator[str]:
    for name, known in KNOWN.items():
        for value in getattr(rule.match, name):
            if value not in known:
                yield f"match.{name} has {value!r}, which no message has; known are {', '.join(known)}"


def _one_risk_group(rule: Rule, ground: _Ground) -> Iterator[str]:
    """I10: losing any one risk group leaves a rung for every P0. A channel without groups fails by itself alone."""
    channels = ground.channels(rule)
    if rule.priority_level is not Priority.P0 or not channels:
        return
    shared = set.intersection(*({f"channel:{view.name}", *view.risk_groups} for view in channels))
    for group in sorted(shared):
        yield f"is P0, and every channel of ladder {rule.ladder!r} is lost with {group}; name one that is not"


def _traffic(rule: Rule, ground: _Ground) -> Iterator[str]:
    channels = ground.channels(rule)
    for word in rule.match.traffic:
        if channels and word in KNOWN["traffic"] and not any(Traffic(word) in view.traffic for view in channels):
            yield f"is for {word}, and no channel of ladder {rule.ladder!r} may carry it"
    if rule.match.traffic and Traffic.ACTUAL not in rule.match.traffic:
        drills = ", ".join(rule.match.traffic)
        for view in channels:
            if Traffic.ACTUAL in view.traffic:
                yield f"is for {drills} alone, and channel {view.name!r} carries Actual too; give the drill an instance of its own"


def _unknown_people(rule: Rule, ground: _Ground) -> Iterator[str]:
    directory, audience = ground.directory, rule.audience
    named = {"role": {role for person in directory.persons for role in person.roles}, "organisation": set(directory.org_by_id)}
    for word, ids in (("role", audience.roles), ("organisation", audience.orgs)):
        for name in ids:
            if name not in named[word]:
                yield f"its audience has the {word} {name!r}, which nobody in the directory has"
    steps = [step.to.removeprefix("person:") for step in rule.escalate if step.to != "deputy"]
    for name in (*audience.persons, *steps):
        if name not in directory.person_by_id:
            yield f"names the person {name!r}, who is not in the directory"


def _unreachable(rule: Rule, ground: _Ground) -> Iterator[str]:
    """Whoever it may ever be for must have an address on some channel of its ladder."""
    if rule.audience.split is Split.PUBLIC:
        return
    everybody = whole(rule.audience, ground.directory)
    lost = [recipient for recipient in everybody if not _has_way(recipient, rule, ground)]
    if lost:
        names = ", ".join(lost[:SHOWN]) + (" …" if len(lost) > SHOWN else "")
        yield f"{len(lost)} of {len(everybody)} recipients have no address on any channel of ladder {rule.ladder!r}: {names}"
    if not everybody and _is_explicit(rule):
        yield "its audience is nobody in this directory"


def _mute(rule: Rule, ground: _Ground) -> Iterator[str]:
    """Whoever has addresses only where nothing can show what the rule needs is missed at every message, whatever they hear."""
    channels = ground.channels(rule)
    showing = {kind for view in channels if can_show(view, rule.needed_level) for kind in view.address_kinds}
    if rule.audience.split is Split.PUBLIC or not channels:
        return
    mute = {kind: view for view in channels if not can_show(view, rule.needed_level) for kind in view.address_kinds if kind not in showing}
    lost: list[RecipientId] = []
    for recipient in whole(rule.audience, ground.directory):
        kinds = {point.kind for point in ground.directory.contacts_by_owner.get(recipient, ())}
        if kinds.intersection(mute) and kinds.isdisjoint(showing):
            lost.append(recipient)
    if lost:
        names = ", ".join(lost[:SHOWN]) + (" …" if len(lost) > SHOWN else "")
        most = ", ".join(sorted({f"{view.name} {view.evidence_max.name}" for view in mute.values()}))
        yield (
            f"needs {rule.needed_level.name}, and {len(lost)} of its recipients have only channels that show less ({most}): {names}; "
            "a rule of their own may ask for that"
        )


def _public(rule: Rule, ground: _Ground) -> Iterator[str]:
    """A public is told by pages, and nobody in it is a person who could be asked next."""
    if rule.audience.split is not Split.PUBLIC:
        return
    for view in ground.channels(rule):
        if not view.batch:
            yield f"is for the public, and channel {view.name!r} of ladder {rule.ladder!r} takes no pages"
    if rule.escalate:
        yield "is for the public, and has steps of escalation; a public has no deputies"


def _has_way(recipient: RecipientId, rule: Rule, ground: _Ground) -> bool:
    kinds = {kind for view in ground.channels(rule) for kind in view.address_kinds}
    return any(point.kind in kinds for point in ground.directory.contacts_by_owner.get(recipient, ()))


def _is_explicit(rule: Rule) -> bool:
    """Whether the rule itself says who; one that does not is for messages that name their addressees."""
    audience = rule.audience
    return audience.split is not Split.PERSON or bool(audience.roles or audience.orgs or audience.persons)


_Check = Callable[[Rule, _Ground], Iterator[str]]
_STRUCTURE: tuple[_Check, ...] = (_unknown_values, _one_risk_group, _traffic, _public)
_PEOPLE: tuple[_Check, ...] = (_unknown_people, _unreachable, _mute)
