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
from fenghuo.model.delivery import TERMINAL_STATES, Delivery, DeliveryState, Outcome, Permanent, Reached, Scope, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT

__all__ = ["Digests", "Member", "as_member", "joinable", "mark_of", "whole"]

LOW = Priority.P3
MARK = "汇总 "
"""What the mark of a member's attempt begins with; then the delivery that leads and the number of its attempt: 汇总 17/1."""
_NOT_SENT = frozenset({DeliveryState.READY, DeliveryState.HELD, DeliveryState.FAILED})
_MAY_BE_SAID_OF = frozenset({DeliveryState.AWAITING, DeliveryState.IN_DOUBT})
_IN_DIGESTS = f"token IN (SELECT token FROM delivery WHERE state IN ('AWAITING', 'IN_DOUBT')) AND mark LIKE '{MARK}%'"


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


def mark_of(leader: Delivery) -> str:
    """What the attempt of a member says: in which emission of which delivery it went along."""
    return f"{MARK}{leader.id}/{leader.tries}"


def whole(leader: Rendition, members: Sequence[Rendition]) -> int:
    """How many members fit beside the leader."""
    return max(0, fitting((leader, *members)) - 1)


class _Sent(msgspec.Struct, frozen=True):
    """One digest on its way: the attempt of its leader, and who went along in it."""

    n: int
    members: tuple[int, ...]


class Digests:
    """Which deliveries went along with which, in which emission. `now` gives UTC seconds."""

    def __init__(self, facts: Facts, store: Store, now: Callable[[], float]) -> None:
        self._facts = facts
        self._store = store
        self._now = now
        self._sent: dict[int, _Sent] = {}

    async def load(self, is_open: Callable[[int], Delivery | None]) -> None:
        """After a restart: the digests whose leader is open and has been sent no other way since, as the attempts of their members say."""
        members: dict[tuple[int, int], list[int]] = {}
        for attempt in await self._store.find(ATTEMPT, _IN_DIGESTS):
            leader, _, emission = attempt.mark.removeprefix(MARK).partition("/")
            if emission:  # one that does not say which emission it was proves nothing
                members.setdefault((int(leader), int(emission)), []).append(attempt.delivery)
        for (number, n), among in members.items():
            leader_now = is_open(number)
            if leader_now is not None and leader_now.tries == n and leader_now.state in _MAY_BE_SAID_OF:
                self._sent[number] = _Sent(n, tuple(among))

    def went(self, leader: Delivery, members: Sequence[Member]) -> None:
        """A digest is about to leave."""
        self._sent[leader.id] = _Sent(leader.tries, tuple(one.delivery.id for one in members))

    def note(self, before: Delivery | None, after: Delivery) -> None:
        """A delivery has changed: what its far end says of a digest is said of each member, for as long as nothing else can be meant: what
        has certainly not left, or has gone again alone, proves nothing of who was to go along."""
        sent = self._sent.get(after.id)
        if sent is None:
            return
        if after.tries != sent.n or after.state in _NOT_SENT:
            del self._sent[after.id]
            return
        level = min(after.evidence, Evidence.DEVICE)
        if level > Evidence.ACCEPTED and (before is None or before.evidence < level):
            for member in sent.members:
                ref = f"digest/{after.token}"
                self._facts.put(Receipted(member, after.channel, level, None, self._now(), ref, "汇总", is_seen=True))
        if after.state in TERMINAL_STATES:
            del self._sent[after.id]
