"""The watched invariants in the status, in the metrics and as an alarm."""

from __future__ import annotations

from pathlib import Path

from fenghuo.engine.invariants import ONE_WAY
from fenghuo.service.connected import watch_invariants
from fenghuo.service.metrics import Metrics
from tests.core.service.manned import manned


async def test_a_town_without_a_way_is_in_the_status_the_metrics_and_an_alarm(tmp_path: Path) -> None:
    """By name, with the seconds, and told once; and again when it has one."""
    async with manned(tmp_path) as there:
        house, metrics = there.house, Metrics()
        watch_invariants(house.room.invariants, metrics, house.store)
        house.room.look()
        assert (await there.do("status"))["invariants"][ONE_WAY]["holds"]
        for name in ("a", "r"):
            house.down(name)
        await house.settle()
        house.room.look()
        house.clock.now += 60.0
        view = (await there.do("status"))["invariants"][ONE_WAY]
        assert (False, 60.0, view["count"]) == (view["holds"], view["broken_s"], len(view["broken"]))
        read = {name: {labels["invariant"]: value for labels, value in metrics.gauges()[name]()} for name in metrics.gauges()}
        assert (view["count"], 60.0) == (read["invariant_broken"][ONE_WAY], read["invariant_broken_seconds"][ONE_WAY])
        house.up("a", "r")
        await house.settle()
        house.room.look()
        await house.settle()
        (alarm,) = [event for event in await house.events("alarm.invariant") if event["message"].startswith("every organisation")]
        assert (view["count"], view["broken"][0]["name"]) == (alarm["count"], alarm["first"])
        assert 1 <= len(await house.events("invariant.restored"))
