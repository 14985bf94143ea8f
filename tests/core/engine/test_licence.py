"""begin(): every guard says no by itself, and nothing leaves then (I2, I4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.channels import Instance
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.message import MessageState
from fenghuo.model.traffic import Traffic
from fenghuo.store import Tx
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import ATTEMPT, DELIVERY, MESSAGE, META
from tests.core.engine.house import House, opened


def _message_is(state: MessageState) -> Callable[[Tx], None]:
    def change(tx: Tx) -> None:
        (row,) = tx.find(MESSAGE)
        tx.update(MESSAGE, msgspec.structs.replace(row, state=state))

    return change


def _delivery_is_over(tx: Tx) -> None:
    for row in tx.find(DELIVERY):
        tx.update(DELIVERY, msgspec.structs.replace(row, state=DeliveryState.SUPERSEDED))


def _another_epoch(tx: Tx) -> None:
    tx.put(META, MetaRow("epoch", "7"))


GUARDS = [
    (_message_is(MessageState.CANCELLED), "the message is cancelled"),
    (_message_is(MessageState.SUPERSEDED), "the message is superseded"),
    (_message_is(MessageState.EXPIRED), "the message is expired"),
    (_message_is(MessageState.HELD), "the message is held"),
    (_delivery_is_over, "the delivery is SUPERSEDED"),
    (_another_epoch, "this node holds epoch 1, the store says 7"),
]


@pytest.mark.parametrize(("truth", "reason"), GUARDS)
async def test_the_truth_on_the_disk_is_asked_again(tmp_path: Path, truth: Callable[[Tx], None], reason: str) -> None:
    """Whatever the book believes: the store has the last word, no byte leaves, no attempt is written."""
    async with opened(tmp_path) as house:

        async def meanwhile() -> None:
            await house.store.run(truth)

        house.channel["a"].before = meanwhile
        house.channel["r"].before = meanwhile
        await house.order("wang")
        assert ([], []) == (house.sent, await house.store.find(ATTEMPT))
        assert reason in {one.reason for one in await house.deliveries()}


async def test_time_is_asked_again(tmp_path: Path) -> None:
    """What expires while a channel prepares is not sent."""
    async with opened(tmp_path) as house:

        async def slow() -> None:
            house.clock.now += 100

        house.channel["a"].before = slow
        house.channel["r"].before = slow
        await house.order("wang", expires_s=60)
        assert [] == house.sent


async def test_traffic_is_asked_again(tmp_path: Path) -> None:
    """A channel that was bound to exercises meanwhile carries no real order; the other bearer does."""
    async with opened(tmp_path) as house:

        async def bind() -> None:
            _instance(house).traffic = (Traffic.EXERCISE,)

        house.channel["a"].before = bind
        await house.order("wang")
        assert "a" not in {mail.channel for mail in house.sent}
        assert "READY" not in {one.state for one in await house.deliveries()}


async def test_the_attempt_is_on_the_disk_before_the_first_byte(tmp_path: Path) -> None:
    """Inside the licence the row is already committed (I2)."""
    async with opened(tmp_path) as house:
        found: list[tuple[str, DeliveryState]] = []

        async def look(emission: object) -> None:
            (attempt,) = await house.store.find(ATTEMPT)
            row = await house.store.get(DELIVERY, attempt.delivery)
            assert row is not None
            found.append((attempt.outcome, row.state))

        house.channel["a"].during = look
        await house.order("wang")
        while house.room.dispatcher.in_flight:
            await asyncio.sleep(0)
        assert [("", DeliveryState.EMITTING)] == found


def _instance(house: House) -> Instance:
    found = house.room.board.get("a")
    assert found is not None
    return found
