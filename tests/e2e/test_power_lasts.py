"""S10 with real parts: a measured curve with noise through dummy-ups and upsd, the daemon killed on the way, and what it costs asleep.

Forty hours are told in four minutes, by a battery that holds so much less; the loads and efficiencies are those of scenarios.md.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.e2e.test_idle import wake_ups
from tests.peers.mosquitto import Mosquitto
from tests.peers.upsd import UPS, Upsd

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.soak, pytest.mark.may_block, pytest.mark.timeout(1_200)]

FASTER = 600.0
USABLE_WH = 48.0 * 100.0 * 0.90
HOUR_S = 3600.0
STAGES = {"battery_full": (60.0, 380.0, 0.92), "battery_save": (30.0, 230.0, 0.92), "battery_min": (10.0, 65.0, 0.95)}
LAST = (0.0, 23.0, 0.95)
"""By stage: the charge at which it ends, watts, and the share of the battery's energy that reaches the loads. Source: scenarios.md S10."""
LOOKS_S = 2.0
"""The driver looks at its file once a second, and the sensor at upsd: what is shown may be so old."""
KILLED_H = 9.0
OPEN = 37
SETTLED_S, WATCHED_S = 240.0, 360.0

ENERGY = f"""
[energy]
capacity_wh = {USABLE_WH / FASTER}
efficiency = [0.92, 0.92, 0.95, 0.95]
[energy.loads]
computer = {{ watts = [120, 120, 15, 8] }}
vsat = {{ watts = [150, 0, 0, 0] }}
radio = {{ watts = [80, 80, 40, 12] }}
router = {{ watts = [30, 30, 10, 0] }}
tiantong = {{ watts = [0, 0, 0, 3] }}
"""


def legs() -> list[tuple[float, float, float]]:
    """The curve leg by leg: from which charge, to which, in how many real hours."""
    ends = [*STAGES.values(), LAST]
    starts = [100.0, *(end for end, _, _ in STAGES.values())]
    return [(start, end, (start - end) / 100 * USABLE_WH * share / watts) for start, (end, watts, share) in zip(starts, ends, strict=True)]


def charge_at(hours: float) -> float:
    """Percent so many hours after the cut."""
    for start, end, lasts in legs():
        if hours < lasts:
            return start - (start - end) * hours / lasts
        hours -= lasts
    return 0.0


LASTS_H = sum(lasts for _, _, lasts in legs())


def sensor(port: int, period_s: float) -> str:
    lines = (
        f'ups = "{UPS}"',
        f"port = {port}",
        f"period_s = {period_s}",
        f"longest_s = {period_s}",
        f"stale_after_s = {5 * period_s + 60}",
    )
    return '[sensors.ups]\ntype = "power.nut"\n[sensors.ups.settings]\n' + "\n".join((*lines, "timeout_s = 30.0")) + "\n"


async def told(node: Node, kind: str) -> list[Mapping[str, Any]]:
    return [event["body"] for event in (await node.ask("log.read", after=0, limit=1000))["events"] if event["type"] == kind]


class Cut:
    """The mains are gone since `at`; `worst`: how far what was said to be left was off, as a share, over what a look may cost."""

    def __init__(self, node: Node, upsd: Upsd) -> None:
        self.at = time.monotonic()
        self.worst = 0.0
        self._node = node
        self._upsd = upsd
        self._noise = random.Random(10)

    @property
    def hours(self) -> float:
        return (time.monotonic() - self.at) * FASTER / HOUR_S

    async def run_down(self, until_h: float) -> None:
        """Feed the curve and compare what is said with it."""
        while self.hours < until_h:
            self._upsd.says("OB DISCHRG", charge=round(min(100.0, max(0.0, charge_at(self.hours) + self._noise.gauss(0.0, 0.5)))))
            await asyncio.sleep(0.9)
            plan = (await self._node.ask("power.plan"))["plan"]
            left_s = (LASTS_H - self.hours) * HOUR_S / FASTER
            if plan is not None and self.hours >= 0.5 and charge_at(self.hours) > 10.0:
                self.worst = max(self.worst, (abs(plan["left_s"] - left_s) - LOOKS_S) / left_s)


async def test_a_battery_runs_down_by_the_curve_and_the_daemon_says_so_all_the_way(tmp_path: Path) -> None:
    """Every stage and its warning, in order; what is left within a tenth from half an hour after the cut to a tenth of the charge, give or
    take a look; a kill at nine hours loses none of 37 open orders."""
    async with Upsd(tmp_path / "nut") as upsd:
        people = [Person("wang", "+8613800000001")]
        extra = sensor(upsd.port, 0.2) + ENERGY
        node = Node(tmp_path, channels={"sms": sms(9)}, persons=people, rules=orders("sms", deadline_s=3600), extra=extra)
        async with node:
            await node.until("power.plan", lambda answer: answer["plan"] is not None and answer["state"] == "mains")
            for turn in range(OPEN):
                assert 202 == (await node.order("wang", f"第{turn}号：立即到岗"))[0]
            await node.until("status", lambda answer: answer["open_objectives"] == OPEN)
            cut = Cut(node, upsd)
            await cut.run_down(KILLED_H)
            await node.restart()
            print(node.ready_line)
            assert OPEN == (await node.ask("status"))["open_objectives"]
            await cut.run_down(LASTS_H - 1.0)
            stages = [one["stage"] for one in await told(node, "power.stage")]
            warned = [one["stage"] for one in await told(node, "alarm.power_stage")]
            modes = [one["after"] for one in await told(node, "mode.changed") if one["axis"] == "power"]
    print(f"the runtime is off by {cut.worst:.3f} at most; stages {stages}, warned {warned}, modes {modes}")
    assert ["grid", "battery_full", "battery_save", "battery_min", "last_gasp"] == list(dict.fromkeys(stages))
    assert ["battery_save", "battery_min", "last_gasp"] == list(dict.fromkeys(warned))
    assert cut.worst <= 0.10


SAVING = """
axis = "power"
mode = "battery_save"
[automatic]
shed = ["P3", "P4"]
[declared]
power = { mqtt = "off" }
probe_every = 20
"""


@pytest.mark.alone
async def test_on_battery_with_mqtt_asleep_and_channels_that_nobody_answers_the_daemon_sleeps(tmp_path: Path) -> None:
    """A UPS looked at every two minutes, as it is after two hours on battery; mosquitto is there and its channel told to sleep; an SMPP
    centre that is not there, and another that is switched off: a wake-up in ten seconds, a tenth of a second of processor in an hour, all
    threads together, as the kernel counts them. At the broker nothing of ours is left."""
    for name in ("nut", "broker", "modes"):
        (tmp_path / name).mkdir()
    (tmp_path / "modes" / "saving.toml").write_text(SAVING, encoding="utf-8")
    async with Upsd(tmp_path / "nut") as upsd, Mosquitto(tmp_path / "broker") as broker:
        upsd.says("OB DISCHRG", charge=45, runtime=3600)
        ways = {"mqtt": _mqtt(broker), "sms": sms(9), "off": sms(10)}
        rules, extra = orders("mqtt", "sms", "off"), sensor(upsd.port, 120.0) + ENERGY
        node = Node(tmp_path, channels=ways, persons=[Person("wang", "+8613800000001")], rules=rules, extra=extra)
        settings = tmp_path / "fenghuo.toml"
        settings.write_text(settings.read_text(encoding="utf-8").replace("[node]\n", '[node]\nmodes = "modes"\n', 1), encoding="utf-8")
        async with node:
            await node.channels_up("mqtt")
            await node.ask("channel.disable", name="off", reason="to save power")
            await node.ask("mode.declare", axis="power", mode="battery_save", reason="台风", lasts_s=3600)
            await broker.wait_for(lambda: any("fenghuo-hq disconnected" in line for line in broker.log), "the channel has said good-bye")
            await asyncio.sleep(SETTLED_S)  # the rests between two tries have grown
            before, busy_s = wake_ups(node.pid), processor_s(node.pid)
            await asyncio.sleep(WATCHED_S)
            after, spent_s = wake_ups(node.pid), processor_s(node.pid) - busy_s
            assert 1 == sum("as fenghuo-hq" in line for line in broker.log), "it slept all the time"
    woken = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    print(f"in {WATCHED_S:g} s: {woken}, {spent_s:.4f} s of processor")
    assert sum(woken.values()) <= 0.1 * WATCHED_S, woken
    assert spent_s * HOUR_S / WATCHED_S <= 0.1


def _mqtt(broker: Mosquitto) -> dict[str, Any]:
    return {"type": "mqtt.topic", "settings": {"host": broker.host, "port": broker.port, "node": "hq", "plain": True}}


def processor_s(pid: int) -> float:
    """Seconds that all threads of a process have run."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9
