"""What a person decides about something open: on the disk when it is answered, and in the audit with the name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from fenghuo.engine.correcting import NO_REASON
from fenghuo.engine.decisions import Ruling
from fenghuo.errors import NotFound
from fenghuo.model.audit import By
from fenghuo.model.delivery import DeliveryState, Hold, ObjectiveState, Scope, TargetState, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities, Doubt, Emission
from fenghuo.store.tables import AUDIT
from tests.core.engine.house import House, opened

S = DeliveryState
CHEN = By("chen", "operator", "test")
SIREN = Capabilities(form="sms", evidence_max=Evidence.AIRED, doubt=Doubt.ACTUATOR)


async def take(house: House, decision: Awaitable[None]) -> None:
    """Decide, with the loop turning meanwhile; then everything that follows at once. Raises: what the decision raises."""
    asked = asyncio.ensure_future(decision)
    await asyncio.sleep(0)
    await house.settle()
    await asked


async def in_doubt(house: House, **fields: Any) -> int:
    """An order whose emission over `a` nobody knows anything of; the delivery's number."""
    house.channel["a"].outcomes.append(Unknown("timeout"))
    await house.order("wang", **fields)
    delivery = (await house.deliveries())[0]
    assert S.IN_DOUBT is delivery.state
    return delivery.id


@pytest.mark.parametrize(
    ("ruling", "state", "mails", "is_marked"),
    [
        (Ruling.SENT, S.AWAITING, 1, False),
        (Ruling.NOT_SENT, S.AWAITING, 2, False),
        (Ruling.AGAIN, S.AWAITING, 2, True),
        (Ruling.FAILED, S.FAILED, 1, False),
    ],
)
async def test_a_doubt_of_an_actuator_ends_by_a_persons_word(
    tmp_path: Path, ruling: Ruling, state: DeliveryState, mails: int, is_marked: bool
) -> None:
    """A siren in doubt stands for ever; the word decides whether it starts again, and whether that is called a copy."""
    async with opened(tmp_path, a=SIREN) as house:
        number = await in_doubt(house, via=["a"])
        await house.later(100)
        assert S.IN_DOUBT is (await house.deliveries())[0].state
        assert [("wang", "a", "timeout")] == [
            (one["recipient"], one["channel"], one["cause"]) for one in await house.events("alarm.in_doubt")
        ]
        await take(house, house.room.decisions.resolve(number, ruling, by=CHEN, reason="heard it"))
        over_a = [mail for mail in house.sent if mail.channel == "a"]
        assert (state, mails, is_marked) == ((await house.deliveries())[0].state, len(over_a), "重发" in over_a[-1].text)


async def test_sent_by_a_persons_word_is_never_delivered(tmp_path: Path) -> None:
    """It is worth AIRED, and the next way opens when no receipt comes."""
    async with opened(tmp_path) as house:
        await take(house, house.room.decisions.resolve(await in_doubt(house), Ruling.SENT, by=CHEN))
        assert [Evidence.AIRED] == [one.evidence for one in await house.targets()]
        await house.later(30)
        assert ["a", "r"] == [mail.channel for mail in house.sent]


async def test_a_shed_delivery_leaves_the_field_to_the_others(tmp_path: Path) -> None:
    """SHED by a name, and the next rung goes at once."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await take(house, house.room.decisions.shed(1, by=CHEN, reason="wrong number"))
        first, second = await house.deliveries()
        assert (S.SHED, "shed by chen: wrong number", S.AWAITING) == (first.state, first.reason, second.state)
        assert ["shed by chen: wrong number"] == [event["reason"] for event in await house.events("delivery.shed")]


async def test_a_waived_objective_is_over_and_no_miss(tmp_path: Path) -> None:
    """What has not left is withdrawn, everybody sees by whom, and nothing of it stays open."""
    async with opened(tmp_path) as house:
        await house.order("wang", "li")
        await take(house, house.room.decisions.waive(1, by=CHEN, reason="reached on foot"))
        assert [ObjectiveState.WAIVED] == [one.state for one in await house.objectives()]
        assert {TargetState.WITHDRAWN} == {one.state for one in await house.targets()}
        assert [("chen", "reached on foot")] == [(event["by"], event["reason"]) for event in await house.events("objective.waived")]
        assert {} == house.room.book.objectives
        await house.later(400)
        assert (["a", "a"], []) == ([mail.channel for mail in house.sent], await house.events("alarm.objective%"))


async def test_a_waiver_cut_off_by_a_crash_is_carried_out_at_the_start(tmp_path: Path) -> None:
    """The objective's end is on the disk; its targets follow."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        asked = asyncio.ensure_future(house.room.decisions.waive(1, by=CHEN))
        await asyncio.sleep(0)
        house.room.apply.advance = lambda entry, batch, mark: []  # type: ignore[method-assign]  # the crash comes before the targets
        house.room.loop.turn()
        await asked
    async with opened(tmp_path, clock=house.clock) as again:
        assert ([ObjectiveState.WAIVED], [TargetState.WITHDRAWN]) == (
            [one.state for one in await again.objectives()],
            [one.state for one in await again.targets()],
        )


async def test_a_decision_is_in_the_audit_when_it_is_answered(tmp_path: Path) -> None:
    """Who, what, about which, and why."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await take(house, house.room.decisions.shed(1, by=CHEN, reason="wrong number"))
        (record,) = await house.store.find(AUDIT, "action = 'shed'")
        assert ("chen", "delivery/1", True) == (record.actor, record.object, "wrong number" in record.detail)


async def test_there_must_be_something_to_decide(tmp_path: Path) -> None:
    """What is not in doubt is not resolved, what has ended is not shed, what is not open is not waived; nothing changes."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        decisions = house.room.decisions
        for decision in (decisions.resolve(1, Ruling.SENT, by=CHEN), decisions.shed(99, by=CHEN), decisions.waive(99, by=CHEN)):
            with pytest.raises(NotFound):
                await take(house, decision)
        await house.receipt(house.sent[0])
        for decision in (decisions.shed(1, by=CHEN), decisions.waive(1, by=CHEN)):
            with pytest.raises(NotFound):
                await take(house, decision)
        assert [S.MET, S.CANCELLED] == [one.state for one in await house.deliveries()]


async def test_a_siren_that_comes_back_after_hours_starts_by_a_persons_word_alone(tmp_path: Path) -> None:
    """It was down when the order was released: until ten minutes later it starts by itself, then a person is called; a stop goes at any
    time."""
    async with opened(tmp_path, a=SIREN, up=False) as house:
        house.up("r")
        house.down("a")
        await house.settle()
        house.channel["a"].outcomes.append(Transient(Scope.CHANNEL, "gone"))
        order = await house.order("wang", via=["a"], priority="P0", signers=("anna", "bert"))
        house.sent.clear()
        await house.later(6 * 3600)
        house.up("a")
        for _ in range(5):
            await house.later(60)
        assert [] == house.sent
        (held,) = [one for one in await house.deliveries("wang") if one.channel == "a"]
        assert (S.HELD, Hold.LATE) == (held.state, held.reason)
        told = await house.events("alarm.start_late")
        assert ("wang", "a", order.id) in [(one["recipient"], one["channel"], one["message"]) for one in told]
        await take(house, house.room.decisions.resolve(held.id, Ruling.NOT_SENT, by=CHEN, reason="it is still needed"))
        assert ["a"] == [mail.channel for mail in house.sent]
        house.down("a")
        await house.settle()
        await house.order("wang", text="解除", action="Cancel", reference=order.id)
        await house.later(3600)
        house.up("a")
        await house.later(60)
        assert NO_REASON in house.sent[-1].text


async def test_a_device_that_a_cancel_broke_off_asks_nobody_whether_it_started(tmp_path: Path) -> None:
    """Whoever cancelled it knows that it did: it is not to start again, and its stop goes out by itself."""
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def play(emission: Emission) -> None:
        if "取消" not in emission.payload.text:
            began.set()
            await goes_on.wait()
            await emission.turn()

    async with opened(tmp_path, a=SIREN) as house:
        house.channel["a"].during = play
        order = await house.order("wang", text="鸣响", via=["a"])
        await began.wait()
        await house.order("everyone", text="取消", action="Cancel", reference=order.id)
        goes_on.set()
        await house.settle()
        assert [] == await house.events("alarm.in_doubt")
        assert ["a", "a"] == [mail.channel for mail in house.sent]
