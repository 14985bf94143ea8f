"""What comes in shows that its bearer works, whosever it is: suspicion and breaker go by it, once for each thing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.channels import Instance
from fenghuo.engine.page_rows import Told
from fenghuo.engine.raw_inbound import packed
from fenghuo.model.delivery import DeliveryState, Outcome, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Emission, Inbound, InboundKind
from fenghuo.store.records import InboxRow
from fenghuo.store.tables import INBOX
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, NORTH_AREA, PUBLIC_RULES, alert, enrol

WANG = "+8613800000001"
Heard = Callable[[House], Awaitable[None]]


async def test_a_receipt_that_nobody_can_own_opens_the_breaker_that_silence_closed(tmp_path: Path) -> None:
    """Four orders to two people vanished; then a device of one of them confirms, under a name of which nobody has told us."""
    async with opened(tmp_path) as house:
        await _black_hole(house)
        await _report(house, Evidence.DEVICE)
        assert Health.PROBATION is _channel(house).health.state


async def test_a_receipt_for_what_was_given_up_and_carried_by_another_way_opens_it_too(tmp_path: Path) -> None:
    """Its delivery is over, so that nothing but the channel hears of it."""
    async with opened(tmp_path) as house:
        await _black_hole(house, to=("wang", "li"))
        await house.later(600)
        for mail in [one for one in house.sent if one.channel == "r"]:
            await house.receipt(mail)
        assert (Health.DOWN, 0) == (_channel(house).health.state, len(house.room.book.doubts))
        await _report(house, Evidence.DEVICE)
        assert Health.PROBATION is _channel(house).health.state


async def test_that_something_was_aired_may_be_long_ago(tmp_path: Path) -> None:
    """Only what a device or a person has now shows that the channel carries now."""
    async with opened(tmp_path) as house:
        await _black_hole(house)
        await _report(house, Evidence.AIRED)
        assert Health.DOWN is _channel(house).health.state


async def _nobodys_report(house: House) -> None:
    await _report(house, None)


async def _late_report(house: House) -> None:
    await house.receipt(house.sent[0])


async def _late_answer(house: House) -> None:
    await house.answer("a", WANG, f"收到#{house.sent[0].text.partition('#')[2]}")


async def _answer_to_nothing(house: House) -> None:
    await house.answer("a", "+8613999999999")


async def _message(house: House) -> None:
    raw = msgspec.json.encode({"to": ["huang"], "text": "水位上涨"})
    await house.hear("a", InboundKind.MESSAGE, raw=raw, address=WANG)


async def _refused(house: House) -> None:
    await house.hear("a", InboundKind.REFUSED, text="it is retained")


async def _late_outcome(house: House) -> None:
    late = Reached(Evidence.ACCEPTED, ("late",))
    await house.hear("a", InboundKind.LATE_OUTCOME, token=house.sent[0].token, n=1, outcome=late)


@pytest.mark.parametrize("heard", [_nobodys_report, _late_report, _late_answer, _answer_to_nothing, _message, _refused, _late_outcome])
async def test_whatever_is_heard_clears_a_suspicion_in_time(tmp_path: Path, heard: Heard) -> None:
    """One failure, and three things that come over the channel though they are of no order that is open."""
    async with opened(tmp_path) as house:
        await house.order("wang", expires_s=10, via=["a"])
        await house.later(11)
        house.channel["a"].outcomes.append(Transient(Scope.CHANNEL, "congested"))
        await house.order("li", via=["a"])
        assert Health.SUSPECT is _channel(house).health.state
        for _ in range(3):
            await heard(house)
        assert Health.UP is _channel(house).health.state


@pytest.mark.parametrize("outcome", [Reached(Evidence.ACCEPTED, ("fast",)), Unknown("timeout")], ids=["named", "never named"])
async def test_a_receipt_that_waited_for_its_emission_counts_once(tmp_path: Path, outcome: Outcome) -> None:
    """It showed what it shows when it came; that it finds its order later is nothing new of the channel."""
    async with opened(tmp_path) as house:
        on_air, go = asyncio.Event(), asyncio.Event()

        async def slow(emission: Emission) -> None:
            on_air.set()
            await go.wait()

        house.channel["a"].during = slow
        house.channel["a"].outcomes.append(outcome)
        await house.order("wang", via=["a"])
        await on_air.wait()
        await house.hear("a", InboundKind.RECEIPT, ref="fast", level=Evidence.DEVICE, address=WANG)
        before = _channel(house).health.mass
        go.set()
        while house.room.dispatcher.in_flight or house.room.receipts.in_hand:
            await house.settle()
        await house.settle()
        told = [event["level"] for event in await house.events("receipt.matched")]
        assert (["DEVICE"], 1.0) == (told, _channel(house).health.mass - before)  # the outcome alone


async def _late_order(house: House) -> None:
    """An order that is over, whose device confirmed."""
    await house.order("wang", expires_s=10, via=["a"])
    await house.later(11)
    await house.receipt(house.sent[-1])


async def _open_order(house: House) -> None:
    """One that waits for a person, and whose device confirmed."""
    await house.order("wang", via=["a"], needed="HUMAN")
    await house.receipt(house.sent[-1])


async def _nobodys_order(house: House) -> None:
    await house.order("wang", via=["a"])
    await house.hear("a", InboundKind.RECEIPT, ref=f"{house.sent[-1].ref}-of-nobody", level=Evidence.DEVICE, address=WANG)


@pytest.mark.parametrize("heard", [_late_order, _open_order, _nobodys_order])
async def test_a_copy_of_a_receipt_opens_no_breaker(tmp_path: Path, heard: Heard) -> None:
    """A centre reports once more what it has no ack for, or somebody says again what he has heard: no device has anything new. The word of
    another device opens it."""
    async with opened(tmp_path) as house:
        await heard(house)
        ref = house.sent[-1].ref + ("-of-nobody" if heard is _nobodys_order else "")
        await _black_hole(house, to=("li", "huang"))
        await house.hear("a", InboundKind.RECEIPT, ref=ref, level=Evidence.DEVICE, address=WANG)
        assert Health.DOWN is _channel(house).health.state
        await _report(house, Evidence.DEVICE)
        assert Health.PROBATION is _channel(house).health.state


async def test_a_copy_of_a_receipt_counts_as_something_heard(tmp_path: Path) -> None:
    """Two failures, one receipt and its copies: the average is not that of three receipts."""
    async with opened(tmp_path) as house:
        await _late_order(house)
        before = _channel(house).health.sum
        await house.receipt(house.sent[-1])
        assert 0.5 == _channel(house).health.sum - before


async def test_the_report_of_a_last_attempt_that_a_start_reads_again_makes_nothing_up(tmp_path: Path) -> None:
    """It was acked, and not understood, in the life before; the channel has not come up in this one."""
    async with opened(tmp_path) as house:
        house.down("a")
        await house.settle()
        house.channel["a"].during = _never
        await house.order("wang", via=["a"], priority="P0")
        (mail,) = house.sent
        await _kept_only(house, InboundKind.RECEIPT, token=mail.token, level=Evidence.DEVICE, address=WANG)
    async with opened(tmp_path, clock=house.clock, up=False) as house:
        assert [DeliveryState.MET] == [one.state for one in await house.deliveries()]
        assert (Health.UNKNOWN, False) == (_channel(house).health.state, _channel(house).health.is_started)


async def test_a_late_outcome_that_a_start_reads_again_makes_nothing_up(tmp_path: Path) -> None:
    """Its order is over; its attempt has the name."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", expires_s=10, via=["a"])
        await house.later(11)
        late = Reached(Evidence.ACCEPTED, ("late",))
        await _kept_only(house, InboundKind.LATE_OUTCOME, token=house.sent[0].token, n=1, outcome=late)
    async with opened(tmp_path, clock=house.clock, up=False) as house:
        assert [Evidence.ACCEPTED] == [one.evidence for one in await house.deliveries()]
        assert Health.UNKNOWN is _channel(house).health.state


async def test_a_last_attempt_over_one_channel_opens_no_other(tmp_path: Path) -> None:
    """What is said over the radio of an order that went by telephone is no word of a radio that has its own outage."""
    async with opened(tmp_path) as house:
        radio = house.room.board.get("r")
        assert radio is not None
        house.channel["r"].outcomes.extend([Unknown("timeout")] * 4)
        for name in ("wang", "wang", "shuang", "shuang"):
            await house.order(name, via=["r"])
        assert Health.DOWN is radio.health.state
        house.down("a")
        await house.settle()
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("huang", via=["a"], priority="P0")
        assert "a" == house.sent[-1].channel
        await house.hear("r", InboundKind.RECEIPT, token=house.sent[-1].token, level=Evidence.AIRED)
        assert ["AIRED"] == [event["level"] for event in await house.events("receipt.matched")]
        assert Health.DOWN is radio.health.state


async def test_a_report_of_a_page_that_is_named_while_it_is_looked_up_counts_once(tmp_path: Path) -> None:
    """It finds no page, is seen, and waits for a name that has just come; then it finds the page."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as house:
        house.down("b")
        await enrol(house, [WANG], [])
        on_air, go = asyncio.Event(), asyncio.Event()

        async def slow(emission: Emission) -> None:
            on_air.set()
            await go.wait()

        house.channel["a"].during = slow
        await alert(house, "one", NORTH_AREA)
        await on_air.wait()
        look = house.room.receipts.on_page

        async def named_meanwhile(told: Told) -> bool:
            house.room.receipts.on_page = look
            found = await look(told)
            go.set()
            while house.room.fan_outs.in_flight:
                await house.settle()
            return found

        house.room.receipts.on_page = named_meanwhile
        before = _channel(house).health.mass
        await house.hear("a", InboundKind.RECEIPT, ref=house.channel["a"].pages[0].ref, level=Evidence.DEVICE, address=WANG)
        assert 1 == len(await house.events("receipt.matched"))
        assert 2.0 == _channel(house).health.mass - before  # the outcome, and the report


async def _kept_only(house: House, kind: InboundKind, **fields: Any) -> None:
    """It is on the disk and acked, and then the daemon dies."""
    inbound = Inbound(kind, b"raw", _acked, address_kind="msisdn", **fields)
    row = InboxRow(1, "a", kind, packed(inbound), house.clock.time(), "new")
    await house.store.run(lambda tx: tx.insert(INBOX, row))


async def _acked() -> None:
    """A peer that waits for no ack."""


async def _never(emission: Emission) -> None:
    await asyncio.Event().wait()


async def _report(house: House, level: Evidence | None) -> None:
    """A receipt under a name that no outcome has told."""
    await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=level, address=WANG)


async def _black_hole(house: House, to: tuple[str, ...] = ("wang", "wang", "li", "li")) -> None:
    """Orders over `a` of which nobody knows what became of them, until it is down."""
    while _channel(house).health.state is not Health.DOWN:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * len(to))
        for name in to:
            await house.order(name)


def _channel(house: House) -> Instance:
    instance = house.room.board.get("a")
    assert instance is not None
    return instance
