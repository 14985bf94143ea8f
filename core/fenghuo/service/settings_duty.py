"""`[duty]` of the settings: in which roles somebody must always be on duty."""

from __future__ import annotations

from fenghuo.command.shifts import ROLES
from fenghuo.formats.table_reading import near, shown
from fenghuo.service.settings_sections import Reading, section
from fenghuo.service.settings_tables_duty import DutyTable
from fenghuo.service.settings_values import DutySettings

__all__ = ["read_duty"]


def read_duty(reading: Reading) -> DutySettings:
    """`[duty]`; without it nobody is watched for."""
    table = section(reading, "duty", DutyTable) or DutyTable()
    for place, role in enumerate(table.roles):
        if role not in ROLES:
            says = f"is {shown(role)}; it must be one of {', '.join(ROLES)}{near(role, ROLES)}"
            reading.faults.add(f"duty.roles[{place}]", says)
    return DutySettings(tuple(dict.fromkeys(table.roles)), table.horizon_h * 3600.0, table.grace_min * 60.0)
