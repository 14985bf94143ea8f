"""What a message costs each channel: asked of the channel, and never worth a failure."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.admission import NO_LOAD, Load
from fenghuo.engine.loads import Loads
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Estimate
from tests.core.engine.house import CAPABILITIES, House, opened
from tests.core.engine.values import message

SENT = message()


def loads(house: House, *, ahead: int = 0) -> Loads:
    made = house.room.shelf.make(SENT, "sms")
    assert made is not None
    found = Loads(house.room.board, house.room.shelf)
    found.ahead = lambda instance, priority, audience: ahead
    return found


async def test_a_channel_says_what_a_message_of_that_size_costs(tmp_path: Path) -> None:
    """Money, airtime and the way there are the channel's own; what waits counts as often as it can carry at once."""
    caps = msgspec.structs.replace(CAPABILITIES["a"], concurrency=4, receipt_q95_s=45.0, watts_transmit=10.0)
    async with opened(tmp_path, a=caps) as house:
        sizes: list[int] = []

        def estimate(payload: Rendition, address: str) -> Estimate:
            sizes.append(len(payload.data))
            return Estimate(airtime_s=3.0, fee_fen=7.0, latency_q50_s=2.0)

        house.channel["a"].estimate = estimate  # type: ignore[method-assign]  # a channel of its own figures
        found = loads(house, ahead=8).of(SENT, Priority.P2, ["a", "nobody"])
        expected = Load(airtime_s=3.0, fee_fen=7.0, joules=30.0, ahead_s=6.0, latency_q50_s=2.0, latency_q95_s=45.0, turn_s=0.75)
        assert {"a": expected} == found
        rendition = house.room.shelf.get(SENT.id, SENT.revision, "sms")
        assert rendition is not None
        assert [len(rendition.data)] == sizes


@pytest.mark.parametrize("fault", [ZeroDivisionError("a bug of the plugin"), None])
async def test_a_channel_that_cannot_say_costs_what_its_type_declares(tmp_path: Path, fault: Exception | None) -> None:
    """A bug in an estimate keeps no order from being planned."""
    caps = msgspec.structs.replace(CAPABILITIES["a"], fee_fen=5.0)
    async with opened(tmp_path, a=caps) as house:

        def estimate(payload: Rendition, address: str) -> Estimate:
            if fault is not None:
                raise fault
            return Estimate(latency_q50_s=0.0)

        house.channel["a"].estimate = estimate  # type: ignore[method-assign]  # a channel of its own figures
        assert {"a": Load(fee_fen=5.0, latency_q95_s=30.0)} == loads(house).of(SENT, Priority.P2, ["a"])


async def test_what_is_not_rendered_is_not_asked_for(tmp_path: Path) -> None:
    """Without octets there is no estimate: it is admitted."""
    async with opened(tmp_path) as house:
        assert {} == loads(house).of(SENT, Priority.P2, ["r"])
        assert NO_LOAD == Load()
