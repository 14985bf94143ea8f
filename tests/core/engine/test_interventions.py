"""What a person decides about an objective that is under way: not to wait for its next rung, nor for the next person."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import NotFound
from fenghuo.model.audit import By
from fenghuo.store.tables import AUDIT
from tests.core.engine.house import House, opened
from tests.core.engine.test_decisions import take

LI = By("li", "operator", "test")


async def test_an_order_is_escalated_at_once_to_its_next_rung_and_person(tmp_path: Path) -> None:
    """The telephone has not answered: the radio goes now, and so does the deputy, whose time had not come; it stands in the audit."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        assert ["a"] == [mail.channel for mail in house.sent]
        await urged(house, 1)
        assert {("a", "wang"), ("r", "wang"), ("a", "li")} <= {
            (one.channel, one.recipient) for one in await house.deliveries() if one.tries
        }
        (told,) = await house.events("objective.urged")
        assert {"by": "li", "reason": "等不及", "recipients": 1, "recipient": ""} == told
        (deed,) = await house.store.find(AUDIT, "action = 'escalate'")
        assert ("li", "objective/1") == (deed.actor, deed.object)


async def test_what_has_nothing_left_is_not_escalated(tmp_path: Path) -> None:
    """All rungs are open and the deputy was asked; nobody else is named; and what is not open is not found."""
    async with opened(tmp_path) as house:
        await house.order("wang", "huang")
        await urged(house, 1, "wang")
        assert ["wang"] == [one.recipient for one in await house.deliveries() if one.tries and one.channel == "r"]  # and not huang
        with pytest.raises(NotFound, match="nothing is left to escalate objective 1 to"):
            await urged(house, 1, "wang")
        with pytest.raises(NotFound, match="objective 9 is not open"):
            await urged(house, 9)


async def urged(house: House, objective: int, recipient: str = "") -> None:
    await take(house, house.room.decisions.escalate(objective, recipient, by=LI, reason="等不及"))
