"""Settings: the TOML file as frozen values, every mistake found at once and told as a sentence with file and key.

Reads files, opens nothing else and changes nothing, so that `fenghuo config check` and SIGHUP may call it at any time.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from fenghuo.engine.rules import RuleBook, read_rules
from fenghuo.errors import SettingsError
from fenghuo.formats.table_reading import Faults, near
from fenghuo.plugin.host import PluginHost
from fenghuo.service import settings_authority, settings_instances, settings_sections
from fenghuo.service.endpoint import endpoint_rules, furnished
from fenghuo.service.settings_accounts import read_accounts
from fenghuo.service.settings_alarms import read_alarms, read_self_probe
from fenghuo.service.settings_duty import read_break_glass, read_duty
from fenghuo.service.settings_energy import read_energy, read_takeover
from fenghuo.service.settings_sections import Reading
from fenghuo.service.settings_tables import FileTable, Right
from fenghuo.service.settings_values import (
    ChannelSettings,
    InstanceSettings,
    IntakeSettings,
    Listen,
    NodeSettings,
    Settings,
    TokenSettings,
)
from fenghuo.service.settings_watch import read_watch

__all__ = [
    "ChannelSettings",
    "InstanceSettings",
    "IntakeSettings",
    "Listen",
    "NodeSettings",
    "Right",
    "Settings",
    "TokenSettings",
    "load",
    "load_rules",
]


def load(path: Path, host: PluginHost, *, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in the file at `path`. Raises: SettingsError with every mistake found, each a sentence with file and key."""
    path = path.absolute()
    faults = Faults(path.name)
    reading = Reading(furnished(_parsed(path), path.parent), path.parent, host, faults, environment)
    _name_unknown_tables(reading)
    settings = _read(path, reading)
    if settings is None or faults.found:
        raise SettingsError(tuple(dict.fromkeys(faults.found)))
    return settings


def load_rules(settings: Settings) -> RuleBook:
    """The rules that the settings name. Raises: SettingsError with every mistake found."""
    file = settings.node.rules
    if settings.node.endpoint is not None and not file.is_file():
        return read_rules(endpoint_rules(settings), file="the endpoint's own rules")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as refusal:
        raise SettingsError((f"{file.name}: cannot be read: {refusal}",)) from refusal
    return read_rules(text, file=file.name)


def _parsed(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as refusal:
        raise SettingsError((f"{path.name}: cannot be read at {path}: {refusal.strerror}",)) from refusal
    except UnicodeDecodeError as refusal:
        raise SettingsError((f"{path.name}: is not UTF-8 text; octet {refusal.start} cannot be read",)) from refusal
    except tomllib.TOMLDecodeError as refusal:
        raise SettingsError((f"{path.name}: is not TOML: {refusal}",)) from refusal


def _name_unknown_tables(reading: Reading) -> None:
    known = FileTable.__struct_encode_fields__
    for name in reading.raw:
        if name not in known:
            reading.faults.add(name, f"is unknown{near(name, known)}")


Families = Mapping[str, Sequence[ChannelSettings | InstanceSettings]]


def _read(path: Path, reading: Reading) -> Settings | None:
    """Every section, in the order of the file; None when the node itself is unknown, since all else hangs on it."""
    node = settings_sections.read_node(reading)
    web = settings_sections.read_web(reading)
    intake = settings_sections.read_intake(reading)
    accounts = read_accounts(reading)
    release_valid_s, two_hosts = settings_sections.read_release(reading, accounts)
    audit_places = settings_sections.read_audit(reading)
    socket = settings_sections.read_control(reading, node)
    tokens = settings_sections.read_tokens(reading, node)
    records = settings_sections.read_records(reading, node)
    channels = settings_instances.read_channels(reading, records)
    availability = settings_instances.read_availability(reading, channels)
    fronts, sources, sensors = settings_instances.read_others(reading)
    authority = settings_authority.read_authority(reading, tokens, sources, channels)
    listeners: Families = {"channels": channels, "fronts": fronts, "sources": sources, "sensors": sensors}
    settings_instances.refuse_shared_listeners(reading, web, listeners)
    settings_instances.refuse_shared_paths(reading, fronts)
    settings_sections.warn_of_spool(reading, intake)
    if node is None or socket is None or intake is None or records is None:
        return None
    return Settings(
        file=path,
        base=path.parent,
        node=node,
        control_socket=socket,
        web=web,
        intake=intake,
        release_valid_s=release_valid_s,
        two_hosts=two_hosts,
        audit_places=audit_places,
        tokens=tokens,
        channels=channels,
        fronts=fronts,
        sources=sources,
        sensors=sensors,
        records=records,
        warnings=tuple(reading.faults.warned),
        availability=availability,
        energy=read_energy(reading, channels, sensors),
        takeover=read_takeover(reading),
        authority=authority,
        accounts=accounts,
        duty=read_duty(reading),
        break_glass=read_break_glass(reading),
        watch=read_watch(reading),
        self_probe_s=read_self_probe(reading),
        alarm_hook=read_alarms(reading),
    )
