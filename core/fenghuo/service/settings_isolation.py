"""Where the code of an instance runs: what came with Fenghuo in the loop, everything else in a process of its own, unless settings say so.

Source: plugins.md, Supervision (isolation tiers).
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from fenghuo.errors import ConfigError
from fenghuo.plugin.cell_values import MIB, Terms
from fenghuo.plugin.ports import ChannelType, FrontType, SensorType, SourceType
from fenghuo.service.settings_sections import Reading, section
from fenghuo.service.settings_tables import ChannelTable, InstanceTable, PluginsTable

__all__ = ["placed"]

T = TypeVar("T", ChannelType, FrontType, SourceType, SensorType)
LONGEST_SOCKET = 107
"""Octets of a Unix socket's path. Source: unix(7), sun_path."""


def placed(reading: Reading, at: str, table: ChannelTable | InstanceTable, kind: T) -> tuple[T, Terms | None]:
    """The type with its code where it is to be, and the terms of its process, None: in the loop. `at`: the family and the name.

    A choice that cannot be is a fault, one that lets somebody else's code into the daemon a warning.
    """
    is_foreign = reading.host.is_foreign(kind)
    where = table.isolation or ("process" if is_foreign else "loop")
    if at.startswith("fronts.") and where != "loop":
        reading.faults.add(
            f"{at}.isolation",
            f"is {where}, and a front works with the desk and the web port, which the daemon alone has; if its plugin is trusted write"
            ' isolation = "loop"',
        )
    elif where == "loop" and is_foreign:
        return _let_in(reading, at, kind), None
    return kind, None if where == "loop" else _terms(reading, at, table, is_unit=where == "unit")


def _let_in(reading: Reading, at: str, kind: T) -> T:
    try:
        kind = reading.host.in_loop(kind)
    except ConfigError as fault:
        reading.faults.add(f"{at}.type", f"cannot be used in the loop: {fault}")
    reading.faults.warn(
        f"{at}.isolation", "lets a plugin that did not come with Fenghuo into the daemon: what it does wrong there, it does to all of it"
    )
    return kind


def _terms(reading: Reading, at: str, table: ChannelTable | InstanceTable, *, is_unit: bool) -> Terms:
    unit = ""
    if is_unit:
        folder = (section(reading, "plugins", PluginsTable) or PluginsTable()).units
        unit = str(Path(folder) / at.partition(".")[2])
        if len(unit.encode()) > LONGEST_SOCKET:
            reading.faults.add(f"{at}.isolation", f"needs the socket {unit}, whose path has more than {LONGEST_SOCKET} octets")
    return Terms(memory=table.memory_mib * MIB, cpu_share=table.processor_percent / 100, unit=unit)
