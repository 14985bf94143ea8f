"""`[energy]` and `[takeover]` of the settings file: the battery, what it feeds, who tells its charge, and who takes command from whom."""

from __future__ import annotations

from collections.abc import Sequence

from fenghuo.engine.energy import STAGES, Battery, Load
from fenghuo.formats.table_reading import near, shown
from fenghuo.service.settings_sections import Reading, section
from fenghuo.service.settings_tables import EnergyTable, TakeoverTable
from fenghuo.service.settings_values import ChannelSettings, EnergySettings, InstanceSettings, TakeoverSettings

__all__ = ["read_energy", "read_takeover"]


def read_energy(reading: Reading, channels: Sequence[ChannelSettings], sensors: Sequence[InstanceSettings]) -> EnergySettings | None:
    """None without the table, or with faults in it."""
    if "energy" not in reading.raw:
        return None
    table = section(reading, "energy", EnergyTable)
    if table is None:
        return None
    loads = tuple(Load(name, one.watts, one.channel) for name, one in table.loads.items())
    _check_loads(reading, loads, {channel.name for channel in channels})
    known = {sensor.name for sensor in sensors}
    if table.sensor and table.sensor not in known:
        reading.faults.add("energy.sensor", f"is {shown(table.sensor)}, which is no sensor of this node{near(table.sensor, known)}")
    battery = Battery(table.capacity_wh * table.usable, table.efficiency, table.reserve_p0)
    if table.hand_over_to and table.hand_over_until is None:
        says = "is missing; who may take command is declared with an end, for example 2026-12-31T00:00:00+08:00"
        reading.faults.add("energy.hand_over_until", says)
    return EnergySettings(battery, loads, table.sensor, table.hand_over_to, table.hand_over_until)


def read_takeover(reading: Reading) -> TakeoverSettings | None:
    """`[takeover]`: None without the table, or with faults in it."""
    table = section(reading, "takeover", TakeoverTable) if "takeover" in reading.raw else None
    return TakeoverSettings(table.sources, table.until, table.by) if table is not None else None


def _check_loads(reading: Reading, loads: Sequence[Load], channels: set[str]) -> None:
    """Each stage feeds something, and every channel that is named is there; a load that grows from stage to stage is no fault (Tiantong
    comes on at the end)."""
    for index, stage in enumerate(STAGES):
        if not any(load.watts[index] for load in loads):
            reading.faults.add("energy.loads", f"draw nothing in {stage}; what runs then, the computer itself too, must be in them")
    for load in loads:
        if load.channel and load.channel not in channels:
            at = f"energy.loads.{load.name}.channel"
            reading.faults.add(at, f"is {shown(load.channel)}, which is no channel of this node{near(load.channel, channels)}")
