"""What the node lives on: a UPS behind upsd, and the batteries that the kernel or UPower know. docs/reference/power.md."""

from __future__ import annotations

from collections.abc import Sequence

from fenghuo import PluginInfo, Sensor, SensorContext, SensorType, hookimpl
from fenghuo_power.settings import NutSettings, SupplySettings, UPowerSettings

__all__ = ["NutSettings", "SupplySettings", "UPowerSettings", "fenghuo_plugin", "fenghuo_sensor_types"]


def _nut(ctx: SensorContext) -> Sensor:
    from fenghuo_power.nut import nut_sensor

    return nut_sensor(ctx)


def _supply(ctx: SensorContext) -> Sensor:
    from fenghuo_power.supply import supply_sensor

    return supply_sensor(ctx)


def _upower(ctx: SensorContext) -> Sensor:
    from fenghuo_power.upower import upower_sensor

    return upower_sensor(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("power", "0.1.0")


@hookimpl
def fenghuo_sensor_types() -> Sequence[SensorType]:
    return [
        SensorType("power.nut", NutSettings, _nut),
        SensorType("power.supply", SupplySettings, _supply),
        SensorType("power.upower", UPowerSettings, _upower),
    ]
