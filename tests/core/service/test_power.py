"""Power as the daemon keeps it: told once for each change, and unknown by itself when nothing is heard."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fenghuo.clock import SystemClock
from fenghuo.plugin.ports import Observation
from fenghuo.rig.simloop import SimLoop, run
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.rig.virtual_store_disk import VirtualDisk
from fenghuo.service.gauges import watch_power
from fenghuo.service.metrics import FAMILIES, Metrics
from fenghuo.service.power import PowerWatch
from fenghuo.store import Store, StoreSettings
from tests.core.service.hosted import Parts, hosted
from tests.core.service.manned import manned

STALE_AFTER_S = 15.0


class Watched:
    """A watch over a store on virtual time."""

    def __init__(self, store: Store, clock: SystemClock) -> None:
        self.store, self.clock = store, clock
        self.power = PowerWatch(store, clock)

    def say(self, sensor: str = "ups", /, **values: float | str | bool) -> None:
        """One reading, its state last."""
        for what, value in values.items():
            self.power.observe(sensor, Observation(f"power.{what}", value, "", self.clock.time(), STALE_AFTER_S))

    async def told(self, kind: str) -> list[dict[str, Any]]:
        await self.store.run(lambda tx: None)
        return [dict(event.body) for event in await self.store.events.read(0, 1000) if event.type == kind]


def watched(folder: Path, work: Callable[[Watched], Awaitable[None]]) -> None:
    """Watch power on virtual time."""
    fill = VirtualFill(random.Random(1), VirtualDisk(random.Random(1)))
    settings = StoreSettings(min_free=1, ballast=1, log_frames=0, fill=fill)

    async def life(loop: SimLoop) -> None:
        clock = SystemClock(wall=loop.time, monotonic=loop.time)
        store = await Store.open(folder, clock=clock, node="sim", settings=settings, connect=fill.disk.connect)
        there = Watched(store, clock)
        await work(there)
        there.power.stop()
        await store.close()

    run(life)


def test_a_change_is_told_once_however_often_it_is_said(tmp_path: Path) -> None:
    """With what it was, and with an alarm that says what is left; that the mains are back is good news."""

    async def work(there: Watched) -> None:
        for _ in range(3):
            there.say(charge=100.0, low=False, cause="", state="mains")
        for _ in range(3):
            there.say(charge=99.0, runtime=3600.0, low=False, cause="", state="battery")
        there.say(charge=98.0, runtime=300.0, low=True, cause="", state="battery")
        there.say(charge=98.0, runtime=300.0, low=False, cause="", state="mains")
        changes = await there.told("power.changed")
        assert [(None, "mains", False), ("mains", "battery", False), ("battery", "battery", True), ("battery", "mains", False)] == [
            (one["was"], one["state"], one["low"]) for one in changes
        ]
        assert (99.0, 3600.0) == (changes[1]["charge_pct"], changes[1]["runtime_s"])
        assert [
            "ups: the mains are gone, it is on battery; 99 % left, 60 minutes by its own estimate",
            "ups: the battery is nearly empty; 98 % left, 5 minutes by its own estimate",
        ] == [one["message"] for one in await there.told("alarm.power")]

    watched(tmp_path, work)


def test_mains_that_come_and_go_are_one_alarm(tmp_path: Path) -> None:
    """Each turn is an event; a person is told again when it happens after ten clean minutes, and at once of what is worse."""

    async def work(there: Watched) -> None:
        async def stands(state: str, seconds: float, *, low: bool = False) -> None:
            for _ in range(round(seconds / 5)):
                there.say(low=low, cause="", state=state)
                await asyncio.sleep(5.0)

        for _ in range(20):
            await stands("mains", 5)
            await stands("battery", 5)
        await stands("battery", 5, low=True)
        await stands("battery", 5)
        worse = ["the mains are gone, it is on battery", "the battery is nearly empty"]
        unknown = "; how long it lasts is not known"
        assert [f"ups: {says}{unknown}" for says in worse] == [one["message"] for one in await there.told("alarm.power")]
        assert 42 == len(await there.told("power.changed"))
        await stands("mains", 590)
        await stands("battery", 5)
        assert 2 == len(await there.told("alarm.power"))
        await stands("mains", 605)
        await stands("battery", 5)
        assert 3 == len(await there.told("alarm.power"))

    watched(tmp_path, work)


def test_a_discharge_is_a_curve_of_some_twenty_points(tmp_path: Path) -> None:
    """Not an event for each reading."""

    async def work(there: Watched) -> None:
        for charge in range(100, -1, -1):
            there.say(charge=float(charge), low=False, cause="", state="battery")
        assert [float(charge) for charge in range(95, -1, -5)] == [one["charge_pct"] for one in await there.told("power.level")]

    watched(tmp_path, work)


def test_a_tank_is_a_curve_too_and_somebody_is_told_in_time_to_bring_fuel(tmp_path: Path) -> None:
    """A generator runs, so that the mains are there: 70 to 15 percent, told at each fifth, and one alarm."""

    async def work(there: Watched) -> None:
        for fuel in range(70, 14, -1):
            there.say(fuel=float(fuel), low=False, cause="", state="mains")
            await asyncio.sleep(STALE_AFTER_S / 2)
        assert [65.0, 60.0, 55.0, 50.0, 45.0, 40.0, 35.0, 30.0, 25.0, 15.0] == [one["fuel_pct"] for one in await there.told("power.level")]
        assert ["ups: the fuel of its generator runs out; 20 % of the fuel left"] == [
            one["message"] for one in await there.told("alarm.power")
        ]
        assert 15.0 == there.power.view()["sensors"][0]["fuel_pct"]

    watched(tmp_path, work)


def test_a_sensor_that_hangs_is_unknown_when_its_word_is_stale(tmp_path: Path) -> None:
    """Nobody has to ask for that to be noticed, and it is told once; the next word brings it back."""

    async def work(there: Watched) -> None:
        there.say(charge=50.0, runtime=900.0, low=False, cause="", state="mains")
        await asyncio.sleep(STALE_AFTER_S - 1)
        shown = there.power.view()
        assert ("mains", 14.0, 14.0) == (shown["state"], shown["sensors"][0]["charge_age_s"], shown["sensors"][0]["runtime_age_s"])
        assert [] == await there.told("alarm.power")
        await asyncio.sleep(60.0)
        assert ["ups: nobody knows whether there is mains: nothing was heard of the sensor lately"] == [
            one["message"] for one in await there.told("alarm.power")
        ]
        one = there.power.view()["sensors"][0]
        assert ("unknown", None, None, None) == (one["state"], one["charge_pct"], one["runtime_s"], one["runtime_age_s"])
        there.say(charge=50.0, low=False, cause="", state="mains")
        assert "mains" == there.power.view()["state"]
        assert [None, "mains", "unknown"] == [one["was"] for one in await there.told("power.changed")]

    watched(tmp_path, work)


def test_a_sensor_whose_clock_is_ahead_is_no_fresher_for_it(tmp_path: Path) -> None:
    """What was observed tomorrow was observed now."""

    async def work(there: Watched) -> None:
        there.power.observe("ups", Observation("power.state", "mains", "", there.clock.time() + 86_400.0, STALE_AFTER_S))
        await asyncio.sleep(STALE_AFTER_S + 1)
        assert "unknown" == there.power.view()["state"]

    watched(tmp_path, work)


def test_metrics_have_what_is_known_and_nothing_else(tmp_path: Path) -> None:
    """A figure that is stale is absent."""

    async def work(there: Watched) -> None:
        metrics = Metrics()
        watch_power(metrics, there.power)
        there.say(charge=80.0, runtime=600.0, low=False, cause="", state="battery")
        power = {name: list(gauge()) for name, gauge in metrics.gauges().items() if name.startswith("power_")}
        assert set(power) <= set(FAMILIES)
        assert {
            "power_state": [({"sensor": "ups", "state": "battery"}, 1.0)],
            "power_charge_percent": [({"sensor": "ups"}, 80.0)],
            "power_fuel_percent": [],
            "power_runtime_seconds": [({"sensor": "ups"}, 600.0)],
            "power_runtime_age_seconds": [({"sensor": "ups"}, 0.0)],
        } == power
        await asyncio.sleep(STALE_AFTER_S + 1)
        later = {name: list(gauge()) for name, gauge in metrics.gauges().items() if name.startswith("power_")}
        assert ([({"sensor": "ups", "state": "unknown"}, 1.0)], []) == (later["power_state"], later["power_runtime_seconds"])

    watched(tmp_path, work)


async def test_what_a_sensor_of_the_settings_says_of_power_is_kept(tmp_path: Path) -> None:
    """And is no event for each time it says so."""
    parts = Parts()
    parts.sees = [Observation("power.state", "battery", "", 1e12, 60.0)] * 2
    async with hosted(tmp_path, '[sensors.ups]\ntype = "test.sensor"\n', parts=parts) as there:
        there.start()
        await there.until(lambda: there.hosting.power.view()["state"] == "battery")
        await there.until(lambda: there.house.store.events.head > 0)
        assert [] == await there.house.events("sensor.observed")
        assert ["battery"] == [one["state"] for one in await there.house.events("power.changed")]


async def test_status_says_what_the_node_lives_on(tmp_path: Path) -> None:
    """Unknown where no sensor is."""
    async with manned(tmp_path) as there:
        assert {"state": "unknown", "sensors": []} == (await there.do("status"))["power"]
        there.power.observe("ups", Observation("power.state", "mains", "", there.house.clock.time(), 60.0))
        assert "mains" == (await there.do("status"))["power"]["state"]
        there.power.stop()
