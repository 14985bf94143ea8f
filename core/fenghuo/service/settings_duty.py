"""`[duty]` and `[break_glass]` of the settings: in which roles somebody must always be on duty, and what one leader may let go alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fenghuo.command.shifts import ROLES
from fenghuo.formats.table_reading import near, shown
from fenghuo.service.settings_sections import Reading, section
from fenghuo.service.settings_tables_duty import BreakGlassTable, DutyTable
from fenghuo.service.settings_values import BreakGlassSettings, DutySettings, TemplateSettings

__all__ = ["read_break_glass", "read_duty"]


def read_duty(reading: Reading) -> DutySettings:
    """`[duty]`; without it nobody is watched for."""
    table = section(reading, "duty", DutyTable) or DutyTable()
    for place, role in enumerate(table.roles):
        if role not in ROLES:
            says = f"is {shown(role)}; it must be one of {', '.join(ROLES)}{near(role, ROLES)}"
            reading.faults.add(f"duty.roles[{place}]", says)
    return DutySettings(tuple(dict.fromkeys(table.roles)), table.horizon_h * 3600.0, table.grace_min * 60.0)


def read_break_glass(reading: Reading) -> BreakGlassSettings:
    """`[break_glass]`; without it nobody releases alone. A template that is not there or is another one now is told, and is not let go."""
    table = section(reading, "break_glass", BreakGlassTable) if "break_glass" in reading.raw else None
    if table is None:
        return BreakGlassSettings()
    found: list[TemplateSettings] = []
    for place, one in enumerate(table.templates, 1):
        at = f"break_glass.templates[{place}]"
        approvers = tuple(dict.fromkeys(one.approved_by))
        if one.name in [other.name for other in found]:
            reading.faults.add(f"{at}.name", f"is {shown(one.name)}, which another template has; give it a name of its own")
        if len(approvers) < len(one.approved_by):
            reading.faults.add(f"{at}.approved_by", "names somebody twice; two signatures are two people")
        file = reading.base / one.file
        if (why := _unlike(file, one.sha256)) is not None:
            reading.faults.warn(f"{at}.file", f"{why}; it will not be let go until it is as it was approved")
        found.append(TemplateSettings(one.name, file, one.sha256, approvers))
    return BreakGlassSettings(table.key_sha256, tuple(found))


def _unlike(file: Path, digest: str) -> str | None:
    try:
        is_other = hashlib.sha256(file.read_bytes()).hexdigest() != digest
    except OSError as error:
        return f"cannot be read at {file}: {error.strerror}"
    return "is not what was approved, its SHA-256 is another" if is_other else None
