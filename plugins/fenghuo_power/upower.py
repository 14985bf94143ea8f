"""The sensor behind `power.upower`: what UPower of this machine knows of its batteries."""

from __future__ import annotations

from fenghuo import SensorContext
from fenghuo_adapters.upower_line import UPowerLine
from fenghuo_power.reading import Reading
from fenghuo_power.sensor import PowerSensor
from fenghuo_power.settings import UPowerSettings
from fenghuo_power.upower_reading import upower_reading

__all__ = ["UPowerSensor", "upower_sensor"]


class UPowerSensor:
    """A connection to the bus of its own for as long as it runs."""

    def __init__(self, ctx: SensorContext, settings: UPowerSettings) -> None:
        self._line = UPowerLine(settings.address, timeout_s=settings.timeout_s)
        self._sensor = PowerSensor(ctx, self._look, settings)

    async def run(self) -> None:
        try:
            await self._sensor.run()
        finally:
            self._line.close()

    async def _look(self) -> Reading:
        return upower_reading(*await self._line.read())


def upower_sensor(ctx: SensorContext) -> UPowerSensor:
    return UPowerSensor(ctx, ctx.settings)
