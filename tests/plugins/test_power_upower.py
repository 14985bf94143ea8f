"""The sensor of UPower against UPower's interface as python-dbusmock has it, and what its devices mean."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from fenghuo import LinkError
from fenghuo_adapters.upower_line import UPowerLine
from fenghuo_power import UPowerSettings
from fenghuo_power.reading import Reading
from fenghuo_power.upower_reading import upower_reading
from tests.peers.upower import UPower
from tests.plugins.test_power_sensors import Told, made
from tests.scale import PATIENCE_S

BATTERY: dict[str, object] = {
    "PowerSupply": True,
    "Type": 2,
    "IsPresent": True,
    "Percentage": 80.0,
    "State": 2,
    "TimeToEmpty": 3600,
    "WarningLevel": 1,
}
PLUG: dict[str, object] = {"PowerSupply": True, "Online": True}
MOUSE: dict[str, object] = {"PowerSupply": False, "Type": 5, "IsPresent": True, "Percentage": 3.0, "State": 2, "WarningLevel": 4}
CHARGING: dict[str, object] = {**BATTERY, "State": 1, "TimeToEmpty": 0}


def test_what_the_devices_mean_together() -> None:
    """One row a case: what UPower says of the node, its devices, and the reading."""
    nobody = "UPower knows no power supply of this machine"
    rows: list[tuple[object, list[dict[str, object]], Reading]] = [
        (True, [BATTERY, MOUSE], Reading("battery", 80.0, 3600.0)),
        (False, [PLUG, CHARGING], Reading("mains", 80.0)),
        (False, [PLUG], Reading("mains")),
        (False, [PLUG, BATTERY], Reading("battery", 80.0, 3600.0)),  # it discharges beside a plug in use
        (True, [BATTERY, {**BATTERY, "Percentage": 12.0, "TimeToEmpty": 900}], Reading("battery", 12.0, 900.0)),
        (True, [{**BATTERY, "Type": 3, "WarningLevel": 3}], Reading("battery", 80.0, 3600.0, is_low=True)),
        (True, [{**BATTERY, "IsPresent": False}], Reading("battery")),
        (True, [{**BATTERY, "Percentage": math.nan, "TimeToEmpty": -1, "WarningLevel": "x"}], Reading("battery")),
        (False, [], Reading("unknown", cause=nobody)),
        (False, [MOUSE], Reading("unknown", cause=nobody)),
        (None, [PLUG], Reading("unknown", cause="UPower says OnBattery None, which is neither true nor false")),
    ]
    assert [row[2] for row in rows] == [upower_reading({"OnBattery": row[0]}, row[1]) for row in rows]


async def test_a_bus_that_is_not_there_is_one_error_with_a_sentence(tmp_path: Path) -> None:
    """And closing what never opened is no fault."""
    line = UPowerLine(f"unix:path={tmp_path}/none", timeout_s=PATIENCE_S)
    with pytest.raises(LinkError, match=rf"^UPower at unix:path={tmp_path}/none: .*No such file"):
        await line.read()
    line.close()


@pytest.mark.peer
@pytest.mark.may_block("the peer's processes are started and ended")
@pytest.mark.timeout(180)
async def test_the_mains_go_the_battery_runs_low_and_upower_dies_and_comes_back(tmp_path: Path) -> None:
    """Each turn is read from the bus, and a UPower that is gone is unknown at once."""
    async with UPower(tmp_path / "upower") as upower:
        await upower.add("AC", "mock_ac")
        charging = await upower.add("ChargingBattery", "mock_bat", 97.0, 600)
        told = Told(UPowerSettings(address=upower.address, period_s=0.1, longest_s=0.1, stale_after_s=PATIENCE_S, timeout_s=PATIENCE_S))
        running = asyncio.create_task(made(told, "power.upower").run())
        await seen(lambda: told.saw("power.state", "mains") and told.saw("power.charge", 97.0))
        await upower.remove(charging)
        battery = await upower.add("DischargingBattery", "mock_bat", 40.0, 1800)
        await upower.on_battery(is_so=True)
        await seen(lambda: told.saw("power.state", "battery") and told.saw("power.charge", 40.0) and told.saw("power.runtime", 1800.0))
        await upower.warn(battery, 4)
        await upower.set(battery, Percentage=("d", 5.0))
        await seen(lambda: told.saw("power.low", True) and told.saw("power.charge", 5.0))
        await upower.kill()
        await seen(lambda: told.saw("power.state", "unknown"))
        assert any("ServiceUnknown" in str(one.value) or "NoReply" in str(one.value) for one in told.seen if one.what == "power.cause")
        await upower.start()
        await upower.add("AC", "mock_ac")
        await seen(lambda: told.states()[-1] == "mains")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def seen(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.02)
