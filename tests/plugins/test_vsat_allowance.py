"""How much of pictures a way may carry in a day, by what a next process finds."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fenghuo import NotReady
from fenghuo.clock import SystemClock
from fenghuo_vsat import HttpSettings
from fenghuo_vsat.allowance import DAY_S, Allowance
from tests.plugins.vsat_fakes import FakeContext


@dataclass
class SetClock(SystemClock):
    """Its wall is where a test puts it."""

    now: float = 1_000_000.0

    def time(self) -> float:
        return self.now


async def test_a_day_begins_with_the_first_octet_and_a_restart_or_a_clock_put_back_with_none() -> None:
    """1,000 octets: what is left, what is not, and when there is more."""
    clock = SetClock()
    ctx = FakeContext(HttpSettings(interface="sat0"), clock=clock)
    first = Allowance(ctx, 0.001)
    await first.open()
    assert 700 == first.room(700)
    await first.spend(700)
    again = Allowance(ctx, 0.001)
    await again.open()
    assert (300, False) == (again.room(700), again.is_spent)
    await again.spend(300)
    clock.now += DAY_S / 4
    with pytest.raises(NotReady, match="today's 1000 octets for attachments are spent") as full:
        again.room()
    assert (0.75 * DAY_S, True) == (full.value.retry_after_s, again.is_spent)
    clock.now -= DAY_S
    assert again.is_spent
    clock.now += 2 * DAY_S
    assert (1_000, False) == (again.room(5_000), again.is_spent)


async def test_without_a_limit_nothing_is_counted() -> None:
    """And nothing is written."""
    ctx = FakeContext(HttpSettings(interface="sat0"))
    endless = Allowance(ctx, 0)
    await endless.spend(10**9)
    assert (10**9, False, {}) == (endless.room(10**9), endless.is_spent, (await ctx.notes.recall()).values)
