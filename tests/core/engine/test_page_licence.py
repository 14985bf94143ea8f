"""begin() of a page: it is guarded as a delivery's is, the first time and again for those who are told later (I2, I4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo.model.delivery import Paged, Reached, Scope, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.model.traffic import Traffic
from fenghuo.store import Tx
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import MESSAGE, META, PAGE_ATTEMPT
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, PUBLIC_RULES, SOUTH_AREA, alert, enrol, numbers, told

FEW = numbers(0, 3)
HOUR_S = 3600.0
BUSY_S = 5.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as made:
        await enrol(made, [], FEW)
        yield made


async def _is_over(house: House) -> None:
    house.clock.now += HOUR_S  # its last instant; no timer has rung: the loop turns only after this


def _is(state: MessageState) -> Callable[[House], Awaitable[None]]:
    def change(tx: Tx) -> None:
        (row,) = tx.find(MESSAGE)
        tx.update(MESSAGE, msgspec.structs.replace(row, state=state))

    async def meanwhile(house: House) -> None:
        await house.store.run(change)

    return meanwhile


async def _is_taken_over(house: House) -> None:
    await house.store.run(lambda tx: tx.put(META, MetaRow("epoch", "7")))


async def _is_bound(house: House) -> None:
    instance = house.room.board.get("a")
    assert instance is not None
    instance.traffic = (Traffic.EXERCISE,)


async def _is_left_alone(house: House) -> None:
    """Nothing happens meanwhile."""


GUARDS = {
    "expired": (_is_over, False),
    "cancelled": (_is(MessageState.CANCELLED), False),
    "superseded": (_is(MessageState.SUPERSEDED), False),
    "of an epoch that is over": (_is_taken_over, False),
    "of traffic that the channel may not carry": (_is_bound, False),
    "as it was": (_is_left_alone, True),
}
"""What becomes of the truth while a channel prepares a page, and whether the page may leave then."""


@pytest.mark.parametrize(("truth", "may_leave"), GUARDS.values(), ids=list(GUARDS))
async def test_what_is_true_at_the_commit_decides_of_a_page(
    house: House, truth: Callable[[House], Awaitable[None]], may_leave: bool
) -> None:
    """Each guard says no by itself: no octet leaves, and no attempt is written."""
    _meanwhile(house, truth)
    await alert(house, "one", SOUTH_AREA)
    assert (FEW if may_leave else []) == told(house)
    assert len(house.channel["a"].pages) == len(await house.store.find(PAGE_ATTEMPT))


@pytest.mark.parametrize(("truth", "may_leave"), GUARDS.values(), ids=list(GUARDS))
async def test_those_who_are_told_later_are_guarded_as_the_first(
    house: House, truth: Callable[[House], Awaitable[None]], may_leave: bool
) -> None:
    """One of a page was busy; what has ended by then does not reach him."""
    busy = Transient(Scope.RECIPIENT, "busy", BUSY_S)
    house.channel["a"].page_outcomes.append(Paged(Reached(Evidence.ACCEPTED), ((1, busy),)))
    await alert(house, "one", SOUTH_AREA)
    assert FEW == told(house)
    _meanwhile(house, truth)
    await house.later(BUSY_S + 1.0)
    again = [FEW[1]] if may_leave else []
    assert sorted([*FEW, *again]) == told(house)
    assert len(house.channel["a"].pages) == len(await house.store.find(PAGE_ATTEMPT))


def _meanwhile(house: House, truth: Callable[[House], Awaitable[None]]) -> None:
    """This becomes true while the channel prepares the next page, once."""

    async def prepare() -> None:
        house.channel["a"].before = _at_once
        await truth(house)

    house.channel["a"].before = prepare


async def _at_once() -> None:
    """From now on this channel prepares nothing."""
