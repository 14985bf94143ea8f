"""What a message has cost is the sum of what was booked with its emissions, whoever counted it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from fenghuo.cli.message import show_message
from fenghuo.plugin.ports import Emission, Estimate
from fenghuo.service.metrics import Metrics
from fenghuo.service.showing import message_view
from fenghuo.service.why import why_view
from fenghuo.store.tables import MESSAGE
from tests.core.engine.house import CAPABILITIES, House, opened

PRICED = msgspec.structs.replace(CAPABILITIES["a"], watts_transmit=10.0, fee_fen=5.0)


async def _shown(house: House, message: str) -> tuple[dict[str, Any], dict[str, Any]]:
    (row,) = await house.store.find(MESSAGE, "id = ?", message)
    return await message_view(house.store, row), await why_view(house.store, row, recipient="", limit=10)


async def test_what_was_estimated_at_the_licence_is_booked(tmp_path: Path) -> None:
    """For each emission, in all and by channel, under `alert show` and `alert why`; money and energy by the type's own figures."""
    async with opened(tmp_path, a=PRICED) as house:
        house.channel["a"].airtime_s = 2.0
        accepted = await house.order("wang", via=["a"])
        shown, why = await _shown(house, accepted.id)
        costs = {"emissions": 1, "airtime_s": 2.0, "octets": 0, "fee_fen": 5.0, "joules": 20.0, "fragments": 1}
        assert {**costs, "channels": {"a": costs}} == shown["booked"] == why["booked"]
        (attempt,) = shown["objectives"][0]["deliveries"][0]["attempts"]
        assert {"airtime_s": 2.0, "fee_fen": 5.0, "joules": 20.0, "fragments": 1} == attempt["booked"]


async def test_what_a_channel_has_counted_takes_the_place_of_the_estimate(tmp_path: Path) -> None:
    """A play that was broken off costs what was played; the metrics follow, and another message has its own sum."""

    async def short(emission: Emission) -> None:
        emission.book(Estimate(airtime_s=0.5, octets=400))

    async with opened(tmp_path, a=PRICED) as house:
        house.channel["a"].airtime_s = 2.0
        whole = await house.order("wang", via=["a"])
        house.channel["a"].during = short
        broken = await house.order("wang", text="第二次", via=["a"])
        await house.settle()
        costs = [(await _shown(house, one.id))[0]["booked"] for one in (whole, broken)]
        assert [(1, 2.0, 0, 20.0), (1, 0.5, 400, 5.0)] == [(c["emissions"], c["airtime_s"], c["octets"], c["joules"]) for c in costs]
        metrics = Metrics()
        for event in await house.store.events.read(0, 1000):
            metrics.event(event)
        read = {name: {labels["channel"]: value for labels, value in metrics.gauges()[name]()} for name in metrics.gauges()}
        assert (2.5, 400.0, 10.0, 25.0) == tuple(read[f"booked_{name}"]["a"] for name in ("airtime_seconds", "octets", "fen", "joules"))


async def test_a_person_reads_the_sum(tmp_path: Path, capsys: Any) -> None:
    """One line under the objectives."""
    async with opened(tmp_path, a=PRICED) as house:
        house.channel["a"].airtime_s = 2.0
        accepted = await house.order("wang", via=["a"])
        show_message((await _shown(house, accepted.id))[0])
        assert "booked: 1 emissions in 1 parts, 2.00 s on the air, ¥0.05, 20 J" in capsys.readouterr().out


async def test_a_bug_in_an_estimate_books_nothing_and_sends_all_the_same(tmp_path: Path) -> None:
    """No figure is better than no message."""

    def estimate(payload: object, address: str) -> Estimate:
        raise ZeroDivisionError

    async with opened(tmp_path, a=PRICED) as house:
        house.channel["a"].estimate = estimate  # type: ignore[method-assign]  # a bug of the plugin
        accepted = await house.order("wang", via=["a"])
        shown, _ = await _shown(house, accepted.id)
        assert (1, 1, 0.0) == (len(house.sent), shown["booked"]["emissions"], shown["booked"]["airtime_s"])
