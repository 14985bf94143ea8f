"""Channels, fronts, sources and sensors of the settings file: each against the type that a plugin brings, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fenghuo.clock import SystemClock
from fenghuo.errors import ConfigError
from fenghuo.formats.table_reading import is_secret_name, near, read_struct, shown
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.arming import why_unarmed
from fenghuo.plugin.foreign_types import ForeignSettings
from fenghuo.plugin.grading import standing_of
from fenghuo.plugin.ports import Capabilities, ChannelType, Doubt, FrontType, SensorType, SourceType
from fenghuo.service.secrets import CREDENTIAL, is_exposed, locate, read_secret, secret_reader
from fenghuo.service.settings_isolation import placed
from fenghuo.service.settings_sections import Reading, named_tables
from fenghuo.service.settings_tables import ChannelTable, InstanceTable, RiskGroupTable
from fenghuo.service.settings_values import ChannelSettings, InstanceSettings, Listen

__all__ = ["read_availability", "read_channels", "read_others", "refuse_shared_listeners", "refuse_shared_paths"]

T = TypeVar("T", ChannelType, FrontType, SourceType, SensorType)
Found = Mapping[str, tuple[str, T]]

RENAMED = {"http.console": "console"}
"""Types that settings of before may still name, and what they are called."""


def read_channels(reading: Reading, records: Path | None) -> tuple[ChannelSettings, ...]:
    """Every sound `[channels.NAME]`, with what the kit's `records` let it carry."""
    read = [_channel(reading, name, table) for name, table in named_tables(reading, "channels", ChannelTable).items()]
    found = [channel for channel in read if channel is not None]
    _refuse_shared_claims(reading, found)
    _warn_of_missing(reading, found)
    standing = {kind: standing_of(kind, reading.host.origin(kind), records) for kind in {channel.type for channel in found}}
    for channel in found:
        if why := standing[channel.type].ungraded:
            reading.faults.warn(f"channels.{channel.name}", f"carries P2 to P4 only: {why}")
    return tuple(msgspec.structs.replace(channel, ungraded=standing[channel.type].ungraded) for channel in found)


def read_availability(reading: Reading, channels: Sequence[ChannelSettings]) -> dict[str, float]:
    """`[risk_groups.NAME]`: how far each stands; a name that no channel hangs on is a slip."""
    tables = reading.raw.get("risk_groups", {})
    if not isinstance(tables, dict):
        reading.faults.add("risk_groups", f'is {shown(tables)}; it must hold one table for each group, as [risk_groups."cell:opA"]')
        return {}
    named = {group for channel in channels for group in channel.risk_groups}
    found: dict[str, float] = {}
    for name, raw in tables.items():
        table = read_struct(raw, RiskGroupTable, f"risk_groups.{name}", reading.faults)
        if table is not None:
            found[name] = table.availability
        if name not in named:
            reading.faults.warn(f"risk_groups.{name}", f"is no risk group of any channel{near(name, named)}")
    return found


def read_others(
    reading: Reading,
) -> tuple[tuple[InstanceSettings, ...], tuple[InstanceSettings, ...], tuple[InstanceSettings, ...]]:
    """Every sound front, source and sensor."""
    host = reading.host
    fronts = _instances(reading, "fronts", host.front_types)
    return fronts, _instances(reading, "sources", host.source_types), _instances(reading, "sensors", host.sensor_types)


def refuse_shared_listeners(
    reading: Reading, web: Listen | None, families: Mapping[str, Sequence[ChannelSettings | InstanceSettings]]
) -> None:
    """Two that listen on one address: the second would never start."""
    seen: dict[str, str] = {f"{web.host}:{web.port}": "web.listen"} if web is not None and web.port else {}
    for family, instances in families.items():
        for instance in instances:
            key = f"{family}.{instance.name}.settings.listen"
            listen = getattr(instance.settings, "listen", None)
            if not isinstance(listen, str) or not listen or listen.endswith(":0"):
                continue
            first = seen.setdefault(listen, key)
            if first != key:
                reading.faults.add(key, f"is {shown(listen)}, which {first} has already")


def refuse_shared_paths(reading: Reading, fronts: Sequence[InstanceSettings]) -> None:
    """Two fronts on one path of the web port: the second would never start."""
    seen: dict[str, str] = {}
    for front in fronts:
        at = f"fronts.{front.name}"
        taken = [path for path in reading.host.front_types[front.type][1].paths if seen.setdefault(path, at) != at]
        if taken:
            reading.faults.add(at, f"serves {', '.join(taken)} on the web port, which {seen[taken[0]]} does already")


def _refuse_shared_claims(reading: Reading, channels: Sequence[ChannelSettings]) -> None:
    """What each must have for itself: with one key on two channels each would forget what the other had said and heard under it."""
    seen: dict[str, str] = {}
    for channel in channels:
        at = f"channels.{channel.name}.settings"
        try:
            claims = dict(
                reading.host.channel_types[channel.type][1].claims(channel.settings, secret_reader(reading.base, reading.environment))
            )
        except ConfigError:
            continue  # the channel's own check has said so
        except Exception as fault:  # noqa: BLE001  # a third party's code; its failure is one more sentence for the operator
            reading.faults.add(at, f"cannot be checked: {type(fault).__name__}: {fault}")
            continue
        for key, claim in claims.items():
            first = seen.setdefault(claim, f"{at}.{key}")
            if first != f"{at}.{key}":
                reading.faults.add(f"{at}.{key}", f"is the same as {first}; each channel needs one of its own")


def _warn_of_missing(reading: Reading, channels: Sequence[ChannelSettings]) -> None:
    """What a channel leaves to another that is not there: it would be told by nobody until a message comes that needs it."""
    for channel in channels:
        others = [other.settings for other in channels if other is not channel]
        at = f"channels.{channel.name}.settings"
        try:
            missing = dict(reading.host.channel_types[channel.type][1].missing(channel.settings, others))
        except Exception as fault:  # noqa: BLE001  # a third party's code; its failure is one more sentence for the operator
            reading.faults.add(at, f"cannot be checked: {type(fault).__name__}: {fault}")
            continue
        for key, says in missing.items():
            reading.faults.warn(f"{at}.{key}", says)


def _channel(reading: Reading, name: str, table: ChannelTable) -> ChannelSettings | None:
    at = f"channels.{name}"
    known = _known_type(reading, at, table.type, reading.host.channel_types)
    if known is None:
        return None
    plugin, kind = known
    before = len(reading.faults.found)
    kind, terms = placed(reading, at, table, kind)
    settings = _plugin_settings(reading, at, table.settings, kind.settings)
    capabilities = _capabilities(reading, at, kind, settings)
    if settings is not None and len(reading.faults.found) == before:
        _check_start(reading, at, kind, settings)
        _warn_of_armed(reading, at, name, settings)
    if settings is None or capabilities is None:
        return None
    return ChannelSettings(
        name=name,
        type=table.type,
        plugin=plugin,
        admin=Admin(table.admin),
        risk_groups=table.risk_groups,
        medium=table.medium or name,
        traffic=_traffic(reading, at, table, capabilities),
        settings=settings,
        refire_after_s=_refire_after_s(reading, at, table, capabilities),
        reach=table.reach,
        scarce=table.scarce,
        digest=table.digest,
        start_within_s=table.start_within_s,
        probe_fen_a_day=table.probe_fen_a_day,
        probe_joules_a_day=table.probe_joules_a_day,
        terms=terms,
    )


def _instances(reading: Reading, family: str, types: Found[T]) -> tuple[InstanceSettings, ...]:
    found: list[InstanceSettings] = []
    for name, table in named_tables(reading, family, InstanceTable).items():
        at = f"{family}.{name}"
        known = _known_type(reading, at, table.type, types)
        if known is None:
            continue
        kind, terms = placed(reading, at, table, known[1])
        settings = _plugin_settings(reading, at, table.settings, kind.settings)
        if settings is not None:
            found.append(InstanceSettings(name, table.type, known[0], settings, terms))
    return tuple(found)


def _known_type(reading: Reading, at: str, name: str, types: Found[T]) -> tuple[str, T] | None:
    if name in types:
        return types[name]
    if name in RENAMED:
        reading.faults.add(
            f"{at}.type", f"is {shown(name)}, which is called {shown(RENAMED[name])} now; write type = {shown(RENAMED[name])}"
        )
        return None
    absent = "; ".join(str(fault) for fault in reading.host.faults)
    says = near(name, types) or "; no plugin that is loaded brings any"
    reading.faults.add(f"{at}.type", f"is {shown(name)}, which no plugin brings{says}" + (f" (not in use: {absent})" if absent else ""))
    return None


def _plugin_settings(reading: Reading, at: str, raw: Mapping[str, Any], shape: type[msgspec.Struct]) -> msgspec.Struct | None:
    at_settings = f"{at}.settings"
    settings: msgspec.Struct | None
    if issubclass(shape, ForeignSettings):
        settings = shape.read(raw, at_settings, reading.faults)
    else:
        settings = read_struct(raw, shape, at_settings, reading.faults)
    if settings is None:
        return None
    for field in msgspec.structs.fields(shape):
        value = getattr(settings, field.name)
        if field.name.endswith("_file") and isinstance(value, str) and value:
            _check_file(reading, f"{at}.settings.{field.encode_name}", value)
    return settings


def _check_file(reading: Reading, key: str, reference: str) -> None:
    """A file that a plugin will read must be there; a secret in it is held to more."""
    is_secret = is_secret_name(key.removesuffix("_file")) or reference.startswith(CREDENTIAL)
    try:
        path = locate(reference, reading.base, reading.environment)
        if is_secret:
            read_secret(reference, reading.base, reading.environment)
        elif not path.is_file():
            raise ConfigError(f"the file {path} does not exist")
    except ConfigError as fault:
        reading.faults.add(key, f"cannot be used: {fault}")
        return
    if is_secret and is_exposed(path):
        reading.faults.warn(key, f"names {path}, which everybody on this machine may read; make it mode 0600 or 0640")


def _capabilities(reading: Reading, at: str, kind: ChannelType, settings: msgspec.Struct | None) -> Capabilities | None:
    """What the channel can do with these settings; a plugin that cannot say so has settings that cannot work."""
    if settings is None:
        return None
    try:
        return kind.capabilities(settings)
    except Exception as fault:  # noqa: BLE001  # a third party's code; its failure is one more sentence for the operator
        reading.faults.add(f"{at}.settings", f"cannot work: {type(fault).__name__}: {fault}")
        return None


def _check_start(reading: Reading, at: str, kind: ChannelType, settings: msgspec.Struct) -> None:
    """What the channel would refuse at its start is told now, while somebody looks."""
    try:
        faults = dict(kind.check(settings, secret_reader(reading.base, reading.environment)))
    except Exception as fault:  # noqa: BLE001  # a third party's code; its failure is one more sentence for the operator
        reading.faults.add(f"{at}.settings", f"cannot be checked: {type(fault).__name__}: {fault}")
        return
    for key, says in faults.items():
        reading.faults.add(f"{at}.settings.{key}", says)


def _warn_of_armed(reading: Reading, at: str, name: str, settings: msgspec.Struct) -> None:
    """An armed switch in the future holds up its channel, and no more than that: the clock of this machine may be what is wrong."""
    armed = getattr(settings, "armed", None)
    if not isinstance(armed, datetime) or armed.tzinfo is None:
        return
    try:
        why_unarmed(armed, since=0.0, now=SystemClock().time(), name=name)
    except ConfigError as future:
        reading.faults.warn(f"{at}.settings", f"cannot start: {future}")


def _refire_after_s(reading: Reading, at: str, table: ChannelTable, capabilities: Capabilities) -> float | None:
    """The policy of an actuator in doubt; no other channel has one, since delivery.md says what becomes of its doubts."""
    for key in ("in_doubt", "refire_after_s"):
        if getattr(table, key) is not None and capabilities.doubt is not Doubt.ACTUATOR:
            reading.faults.add(
                f"{at}.{key}", f"is for devices that start something; channels of type {table.type} are {capabilities.doubt}"
            )
    if table.in_doubt == "refire":
        return table.refire_after_s or 0.0
    if table.refire_after_s is not None and capabilities.doubt is Doubt.ACTUATOR:
        reading.faults.add(f"{at}.refire_after_s", 'says when to start again, and in_doubt does not say that; write in_doubt = "refire"')
    return None


def _traffic(reading: Reading, at: str, table: ChannelTable, capabilities: Capabilities) -> tuple[Traffic, ...]:
    if table.traffic is None:
        return capabilities.traffic
    for traffic in table.traffic:
        if traffic not in capabilities.traffic:
            able = ", ".join(capabilities.traffic)
            reading.faults.add(
                f"{at}.traffic", f"holds {shown(str(traffic))}, which channels of type {table.type} never carry; they carry {able}"
            )
    return table.traffic
