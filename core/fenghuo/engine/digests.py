"""One text of what is current, in the place of many old ones: what a recipient missed of P3 and P4 in an outage goes as one digest.

The one that is next takes along what else waits for its recipient in arrears. Each member keeps its own delivery, its own attempt on the
disk before the digest leaves, and its own end: what the far end says of the digest counts for each member up to its device, which has them
all; a person's answer is to what it names, and counts for that alone. What was superseded or is over is no member. After a crash each is in
doubt by itself.
Source: delivery.md, Order, supersession, expiry ("after an outage one current digest goes out").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from fenghuo.engine.channels import Instance
from fenghuo.engine.facts import Facts, Receipted
from fenghuo.formats.digest import fitting
from fenghuo.model.delivery import TERMINAL_STATES, Delivery, Outcome, Permanent, Reached, Scope, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority

__all__ = ["Digests", "Member", "as_member", "joinable", "whole"]

LOW = Priority.P3


class Member(msgspec.Struct, frozen=True):
    """One that goes along: its delivery, EMITTING, and its text."""

    delivery: Delivery
    text: Rendition


def joinable(leader: Delivery, other: Delivery, instance: Instance) -> bool:
    """Whether one that waits in arrears may go along with another: both of P3 or P4, to one recipient at one address, of one traffic and
    form, neither said before, over a channel that is to do so."""
    is_low = min(leader.priority, other.priority) >= LOW
    is_one = (leader.channel, leader.address, leader.recipient, leader.traffic, leader.form) == (
        other.channel,
        other.address,
        other.recipient,
        other.traffic,
        other.form,
    )
    return instance.digest and is_low and is_one and not (leader.tries or other.tries)


def as_member(outcome: Outcome) -> Outcome:
    """What the outcome of a digest is for a member: the provider's names are the leader's, and one emission that failed for the sake of its
    channel speaks against it once."""
    match outcome:
        case Reached(level=level):
            return Reached(level)
        case Transient(scope=Scope.CHANNEL, code=code, retry_after_s=retry_after_s):
            return Transient(Scope.WAY, code, retry_after_s)
        case Permanent(scope=Scope.CHANNEL, code=code):
            return Transient(Scope.WAY, code)
        case _:
            return outcome


def whole(leader: Rendition, members: Sequence[Rendition]) -> int:
    """How many members fit beside the leader."""
    return max(0, fitting((leader, *members)) - 1)


class Digests:
    """Which deliveries went along with which. `now` gives UTC seconds."""

    def __init__(self, facts: Facts, now: Callable[[], float]) -> None:
        self._facts = facts
        self._now = now
        self._members: dict[int, tuple[int, ...]] = {}

    def went(self, leader: Delivery, members: Sequence[Member]) -> None:
        """A digest is about to leave."""
        self._members[leader.id] = tuple(one.delivery.id for one in members)

    def note(self, before: Delivery | None, after: Delivery) -> None:
        """A delivery has changed: what its far end says of a digest is said of each member."""
        members = self._members.get(after.id)
        if members is None:
            return
        level = min(after.evidence, Evidence.DEVICE)
        if level > Evidence.ACCEPTED and (before is None or before.evidence < level):
            for member in members:
                ref = f"digest/{after.token}"
                self._facts.put(Receipted(member, after.channel, level, None, self._now(), ref, "汇总", is_seen=True))
        if after.state in TERMINAL_STATES:
            del self._members[after.id]
