"""A discharge as the daemon follows it: forty hours of S10 on virtual time, with a gauge that is a little off."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fenghuo.clock import SystemClock
from fenghuo.engine.energy import Price, drain_pct_per_h, energy_plan, stage
from fenghuo.model.mode import Axis, Signal
from fenghuo.plugin.ports import Observation
from fenghuo.rig.simloop import SimLoop, run
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.rig.virtual_store_disk import VirtualDisk
from fenghuo.service.energy_words import lasts_says, left_s
from fenghuo.service.power import PowerWatch
from fenghuo.service.power_energy import EnergyWatch
from fenghuo.service.settings_values import EnergySettings
from fenghuo.service.showing import rfc3339
from fenghuo.store import Store, StoreSettings
from tests.core.engine.test_energy import HOUR_S, HOUSE, LOADS

EVERY_S = 60.0
STALE_AFTER_S = 180.0


class Followed:
    """A watch of the energy over a watch of the power. The time of the readings is the test's own."""

    def __init__(self, store: Store, sensor: str = "") -> None:
        self.now = 1_000_000.0
        self.clock = clock = SystemClock(wall=lambda: self.now, monotonic=lambda: self.now)
        self.store = store
        self.power = PowerWatch(store, clock)
        self.energy = EnergyWatch(store, clock, self.power, EnergySettings(HOUSE, LOADS, sensor))
        self.energy.prices = lambda: {"pdt": Price(2.0, 46.0)}
        self.power.on_reading.append(self.energy.read)
        self.signals: list[Signal] = []
        self.power.on_signal = self.signals.append

    def say(self, state: str, charge: float | None, sensor: str = "ups", *, low: bool = False) -> None:
        self.now += EVERY_S
        seen: dict[str, float | str | bool] = {"low": low, "cause": "", "state": state}
        if charge is not None:
            seen = {"charge": charge, **seen}
        for what, value in seen.items():
            self.power.observe(sensor, Observation(f"power.{what}", value, "", self.now, STALE_AFTER_S))

    async def told(self, kind: str) -> list[dict[str, Any]]:
        await self.store.run(lambda tx: None)
        return [dict(event.body) for event in await self.store.events.read(0, 10_000) if event.type == kind]


def followed(folder: Path, work: Callable[[Followed], Awaitable[None]], sensor: str = "") -> None:
    fill = VirtualFill(random.Random(1), VirtualDisk(random.Random(1)))
    settings = StoreSettings(min_free=1, ballast=1, log_frames=0, fill=fill)

    async def life(loop: SimLoop) -> None:
        clock = SystemClock(wall=loop.time, monotonic=loop.time)
        store = await Store.open(folder, clock=clock, node="sim", settings=settings, connect=fill.disk.connect)
        there = Followed(store, sensor)
        await work(there)
        there.power.stop()
        await store.close()

    run(life)


def test_forty_hours_are_told_stage_by_stage_each_a_quarter_of_an_hour_ahead(tmp_path: Path) -> None:
    """Within ten minutes of the curve's own hours, by a gauge that is off by half a percent; what is left is right within a tenth."""
    noise = random.Random(7)

    async def work(there: Followed) -> None:
        there.say("mains", 100.0)
        cut, charge = there.now, 100.0
        begun: dict[str, float] = {}
        entered: dict[str, float] = {}
        warned: dict[str, float] = {}
        while charge > 2.0:
            there.say("battery", float(round(min(100.0, charge + noise.gauss(0.0, 0.5)))))
            hours = (there.now - cut) / HOUR_S
            begun.setdefault(stage(charge), hours)
            for kind, seen in (("power.stage", entered), ("alarm.power_stage", warned)):
                for one in (await there.told(kind)) if len(seen) < 5 else []:
                    seen.setdefault(one["stage"], hours)
            if 0.5 <= hours:
                left_s = there.energy.view()["plan"]["left_s"]
                assert energy_plan(HOUSE, LOADS, charge).left_s == pytest.approx(left_s, rel=0.1), hours
            charge -= drain_pct_per_h(HOUSE, LOADS, stage(charge)) * EVERY_S / HOUR_S
        del entered["grid"]
        assert list(begun) == list(entered)
        assert list(begun.values()) == pytest.approx(list(entered.values()), abs=0.35)
        assert list(begun)[1:] == list(warned)
        assert [at - 0.25 for at in list(begun.values())[1:]] == pytest.approx(list(warned.values()), abs=0.35)
        first = (await there.told("alarm.power_stage"))[0]
        assert first["message"].startswith("battery_save begins in 1"), first
        assert "minutes, at 60 %; to shed then: vsat (150 W); " in first["message"]
        assert first["message"].endswith(" h with nothing shed")

    followed(tmp_path, work)


def test_mains_for_ten_minutes_end_a_discharge_and_mains_for_seconds_do_not(tmp_path: Path) -> None:
    """A stage is told once however often the mains flicker; after ten minutes the next cut is a new one."""

    async def work(there: Followed) -> None:
        for state in ("mains", "battery", "mains", "battery", "mains", "battery"):
            there.say(state, 70.0)
        assert ["grid", "battery_full"] == [one["stage"] for one in await there.told("power.stage")]
        for _ in range(12):
            there.say("mains", 71.0)
        for _ in range(3):  # twelve percent less than a minute ago is believed when it has been said for half a minute
            there.say("battery", 59.0)
        stages = [(one["was"], one["stage"]) for one in await there.told("power.stage")]
        assert [("battery_full", "grid"), ("grid", "battery_full"), ("battery_full", "battery_save")] == stages[2:]

    followed(tmp_path, work)


def test_the_plan_on_mains_is_what_would_be_if_they_went_now(tmp_path: Path) -> None:
    """The worked example, before anything has happened: 39.8 hours, 10.5 with nothing shed, and messages by channel."""

    async def work(there: Followed) -> None:
        assert there.energy.view()["plan"] is None
        there.say("mains", 100.0)
        view = there.energy.view()
        assert ("ups", "mains", "declared") == (view["sensor"], view["state"], view["by"])
        assert "if the mains went now: 39.8 h are left by the plan, between 36.2 h and 44.3 h" == view["says"][0]
        assert "with nothing shed 10.5 h: the plan lasts 3.8 times as long" == view["says"][1]
        assert "after 9.4 h what is left is the reserve for P0" == view["says"][2]
        assert [100.0, 60.0, 30.0, 10.0] == [step["from_pct"] for step in view["plan"]["steps"]]
        assert [{"name": "vsat", "before_w": 150.0, "after_w": 0.0}] == view["plan"]["steps"][1]["sheds"]
        messages = view["plan"]["messages"]["pdt"]
        assert messages["p0"] > messages["others"] > 0

    followed(tmp_path, work)


def test_what_is_not_heard_any_more_begins_nothing(tmp_path: Path) -> None:
    """Stale is unknown, and unknown never mains: the discharge goes on where it was, by what the loads declare."""

    async def work(there: Followed) -> None:
        there.say("battery", 70.0)
        there.say("unknown", None)
        there.now += STALE_AFTER_S
        view = there.energy.view()
        assert ("unknown", 69.4, 4 * EVERY_S) == (view["state"], view["plan"]["charge_pct"], view["age_s"])
        there.say("battery", 69.0)
        assert ["battery_full"] == [one["stage"] for one in await there.told("power.stage")]

    followed(tmp_path, work)


def test_a_sensor_lost_on_battery_leaves_the_curve_and_no_word_of_mains(tmp_path: Path) -> None:
    """Three wordings: if they went now, nothing beside the figure, and that nobody knows. The plan goes on by its curve, with its age;
    where the mains were back when the sensor was lost, there is nothing to go on by."""

    async def work(there: Followed) -> None:
        there.say("mains", 100.0)
        cut, charge = there.now + EVERY_S, 100.0
        for _ in range(120):
            there.say("battery", charge)
            charge -= drain_pct_per_h(HOUSE, LOADS, stage(charge)) * EVERY_S / HOUR_S
        before = there.energy.view()
        assert ("battery", "curve") == (before["state"], before["by"])
        assert before["says"][0].startswith(f"{before['plan']['left_s'] / 3600:.1f} h are left")
        there.say("unknown", None)
        there.now += HOUR_S
        after = there.energy.view()
        said, *_, age = after["says"]
        assert said.startswith(f"nobody knows whether there is mains; on battery since {rfc3339(cut)}: "), said
        assert age.startswith(f"the charge was told last {after['age_s'] / 60:.0f} min ago; ")
        assert (HOUR_S + EVERY_S, "unknown", "curve") == (after["age_s"], after["state"], after["by"])
        assert before["plan"]["left_s"] - HOUR_S - EVERY_S == pytest.approx(after["plan"]["left_s"], rel=0.02)
        assert there.energy.lasts(["vsat", "pdt", "tt"]) is not None
        there.say("mains", 80.0)
        assert there.energy.view()["says"][0].startswith("if the mains went now: ")
        there.say("unknown", None)
        assert there.energy.view()["says"][0].startswith("nobody knows whether there is mains; without them: ")
        there.now += STALE_AFTER_S
        assert None is there.energy.view()["plan"]

    followed(tmp_path, work)


def test_of_several_sensors_the_named_one_tells_of_the_nodes_battery(tmp_path: Path) -> None:
    """What the others say goes to the modes all the same."""

    async def work(there: Followed) -> None:
        there.say("battery", 20.0, "laptop")
        assert [] == await there.told("power.stage")
        there.say("battery", 80.0, "ups")
        assert ["battery_full"] == [one["stage"] for one in await there.told("power.stage")]
        assert [("sensor:laptop", "battery_min"), ("sensor:ups", "battery_full")] == [(one.source, one.mode) for one in there.signals]

    followed(tmp_path, work, "ups")


def test_each_reading_says_its_word_on_the_power_axis_for_as_long_as_it_holds(tmp_path: Path) -> None:
    """A battery is a battery though nobody knows its charge, nearly empty by its own word is the last stage, and unknown takes it back."""

    async def work(there: Followed) -> None:
        there.say("mains", 100.0)
        there.say("battery", 45.0)
        there.say("battery", 45.0, low=True)
        there.say("unknown", None)
        there.say("battery", None, "other")
        assert ["grid", "battery_save", "last_gasp", "unknown", "battery_full"] == [one.mode for one in there.signals]
        first = there.signals[1]
        assert (Axis.POWER, "", "sensor:ups", "battery, 45 %") == (first.axis, first.place, first.source, first.reason)
        assert STALE_AFTER_S == first.expires_at - first.at

    followed(tmp_path, work)


def test_how_long_it_lasts_with_the_channels_that_are_left(tmp_path: Path) -> None:
    """Without the satellite terminal the first stage takes 230 W; without a charge nobody knows."""

    async def work(there: Followed) -> None:
        assert there.energy.lasts(["pdt", "tt"]) is None
        there.say("mains", 100.0)
        plan = there.energy.lasts(["pdt", "tt"])
        assert plan is not None
        assert 230.0 == plan.steps[0].watts
        assert plan.left_s > 39.9 * HOUR_S
        assert ("without mains that lasts 42.6 h by the plan, between 38.7 h and 47.3 h",) == tuple(map(str, lasts_says(plan)))
        assert ((), None) == (lasts_says(None), left_s(None))
        there.say("battery", 50.0)
        on_battery = there.energy.lasts(["vsat", "pdt", "tt"])
        assert on_battery is not None
        assert energy_plan(HOUSE, LOADS, 50.0).left_s == pytest.approx(on_battery.left_s, rel=0.02)

    followed(tmp_path, work)
