"""The budget of hedges: a few at once, one for ten that begin, one a second."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from fenghuo.engine.hedging import AT_ONCE, Hedging
from fenghuo.model.directory import ContactPoint, Person
from fenghuo.plugin.ports import Emission
from tests.core.engine.house import CAPABILITIES, RULES, opened
from tests.core.engine.values import NOW


def test_a_few_may_begin_at_once_and_no_more() -> None:
    """Fifty orders are never held back; the fifty-first waits."""
    budget = Hedging()
    assert AT_ONCE == budget.left(NOW)
    budget.spend(AT_ONCE)
    assert 0 == budget.left(NOW)


def test_one_in_ten_that_begin_earns_one() -> None:
    """Of a thousand that begin a hundred may be hedged, as far as the store of it goes."""
    budget = Hedging()
    budget.spend(AT_ONCE)
    for _ in range(101):
        budget.began()
    assert 10 == budget.left(NOW)
    for _ in range(10_000):
        budget.began()
    assert AT_ONCE == budget.left(NOW)


def test_time_earns_one_a_second() -> None:
    """Nobody waits for others to begin; a clock that is set back earns nothing."""
    budget = Hedging()
    budget.left(NOW)
    budget.spend(AT_ONCE)
    assert [0, 7, 7, 8] == [budget.left(NOW + at) for at in (0, 7.5, 3, 4)]


def test_whoever_finds_none_is_told_when_there_will_be_one() -> None:
    """One after another, a second apart; after a pause from now again."""
    budget = Hedging()
    told = []
    for _ in range(3):
        told.append(budget.next_at(NOW))
        budget.spend(0, promised=told[-1])
    assert [NOW + 1, NOW + 2, NOW + 3] == told
    assert NOW + 11 == budget.next_at(NOW + 10)


async def test_of_a_crowd_on_a_slow_channel_one_more_is_hedged_every_second(tmp_path: Path) -> None:
    """Fifty at once when the radio was slower than usual, and from then on one a second, not fifty each time that is over again."""
    caps = msgspec.structs.replace(CAPABILITIES["r"], concurrency=200, receipt_q95_s=240.0)
    rules = (
        RULES.replace('["a"]', '["x"]').replace('["r"]', '["a"]').replace('["x"]', '["r"]').replace("deadline_s = 300", "deadline_s = 3000")
    )
    async with opened(tmp_path, rules=rules, r=caps) as house:
        crowd = [f"p{number}" for number in range(150)]
        known = house.office.directory
        house.office.directory = msgspec.structs.replace(
            known,
            persons=known.persons + tuple(Person(name, name, "tc") for name in crowd),
            contacts=known.contacts
            + tuple(ContactPoint(name, kind, f"{name}-{kind}") for name in crowd for kind in ("callsign", "msisdn")),
        )
        never = asyncio.Event()

        async def hang(emission: Emission) -> None:
            await never.wait()

        house.channel["r"].during = hang
        await house.order(*crowd, priority="P1", expires_s=7200)
        hedged = []
        for seconds in (240, *[1] * 40):
            await house.later(seconds)
            hedged.append(sum(mail.channel == "a" for mail in house.sent))
        assert AT_ONCE <= hedged[0] <= AT_ONCE + 15
        assert 39 <= hedged[-1] - hedged[0] <= 41
        never.set()
        await house.settle()
