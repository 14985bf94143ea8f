"""`[accounts]` of the settings: how people log in."""

from __future__ import annotations

import ipaddress

from fenghuo.formats.table_reading import shown
from fenghuo.service.settings_sections import Reading, section
from fenghuo.service.settings_tables import AccountsTable
from fenghuo.service.settings_values import AccountSettings

__all__ = ["read_accounts"]

OUGHT_KIB = AccountsTable().memory_kib
OUGHT_PASSES = AccountsTable().passes


def read_accounts(reading: Reading) -> AccountSettings:
    """`[accounts]`; weaker hashes than the usual ones are a warning."""
    table = section(reading, "accounts", AccountsTable) or AccountsTable()
    consoles: list[str] = []
    for place, text in enumerate(table.consoles):
        try:
            consoles.append(str(ipaddress.ip_address(text)))
        except ValueError:
            reading.faults.add(f"accounts.consoles[{place}]", f"is {shown(text)}; it must be an address such as 10.1.1.5 or fd00::5")
    for key, found, ought in (("memory_kib", table.memory_kib, OUGHT_KIB), ("passes", table.passes, OUGHT_PASSES)):
        if found < ought:
            reading.faults.warn(f"accounts.{key}", f"is {found}; below {ought} a copied database gives passwords away too fast")
    return AccountSettings(tuple(consoles), table.idle_min * 60.0, table.lasts_h * 3600.0, table.memory_kib, table.passes)
