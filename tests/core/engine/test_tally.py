"""When an objective is met."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.tally import is_met
from fenghuo.model.delivery import Accepted, ObjectiveState
from fenghuo.model.evidence import Evidence
from fenghuo.store.tables import MESSAGE
from tests.core.engine.house import RULES, House, opened
from tests.core.engine.values import NOW, objective

SIGNED = RULES.replace('match = { kind = ["Dispatch", "Report"] }', 'match = { kind = ["Dispatch", "Report"] }\nsignatures = 2')
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


# When the clocks start.


async def _sign(house: House, ident: str) -> None:
    for name in ("anna", "bert"):
        await house.room.release.sign(ident, name)


async def _release(house: House, ident: str) -> None:
    await _sign(house, ident)
    await house.settle()


async def test_the_clocks_of_what_waited_for_signatures_start_when_it_is_released(tmp_path: Path) -> None:
    """Held for 53 seconds: nobody else is asked before the two minutes of the rule, and nothing is late before its five."""
    async with opened(tmp_path, rules=SIGNED) as house:
        order = await house.order("wang", expires_s=3600)
        await house.later(53)
        await _release(house, order.id)
        (one,) = await house.objectives()
        assert (NOW + 53, NOW + 353) == (one.opened_at, one.deadline_at)
        await house.later(119)
        assert [] == await house.events("objective.escalated")
        await house.later(1)
        assert 1 == len(await house.events("objective.escalated"))
        await house.later(179)
        assert [] == await house.events("alarm.objective_at_risk")
        await house.later(1)
        assert 1 == len(await house.events("alarm.objective_at_risk"))


async def test_a_sender_s_own_deadline_starts_with_the_release_too(tmp_path: Path) -> None:
    """It is a number of seconds to reach people in, and there were none of them yet."""
    async with opened(tmp_path, rules=SIGNED) as house:
        order = await house.order("wang", deadline_s=60)
        await house.later(50)
        await _release(house, order.id)
        assert [NOW + 110] == [one.deadline_at for one in await house.objectives()]


async def test_what_was_late_while_it_waited_for_signatures_is_open_again(tmp_path: Path) -> None:
    """A person hears that nobody signs; once signed it has its whole time, and is late a second time only after that."""
    async with opened(tmp_path, rules=SIGNED) as house:
        order = await house.order("wang", deadline_s=60, expires_s=3600)
        await house.later(61)
        assert [ObjectiveState.AT_RISK] == [one.state for one in await house.objectives()]
        await _release(house, order.id)
        assert [ObjectiveState.OPEN] == [one.state for one in await house.objectives()]
        assert ["OPEN"] == [told["state"] for told in await house.events("objective.progress")]
        await house.later(60)
        assert 2 == len(await house.events("alarm.objective_at_risk"))


async def test_the_clocks_start_with_the_release_although_a_crash_came_between(tmp_path: Path) -> None:
    """The signature was on the disk, the new times were not: they follow from it, on the disk too, and only once."""
    async with opened(tmp_path, rules=SIGNED) as house:
        order = await house.order("wang", expires_s=3600)
        await house.later(53)
        await _sign(house, order.id)
    for _ in range(2):
        async with opened(tmp_path, rules=SIGNED, clock=house.clock) as again:
            assert [(NOW + 53, NOW + 353)] == [(one.opened_at, one.deadline_at) for one in await again.objectives()]
        house.clock.now += 20
    async with opened(tmp_path, rules=SIGNED, clock=house.clock) as again:
        await again.later(79)
        assert [] == await again.events("objective.escalated")
        await again.later(1)
        assert 1 == len(await again.events("objective.escalated"))
        await again.later(180)
        assert 1 == len(await again.events("alarm.objective_at_risk"))
    async with opened(tmp_path, rules=SIGNED, clock=house.clock) as again:
        assert [ObjectiveState.AT_RISK] == [one.state for one in await again.objectives()]


async def test_what_came_with_its_signatures_stays_late_over_a_crash(tmp_path: Path) -> None:
    """They are written a moment after the objective is opened, and are no release that it waited for."""
    async with opened(tmp_path, rules=SIGNED) as house:
        await house.order("wang", signers=("anna", "bert"), expires_s=3600)
        await house.later(300)
    async with opened(tmp_path, rules=SIGNED, clock=house.clock) as again:
        assert [(NOW + 300, ObjectiveState.AT_RISK)] == [(one.deadline_at, one.state) for one in await again.objectives()]


async def test_the_next_rung_counts_from_the_release(tmp_path: Path) -> None:
    """`after_s` is counted from the rung before, and that one opens with the release."""
    rules = SIGNED.replace('channels = ["r"]', 'channels = ["r"]\nafter_s = 20')
    async with opened(tmp_path, rules=rules) as house:
        order = await house.order("wang")
        await house.later(53)
        await _release(house, order.id)
        await house.later(19)
        assert ["a"] == [mail.channel for mail in house.sent]
        await house.later(1)
        assert ["a", "r"] == [mail.channel for mail in house.sent]


async def test_what_a_release_inherits_is_late_in_time(tmp_path: Path) -> None:
    """Whoever had the original and is told of the Update: that objective has its deadline, and rings by itself."""
    rules = SIGNED.replace("deadline_s = 300", "deadline_s = 900")
    async with opened(tmp_path, rules=rules) as house:
        first = await house.order("wang", signers=("anna", "bert"), sender="centre", expires_s=3600)
        update = await house.order("li", text="改", action="Update", reference=first.id, sender="centre", expires_s=3600)
        await _release(house, update.id)
        await house.later(300)
        late = [one.audience for one in await house.objectives() if one.state is ObjectiveState.AT_RISK]
        assert ["recipients of what it replaces"] == late


# What rests.


async def met(house: House) -> Accepted:
    """An order that reached its one person; nothing of it is open any more."""
    order = await house.order("wang", expires_s=3600)
    await house.receipt(house.sent[-1])
    assert ({}, ["active"]) == (house.room.book.messages, await house.states(order.id))
    return order


async def test_what_is_met_leaves_the_memory_and_stays_in_force(tmp_path: Path) -> None:
    """Its text and its renditions are let go; it expires when its time comes, and its short number is free only then."""
    async with opened(tmp_path) as house:
        order = await met(house)
        (row,) = await house.store.find(MESSAGE, "id = ?", order.id)
        assert ({row.number: 1}, None) == (dict(house.room.book.numbers), house.room.shelf.get(order.id, 1, "sms"))
        await house.later(3600)
        assert (["expired"], 1) == (await house.states(order.id), len(await house.events("message.expired")))
        assert ({}, {}) == (dict(house.room.book.numbers), house.room.book.resting)


async def test_an_update_of_what_rests_replaces_it(tmp_path: Path) -> None:
    """It goes to the one who had the original, and when the original's time is over nothing more is said of it."""
    async with opened(tmp_path) as house:
        order = await met(house)
        await house.order("wang", text="改为二级响应", action="Update", reference=order.id, expires_s=7200)
        assert "改为二级响应" in house.sent[-1].text
        await house.later(3600)
        assert ["superseded", "active"] == await house.states(order.id)
        assert [] == await house.events("message.expired")


async def test_a_cancel_of_what_rests_goes_to_whoever_had_it(tmp_path: Path) -> None:
    """Found in the store: exactly the one, over the channel it came by."""
    async with opened(tmp_path) as house:
        order = await met(house)
        await house.order("everyone", text="取消", action="Cancel", reference=order.id)
        assert [("a", True)] == [(mail.channel, "取消" in mail.text) for mail in house.sent[1:]]
        assert ["cancelled", "active"] == await house.states(order.id)


async def test_an_answer_to_what_rests_raises_what_is_known(tmp_path: Path) -> None:
    """By its number or without: the store knows whom it was sent to."""
    async with opened(tmp_path) as house:
        await met(house)
        await house.answer("a", "+8613800000001", "完成")
        assert [Evidence.DONE] == [one.evidence for one in await house.targets()]


async def test_what_rests_rests_after_a_restart_too(tmp_path: Path) -> None:
    """Its number is still taken, and it still expires."""
    async with opened(tmp_path) as house:
        order = await met(house)
    async with opened(tmp_path, clock=house.clock) as again:
        assert ({}, [(order.id, 1)]) == (again.room.book.messages, list(again.room.book.resting))
        await again.later(3600)
        assert (["expired"], {}) == (await again.states(order.id), dict(again.room.book.numbers))


async def test_a_message_that_waits_for_signatures_does_not_rest(tmp_path: Path) -> None:
    """Nobody is addressed by its rules, and yet it can be signed."""
    async with opened(tmp_path, rules=SIGNED) as house:
        order = await house.order("group:unknown")
        assert ([order.id], {}) == ([key[0] for key in house.room.book.messages], house.room.book.resting)
        for name in ("anna", "bert"):
            await house.room.release.sign(order.id, name)
        await house.settle()
        assert ({}, [(order.id, 1)]) == (house.room.book.messages, list(house.room.book.resting))
