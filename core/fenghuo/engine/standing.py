"""What a channel may carry whose type has not passed bronze of the conformance kit: P2 to P4, and what follows what it carried. Pure.

A Cancel is P0, and goes over such a channel all the same, as does an Update to those whom its own rules leave out: it is for exactly
those who got what it ends, and they may have no other way. An order that was carried and could not be taken back would do more harm than
a channel that is perhaps not sound; what it can do wrong with a Cancel it has done with the order already. So only what the rules route
is held to this, and never what is inherited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fenghuo.engine.rules import Rule, RuleBook
from fenghuo.model.delivery import Objective
from fenghuo.model.traffic import Priority

__all__ = ["URGENT", "dead_ends", "refusal", "too_urgent"]

URGENT = Priority.P1
"""The least urgent of what takes bronze. Source: plugins.md, the conformance kit."""


def too_urgent(ungraded: str, priority: Priority) -> str:
    """Why a channel does not carry what the rules route with this priority, empty if it does. `ungraded`: as in ChannelView."""
    return f"the channel carries P2 to P4 only: {ungraded}" if ungraded and priority <= URGENT else ""


def refusal(ungraded: str, objective: Objective) -> str:
    """The same for an objective that stands already, at the moment of the licence; what is inherited stands by no rule."""
    return too_urgent(ungraded, objective.priority) if objective.rule else ""


def dead_ends(rules: RuleBook, ungraded: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Rules by which something urgent may come and go nowhere, with the reason. `ungraded`: of every channel of this node, by name."""
    for rule in rules.rules:
        names = [name for rung in rules.ladders[rule.ladder].rungs for name in rung.channels if name in ungraded]
        if names and _may_be_urgent(rule) and all(ungraded[name] for name in names):
            reasons = "; ".join(f"{name}: {ungraded[name]}" for name in dict.fromkeys(names))
            yield rule.name, f"may be P0 or P1, and every channel of ladder {rule.ladder!r} carries P2 to P4 only ({reasons})"


def _may_be_urgent(rule: Rule) -> bool:
    """Whether a message that it matches may be; what a message says of itself counts more than what the rule would make of it."""
    levels = rule.match.priority or tuple(Priority.__members__)
    return any(level in Priority.__members__ and Priority[level] <= URGENT for level in levels)
