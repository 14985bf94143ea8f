"""The sensor behind `power.nut`: one UPS of an upsd."""

from __future__ import annotations

from fenghuo import SensorContext
from fenghuo_adapters.nut_line import NutLine
from fenghuo_power.nut_reading import nut_reading
from fenghuo_power.reading import Reading
from fenghuo_power.sensor import PowerSensor
from fenghuo_power.settings import NutSettings

__all__ = ["NutSensor", "nut_sensor"]


class NutSensor:
    """A line of its own for as long as it runs."""

    def __init__(self, ctx: SensorContext, settings: NutSettings) -> None:
        self._settings = settings
        self._line = NutLine(settings.host, settings.port, timeout_s=settings.timeout_s)
        self._sensor = PowerSensor(ctx, self._look, settings)

    async def run(self) -> None:
        try:
            await self._sensor.run()
        finally:
            self._line.close()

    async def _look(self) -> Reading:
        return nut_reading(await self._line.variables(self._settings.ups), self._settings.fuel_variable)


def nut_sensor(ctx: SensorContext) -> NutSensor:
    return NutSensor(ctx, ctx.settings)
