"""Outcomes that come once more: of an order and of a page, after the doubt and before it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.marks import EVIDENCE
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Doubt, Emission, InboundKind
from tests.core.engine.house import CAPABILITIES, House, opened
from tests.core.engine.public import BULK, NEED_DEVICE, NORTH_AREA, alert, enrol, rows

S = DeliveryState
WANG = "+8613800000001"
ONE_WAY = NEED_DEVICE.replace('channels = ["a", "b"]', 'channels = ["a"]')


async def test_an_outcome_that_is_faster_than_the_doubt_it_ends(tmp_path: Path) -> None:
    """The centre's answer and the end of our patience cross: it waits for the doubt, and a report finds the name that it brought."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        gate = _slow(house)
        await house.order("wang", via=["a"])
        await _late(house, house.sent[0].token, Reached(Evidence.ACCEPTED, ("late",)))
        assert [S.EMITTING] == [one.state for one in await house.deliveries()]
        gate.set()
        await _understood(house)
        assert [S.AWAITING] == [one.state for one in await house.deliveries()]
        await house.hear("a", InboundKind.RECEIPT, ref="late", level=Evidence.DEVICE)
        assert [ObjectiveState.MET] == [row.state for row in await house.objectives()]


async def test_an_earlier_attempt_has_its_name_although_another_is_on_the_air(tmp_path: Path) -> None:
    """A copy goes already when the centre says that it had taken the first: a report of that one counts."""
    caps = msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.IDEMPOTENT)
    async with opened(tmp_path, a=caps) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        gate = _slow(house, from_attempt=2)
        await house.order("wang", via=["a"])
        assert [1, 2] == [mail.n for mail in house.sent]
        await _late(house, house.sent[0].token, Reached(Evidence.ACCEPTED, ("late",)), n=1)
        await house.hear("a", InboundKind.RECEIPT, ref="late", level=Evidence.DEVICE)
        assert [(S.EMITTING, Evidence.DEVICE)] == [(one.state, one.evidence) for one in await house.deliveries()]
        gate.set()
        await _understood(house)
        assert [ObjectiveState.MET] == [row.state for row in await house.objectives()]


async def test_an_outcome_without_a_number_is_of_what_had_begun_when_it_came(tmp_path: Path) -> None:
    """It is read again by every start, and another attempt has begun since: that one is in doubt, and is no emission that never left."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", via=["a"])
        await _late(house, house.sent[0].token, Transient(Scope.RECIPIENT, "busy", 5.0))
        _slow(house)
        await house.later(6)
        assert [1, 2] == [mail.n for mail in house.sent]
        clock = house.clock
    async with opened(tmp_path, clock=clock, up=False) as house:
        assert [S.IN_DOUBT] == [one.state for one in await house.deliveries()]


@pytest.mark.parametrize("is_faster", [False, True])
async def test_the_late_outcome_of_a_page_ends_its_doubt_and_names_it(tmp_path: Path, *, is_faster: bool) -> None:
    """As that of an order: after the doubt, or crossing it."""
    async with opened(tmp_path, rules=ONE_WAY, a=BULK) as house:
        await enrol(house, [WANG], [])
        house.channel["a"].page_outcomes.append(Unknown("timeout"))
        gate = _slow(house)
        if not is_faster:
            gate.set()
        await alert(house, "one", NORTH_AREA, severity="Minor")
        (sheet,) = house.channel["a"].pages
        await _late(house, sheet.token, Reached(Evidence.ACCEPTED, ("late",)))
        gate.set()
        await _understood(house)
        assert [S.AWAITING] == [page.state for page in await rows(house)]
        await house.hear("a", InboundKind.RECEIPT, ref="late", level=Evidence.DEVICE, address=WANG)
        await _understood(house)
        assert [ObjectiveState.MET] == [row.state for row in await house.objectives()]


async def test_a_page_that_never_left_goes_again_and_is_no_copy(tmp_path: Path) -> None:
    """The gateway says after all that it was busy."""
    async with opened(tmp_path, rules=ONE_WAY, a=BULK) as house:
        await enrol(house, [WANG], [])
        house.channel["a"].page_outcomes.append(Unknown("timeout"))
        await alert(house, "one", NORTH_AREA, severity="Minor")
        await _late(house, house.channel["a"].pages[0].token, Transient(Scope.RECIPIENT, "busy", 1.0))
        await _understood(house)
        await house.later(2)
        assert [("重发" in sheet.text, sheet.n) for sheet in house.channel["a"].pages] == [(False, 1), (False, 2)]


async def test_what_is_over_has_its_name_and_keeps_its_end(tmp_path: Path) -> None:
    """Two orders were given up, and the centre had taken both: each report is of its own, and neither has to be guessed."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 2)
        for _ in range(2):
            await house.order("wang", via=["a"], expires_s=60)
        await house.later(61)
        await house.hear("a", InboundKind.RECEIPT, ref="late-1", level=Evidence.DEVICE, address=WANG)
        for number, mail in enumerate(house.sent):
            await _late(house, mail.token, Reached(Evidence.ACCEPTED, (f"late-{number}",)))
            await _understood(house)
        assert [(S.EXPIRED, Evidence.ACCEPTED), (S.EXPIRED, Evidence.DEVICE)] == [
            (one.state, one.evidence) for one in await house.deliveries()
        ]


@pytest.mark.parametrize(
    "outcome", [Transient(Scope.RECIPIENT, "busy", 5.0), Permanent(Scope.MESSAGE, "no"), Reached(Evidence.DEVICE, ("x",))]
)
async def test_no_channel_says_what_became_of_an_emission_of_another(tmp_path: Path, outcome: Outcome) -> None:
    """Nothing is sent again, given up or met by it, nor does it stand in the way of what its own channel says."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        gate = _slow(house)
        await house.order("wang", via=["a"])
        token = house.sent[0].token
        await _late(house, token, Reached(Evidence.ACCEPTED, ("late",)))
        await house.hear("r", InboundKind.LATE_OUTCOME, token=token, outcome=outcome)
        gate.set()
        await _understood(house)
        await house.hear("r", InboundKind.LATE_OUTCOME, token=token, n=1, outcome=outcome)
        assert [(S.AWAITING, Evidence.ACCEPTED)] == [(one.state, one.evidence) for one in await house.deliveries()]
        assert 1 == len(house.sent)


async def test_a_page_that_is_over_was_taken_after_all(tmp_path: Path) -> None:
    """What is known of everybody on it rises, and reports find it by its name."""
    async with opened(tmp_path, rules=ONE_WAY, a=BULK) as house:
        await enrol(house, [WANG], [])
        house.channel["a"].page_outcomes.append(Unknown("timeout"))
        await alert(house, "one", NORTH_AREA, severity="Minor")
        await house.later(7200.0)
        (ended,) = await rows(house)
        await _late(house, house.channel["a"].pages[0].token, Reached(Evidence.ACCEPTED, ("late",)))
        await _understood(house)
        (page,) = await rows(house)
        assert (ended.state, Evidence.ACCEPTED) == (page.state, Evidence(page.marks[0] & EVIDENCE))
        await house.hear("a", InboundKind.RECEIPT, ref="late", level=Evidence.DEVICE, address=WANG)
        await _understood(house)
        assert [Evidence.DEVICE] == [Evidence(page.marks[0] & EVIDENCE) for page in await rows(house)]


def _slow(house: House, *, from_attempt: int = 1) -> asyncio.Event:
    """What leaves from now on stays on the air until this is set."""
    gate = asyncio.Event()

    async def wait(emission: Emission) -> None:
        if emission.n >= from_attempt:
            await gate.wait()

    house.channel["a"].during = wait
    return gate


async def _late(house: House, token: str, outcome: Outcome, n: int = 0) -> None:
    await house.hear("a", InboundKind.LATE_OUTCOME, token=token, n=n, outcome=outcome)


async def _understood(house: House) -> None:
    await house.settle()
    while house.room.receipts.in_hand:
        await house.settle()
