"""The sensor behind `power.supply`: the folder in which the kernel shows this machine's power supplies."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fenghuo import LinkError, SensorContext
from fenghuo_power.reading import Reading
from fenghuo_power.sensor import PowerSensor
from fenghuo_power.settings import SupplySettings
from fenghuo_power.supply_reading import ATTRIBUTES, Supply, supply_reading

__all__ = ["read_supplies", "supply_sensor"]


def supply_sensor(ctx: SensorContext) -> PowerSensor:
    settings: SupplySettings = ctx.settings

    async def look() -> Reading:
        # A file of a battery is a question to its controller, which may take its time over it.
        try:
            async with asyncio.timeout(settings.timeout_s):
                return supply_reading(await asyncio.to_thread(read_supplies, Path(settings.path)))
        except OSError as failed:  # TimeoutError is one
            raise LinkError(f"{settings.path}: {str(failed) or f'no answer within {settings.timeout_s:g} s'}") from failed

    return PowerSensor(ctx, look, settings)


def read_supplies(folder: Path) -> list[Supply]:
    """Each supply with the attributes that can be read: drivers leave out what they do not know, and a battery may be taken out
    meanwhile. Raises: OSError: there is no such folder."""
    return [_attributes(entry) for entry in sorted(folder.iterdir())]


def _attributes(entry: Path) -> Supply:
    found = {}
    for name in ATTRIBUTES:
        try:
            found[name] = (entry / name).read_text(encoding="ascii", errors="replace").strip()
        except OSError:  # absent, or the driver says ENODATA: as if it were not there
            continue
    return found
