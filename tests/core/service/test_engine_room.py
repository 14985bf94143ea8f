"""The engine put together: what it does from the first start on, and from a disk that a crash left."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fenghuo.model.delivery import DeliveryState
from fenghuo.service.engine_room import EngineRoom
from tests.core.engine.house import opened


async def test_a_first_start_finds_nothing_in_doubt(tmp_path: Path) -> None:
    """And nothing to do."""
    async with opened(tmp_path) as house:
        assert (0, False) == (house.room.recovery.doubts, house.room.loop.has_work)


async def test_a_message_passes_every_part_to_its_end(tmp_path: Path) -> None:
    """Accepted, opened, planned, licensed, emitted, receipted, counted: one order, in the order of its events."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.receipt(house.sent[0])
        told = [event.type for event in await house.store.events.read(0, 100) if not event.type.startswith("channel.")]
        assert [
            "message.accepted",
            "objective.opened",
            "delivery.emitting",
            "delivery.awaiting",
            "receipt.matched",
            "delivery.met",
        ] == [kind for kind in told if kind not in ("delivery.cancelled", "objective.met", "objective.progress", "message.complete")]
        assert told.index("objective.met") > told.index("receipt.matched")


async def test_what_a_crash_cut_off_is_counted_as_doubt(tmp_path: Path) -> None:
    """An emission that was begun and has no outcome is in doubt at the next start: nobody knows whether it left."""
    async with opened(tmp_path) as house:
        house.channel["a"].during = forever
        await house.order("wang")
        assert DeliveryState.EMITTING is (await house.deliveries("wang"))[0].state
    async with opened(tmp_path) as house:
        assert (1, DeliveryState.IN_DOUBT) == (house.room.recovery.doubts, (await house.deliveries("wang"))[0].state)


async def test_what_waited_for_a_channel_goes_out_after_a_restart(tmp_path: Path) -> None:
    """The acceptance is on the disk; all else follows from it."""
    async with opened(tmp_path) as house:
        house.down("a")
        house.down("r")
        await house.settle()
        order = await house.order("wang")
        assert [] == house.sent
    async with opened(tmp_path) as house:
        assert (["+8613800000001"], ["active"]) == ([mail.address for mail in house.sent], await house.states(order.id))


async def forever(emission: object) -> None:
    """A bearer that never answers."""
    await asyncio.Event().wait()


async def test_every_part_is_reachable_for_the_daemon(tmp_path: Path) -> None:
    """And each is made once: the dispatcher that the licence wakes is the one that the daemon stops."""
    async with opened(tmp_path) as house:
        room = house.room
        assert isinstance(room, EngineRoom)
        assert room.office is house.office
        assert len({id(part) for part in vars(room).values()}) == len(vars(room))
