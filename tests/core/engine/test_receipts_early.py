"""Receipts and answers that are faster than the outcome of their emission."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.model.delivery import ObjectiveState, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Emission, InboundKind
from fenghuo.store.tables import INBOX
from tests.core.engine.house import CAPABILITIES, House, opened

WANG = "+8613800000001"


async def test_a_receipt_may_be_faster_than_its_outcome(tmp_path: Path) -> None:
    """It waits for the outcome that names it, and counts then."""
    async with opened(tmp_path) as house:

        async def fast(emission: Emission) -> None:
            await house.hear("a", InboundKind.RECEIPT, ref="a-0", level=Evidence.DEVICE, address="+8613800000001")

        house.channel["a"].during = fast
        await house.order("wang")
        while house.room.dispatcher.in_flight:
            await house.settle()
        await house.settle()
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_a_name_that_is_late_has_every_receipt_that_waits_for_it(tmp_path: Path) -> None:
    """The telephone has it, and then the centre says once more that it is on its way: the first report is not lost to the second."""
    async with opened(tmp_path) as house:
        gate = asyncio.Event()

        async def slow(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = slow
        await house.order("wang")
        for level in (Evidence.DEVICE, Evidence.ACCEPTED):
            await house.hear("a", InboundKind.RECEIPT, ref="a-0", level=level)
        gate.set()
        await house.settle()
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_a_receipt_may_name_our_token(tmp_path: Path) -> None:
    """A far end without ids of its own: while the emission is on the air, and when all is over."""
    able = msgspec.structs.replace(CAPABILITIES["a"], evidence_max=Evidence.HUMAN)
    async with opened(tmp_path, a=able) as house:
        gate = asyncio.Event()

        async def slow(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = slow
        await house.order("wang")
        (mail,) = house.sent
        await house.hear("a", InboundKind.RECEIPT, token=mail.token, level=Evidence.DEVICE)
        assert [Evidence.DEVICE] == [one.evidence for one in await house.deliveries() if one.channel == "a"]
        gate.set()
        await house.settle()
        assert [ObjectiveState.MET] == await _objectives(house)
        await house.hear("a", InboundKind.RECEIPT, token=mail.token, level=Evidence.HUMAN)
        assert ["HUMAN"] == [told["level"] for told in await house.events("receipt.late")]
        assert ["matched", "matched"] == [row.state for row in await house.store.find(INBOX)]


@pytest.mark.parametrize("by", ["token", "ref"])
async def test_a_refusal_that_is_faster_than_the_outcome_opens_the_next_rung(tmp_path: Path, by: str) -> None:
    """The end says no before the centre says that it took it; afterwards nobody will say it again."""
    async with opened(tmp_path) as house:
        gate = asyncio.Event()

        async def slow(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = slow
        await house.order("wang")
        (mail,) = house.sent
        no = Permanent(Scope.RECIPIENT, "UNDELIV")
        await house.hear("a", InboundKind.RECEIPT, failure=no, **{by: getattr(mail, by)})
        gate.set()
        while house.room.dispatcher.in_flight or house.room.receipts.in_hand:
            await house.settle()
        await house.settle()
        assert ["a", "r"] == [mail.channel for mail in house.sent]


@pytest.mark.parametrize("outcome", [Reached(Evidence.ACCEPTED), Unknown("timeout"), Transient(Scope.RECIPIENT, "busy", 5.0)])
async def test_an_answer_may_be_faster_than_the_outcome_whatever_that_is(tmp_path: Path, outcome: Outcome) -> None:
    """Whoever answers has it: the objective is met, and nothing goes again."""
    async with opened(tmp_path) as house:
        gate = asyncio.Event()

        async def slow(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = slow
        house.channel["a"].outcomes.append(outcome)
        await house.order("wang")
        await house.answer("a", WANG)
        gate.set()
        while house.room.dispatcher.in_flight:
            await house.settle()
        await house.later(60)
        assert [ObjectiveState.MET] == await _objectives(house)
        assert ["a"] == [mail.channel for mail in house.sent]


async def test_an_outcome_that_comes_while_a_receipt_is_being_looked_up_still_names_it(tmp_path: Path) -> None:
    """The receipt found no name in the book and searches the store; the outcome names it meanwhile, and will not come again."""
    async with opened(tmp_path) as house:
        searching, found = asyncio.Event(), threading.Event()
        hearing: list[asyncio.Task[None]] = []

        async def ack() -> None:
            house.store.submit(lambda tx: found.wait(10))  # the search is the next job, and waits behind this one
            searching.set()

        async def fast(emission: Emission) -> None:
            heard = house.hear("a", InboundKind.RECEIPT, ref="a-0", level=Evidence.DEVICE, address=WANG, ack=ack)
            hearing.append(asyncio.create_task(heard))
            await searching.wait()

        house.channel["a"].during = fast
        raw = msgspec.json.encode({"to": ["wang"], "text": "到岗"})
        await house.room.intake.accept(Submission(raw, Origin("centre")))
        while ("a", "a-0") not in house.room.book.refs:
            house.room.loop.turn()
            await asyncio.sleep(0)
        found.set()
        await hearing[0]
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_an_outcome_that_ends_its_emission_while_a_receipt_is_being_looked_up_names_it_all_the_same(tmp_path: Path) -> None:
    """He has answered on the radio, so that the outcome names the emission and ends it in one turn: the report is late, and not lost."""
    async with opened(tmp_path) as house:
        answered, searching, found = asyncio.Event(), asyncio.Event(), threading.Event()
        hearing: list[asyncio.Task[None]] = []

        async def ack() -> None:
            house.store.submit(lambda tx: found.wait(10))
            searching.set()

        async def fast(emission: Emission) -> None:
            await answered.wait()
            heard = house.hear("a", InboundKind.RECEIPT, ref="a-0", level=Evidence.DEVICE, address=WANG, ack=ack)
            hearing.append(asyncio.create_task(heard))
            await searching.wait()

        house.channel["a"].during = fast
        await house.order("wang", priority="P0")
        await house.answer("r", "BJ1WANG")
        answered.set()
        while house.room.dispatcher.in_flight:
            house.room.loop.turn()
            await asyncio.sleep(0)
        found.set()
        await hearing[0]
        await house.settle()
        assert ["DEVICE"] == [told["level"] for told in await house.events("receipt.late")]
        assert {"matched"} == {row.state for row in await house.store.find(INBOX)}


async def _objectives(house: House) -> list[ObjectiveState]:
    return [row.state for row in await house.objectives()]
