"""What comes in over channels, and whose evidence it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo.model.delivery import DeliveryState, ObjectiveState, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Emission, InboundKind
from fenghuo.store.tables import INBOX, MESSAGE, RECEIPT
from tests.core.engine.house import House, opened

S = DeliveryState
WANG = "+8613800000001"


async def _second_of_two(house: House, text: str) -> str:
    """What became of an answer with `text`, {n} the number of the first of two orders: of which order it is, if of any."""
    first = await house.order("wang", needed="HUMAN")
    await house.order("wang", needed="HUMAN", text="报已转移人数")
    (row,) = await house.store.find(MESSAGE, "id = ?", first.id)
    await house.answer("a", WANG, text.format(n=f"{row.number:04}"))
    met = [index for index, state in enumerate(await _objectives(house)) if state is ObjectiveState.MET]
    return "".join("first" if not index else "newest" for index in met) or "unmatched"


ABOUT = [
    ("已转移1200", "newest"),
    ("1200", "newest"),
    ("完成1200", "newest"),
    ("已转移{n}", "newest"),
    ("{n}", "first"),
    ("{n} 收到", "first"),
    ("收到{n}", "first"),
    ("回{n}", "first"),
    ("人已到，#{n}", "first"),
    ("人在#5安置点", "newest"),
    ("收到#9999", "unmatched"),
    ("ACK 9999", "unmatched"),
]


@pytest.mark.parametrize(("text", "about"), ABOUT)
async def test_an_answer_is_about_the_newest_unless_it_names_another(tmp_path: Path, text: str, about: str) -> None:
    """A figure that was asked for is no name; a name in our own form that none of ours has is told to a person."""
    async with opened(tmp_path) as house:
        assert about == await _second_of_two(house, text)


async def test_an_answer_belongs_to_the_newest_open_objective(tmp_path: Path) -> None:
    """收到 without a number is meant for what was said last."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN")
        await house.order("wang", needed="HUMAN")
        await house.answer("a", "+8613800000001")
        assert [ObjectiveState.OPEN, ObjectiveState.MET] == await _objectives(house)


async def test_an_answer_belongs_to_the_number_it_names(tmp_path: Path) -> None:
    """A named number counts before the order of time."""
    async with opened(tmp_path) as house:
        first = await house.order("wang", needed="HUMAN")
        await house.order("wang", needed="HUMAN")
        (row,) = await house.store.find(MESSAGE, "id = ?", first.id)
        await house.answer("a", "+8613800000001", f"收到#{row.number:04}")
        assert [ObjectiveState.MET, ObjectiveState.OPEN] == await _objectives(house)


@pytest.mark.parametrize("outcome", [Transient(Scope.CHANNEL, "throttled", 300.0), Transient(Scope.RECIPIENT, "busy", 300.0)])
async def test_an_answer_is_not_for_an_order_that_never_left(tmp_path: Path, outcome: Transient) -> None:
    """The second order was throttled: 收到 is for the first, and the second goes on."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN", via=["a"])
        house.channel["a"].outcomes.append(outcome)
        second = await house.order("wang", needed="HUMAN", via=["a"])
        await house.answer("a", "+8613800000001")
        assert [ObjectiveState.MET, ObjectiveState.OPEN] == await _objectives(house)
        (row,) = await house.store.find(MESSAGE, "id = ?", second.id)
        await house.answer("a", "+8613800000001", f"收到#{row.number:04}")
        assert 1 == len(await house.events("alarm.answer_unmatched"))


async def test_an_answer_may_be_for_an_order_in_doubt(tmp_path: Path) -> None:
    """Nobody knows whether it left, and whoever answers it, has it."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", needed="HUMAN", via=["a"])
        await house.answer("a", "+8613800000001")
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_what_is_heard_is_understood_although_its_bearer_gave_up(tmp_path: Path) -> None:
    """The request that brought 收到 was cut off while the disk was slow: the row is kept, and so it is worked out."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN")
        await house.give_up(house.answer("a", WANG))
        assert (["matched"], [ObjectiveState.MET]) == ([row.state for row in await house.store.find(INBOX)], await _objectives(house))


async def test_done_is_more_than_received(tmp_path: Path) -> None:
    """完成 says that the action is finished."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="DONE")
        await house.answer("a", "+8613800000001", "收到")
        assert [ObjectiveState.OPEN] == await _objectives(house)
        await house.answer("a", "+8613800000001", "完成")
        assert [ObjectiveState.MET] == await _objectives(house)


REFUSAL = "完成不了，路断了，请求支援"


async def test_whoever_declines_has_not_met_the_order(tmp_path: Path) -> None:
    """It is evidence of a person, and no more: the deputy and the next rung go at once, and a person reads the words."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN")
        await house.answer("a", WANG, REFUSAL)
        asked = [one.recipient for one in await house.targets()]
        assert ([ObjectiveState.OPEN], ["li", "wang"]) == (await _objectives(house), asked)
        (alarm,) = await house.events("alarm.declined")
        assert ("wang", "a", REFUSAL) == (alarm["recipient"], alarm["channel"], alarm["text"])
        assert [(Evidence.HUMAN, "declined")] == [
            (one.evidence, one.reason) for one in await house.deliveries("wang") if one.channel == "a"
        ]


@pytest.mark.parametrize("needed", ["DEVICE", "HUMAN"])
async def test_who_declined_and_then_accepts_has_met_it(tmp_path: Path, needed: str) -> None:
    """A restart forgets no refusal, a report of the telephone takes none back, and the person does."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed=needed)
        await house.answer("a", WANG, "不能执行")
    async with opened(tmp_path, clock=house.clock) as again:
        await again.receipt(house.sent[0])
        await again.later(1)
        assert [ObjectiveState.OPEN] == await _objectives(again)
        await again.answer("a", WANG, "收到，马上出发")
        assert [ObjectiveState.MET] == await _objectives(again)


async def test_a_refusal_opens_the_next_rung_at_once(tmp_path: Path) -> None:
    """wang has a radio too, which would have waited half a minute for his telephone."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN")
        assert ["a"] == [mail.channel for mail in house.sent]
        await house.answer("a", WANG, "没收到")
        assert "r" in [mail.channel for mail in house.sent]


async def test_a_refusal_that_comes_after_the_end_is_told(tmp_path: Path) -> None:
    """The telephone had met the objective; its state stays, and a person reads the words."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.receipt(house.sent[0])
        await house.answer("a", WANG, "去不了")
        assert ([ObjectiveState.MET], ["去不了"]) == (
            await _objectives(house),
            [one["text"] for one in await house.events("alarm.declined")],
        )


async def test_words_of_no_form_are_read_by_a_person(tmp_path: Path) -> None:
    """They are a person's, and nobody else can say what they mean; what names an order, or is a form of ours, needs nobody."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="DONE")
        for text in ("完成 12/213", "收到", "0123"):
            await house.answer("a", WANG, text)
        assert ["完成 12/213"] == [one["text"] for one in await house.events("alarm.answer_to_read")]
        assert [ObjectiveState.OPEN] == await _objectives(house)


async def test_an_answer_to_nothing_is_an_alarm(tmp_path: Path) -> None:
    """Somebody speaks and nobody asked: a person must see it."""
    async with opened(tmp_path) as house:
        await house.answer("a", "+8619999999999", "救命")
        assert ["救命"] == [event["text"] for event in await house.events("alarm.answer_unmatched")]


async def test_an_answer_to_nothing_is_understood_once_and_for_all(tmp_path: Path) -> None:
    """收到 to nothing is not taken for the answer to an order that came after it, also not by a restart that reads the inbox again."""
    async with opened(tmp_path) as house:
        await house.answer("a", WANG)
        assert ["unmatched"] == [row.state for row in await house.store.find(INBOX)]
        await house.order("wang", needed="HUMAN")
    async with opened(tmp_path, clock=house.clock) as again:
        assert [ObjectiveState.OPEN] == await _objectives(again)
        assert 1 == len(await again.events("alarm.answer_unmatched"))


async def test_parts_count_when_they_are_whole(tmp_path: Path) -> None:
    """Two parts of three on the telephone are no message."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Reached(Evidence.ACCEPTED, ("p1", "p2", "p3")))
        await house.order("wang")
        for ref in ("p1", "p3", "p1"):
            await house.hear("a", InboundKind.RECEIPT, ref=ref, level=Evidence.DEVICE)
        assert [ObjectiveState.OPEN] == await _objectives(house)
        await house.hear("a", InboundKind.RECEIPT, ref="p2", level=Evidence.DEVICE)
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_parts_of_two_attempts_are_counted_apart(tmp_path: Path) -> None:
    """Half of the first frame and half of its repeat are no message; the rest of the first one makes it whole."""
    async with opened(tmp_path) as house:
        house.channel["r"].outcomes.extend([Reached(Evidence.AIRED, ("p1", "p2")), Reached(Evidence.AIRED, ("q1", "q2"))])
        await house.order("shuang")
        await house.later(30)
        assert [1, 2] == [mail.n for mail in house.sent]
        for ref in ("p1", "q1"):
            await house.hear("r", InboundKind.RECEIPT, ref=ref, level=Evidence.DEVICE)
        assert [ObjectiveState.OPEN] == await _objectives(house)
        await house.hear("r", InboundKind.RECEIPT, ref="p2", level=Evidence.DEVICE)
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_the_refusal_of_one_part_counts_at_once(tmp_path: Path) -> None:
    """A part that will never come makes the way a failure, and the next rung goes."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Reached(Evidence.ACCEPTED, ("p1", "p2")))
        await house.order("wang")
        await house.hear("a", InboundKind.RECEIPT, ref="p2", failure=Permanent(Scope.RECIPIENT, "UNDELIV"))
        assert ["a", "r"] == [mail.channel for mail in house.sent]


async def test_late_evidence_raises_what_is_known_and_no_state(tmp_path: Path) -> None:
    """After the end a receipt still tells the truth: FAILED stays FAILED, and DEVICE is known."""
    async with opened(tmp_path) as house:
        await house.order("wang", expires_s=10)
        await house.later(11)
        await house.receipt(house.sent[0])
        first, *_ = await house.deliveries()
        assert (S.EXPIRED, Evidence.DEVICE) == (first.state, first.evidence)
        assert 1 == len(await house.events("receipt.late"))


async def test_a_receipt_that_its_outcome_names_in_the_turn_that_ends_it_is_kept(tmp_path: Path) -> None:
    """The report comes before the outcome, and a person's answer over the radio before both: the report is late, and not lost."""
    answered = asyncio.Event()

    async def slow(emission: Emission) -> None:
        await answered.wait()

    async with opened(tmp_path) as house:
        house.channel["a"].during = slow
        await house.order("wang", priority="P0")
        await house.receipt(next(mail for mail in house.sent if mail.channel == "a"))
        await house.answer("r", "BJ1WANG")
        answered.set()
        await house.settle()
        assert [Evidence.DEVICE, Evidence.HUMAN] == [one.evidence for one in await house.deliveries()]
        assert ["DEVICE"] == [told["level"] for told in await house.events("receipt.late")]


async def test_a_late_answer_is_known_too(tmp_path: Path) -> None:
    """Who answers after the end has answered all the same."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.receipt(house.sent[0])
        await house.answer("a", "+8613800000001")
        assert Evidence.HUMAN is (await house.deliveries())[0].evidence


async def test_everything_heard_is_kept_raw(tmp_path: Path) -> None:
    """The raw row is matched to its receipt."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.receipt(house.sent[0])
        (raw,) = await house.store.find(INBOX)
        (receipt,) = await house.store.find(RECEIPT)
        assert ("matched", raw.id) == (raw.state, receipt.inbox)


async def test_a_late_outcome_ends_a_doubt(tmp_path: Path) -> None:
    """A channel that remembers what became of an attempt says so by its token."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang")
        await house.hear("a", InboundKind.LATE_OUTCOME, token=house.sent[0].token, n=1, outcome=Reached(Evidence.ACCEPTED, ("late",)))
        assert S.AWAITING is (await house.deliveries())[0].state
        await house.hear("a", InboundKind.RECEIPT, ref="late", level=Evidence.DEVICE)
        assert [ObjectiveState.MET] == await _objectives(house)


async def _objectives(house: House) -> list[ObjectiveState]:
    return [one.state for one in await house.objectives()]
