"""An outcome or a receipt is evidence as far as its channel has declared that it can know: of orders and pages, in time and late."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fenghuo.engine.marks import EVIDENCE
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Paged, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Capabilities, Doubt, Emission, InboundKind
from tests.core.engine.house import House, opened
from tests.core.engine.public import NEED_DEVICE, SOUTH_AREA, alert, enrol, rows

GATEWAY = Capabilities(form="sms", evidence_max=Evidence.ACCEPTED, concurrency=8, batch=True)
PEOPLE = ("+8613800005000", "+8613800005001")
TOO_MUCH = Reached(Evidence.HUMAN, ("ref",))


async def test_an_outcome_of_an_order_meets_nothing_that_its_channel_cannot_know(tmp_path: Path) -> None:
    """The order needs a device, the gateway only takes: it waits for more, and a person hears of the plugin."""
    async with opened(tmp_path, a=GATEWAY) as house:
        faults = _faults(house)
        house.channel["a"].outcomes.append(TOO_MUCH)
        await house.order("wang", via=["a"])
        assert [(DeliveryState.AWAITING, Evidence.ACCEPTED)] == await _known(house)
        assert [ObjectiveState.OPEN] == [row.state for row in await house.objectives()]
        assert ["a"] == faults


async def test_an_answer_to_a_question_is_no_way_round_it(tmp_path: Path) -> None:
    """In doubt, asked, and told that people have it."""
    able = Capabilities(form="sms", evidence_max=Evidence.ACCEPTED, doubt=Doubt.QUERYABLE)
    async with opened(tmp_path, a=able) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))

        async def knows(emission: Emission) -> None:
            house.channel["a"].answers[emission.token] = TOO_MUCH

        house.channel["a"].during = knows
        await house.order("wang", via=["a"])
        assert [(DeliveryState.AWAITING, Evidence.ACCEPTED)] == await _known(house)


async def test_a_receipt_counts_as_far_too_and_an_answer_in_full(tmp_path: Path) -> None:
    """The raw row says what the channel said; what a person says in their own words is not the channel's claim."""
    async with opened(tmp_path, a=GATEWAY) as house:
        await house.order("wang", via=["a"])
        await house.receipt(house.sent[0], Evidence.HUMAN)
        assert [(DeliveryState.AWAITING, Evidence.ACCEPTED)] == await _known(house)
        assert ["ACCEPTED"] == [told["level"] for told in await house.events("receipt.matched")]
        await house.answer("a", house.sent[0].address)
        assert [(DeliveryState.MET, Evidence.HUMAN)] == await _known(house)


async def test_what_comes_when_all_is_over_raises_no_more(tmp_path: Path) -> None:
    """A late outcome, and a receipt by the name that it brought."""
    async with opened(tmp_path, a=GATEWAY) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", via=["a"], expires_s=60)
        await house.later(61)
        await house.hear("a", InboundKind.LATE_OUTCOME, token=house.sent[0].token, outcome=TOO_MUCH)
        await _understood(house)
        await house.hear("a", InboundKind.RECEIPT, ref="ref", level=Evidence.HUMAN)
        assert [(DeliveryState.EXPIRED, Evidence.ACCEPTED)] == await _known(house)
        assert ["ACCEPTED", "ACCEPTED"] == [told["level"] for told in await house.events("receipt.late")]


async def test_a_receipt_that_a_restart_reads_again_is_worth_no_more(tmp_path: Path) -> None:
    """It came before its emission had a name, and the process died."""
    async with opened(tmp_path, a=GATEWAY) as house:
        gate = asyncio.Event()

        async def slow(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = slow
        await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="ref", level=Evidence.HUMAN)
        token, clock = house.sent[0].token, house.clock
    async with opened(tmp_path, clock=clock, up=False, a=GATEWAY) as house:
        await house.hear("a", InboundKind.LATE_OUTCOME, token=token, outcome=Reached(Evidence.ACCEPTED, ("ref",)))
        await _understood(house)
        assert ["ACCEPTED"] == [told["level"] for told in await house.events("receipt.matched")]
        assert [(DeliveryState.AWAITING, Evidence.ACCEPTED)] == await _known(house)


async def test_a_page_is_as_an_order(tmp_path: Path) -> None:
    """Its outcome, what is told of some of its people, a receipt, and what comes late."""
    async with opened(tmp_path, rules=NEED_DEVICE.replace('["a", "b"]', '["a"]'), a=GATEWAY) as house:
        faults = _faults(house)
        await enrol(house, [], PEOPLE)
        house.channel["a"].page_outcomes.append(Paged(TOO_MUCH, ((1, Transient(Scope.RECIPIENT, "busy", 900.0)),)))
        await alert(house, "one", SOUTH_AREA)
        (sheet,) = house.channel["a"].pages
        await house.hear("a", InboundKind.RECEIPT, token=sheet.token, level=Evidence.HUMAN, address=PEOPLE[0])
        await house.hear("a", InboundKind.LATE_OUTCOME, token=sheet.token, outcome=TOO_MUCH)
        await _understood(house)
        (page,) = await rows(house)
        assert (0, Evidence.ACCEPTED) == (page.met, max(Evidence(mark & EVIDENCE) for mark in page.marks))
        assert ["a"] == faults


def _faults(house: House) -> list[str]:
    """The channels of which a person is told, each time."""
    told: list[str] = []
    house.room.board.on_fault = lambda name, sentence: told.append(name)
    return told


async def _known(house: House) -> list[tuple[DeliveryState, Evidence]]:
    return [(one.state, one.evidence) for one in await house.deliveries()]


async def _understood(house: House) -> None:
    await house.settle()
    while house.room.receipts.in_hand:
        await house.settle()


async def test_a_receipt_from_a_channel_that_is_down_opens_its_trial(tmp_path: Path) -> None:
    """Two emissions failed for its sake; then the device of an earlier order confirms: it carries, and may be tried. That the centre has
    only sent an earlier one on says nothing of now."""
    async with opened(tmp_path) as house:
        await house.order("wang", via=["a"])
        house.channel["a"].outcomes.extend([Transient(Scope.CHANNEL, "busy")] * 2)
        await house.order("huang", "li", via=["a"])
        assert Health.DOWN is _health(house)
        await house.later(60.0)
        await house.receipt(house.sent[0], Evidence.RELAYED)
        assert Health.DOWN is _health(house)
        await house.receipt(house.sent[0])
        assert Health.PROBATION is _health(house)


async def test_a_report_that_it_was_not_played_makes_no_mute_channel_up(tmp_path: Path) -> None:
    """Nobody knows whether anybody could hear it; that its terminal reports shows the terminal only."""
    mute = Capabilities(form="sms", evidence_max=Evidence.DEVICE, mute=True)
    async with opened(tmp_path, a=mute) as house:
        await house.order("wang", via=["a"])
        await house.receipt(house.sent[0], None, failure=Permanent(Scope.RECIPIENT, "not-played"))
        assert Health.UNKNOWN is _health(house)
        await house.order("huang", via=["a"])
        await house.receipt(house.sent[-1], Evidence.AIRED)
        assert Health.UP is _health(house)


def _health(house: House) -> Health:
    instance = house.room.board.get("a")
    assert instance is not None
    return instance.health.state
