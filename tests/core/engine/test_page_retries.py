"""A page that is not taken goes again by the rule of a single delivery: by scope, ever more slowly, and when the channel asked for it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from fenghuo.model.delivery import DeliveryState, ObjectiveState, Scope, Transient
from fenghuo.store.tables import PAGE_ATTEMPT
from tests.core.engine.house import opened
from tests.core.engine.public import BULK, PUBLIC_RULES, SOUTH, SOUTH_AREA, alert, enrol, rows


@pytest.mark.parametrize("channels", ['["a"]', '["a", "b"]'])
async def test_a_page_that_nobody_takes_goes_ever_more_slowly(tmp_path: Path, channels: str) -> None:
    """One page is no reason to take a channel down, and two channels do not throw it to each other; when they take it, everybody has it."""
    async with opened(tmp_path, rules=PUBLIC_RULES.replace('["a", "b"]', channels), a=BULK, b=BULK) as house:
        await enrol(house, [], SOUTH)
        for channel in house.channel.values():
            channel.page_outcomes.extend([Transient(Scope.CHANNEL, "http-503")] * 30)
        await alert(house, "one", SOUTH_AREA)
        for _ in range(60):
            await house.later(1.0)
        tries = sum(len(channel.pages) for channel in house.channel.values())
        assert 5 <= tries <= 9
        for channel in house.channel.values():
            channel.page_outcomes.clear()
        await house.later(17.0)
        assert [(ObjectiveState.MET, 700)] == [(row.state, row.met) for row in await house.objectives()]


async def test_a_page_that_is_not_even_begun_waits_too_and_is_not_counted_as_sent(tmp_path: Path) -> None:
    """What fails before the licence leaves no row and no attempt."""
    async with opened(tmp_path, rules=PUBLIC_RULES.replace('["a", "b"]', '["a"]'), a=BULK) as house:
        await enrol(house, [], SOUTH)
        asked: list[float] = []

        async def fail() -> None:
            asked.append(house.clock.now)
            raise TimeoutError

        house.channel["a"].before = fail
        await alert(house, "one", SOUTH_AREA)
        for _ in range(60):
            await house.later(1.0)
        waits = [later - earlier for earlier, later in itertools.pairwise(asked)]
        assert all(wait >= least for wait, least in zip(waits, (1, 2, 4, 8, 8, 8, 8), strict=False)), waits
        assert 5 <= len(asked) <= 9
        assert ([], []) == (await rows(house), await house.store.find(PAGE_ATTEMPT))


async def test_people_who_are_busy_before_anything_was_begun_are_given_up_as_those_of_an_order_are(tmp_path: Path) -> None:
    """Six times busy, and the page has failed; nothing was emitted, and no attempt says so."""
    async with opened(tmp_path, rules=PUBLIC_RULES.replace('["a", "b"]', '["a"]'), a=BULK) as house:
        await enrol(house, [], SOUTH)
        house.channel["a"].refusals.extend([Transient(Scope.RECIPIENT, "busy", 1.0)] * 6)
        await alert(house, "one", SOUTH_AREA)
        for _ in range(6):
            await house.later(1.1)
        (page,) = await rows(house)
        assert (DeliveryState.FAILED, "busy", 6, 700, 0) == (page.state, page.reason, page.failures, page.ended, page.tries)
        assert [] == await house.store.find(PAGE_ATTEMPT)
