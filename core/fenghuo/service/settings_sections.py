"""The core's own sections of the settings file: node, control, web, intake, release, tokens.

Each reader gives its value, or None (or leaves the item out) with the reasons in the faults, so that the others are still read.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from fenghuo.errors import ConfigError
from fenghuo.formats.cap_signature import load_certificate
from fenghuo.formats.table_reading import Faults, read_struct, shown
from fenghuo.model.area import AreaRef
from fenghuo.plugin.conformance import RECORDS
from fenghuo.plugin.host import PluginHost
from fenghuo.service.audit_places import Place, place_of
from fenghuo.service.secrets import CREDENTIAL, Secret, is_exposed, locate, read_secret
from fenghuo.service.settings_tables import (
    AuditTable,
    ControlTable,
    EndpointTable,
    IntakeTable,
    NodeTable,
    PluginsTable,
    ReleaseTable,
    TokenTable,
    WebTable,
)
from fenghuo.service.settings_tls import read_tls
from fenghuo.service.settings_values import AccountSettings, EndpointSettings, IntakeSettings, Listen, NodeSettings, TokenSettings

__all__ = [
    "Reading",
    "named_tables",
    "read_audit",
    "read_control",
    "read_intake",
    "read_node",
    "read_records",
    "read_release",
    "read_tokens",
    "read_web",
    "section",
    "warn_of_spool",
]

S = TypeVar("S", bound=msgspec.Struct)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of channels, tokens and the rest stand in paths (`channel/sms-a`), log lines and metrics."""

LONGEST_SOCKET = 107
"""Octets of a Unix socket's path. Source: unix(7), sun_path has 108 with the final NUL."""

HIGHEST_PORT = 65_535
SPOOL = "spool"
SHORTEST_TOKEN = 22
"""Characters in which 128 random bits fit, at six bits each; a shorter token can be guessed. Source: security.md §2."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One pass over one file: the parsed text, its folder, the plugins it may name, and where mistakes go."""

    raw: Mapping[str, object]
    base: Path
    host: PluginHost
    faults: Faults
    environment: Mapping[str, str]

    def path(self, text: str) -> Path:
        """A path as written, relative to the file's folder."""
        return Path(os.path.normpath(self.base / text))


def section(reading: Reading, name: str, shape: type[S]) -> S | None:
    """The table `[name]` as a struct; an absent table has its defaults."""
    return read_struct(reading.raw.get(name, {}), shape, name, reading.faults)


def named_tables(reading: Reading, family: str, shape: type[S]) -> dict[str, S]:
    """Every sound `[family.NAME]`."""
    tables = reading.raw.get(family, {})
    if not isinstance(tables, dict):
        reading.faults.add(family, f"is {shown(tables)}; it must hold one table for each name, as [{family}.NAME]")
        return {}
    found: dict[str, S] = {}
    for name, raw in tables.items():
        at = f"{family}.{name}"
        if not NAME.fullmatch(name):
            reading.faults.add(at, "has a name that cannot be used; it must be 1 to 64 letters, digits, dots, hyphens or underscores")
        table = read_struct(raw, shape, at, reading.faults)
        if table is not None:
            found[name] = table
    return found


def read_node(reading: Reading) -> NodeSettings | None:
    """`[node]`: the rules file and the directory folder must be there, the state folder may be made later."""
    if "node" not in reading.raw:
        reading.faults.add("node", 'is missing; it must be a table with at least name = "…"')
        return None
    table = section(reading, "node", NodeTable)
    if table is None:
        return None
    state, rules = reading.path(table.state), reading.path(table.rules)
    directory = _folder(reading, "directory", table.directory, "directory CSV files")
    if state.exists() and not state.is_dir():
        reading.faults.add("node.state", f"names {state}, which is a file; it must be a folder")
    is_endpoint = table.role == "endpoint"
    if not rules.is_file() and not (is_endpoint and "rules" not in _as_table(reading.raw["node"])):
        reading.faults.add("node.rules", f"names {rules}, which is not there; it must be the file of rules and ladders")
    modes = _folder(reading, "modes", table.modes, "mode profiles")
    endpoint = _endpoint(reading, has_rules=rules.is_file()) if is_endpoint else None
    return NodeSettings(table.name, state, rules, directory, table.clock_quality, endpoint, modes)


def _folder(reading: Reading, key: str, text: str | None, holds: str) -> Path | None:
    folder = reading.path(text) if text is not None else None
    if folder is not None and not folder.is_dir():
        reading.faults.add(f"node.{key}", f"names {folder}, which is not there; it must be a folder of {holds}")
    return folder


def _endpoint(reading: Reading, *, has_rules: bool) -> EndpointSettings:
    """`[endpoint]`: each address written the one right way."""
    table = section(reading, "endpoint", EndpointTable) or EndpointTable()
    up: dict[str, str] = {}
    for kind, address in table.up.items():
        known = reading.host.address_kinds.get(kind)
        if known is None:
            reading.faults.add("endpoint.up", f"names the address kind {shown(kind)}, which no plugin brings")
            continue
        try:
            up[kind] = known.normalise(address)
        except ValueError as error:
            reading.faults.add(f"endpoint.up.{kind}", f"is {shown(address)}: {error}")
    return EndpointSettings(up, table.ack_s, has_rules)


def _as_table(raw: object) -> Mapping[str, object]:
    return raw if isinstance(raw, dict) else {}


def read_control(reading: Reading, node: NodeSettings | None) -> Path | None:
    """`[control]`: the socket's path, ctl.sock in the state folder by default."""
    table = section(reading, "control", ControlTable)
    if table is None or node is None:
        return None
    socket = reading.path(table.socket) if table.socket is not None else node.state / "ctl.sock"
    octets = len(str(socket).encode())
    if octets > LONGEST_SOCKET:
        key = "control.socket" if table.socket is not None else "node.state"
        reading.faults.add(key, f"makes the socket path {socket} of {octets} octets; the system takes at most {LONGEST_SOCKET}")
    return socket


def read_web(reading: Reading) -> Listen | None:
    """`[web]`: where to listen, None without the table."""
    table = section(reading, "web", WebTable) if "web" in reading.raw else None
    if table is None:
        return None
    listen = msgspec.structs.replace(Listen.parse(table.listen), hosts=table.hosts)
    if listen.port > HIGHEST_PORT:
        reading.faults.add("web.listen", f"is {shown(table.listen)}; the port must be a whole number from 0 to {HIGHEST_PORT}")
    if not _is_host(listen.host):
        reading.faults.add("web.listen", f"is {shown(table.listen)}; {listen.host} is no address, each of whose four numbers is 0 to 255")
    return msgspec.structs.replace(listen, tls=read_tls(table, listen.host, reading.faults, reading.path))


def _is_host(host: str) -> bool:
    """A name, or an address; figures and dots alone are no name. Source: RFC 1123 §2.1."""
    if not re.fullmatch(r"[0-9.]+|.*:.*", host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def read_intake(reading: Reading) -> IntakeSettings | None:
    """`[intake]`: limits of what is taken in."""
    table = section(reading, "intake", IntakeTable)
    if table is None:
        return None
    spool = reading.path(table.spool) if table.spool is not None else None
    if spool is not None and spool.exists() and not spool.is_dir():
        reading.faults.add("intake.spool", f"names {spool}, which is a file; it must be a folder")
    return IntakeSettings(spool, table.default_expiry_h, table.max_pending, table.geocode_systems, table.attachments_wait_h)


def warn_of_spool(reading: Reading, intake: IntakeSettings | None) -> None:
    """A folder whose files nobody answers for: nothing of it goes out by itself."""
    if intake is not None and intake.spool is not None and SPOOL not in _as_table(reading.raw.get("tokens", {})):
        reading.faults.warn(
            "intake.spool",
            f"is there and [tokens.{SPOOL}] is not: what files in it say is held until a person signs; {SPOOL} is who says it",
        )


def read_release(reading: Reading, accounts: AccountSettings) -> tuple[float, bool]:
    """`[release]`: seconds a signature counts, and whether two who sign sit at two hosts."""
    table = section(reading, "release", ReleaseTable) or ReleaseTable()
    return table.valid_s, len(accounts.consoles) > 1 if table.two_hosts is None else table.two_hosts


def read_audit(reading: Reading) -> tuple[Place, ...]:
    """`[audit]`: the second places for its heads."""
    table = section(reading, "audit", AuditTable) or AuditTable()
    places: list[Place] = []
    for text in table.heads:
        try:
            places.append(place_of(text, reading.base))
        except ValueError as error:
            reading.faults.add("audit.heads", f"holds {shown(text)}; it {error}")
    return tuple(places)


def read_records(reading: Reading, node: NodeSettings | None) -> Path | None:
    """`[plugins]`: the folder of the kit's records, which need not be there."""
    table = section(reading, "plugins", PluginsTable)
    if table is None or node is None:
        return None
    folder = reading.path(table.records) if table.records is not None else node.state / RECORDS
    if folder.exists() and not folder.is_dir():
        reading.faults.add("plugins.records", f"names {folder}, which is a file; it must be a folder")
    return folder


def read_tokens(reading: Reading, node: NodeSettings | None) -> tuple[TokenSettings, ...]:
    """`[tokens.NAME]`: each with one readable secret of its own."""
    tokens: list[TokenSettings] = []
    owners: dict[Secret, str] = {}
    for name, table in named_tables(reading, "tokens", TokenTable).items():
        reference = _reference(reading, name, table)
        if reference is None:
            continue
        _check_secret(reading, f"tokens.{name}", reference, made=table.generate and _may_be_made(reading, name, table, node))
        _refuse_twins(reading, name, reference, owners)
        areas = _areas(reading, name, table)
        tokens.append(
            TokenSettings(
                name,
                reference,
                table.generate,
                table.rights,
                table.traffic,
                areas,
                certificates=_certificates(reading, name, table),
                allow_sha1=table.allow_sha1,
                senders=table.senders,
                person=table.person,
                client=table.certificate_sha256,
                chinese=table.chinese,
            )
        )
    return tuple(tokens)


def _reference(reading: Reading, name: str, table: TokenTable) -> str | None:
    match table.file, table.credential:
        case None, None:
            reading.faults.add(f"tokens.{name}", "has no secret; set one of file and credential")
        case str(), str():
            reading.faults.add(f"tokens.{name}", "has both file and credential; at most one of them may be set")
        case str(file), _:
            return file
        case _, str(credential):
            return CREDENTIAL + credential
    return None


def _may_be_made(reading: Reading, name: str, table: TokenTable, node: NodeSettings | None) -> bool:
    if table.credential is not None:
        reading.faults.add(f"tokens.{name}.generate", "is true beside credential; only a token in a file of the state folder can be made")
        return False
    if node is not None and not reading.path(table.file or "").resolve().is_relative_to(node.state.resolve()):
        reading.faults.add(
            f"tokens.{name}.file", f"is {shown(table.file)}; with generate = true it must lie in the state folder {node.state}"
        )
        return False
    return True


def _check_secret(reading: Reading, at: str, reference: str, *, made: bool) -> None:
    """A secret must be there and readable; that everybody may read it is a warning."""
    key = f"{at}.credential" if reference.startswith(CREDENTIAL) else f"{at}.file"
    try:
        path = locate(reference, reading.base, reading.environment)
        if made and not path.exists():
            return
        secret = read_secret(reference, reading.base, reading.environment)
    except ConfigError as fault:
        reading.faults.add(key, f"cannot be used: {fault}")
        return
    if len(secret) < SHORTEST_TOKEN:
        says = f"has a token of {len(secret)} characters, which can be guessed; {SHORTEST_TOKEN} random ones hold 128 bits"
        reading.faults.warn(key, f"{says} (generate = true makes one)")
    if is_exposed(path):
        reading.faults.warn(key, f"names {path}, which everybody on this machine may read; make it mode 0600 or 0640")


def _refuse_twins(reading: Reading, name: str, reference: str, owners: dict[Secret, str]) -> None:
    try:
        secret = Secret(read_secret(reference, reading.base, reading.environment))
    except ConfigError:
        return  # told already, or made at the first start
    first = owners.setdefault(secret, name)
    if first != name:
        reading.faults.add(f"tokens.{name}", f"holds the same secret as tokens.{first}; nobody could tell who speaks")


def _certificates(reading: Reading, name: str, table: TokenTable) -> tuple[bytes, ...]:
    found: list[bytes] = []
    for place, text in enumerate(table.certificates):
        at = f"tokens.{name}.certificates[{place}]"
        try:
            pem = reading.path(text).read_bytes()
            load_certificate(pem)
        except OSError as error:
            reading.faults.add(at, f"names {reading.path(text)}, which cannot be read: {error.strerror}")
        except ValueError:
            reading.faults.add(at, f"names {reading.path(text)}, which holds no certificate; it must be one in PEM")
        else:
            found.append(pem)
    return tuple(found)


def _areas(reading: Reading, name: str, table: TokenTable) -> tuple[AreaRef, ...]:
    found: list[AreaRef] = []
    for place, text in enumerate(table.areas):
        try:
            found.append(AreaRef.parse(text))
        except ValueError as refusal:
            reading.faults.add(f"tokens.{name}.areas[{place}]", f"is {shown(text)}: {refusal}")
    return tuple(found)
