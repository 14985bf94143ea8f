"""What comes in shows that its bearer works, whosever it is: suspicion and breaker go by it, once for each thing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.channels import Instance
from fenghuo.model.delivery import Outcome, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Emission, InboundKind
from tests.core.engine.house import House, opened

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
