"""A channel that has not passed bronze carries P2 to P4 only, in planning and at the licence; what it carried is cancelled over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fenghuo.engine.rules import read_rules
from fenghuo.engine.standing import dead_ends, refusal, too_urgent
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.traffic import Priority
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, NORTH, NORTH_AREA, PUBLIC_RULES, SOUTH, alert, enrol, told
from tests.core.engine.values import objective

WHY = "no record of the conformance kit"
SENTENCE = f"the channel carries P2 to P4 only: {WHY}"


def ungraded(*names: str) -> Callable[[House], None]:
    """These channels have no grade from the beginning."""

    def change(house: House) -> None:
        for name in names:
            instance = house.room.board.get(name)
            assert instance is not None
            instance.ungraded = WHY

    return change


async def away(house: House, *names: str) -> None:
    """These channels are down."""
    for name in names:
        house.down(name)
    await house.settle()


@pytest.mark.parametrize("priority", list(Priority))
def test_only_p0_and_p1_take_bronze(priority: Priority) -> None:
    """A channel with a grade carries everything; one without is refused what is urgent, and told why."""
    assert (SENTENCE if priority <= Priority.P1 else "") == too_urgent(WHY, priority)
    assert "" == too_urgent("", priority)


def test_what_no_rule_routed_is_never_refused() -> None:
    """A Cancel stands by no rule: it follows what it ends."""
    assert SENTENCE == refusal(WHY, objective(priority=Priority.P0))
    assert "" == refusal(WHY, objective(priority=Priority.P0, rule="", ladder="(inherited)"))


def test_channels_that_this_node_has_not_are_no_dead_end() -> None:
    """What is missing is said elsewhere."""
    rules = read_rules('[ladders.l]\nrungs = [{ channels = ["x"] }]\n[[rules]]\nname = "r"\naudience = { name = "a" }\nladder = "l"')
    assert [] == list(dead_ends(rules, {"a": WHY}))


async def test_an_urgent_order_goes_round_it_and_says_why(tmp_path: Path) -> None:
    """P1: the radio alone, and what was left out with the reason; P2: the telephone as ever."""
    async with opened(tmp_path, before=ungraded("a")) as house:
        await house.order("person:wang", priority="P1")
        assert ["r"] == [mail.channel for mail in house.sent]
        (left,) = [event["left_out"] for event in await house.events("objective.left_out")]
        assert [("a", SENTENCE)] == [(one["channel"], one["reason"]) for one in left]
        await house.order("person:wang", priority="P2", text="另行通知")
        assert ["r", "a"] == [mail.channel for mail in house.sent]


async def test_what_was_planned_before_it_lost_its_grade_is_refused_the_licence(tmp_path: Path) -> None:
    """The files of the plugin changed while an order waited for its channel: begin() refuses, and the next rung carries it."""
    async with opened(tmp_path) as house:
        await away(house, "a", "r")
        await house.order("person:wang", priority="P1")
        ungraded("a")(house)
        house.up()
        await house.settle()
        assert ["r"] == [mail.channel for mail in house.sent]
        states = {row.channel: (row.state, row.reason) for row in await house.deliveries("wang")}
        assert (DeliveryState.CANCELLED, f"a: {SENTENCE}") == states["a"]


async def test_a_cancel_goes_over_what_carried_the_order(tmp_path: Path) -> None:
    """A Cancel is P0, and is for exactly those who got the order: nobody is left with an order that has ended."""
    async with opened(tmp_path, before=ungraded("a", "r")) as house:
        answer = await house.order("person:wang", priority="P3")
        await house.order("person:wang", text="取消", action="Cancel", reference=answer.id, priority="P0")
        assert ["a", "a"] == [mail.channel for mail in house.sent]


async def test_a_public_is_told_by_others_and_a_cancel_by_the_same(tmp_path: Path) -> None:
    """Pages of an urgent alert go over the alternate that may carry them; those of its Cancel over whatever carried it."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK, before=ungraded("a")) as house:
        await enrol(house, NORTH, SOUTH)
        await alert(house, "one", NORTH_AREA)
        assert sorted(NORTH) == told(house, "b")
        assert [] == house.channel["a"].pages
        ungraded("b")(house)
        await alert(house, "two", NORTH_AREA, action="Cancel", ends="one", after_s=1.0)
        assert 2 * len(NORTH) == sum(len(sheet.addresses) for sheet in house.channel["b"].pages)


async def test_a_page_that_was_planned_before_waits_in_vain(tmp_path: Path) -> None:
    """No alternate may carry it any more: the alarm says that it is cut off, and nothing leaves."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        await away(house, "a", "b")
        await alert(house, "one", NORTH_AREA)
        ungraded("a", "b")(house)
        house.up()
        await house.settle()
        assert [] == house.channel["a"].pages + house.channel["b"].pages
        assert 1 == len(await house.events("alarm.all_channels_down"))
