"""What the loop did not hear of is found on the disk and made up for; what is only on its way is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.auditor import EVERY_S
from fenghuo.engine.facts import Fact, MessageAccepted, MessageEnded, Signed
from fenghuo.model.delivery import Accepted, DeliveryState, ObjectiveState
from tests.core.engine.house import House, opened
from tests.core.engine.test_traps import cap

SIGNED = """
[ladders.both]
[[ladders.both.rungs]]
channels = ["a"]
[[ladders.both.rungs]]
channels = ["r"]
[[rules]]
name = "orders"
audience = { name = "as addressed" }
ladder = "both"
signatures = 1
"""


async def look(house: House) -> bool:
    """A minute later, one look of the auditor, and everything that follows at once."""
    await house.later(EVERY_S)
    is_open = await house.room.auditor.look()
    await house.settle()
    return is_open


async def told(house: House) -> list[str]:
    return [event["what"] for event in await house.events("alarm.overdue")]


def lose(house: House, *kinds: type[Fact]) -> None:
    """From now on facts of these kinds are lost."""
    put = house.room.facts.put
    house.room.facts.put = lambda fact: None if isinstance(fact, kinds) else put(fact)  # type: ignore[method-assign]


def hear(house: House) -> None:
    del house.room.facts.put


async def test_an_order_that_nobody_planned_is_planned(tmp_path: Path) -> None:
    """Found by the second look, told once, and sent once."""
    async with opened(tmp_path) as house:
        lose(house, MessageAccepted)
        await house.order("wang", via=["a"])
        hear(house)
        assert (await look(house), [], []) == (True, house.sent, await told(house))
        await look(house)
        assert (["a"], ["plan"]) == ([mail.channel for mail in house.sent], await told(house))
        await house.receipt(house.sent[0])
        for _ in range(3):
            assert not await look(house)
        assert (1, ["plan"]) == (len(house.sent), await told(house))


async def test_an_order_that_is_heard_of_twice_goes_out_once(tmp_path: Path) -> None:
    """The fact that was taken for lost comes after all."""
    async with opened(tmp_path) as house:
        kept: list[Fact] = []
        house.room.facts.put = lambda fact: kept.append(fact)  # type: ignore[method-assign]
        await house.order("wang", via=["a"])
        hear(house)
        house.room.facts.put_all([*kept, *kept])
        await house.settle()
        await house.receipt(house.sent[0])
        house.room.facts.put_all(kept)
        await house.settle()
        assert (1, 1) == (len(house.sent), len(await house.objectives()))


async def test_an_order_that_nobody_planned_ends(tmp_path: Path) -> None:
    """It is over before it is found: nothing is sent, and it is missed where everybody sees it."""
    async with opened(tmp_path) as house:
        lose(house, MessageAccepted)
        order = await house.order("wang", expires_s=60)
        hear(house)
        for _ in range(3):
            await look(house)
        assert (["expired"], []) == (await house.states(order.id), house.sent)
        assert [ObjectiveState.MISSED] == [one.state for one in await house.objectives()]


async def test_an_update_that_nobody_heard_of_replaces_what_it_changes(tmp_path: Path) -> None:
    """The order before it ends in memory as well, and whoever got it hears what is new."""
    async with opened(tmp_path) as house:
        first = await house.order("wang", via=["a"])
        lose(house, MessageAccepted, MessageEnded)
        await house.order("wang", text="新的", action="Update", reference=first.id, via=["a"])
        hear(house)
        for _ in range(2):
            await look(house)
        assert ({"end", "plan"}, 1) == (set(await told(house)), sum("新的" in mail.text for mail in house.sent))
        assert [ObjectiveState.WAIVED, ObjectiveState.OPEN] == [one.state for one in await house.objectives()]


async def test_a_release_that_nobody_heard_of_counts(tmp_path: Path) -> None:
    """Signed, and on the disk: it goes out."""
    async with opened(tmp_path, rules=SIGNED) as house:
        order = await house.order("wang")
        lose(house, Signed)
        await house.room.release.sign(order.id, "huang")
        hear(house)
        for _ in range(2):
            await look(house)
        assert "release" in await told(house)
        assert "a" == house.sent[0].channel
        assert 1 == sum(mail.channel == "a" for mail in house.sent)


async def test_what_waits_for_a_release_that_has_come_is_looked_at_again(tmp_path: Path) -> None:
    """The loop knows of the release, and the target was forgotten."""
    async with opened(tmp_path, rules=SIGNED) as house:
        order = await house.order("wang")
        house.room.loop.mark = lambda entry: None  # type: ignore[method-assign]
        await house.room.release.sign(order.id, "huang")
        await house.settle()
        del house.room.loop.mark
        assert {DeliveryState.HELD} == {one.state for one in await house.deliveries()}
        await house.later(1.0)
        await look(house)
        assert (["a"], {"release"}) == ([mail.channel for mail in house.sent], set(await told(house)))


@pytest.mark.parametrize("action", ["Ack", "Error"])
async def test_what_needs_no_plan_is_not_missing_one(tmp_path: Path, action: str) -> None:
    """Acknowledgements are kept, nobody has to sign them, and nothing is due of them."""
    async with opened(tmp_path) as house:
        answer = await house.take(cap("A", action=action))
        assert isinstance(answer, Accepted)
        assert ["complete"] == await house.states(answer.id)
        for _ in range(70):
            await look(house)
        assert [] == await told(house)
    async with opened(tmp_path, clock=house.clock) as house:
        assert ([], []) == (await house.objectives(), house.sent)


async def test_a_released_order_has_nothing_overdue(tmp_path: Path) -> None:
    """In force, with a rung that waits for its turn, then at rest, then over."""
    async with opened(tmp_path, rules=SIGNED) as house:
        order = await house.order("wang", expires_s=900)
        await house.room.release.sign(order.id, "huang")
        await house.settle()
        await house.receipt(house.sent[0])
        for _ in range(20):
            await look(house)
        assert ([], ["expired"]) == (await told(house), await house.states(order.id))
