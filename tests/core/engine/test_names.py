"""By which names and by which moment a receipt finds its emission: what broke off, what comes round again, what was there before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fenghuo.model.delivery import DeliveryState, ObjectiveState, Outcome, Reached, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import InboundKind
from tests.core.engine.house import House, opened

S = DeliveryState
WANG = "+8613800000001"
PARTS = ("p1", "p2", "p3")
BROKEN = Unknown("1 of 3 parts taken, then cms-38", PARTS[:1], parts=3, is_short=True)


def _answers(house: House, *outcomes: Outcome) -> None:
    house.channel["a"].outcomes.extend(outcomes)


async def _reported(house: House, *refs: str, **fields: Any) -> None:
    for ref in refs:
        await house.hear("a", InboundKind.RECEIPT, ref=ref, level=Evidence.DEVICE, address=WANG, **fields)


async def _evidence(house: House) -> list[Evidence]:
    return [one.evidence for one in await house.deliveries()]


async def test_the_part_of_a_text_that_broke_off_confirms_nothing_and_the_whole_goes_again(tmp_path: Path) -> None:
    """The second of three parts was refused: what the telephone has is a piece. An order that is not urgent goes again too, marked, and
    is there when every part of the copy is."""
    async with opened(tmp_path) as house:
        _answers(house, BROKEN, Reached(Evidence.ACCEPTED, ("q1", "q2", "q3")))
        await house.order("wang", via=["a"])
        await _reported(house, "p1")
        assert ([S.IN_DOUBT], [Evidence.STORED]) == ([one.state for one in await house.deliveries()], await _evidence(house))
        await house.later(5)
        assert [(1, False), (2, True)] == [(mail.n, "重发" in mail.text) for mail in house.sent]
        await _reported(house, "q1", "q2")
        assert [Evidence.ACCEPTED] == await _evidence(house)
        await _reported(house, "q3")
        assert [Evidence.DEVICE] == await _evidence(house)


async def test_a_text_that_breaks_off_each_time_ends_and_is_not_delivered(tmp_path: Path) -> None:
    """Three marked copies, ever later; then a person hears that it is missing."""
    async with opened(tmp_path) as house:
        _answers(house, *(Unknown("refused", (f"p{n}",), parts=2, is_short=True) for n in range(9)))
        await house.order("wang", via=["a"], expires_s=3600)
        for _ in range(40):
            await house.later(10)
            await _reported(house, *(f"p{n}" for n in range(len(house.sent))))
        copies = [mail.n for mail in house.sent if mail.address == WANG]
        (row,) = await house.deliveries("wang")
        assert ([1, 2, 3, 4], S.FAILED, Evidence.STORED) == (copies, row.state, row.evidence)


@pytest.mark.parametrize("total", [3, 0])
async def test_what_broke_off_is_remembered_through_a_restart(tmp_path: Path, total: int) -> None:
    """The outcome is on the disk with the names of what was taken: after a start its report confirms no more than before."""
    async with opened(tmp_path) as house:
        _answers(house, Unknown("lost", PARTS[:1], parts=total))
        await house.order("wang", via=["a"])
    async with opened(tmp_path, clock=house.clock) as house:
        await _reported(house, "p1")
        assert [Evidence.STORED] == await _evidence(house)


async def test_the_answer_that_came_late_makes_whole_what_broke_off(tmp_path: Path) -> None:
    """Two of three were named; then the modem says that it has sent the third as well. One report had come before."""
    async with opened(tmp_path) as house:
        _answers(house, Unknown("no-response", PARTS[:2], parts=3))
        await house.order("wang", via=["a"])
        await _reported(house, "p1")
        late = Reached(Evidence.ACCEPTED, PARTS)
        await house.hear("a", InboundKind.LATE_OUTCOME, token=house.sent[0].token, n=1, outcome=late)
        await _reported(house, "p2")
        assert [Evidence.ACCEPTED] == await _evidence(house)
        await _reported(house, "p3")
        assert [Evidence.DEVICE] == await _evidence(house)


async def test_what_is_over_is_delivered_when_all_its_parts_are(tmp_path: Path) -> None:
    """A person had answered before the reports came; two of three raise nothing, also with a restart in between."""
    async with opened(tmp_path) as house:
        _answers(house, Reached(Evidence.ACCEPTED, PARTS))
        await house.order("wang", via=["a"], expires_s=60)
        await house.later(61)
        await _reported(house, "p1", "p1", "p2")
        assert [Evidence.ACCEPTED] == await _evidence(house)
    async with opened(tmp_path, clock=house.clock) as house:
        await _reported(house, "p3")
        assert [Evidence.DEVICE] == await _evidence(house)


async def test_a_part_that_is_only_on_its_way_is_none_that_is_there_after_a_restart(tmp_path: Path) -> None:
    """The centre says of the first part that it is still trying: that is a receipt, and confirms nothing."""
    async with opened(tmp_path) as house:
        _answers(house, Reached(Evidence.ACCEPTED, PARTS[:2]))
        await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="p1", address=WANG, text="ENROUTE")
    async with opened(tmp_path, clock=house.clock) as house:
        await _reported(house, "p2")
        assert [Evidence.ACCEPTED] == await _evidence(house)


@pytest.mark.parametrize("is_over", [False, True], ids=["open", "over"])
async def test_a_name_that_comes_round_again_confirms_neither_order(tmp_path: Path, is_over: bool) -> None:
    """The modem was restarted and counts from the beginning: the late report of the first order is not the second one's, nor the other
    way round; also when the first is over, and after a restart."""
    async with opened(tmp_path) as house:
        _answers(house, *[Reached(Evidence.ACCEPTED, ("sim/1@7",))] * 2)
        await house.order("wang", via=["a"], expires_s=60)
        if is_over:
            await house.later(61)
        await house.order("wang", via=["a"], expires_s=600)
        moment = {"submitted_at": house.clock.now, "submitted_within_s": 120.0}
        await _reported(house, "sim/1@7", **moment)
        assert [Evidence.ACCEPTED] * 2 == await _evidence(house)
    async with opened(tmp_path, clock=house.clock) as house:
        await _reported(house, "sim/1@7", **moment)
        assert [Evidence.ACCEPTED] * 2 == await _evidence(house)


async def test_a_report_that_could_be_of_either_of_two_names_is_of_neither(tmp_path: Path) -> None:
    """The names hold the minute, and the report gives one or two: of two orders that close together it decides nothing."""
    async with opened(tmp_path) as house:
        _answers(house, Reached(Evidence.ACCEPTED, ("sim/1@7",)), Reached(Evidence.ACCEPTED, ("sim/1@8",)))
        await house.order("wang", via=["a"])
        await house.order("wang", via=["a"])
        await house.hear(
            "a",
            InboundKind.RECEIPT,
            ref="sim/1",
            alternate_refs=("sim/1@7", "sim/1@8"),
            level=Evidence.DEVICE,
            address=WANG,
        )
        assert [Evidence.ACCEPTED] * 2 == await _evidence(house)


@pytest.mark.parametrize(
    ("after_s", "evidence"),
    [(-8 * 3600, Evidence.ACCEPTED), (-130, Evidence.ACCEPTED), (-100, Evidence.DEVICE), (0, Evidence.DEVICE), (130, Evidence.ACCEPTED)],
)
async def test_a_report_is_of_no_order_that_was_not_being_sent_then(tmp_path: Path, after_s: float, evidence: Evidence) -> None:
    """It says when its text was handed in; that moment is its order's, as surely as the two clocks are one."""
    async with opened(tmp_path) as house:
        await house.order("wang", via=["a"])
        (mail,) = house.sent
        await house.receipt(mail, submitted_at=house.clock.now + after_s, submitted_within_s=120.0)
        assert [evidence] == await _evidence(house)


async def test_a_receipt_that_was_faster_than_its_name_has_its_moment_looked_at_too(tmp_path: Path) -> None:
    """The name of an old text's report is given to a new one while the report waits."""
    async with opened(tmp_path) as house:
        stale = {"submitted_at": house.clock.now - 3600, "submitted_within_s": 120.0}
        await _reported(house, "a-0", **stale)
        await house.order("wang", via=["a"])
        while house.room.receipts.in_hand:
            await house.settle()
        assert ([ObjectiveState.OPEN], [Evidence.ACCEPTED]) == (
            [row.state for row in await house.objectives()],
            await _evidence(house),
        )
        await house.receipt(house.sent[0], submitted_at=house.clock.now, submitted_within_s=120.0)
        assert [Evidence.DEVICE] == await _evidence(house)


async def test_a_copy_under_the_same_names_is_confirmed_by_them(tmp_path: Path) -> None:
    """A radio is told the same number each time: whichever copy it acknowledges, it has the order; also after a restart."""
    async with opened(tmp_path) as house:
        house.channel["r"].outcomes.extend([Reached(Evidence.AIRED, ("B1/7",))] * 2)
        await house.order("wang", via=["r"], expires_s=3600)
        await house.later(31)
        assert [1, 2] == [mail.n for mail in house.sent]
    async with opened(tmp_path, clock=house.clock) as house:
        await house.hear("r", InboundKind.RECEIPT, ref="B1/7", level=Evidence.DEVICE)
        assert [Evidence.DEVICE] == await _evidence(house)
