"""When an objective is met."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.tally import is_met
from fenghuo.model.delivery import ObjectiveState
from tests.core.engine.house import RULES, opened
from tests.core.engine.values import objective

RULE = [
    ("all", 3, 3, True),
    ("all", 2, 3, False),
    ("all", 0, 0, False),
    ("any", 1, 3, True),
    ("any", 0, 3, False),
    ("n:2", 1, 3, False),
    ("n:2", 2, 3, True),
    ("n:5", 3, 3, True),
]


@pytest.mark.parametrize(("rule", "met", "total", "expected"), RULE)
def test_each_ack_rule_counts(rule: str, met: int, total: int, expected: bool) -> None:
    """All, any, or so many; more than there are is all of them."""
    assert expected is is_met(objective(ack_rule=rule, met=met, total=total))


async def test_any_ends_the_others_too(tmp_path: Path) -> None:
    """Once one of them is reached the rest is withdrawn."""
    rules = RULES.replace('needed = "DEVICE"\n', 'needed = "DEVICE"\nack = "any"\n')
    async with opened(tmp_path, rules=rules) as house:
        await house.order("wang", "li", "huang")
        await house.receipt(house.sent[0])
        await house.later(500)
        assert ([ObjectiveState.MET], 3) == ([one.state for one in await house.objectives()], len(house.sent))
        assert {} == house.room.book.objectives


async def test_all_waits_for_the_last(tmp_path: Path) -> None:
    """One answer never closes it for everybody."""
    async with opened(tmp_path) as house:
        await house.order("wang", "li")
        await house.receipt(house.sent[0])
        assert [(ObjectiveState.OPEN, 1)] == [(one.state, one.met) for one in await house.objectives()]
        await house.receipt(house.sent[1])
        assert [(ObjectiveState.MET, 2)] == [(one.state, one.met) for one in await house.objectives()]


async def test_a_cancelled_message_waives_its_objective(tmp_path: Path) -> None:
    """Taken back is not missed."""
    async with opened(tmp_path) as house:
        first = await house.order("wang")
        await house.order("everyone", text="取消", action="Cancel", reference=first.id)
        assert ObjectiveState.WAIVED is (await house.objectives())[0].state
