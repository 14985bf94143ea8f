"""`[alarms]` and `[self_probe]`: how the node watches itself, and whom it tells."""

from __future__ import annotations

from fenghuo.errors import ConfigError
from fenghuo.service.secrets import CREDENTIAL, read_secret
from fenghuo.service.settings_sections import Reading, section
from fenghuo.service.settings_tables_alarms import AlarmHookTable, AlarmsTable, SelfProbeTable
from fenghuo.service.settings_values import AlarmHookSettings

__all__ = ["read_alarms", "read_self_probe"]

AT = "alarms.webhook"


def read_self_probe(reading: Reading) -> float:
    """`[self_probe]`: seconds between two; 0: none."""
    return (section(reading, "self_probe", SelfProbeTable) or SelfProbeTable()).every_s


def read_alarms(reading: Reading) -> AlarmHookSettings | None:
    """`[alarms.webhook]`: what it names must be there."""
    table = (section(reading, "alarms", AlarmsTable) or AlarmsTable()).webhook
    if table is None:
        return None
    ca_file = reading.path(table.ca_file) if table.ca_file is not None else None
    if ca_file is not None and not ca_file.is_file():
        reading.faults.add(f"{AT}.ca_file", f"names {ca_file}, which is not there; it must be a file of certificates (PEM)")
    if ca_file is not None and not table.url.startswith("https://"):
        reading.faults.add(f"{AT}.ca_file", f"is there, and url {table.url} shows no certificate; write https://, or take ca_file out")
    return AlarmHookSettings(
        url=table.url,
        form=table.form,
        secret=_secret(reading, table),
        base=reading.base,
        ca_file=ca_file,
        priorities=frozenset(table.priorities),
        repeat_s=60.0 * table.repeat_min,
    )


def _secret(reading: Reading, table: AlarmHookTable) -> str:
    if table.secret_file is not None and table.credential is not None:
        reading.faults.add(AT, "has both secret_file and credential; at most one of them may be set")
    reference = table.secret_file or (CREDENTIAL + table.credential if table.credential else "")
    if reference:
        try:
            read_secret(reference, reading.base, reading.environment)
        except ConfigError as error:
            reading.faults.add(f"{AT}.{'secret_file' if table.secret_file else 'credential'}", f"cannot be used: {error}")
    return reference
