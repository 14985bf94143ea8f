"""What comes in over channels, and whose evidence it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.receipts import named_number
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Permanent, Reached, Scope, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Emission, InboundKind
from fenghuo.store.tables import INBOX, MESSAGE, RECEIPT
from tests.core.engine.house import House, opened

S = DeliveryState
NUMBERS = [("收到#0123", 123), ("#17 完成", 17), ("0123", 123), ("收到 0123", 123), ("收到", None), ("13800000001", None), ("№ 5", 5)]


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_an_answer_names_a_number_or_none(text: str, number: int | None) -> None:
    """A number sign, or four digits alone or after a word; a telephone number is none."""
    assert number == named_number(text)


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


async def test_done_is_more_than_received(tmp_path: Path) -> None:
    """完成 says that the action is finished."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="DONE")
        await house.answer("a", "+8613800000001", "收到")
        assert [ObjectiveState.OPEN] == await _objectives(house)
        await house.answer("a", "+8613800000001", "完成")
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_an_answer_to_nothing_is_an_alarm(tmp_path: Path) -> None:
    """Somebody speaks and nobody asked: a person must see it."""
    async with opened(tmp_path) as house:
        await house.answer("a", "+8619999999999", "救命")
        assert ["救命"] == [event["text"] for event in await house.events("alarm.answer_unmatched")]


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


async def test_the_refusal_of_one_part_counts_at_once(tmp_path: Path) -> None:
    """A part that will never come makes the way a failure, and the next rung goes."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Reached(Evidence.ACCEPTED, ("p1", "p2")))
        await house.order("wang")
        await house.hear("a", InboundKind.RECEIPT, ref="p2", failure=Permanent(Scope.RECIPIENT, "UNDELIV"))
        assert ["a", "r"] == [mail.channel for mail in house.sent]


async def test_a_receipt_may_be_faster_than_its_outcome(tmp_path: Path) -> None:
    """It waits for the outcome that names it, and counts then."""
    async with opened(tmp_path) as house:

        async def fast(emission: Emission) -> None:
            await house.hear("a", InboundKind.RECEIPT, ref="a-0", level=Evidence.DEVICE, address="+8613800000001")

        house.channel["a"].during = fast
        await house.order("wang")
        await house.settle()
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_an_unknown_id_resolves_the_only_doubt(tmp_path: Path) -> None:
    """A receipt nobody can name, for a telephone with one emission in doubt, is of that one."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang")
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address="+8613800000001")
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_of_two_doubts_neither_is_guessed(tmp_path: Path) -> None:
    """Where it could be either, it is none."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 2)
        await house.order("wang")
        await house.order("wang")
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address="+8613800000001")
        assert [ObjectiveState.OPEN] * 2 == await _objectives(house)


async def test_late_evidence_raises_what_is_known_and_no_state(tmp_path: Path) -> None:
    """After the end a receipt still tells the truth: FAILED stays FAILED, and DEVICE is known."""
    async with opened(tmp_path) as house:
        await house.order("wang", expires_s=10)
        await house.later(11)
        await house.receipt(house.sent[0])
        first, *_ = await house.deliveries()
        assert (S.EXPIRED, Evidence.DEVICE) == (first.state, first.evidence)
        assert 1 == len(await house.events("receipt.late"))


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
