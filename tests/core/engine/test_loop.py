"""A message's way through the whole engine, turn by turn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.health import STEADY_S
from fenghuo.engine.hedging import AT_ONCE
from fenghuo.errors import LinkBroken, StoreError
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Permanent, Reached, Scope, TargetState, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Capabilities, Doubt, Emission
from fenghuo.store.tables import ATTEMPT, DELIVERY
from tests.core.engine.house import House, opened
from tests.core.engine.values import delivery

S = DeliveryState


async def test_an_order_reaches_its_person(tmp_path: Path) -> None:
    """Accepted, planned, sent over the first rung, confirmed: the objective is met and everything is closed."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        (mail,) = house.sent
        assert ("a", "+8613800000001", 1) == (mail.channel, mail.address, mail.n)
        await house.receipt(mail)
        assert [S.MET, S.CANCELLED] == [one.state for one in await house.deliveries()]
        assert [ObjectiveState.MET] == [one.state for one in await house.objectives()]
        assert ({}, {}) == (house.room.book.objectives, house.room.book.by_delivery)


async def test_without_a_receipt_the_radio_follows(tmp_path: Path) -> None:
    """After the usual time of a receipt the next rung opens; the first may still confirm."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.later(29)
        assert ["a"] == [mail.channel for mail in house.sent]
        await house.later(1)
        assert ["a", "r"] == [mail.channel for mail in house.sent]
        await house.receipt(house.sent[0])
        assert [S.MET, S.CANCELLED] == [one.state for one in await house.deliveries()]


async def test_a_dead_channel_is_passed_and_come_back_to(tmp_path: Path) -> None:
    """While the centre is gone orders go by radio; when it is back, and has been left for two minutes, new ones go by it again."""
    async with opened(tmp_path) as house:
        house.down("a")
        await house.settle()
        await house.order("wang")
        await house.receipt(house.sent[0])
        house.up("a")
        await house.later(STEADY_S)
        await house.order("wang")
        assert ["r", "a"] == [mail.channel for mail in house.sent]


async def test_whoever_has_no_way_is_told_of(tmp_path: Path) -> None:
    """Nobody is left out in silence."""
    async with opened(tmp_path, rules=_only("a")) as house:
        await house.order("shuang")
        assert ["shuang"] == [event["recipient"] for event in await house.events("target.no_way")]


async def test_an_audience_of_nobody_is_an_alarm(tmp_path: Path) -> None:
    """A slip in the address ends as an alarm and a missed objective, and stops nothing."""
    async with opened(tmp_path) as house:
        await house.order("role:informant@320585105")
        assert [ObjectiveState.MISSED] == [one.state for one in await house.objectives()]
        assert 1 == len(await house.events("alarm.nobody"))
        await house.order("wang")
        assert 1 == len(house.sent)


async def test_a_message_without_a_rule_is_an_alarm(tmp_path: Path) -> None:
    """What no rule is for goes nowhere, and a person sees it."""
    async with opened(tmp_path, rules="") as house:
        await house.order("wang")
        assert 1 == len(await house.events("alarm.no_rule"))


async def test_the_end_of_its_time_ends_an_order(tmp_path: Path) -> None:
    """An expired order is sent no more: MISSED, and a person sees it."""
    async with opened(tmp_path) as house:
        accepted = await house.order("wang", expires_s=60)
        await house.later(61)
        assert ["expired"] == await house.states(accepted.id)
        assert {S.EXPIRED} == {one.state for one in await house.deliveries()}
        assert 1 == len(await house.events("alarm.objective_missed"))


async def test_a_deadline_that_passes_is_a_risk_and_no_end(tmp_path: Path) -> None:
    """Late is AT_RISK: trying goes on, and success still counts."""
    async with opened(tmp_path) as house:
        await house.order("wang", deadline_s=10)
        await house.later(11)
        assert [ObjectiveState.AT_RISK] == [one.state for one in await house.objectives()]
        await house.receipt(house.sent[0])
        assert [ObjectiveState.MET] == [one.state for one in await house.objectives()]


async def test_the_deputy_covers_for_whoever_does_not_answer(tmp_path: Path) -> None:
    """After two minutes the deputy is asked; his confirmation ends the search for the first."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN")
        await house.later(120)
        assert "+8613800000002" == house.sent[-1].address
        await house.answer("a", "+8613800000002")
        assert {"wang": TargetState.COVERED, "li": TargetState.MET} == {one.recipient: one.state for one in await house.targets()}
        assert [(ObjectiveState.MET, 1, 1)] == [(one.state, one.met, one.total) for one in await house.objectives()]


async def test_an_answer_by_radio_withdraws_the_rest(tmp_path: Path) -> None:
    """A person who answered is not told again by another way."""
    async with opened(tmp_path) as house:
        house.down("a")
        await house.settle()
        await house.order("wang", needed="HUMAN")
        await house.answer("r", "BJ1WANG")
        house.up("a")
        await house.later(500)
        assert ["r"] == [mail.channel for mail in house.sent]


@pytest.mark.parametrize("error", [LinkBroken("reset"), RuntimeError("bug")])
async def test_an_error_inside_the_licence_is_a_doubt(tmp_path: Path, error: Exception) -> None:
    """After begin() nobody knows what left: IN_DOUBT, and the next rung after the window."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(error)
        await house.order("wang")
        assert [S.IN_DOUBT, S.HELD] == [one.state for one in await house.deliveries()]
        await house.later(30)
        assert ["a", "r"] == [mail.channel for mail in house.sent]


@pytest.mark.may_block("the log reads source lines for a traceback, once for each such error")
async def test_an_error_before_the_licence_costs_nothing(tmp_path: Path) -> None:
    """Before begin() nothing can have left: no attempt, no doubt; the other way is taken at once."""
    async with opened(tmp_path) as house:

        async def fail() -> None:
            raise LinkBroken("reset")

        house.channel["a"].before = fail
        await house.order("wang")
        assert (["r"], (S.HELD, 0)) == ([mail.channel for mail in house.sent], (await _first(house)))


async def test_an_urgent_doubt_costs_one_marked_copy(tmp_path: Path) -> None:
    """P1 in doubt is sent again after the grace, marked 重发, and never a third time for the same doubt."""
    async with opened(tmp_path, rules=_only("a")) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", priority="P1")
        assert 1 == len(house.sent)
        await house.later(2)
        assert 2 == len(house.sent)
        assert ("重发" in house.sent[1].text, house.sent[0].token) == (True, house.sent[1].token)
        await house.later(500)
        assert 2 == len(house.sent)


async def test_a_queryable_doubt_is_asked(tmp_path: Path) -> None:
    """A far end that remembers resolves the doubt, without a copy."""
    capable = Capabilities(form="sms", evidence_max=Evidence.DEVICE, doubt=Doubt.QUERYABLE)
    async with opened(tmp_path, a=capable) as house:
        channel = house.channel["a"]

        async def remember(emission: Emission) -> None:
            channel.answers[emission.token] = Reached(Evidence.DEVICE)

        channel.during = remember
        channel.outcomes.append(Unknown("timeout"))
        await house.order("wang")
        assert (1, [S.MET, S.CANCELLED]) == (len(house.sent), [one.state for one in await house.deliveries()])


async def test_a_bad_number_costs_the_number_and_not_the_channel(tmp_path: Path) -> None:
    """A failure for the recipient's sake opens the next rung and leaves the channel's health alone."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Permanent(Scope.RECIPIENT, "no-such-number"))
        await house.order("wang")
        assert ["a", "r"] == [mail.channel for mail in house.sent]
        assert Health.UP is _health(house, "a")


async def test_whoever_is_out_of_reach_of_a_channel_goes_another_way_at_once_and_costs_it_nothing(tmp_path: Path) -> None:
    """A base station that is gone: the next rung for each who stands at it, and the channel is as well as before."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Transient(Scope.WAY, "site-direct-mode", 60.0)] * 2)
        await house.order("wang", "li")
        assert ["a", "a", "r"] == sorted(mail.channel for mail in house.sent)  # li has a telephone alone
        assert Health.UP is _health(house, "a")
        assert [(S.HELD, 0)] * 2 == [(one.state, one.failures) for one in await house.deliveries() if one.channel == "a"]


async def test_failures_with_two_people_take_a_channel_down(tmp_path: Path) -> None:
    """Two channel-scope failures in a row: DOWN, an alarm, and everything over the other bearer."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Transient(Scope.CHANNEL, "busy")] * 2)
        await house.order("wang", "li")
        assert Health.DOWN is _health(house, "a")
        assert 1 == len(await house.events("alarm.channel_down"))
        await house.order("wang")
        assert "r" == house.sent[-1].channel


async def test_a_withdrawn_emission_stops_at_its_next_turn(tmp_path: Path) -> None:
    """What is on the air when its target is met stops between two fragments; its end is a doubt nobody follows."""
    async with opened(tmp_path) as house:
        gate = asyncio.Event()

        async def slowly(emission: Emission) -> None:
            await gate.wait()
            await emission.turn()

        house.channel["a"].during = slowly
        await house.order("wang", needed="HUMAN")
        await house.answer("r", "BJ1WANG")
        assert [TargetState.MET] == [one.state for one in await house.targets()]
        gate.set()
        await house.settle()
        assert [ObjectiveState.MET] == [one.state for one in await house.objectives()]
        assert ({}, set()) == (house.room.book.objectives, house.room.book.withdrawn)
        assert S.EMITTING not in {one.state for one in await house.deliveries()}


async def test_a_turn_that_cannot_be_written_is_the_end(tmp_path: Path) -> None:
    """The book would be ahead of the truth: the process stops, and starts again from the disk."""
    async with opened(tmp_path) as house:
        taken = msgspec.structs.replace(delivery(), id=1)
        await house.store.run(lambda tx: tx.insert(DELIVERY, taken))
        await house.order("wang")
        assert isinstance(house.fatal[0], StoreError)
        assert [] == await house.store.find(ATTEMPT)
        house.fatal.clear()


async def test_nothing_leaves_before_its_plan_is_on_the_disk(tmp_path: Path) -> None:
    """The dispatcher has the delivery in the same turn; the licence waits for the store, in which the plan comes first."""
    async with opened(tmp_path) as house:
        seen: list[int] = []

        async def look(emission: Emission) -> None:
            seen.append(len(await house.store.find(DELIVERY, "state = 'EMITTING'")))

        house.channel["a"].during = look
        await house.order("wang")
        while house.room.dispatcher.in_flight:
            await asyncio.sleep(0)
        assert [1] == seen


async def _first(house: House) -> tuple[DeliveryState, int]:
    first, *_ = await house.deliveries()
    return first.state, first.tries


def _health(house: House, name: str) -> Health:
    instance = house.room.board.get(name)
    assert instance is not None
    return instance.health.state


def _only(channel: str) -> str:
    return f"""
[ladders.one]
[[ladders.one.rungs]]
channels = ["{channel}"]
[[rules]]
name = "orders"
audience = {{ name = "as addressed" }}
ladder = "one"
"""


@pytest.mark.parametrize("restart", [False, True])
async def test_a_deputy_who_answered_for_himself_is_not_asked_again(tmp_path: Path, restart: bool) -> None:
    """Wang is silent and his deputy has had the same order and confirmed it: nobody is left to ask, and a person is told."""
    async with opened(tmp_path) as house:
        await house.order("wang", "li")
        await house.receipt(next(mail for mail in house.sent if mail.address.endswith("2")))
        if not restart:
            await house.later(121)
            assert ["wang"] == [told["recipient"] for told in await house.events("alarm.nobody_to_escalate_to")]
    if restart:
        async with opened(tmp_path, clock=house.clock) as again:
            await again.later(121)
            assert ["wang"] == [told["recipient"] for told in await again.events("alarm.nobody_to_escalate_to")]
            assert ["li", "wang"] == [one.recipient for one in await again.targets()]


async def test_a_slow_channel_does_not_double_the_traffic_of_all(tmp_path: Path) -> None:
    """Sixty urgent orders stand before a centre that hangs: fifty are hedged when their usual time is over, the rest as budget comes."""
    async with opened(tmp_path) as house:
        hangs = asyncio.Event()
        house.channel["a"].before = hangs.wait  # type: ignore[assignment]  # what it gives is not looked at
        for number in range(AT_ONCE + 10):
            await house.order("wang", text=str(number), priority="P1")
        await house.later(30)
        assert AT_ONCE == len({mail.token for mail in house.sent if mail.channel == "r"})
        await house.later(30)
        assert AT_ONCE + 10 == len({mail.token for mail in house.sent if mail.channel == "r"})
        hangs.set()
        await house.settle()
