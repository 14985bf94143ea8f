"""`[watch]` of the settings: when something urgent counts as unnoticed, and who is told then."""

from __future__ import annotations

from fenghuo.service.settings_sections import Reading, section
from fenghuo.service.settings_tables_duty import WatchTable
from fenghuo.service.settings_values import WatchSettings

__all__ = ["read_watch"]


def read_watch(reading: Reading) -> WatchSettings:
    """`[watch]`."""
    table = section(reading, "watch", WatchTable) or WatchTable()
    return WatchSettings(table.unheard_s, table.unwatched_s, table.escalate_to)
