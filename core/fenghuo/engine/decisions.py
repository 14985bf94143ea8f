"""What a person decides about something open: what became of a doubt, a way that is given up, an objective that is waived.

A decision is a fact like any other: the loop applies it, and whoever decided hears of it when the turn that did so is on the disk.
Source: delivery.md, States of a delivery (IN_DOUBT leaves by an operator; SHED(by)) and of an objective (WAIVED(by)).
"""

from __future__ import annotations

import asyncio
from enum import StrEnum

import msgspec

from fenghuo.engine.draft import BY_WORD
from fenghuo.engine.facts import Decided, Facts
from fenghuo.engine.settling import settle
from fenghuo.errors import NotFound, Overloaded
from fenghuo.model.audit import By
from fenghuo.model.delivery import Delivery, DeliveryState, Hold, Objective, ObjectiveState, Reached
from fenghuo.model.evidence import Evidence

__all__ = ["Decisions", "Ruling", "resolved", "shed", "waived"]

DECIDED_WITHIN_S = 10.0
SHEDDABLE = frozenset({DeliveryState.HELD, DeliveryState.READY, DeliveryState.AWAITING, DeliveryState.IN_DOUBT})


class Ruling(StrEnum):
    """What became of a doubt, by the word of a person: it left; it certainly did not, and goes as if for the first time; nobody knows,
    and it goes again marked 重发; this way is given up."""

    SENT = "sent"
    NOT_SENT = "not-sent"
    AGAIN = "again"
    FAILED = "failed"


class Decisions:
    """The door for decisions. Everything it promises is on the disk when it returns."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    async def resolve(self, delivery: int, ruling: Ruling, *, by: By, reason: str = "") -> None:
        """End a doubt. Raises: NotFound: it is not in doubt; Overloaded."""
        await self._decide(Decided("resolve", delivery, by, _question(), reason, ruling.value))

    async def shed(self, delivery: int, *, by: By, reason: str = "") -> None:
        """Give one way up; the others go on. Raises: NotFound: it is not open, or is on the air; Overloaded."""
        await self._decide(Decided("shed", delivery, by, _question(), reason))

    async def waive(self, objective: int, *, by: By, reason: str = "") -> None:
        """Try no longer, and call it no miss. Raises: NotFound: it is not open; Overloaded."""
        await self._decide(Decided("waive", objective, by, _question(), reason))

    async def escalate(self, objective: int, recipient: str = "", *, by: By, reason: str = "") -> None:
        """Open the next rung and ask the next person at once, for this recipient or for all that are open. Raises: NotFound: it is not
        open, or has nothing left; Overloaded."""
        await self._decide(Decided("escalate", objective, by, _question(), reason, recipient))

    async def release(self, message: str = "", *, by: By, reason: str = "") -> None:
        """Let go what is held since a restore: of one message, or of every one. Raises: NotFound: it is not held; Overloaded."""
        await self._decide(Decided("release", 0, by, _question(), reason, message))

    async def _decide(self, fact: Decided) -> None:
        self._facts.put(fact)
        try:
            async with asyncio.timeout(DECIDED_WITHIN_S):
                await fact.answer
        except TimeoutError:
            raise Overloaded("the decision waits for the loop; look whether it was taken", retry_after_s=DECIDED_WITHIN_S) from None


def resolved(delivery: Delivery | None, fact: Decided, *, needed: Evidence, now: float) -> Delivery:
    """A doubt after a person's word, or what would start a device late, which has certainly not left. "Sent" is worth
    AIRED, which is never shown as delivered. Raises: NotFound."""
    is_held = delivery is not None and (delivery.state, delivery.reason) == (DeliveryState.HELD, Hold.LATE)
    is_late = is_held and fact.ruling != Ruling.SENT
    if delivery is None or not (is_late or delivery.state is DeliveryState.IN_DOUBT):
        raise NotFound(f"delivery {fact.number} is not in doubt; `fenghuo queue ls` shows what is open")
    replace = msgspec.structs.replace
    match Ruling(fact.ruling):
        case Ruling.SENT:
            return settle(delivery, Reached(Evidence.AIRED), needed=needed, now=now, view=None)
        case Ruling.NOT_SENT:
            return replace(delivery, state=DeliveryState.READY, reason=BY_WORD, until=None, not_before=now)
        case Ruling.AGAIN:
            return replace(delivery, state=DeliveryState.READY, reason=BY_WORD, until=None, not_before=now, refires=delivery.refires + 1)
        case Ruling.FAILED:
            return replace(delivery, state=DeliveryState.FAILED, reason=_by("given up", fact), until=None)


def shed(delivery: Delivery | None, fact: Decided) -> Delivery:
    """A way given up. Raises: NotFound."""
    if delivery is None or delivery.state not in SHEDDABLE:
        raise NotFound(f"delivery {fact.number} is not waiting; what is on the air ends with its outcome, and what has ended has ended")
    return msgspec.structs.replace(delivery, state=DeliveryState.SHED, reason=_by("shed", fact), until=None)


def waived(objective: Objective | None, fact: Decided) -> Objective:
    """An objective nobody tries for any more. Raises: NotFound."""
    if objective is None or objective.state not in (ObjectiveState.OPEN, ObjectiveState.AT_RISK):
        raise NotFound(f"objective {fact.number} is not open")
    return msgspec.structs.replace(objective, state=ObjectiveState.WAIVED)


def _by(what: str, fact: Decided) -> str:
    return f"{what} by {fact.by.actor}: {fact.reason}" if fact.reason else f"{what} by {fact.by.actor}"


def _question() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()
