"""The settings as frozen values: what the daemon is built from. Made by settings.load alone, already checked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from fenghuo.clock import ClockQuality
from fenghuo.engine.authority import Grant
from fenghuo.engine.energy import Battery, Load
from fenghuo.model.alarm import AlarmPriority
from fenghuo.model.area import AreaRef, CodeSystem
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.cell_values import Terms
from fenghuo.service.audit_places import Place
from fenghuo.service.settings_tables import Right

__all__ = [
    "AccountSettings",
    "ChannelSettings",
    "EndpointSettings",
    "EnergySettings",
    "InstanceSettings",
    "IntakeSettings",
    "Listen",
    "NodeSettings",
    "Settings",
    "TokenSettings",
]


class TlsFiles(msgspec.Struct, frozen=True):
    """What the web port is served with over TLS, PEM. `client_ca`: who signs the certificates of clients, None: none are asked for."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class Listen(msgspec.Struct, frozen=True):
    """Where the web port listens; port 0 is any free one. `hosts`: names that a request may give it beside its own; `tls`: None: http."""

    host: str
    port: int
    hosts: tuple[str, ...] = ()
    tls: TlsFiles | None = None

    @classmethod
    def parse(cls, text: str) -> Listen:
        """`127.0.0.1:8025` or `[::1]:8025`, as the settings have checked it."""
        host, _, port = text.rpartition(":")
        return cls(host.strip("[]"), int(port))


class EndpointSettings(msgspec.Struct, frozen=True):
    """What an endpoint is to its place: address kind → address of whom it reports to, and how soon a person should answer, seconds.
    `has_rules`: it has a rules file of its own, and so may pass on what it keeps."""

    up: dict[str, str]
    ack_s: float
    has_rules: bool = False


class NodeSettings(msgspec.Struct, frozen=True):
    """Who this node is; every path is absolute. `endpoint`: None for a centre; `modes`: the folder of mode profiles."""

    name: str
    state: Path
    rules: Path
    directory: Path | None
    clock_quality: ClockQuality
    endpoint: EndpointSettings | None = None
    modes: Path | None = None


class IntakeSettings(msgspec.Struct, frozen=True):
    """How alerts and orders come in. `default_expiry_h`: hours; `max_pending`: accepted but unplanned messages;
    `attachments_wait_h`: hours that uploaded octets wait for their message, 0 for ever.

    `geocode_systems`: CAP valueName → code system. One for the node: an alert names the same people whoever brings it.
    """

    spool: Path | None
    default_expiry_h: float
    max_pending: int
    geocode_systems: dict[str, CodeSystem]
    attachments_wait_h: float = 24.0


class TokenSettings(msgspec.Struct, frozen=True):
    """One who may speak. `reference`: where the secret is, for secrets.read_secret; empty `areas` means everywhere, empty `senders`
    in anybody's name; `certificates`: PEM; `person`: who holds it, by the name of the account, empty where it is nobody else's;
    `client`: SHA-256 of the client certificate with which alone it counts, empty for any; `chinese`: as of Origin."""

    name: str
    reference: str
    generate: bool
    rights: tuple[Right, ...]
    traffic: tuple[Traffic, ...]
    areas: tuple[AreaRef, ...]
    certificates: tuple[bytes, ...] = ()
    allow_sha1: bool = False
    senders: tuple[str, ...] = ()
    person: str = ""
    client: str = ""
    chinese: bool | None = None


class AccountSettings(msgspec.Struct, frozen=True):
    """How people log in. `consoles`: addresses as a door sees them; seconds; `memory_kib`, `passes`: of argon2id."""

    consoles: tuple[str, ...] = ()
    idle_s: float = 900.0
    lasts_s: float = 43_200.0
    memory_kib: int = 19_456
    passes: int = 2


class WatchSettings(msgspec.Struct, frozen=True):
    """When something urgent counts as unnoticed (seconds), and who is told then: audiences as a message names them."""

    unheard_s: float = 15.0
    unwatched_s: float = 10.0
    escalate_to: tuple[str, ...] = ()


class DutySettings(msgspec.Struct, frozen=True):
    """Which roles somebody must always be on duty in (none: nobody watches); seconds ahead that are looked at, and seconds after which
    whoever should have begun has not come."""

    roles: tuple[str, ...] = ()
    horizon_s: float = 43_200.0
    grace_s: float = 900.0


class TemplateSettings(msgspec.Struct, frozen=True):
    """A message that was approved beforehand. `digest`: SHA-256 of what the approvers saw, in hex."""

    name: str
    file: Path
    digest: str
    approved_by: tuple[str, ...]


class BreakGlassSettings(msgspec.Struct, frozen=True):
    """What one duty leader may let go alone. `key`: SHA-256 of what stands in the key file, "": nobody may."""

    key: str = ""
    templates: tuple[TemplateSettings, ...] = ()


class ChannelSettings(msgspec.Struct, frozen=True):
    """One channel instance. `settings`: the plugin's own struct, checked; `plugin`: who answers for the type; `refire_after_s`: when a
    device that may have started is started once more, None: never by itself; `ungraded`: why it carries P2 to P4 only, empty where it may
    carry everything; `reach`, `scarce`: as in ChannelView, `digest`, `start_within_s` as in Terms; `probe_fen_a_day`,
    `probe_joules_a_day`: what its probes may cost; `terms`: of the process of its own that it runs in, None: in the loop."""

    name: str
    type: str
    plugin: str
    admin: Admin
    risk_groups: tuple[str, ...]
    medium: str
    traffic: tuple[Traffic, ...]
    settings: msgspec.Struct
    refire_after_s: float | None = None
    ungraded: str = ""
    reach: float = 0.95
    scarce: bool = False
    digest: bool = False
    start_within_s: float = 600.0
    probe_fen_a_day: float = 500.0
    probe_joules_a_day: float = 50_000.0
    terms: Terms | None = None


class InstanceSettings(msgspec.Struct, frozen=True):
    """One front, source or sensor instance; `terms` as in ChannelSettings."""

    name: str
    type: str
    plugin: str
    settings: msgspec.Struct
    terms: Terms | None = None


class EnergySettings(msgspec.Struct, frozen=True):
    """The battery of this node and what it feeds. `sensor`: who tells its charge, "" for the only one; `hand_over_to`: who takes command
    at its last stage, "" for nobody, and until when that holds."""

    battery: Battery
    loads: tuple[Load, ...]
    sensor: str
    hand_over_to: str = ""
    hand_over_until: datetime | None = None


class TakeoverSettings(msgspec.Struct, frozen=True):
    """Whose command this node takes over: `sources` by name, until when, and which person has decided it."""

    sources: tuple[str, ...]
    until: datetime
    by: str


class AlarmHookSettings(msgspec.Struct, frozen=True):
    """Whom alarms are posted to. `secret`: reference of what they are signed with, "" for nothing, relative to `base`; `repeat_s`: 0:
    nothing is told again."""

    url: str
    form: str
    secret: str
    base: Path
    ca_file: Path | None
    priorities: frozenset[AlarmPriority]
    repeat_s: float


class Settings(msgspec.Struct, frozen=True):
    """Everything the daemon is built from. `base`: the settings file's folder; `release_valid_s`: seconds a signature counts;
    `two_hosts`: whether two who sign sit at two;
    `audit_places`: where heads of the audit are kept beside the state folder; `records`: of the conformance kit; `availability`: of
    risk groups, by name; `authority`: what each source may say; `self_probe_s`: between two probes of the node by itself, 0: none;
    `alarm_hook`: who beside the consoles is told of alarms."""

    file: Path
    base: Path
    node: NodeSettings
    control_socket: Path
    web: Listen | None
    intake: IntakeSettings
    release_valid_s: float
    audit_places: tuple[Place, ...]
    tokens: tuple[TokenSettings, ...]
    channels: tuple[ChannelSettings, ...]
    fronts: tuple[InstanceSettings, ...]
    sources: tuple[InstanceSettings, ...]
    sensors: tuple[InstanceSettings, ...]
    records: Path
    warnings: tuple[str, ...] = ()
    availability: dict[str, float] = {}
    energy: EnergySettings | None = None
    takeover: TakeoverSettings | None = None
    authority: dict[str, tuple[Grant, ...]] = {}
    accounts: AccountSettings = AccountSettings()
    two_hosts: bool = False
    duty: DutySettings = DutySettings()
    break_glass: BreakGlassSettings = BreakGlassSettings()
    watch: WatchSettings = WatchSettings()
    self_probe_s: float = 60.0
    alarm_hook: AlarmHookSettings | None = None
