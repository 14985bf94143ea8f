"""The shape of the settings file: what an operator may write, table by table. Checked values live in settings.py.

`Meta.description` says what a key is for (it goes into the schema and the reference); `extra["must_be"]` is how a fault says what
would be right, where the type alone cannot.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from fenghuo.clock import ClockQuality
from fenghuo.model.area import CodeSystem
from fenghuo.model.traffic import Kind, Traffic
from fenghuo.service.settings_tables_alarms import AlarmsTable, SelfProbeTable
from fenghuo.service.settings_tables_duty import BreakGlassTable, DutyTable, WatchTable
from fenghuo.service.settings_tables_isolation import Isolation, MemoryMib, ProcessorPercent
from fenghuo.service.settings_tables_web import WebTable

__all__ = [
    "AccountsTable",
    "AuditTable",
    "AuthorityTable",
    "ChannelTable",
    "ControlTable",
    "EndpointTable",
    "EnergyTable",
    "FileTable",
    "InstanceTable",
    "IntakeTable",
    "NodeTable",
    "PluginsTable",
    "ReleaseTable",
    "Right",
    "RiskGroupTable",
    "TokenTable",
    "WebTable",
]


class Right(StrEnum):
    """What a token may do: bring alerts in, send orders, sign releases, read, administer, read the audit."""

    SOURCE = "source"
    OPERATOR = "operator"
    RELEASER = "releaser"
    VIEWER = "viewer"
    ADMIN = "admin"
    AUDITOR = "auditor"


TrafficKinds = Annotated[tuple[Traffic, ...], Meta(description="The traffic it may carry; all of it by default.")]


class NodeTable(msgspec.Struct, frozen=True):
    """Who this node is and where its things lie. Relative paths are relative to the settings file."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9-]{1,32}$",
            description="The node's name; part of every token, so it never changes.",
            extra={"must_be": "1 to 32 lower-case letters, digits or hyphens"},
        ),
    ]
    state: Annotated[str, Meta(description="Folder for the store, the control socket and made tokens; made at the first start.")] = "state"
    rules: Annotated[str, Meta(description="The file of rules and ladders.")] = "rules.toml"
    directory: Annotated[str | None, Meta(description="Folder of directory CSV files, imported at start when it has changed.")] = None
    modes: Annotated[
        str | None, Meta(description="Folder of mode profiles, what the node does without power, network or road; none by default.")
    ] = None
    role: Annotated[
        Literal["centre", "endpoint"],
        Meta(description="A centre, or the far end of a link in a town hall or a vehicle, which needs neither rules nor directory."),
    ] = "centre"
    clock_quality: Annotated[ClockQuality, Meta(description="How far the machine's clock may be trusted.")] = ClockQuality.NTP


class ControlTable(msgspec.Struct, frozen=True):
    """The control socket, which the command line uses."""

    socket: Annotated[str | None, Meta(description="Path of the Unix socket; ctl.sock in the state folder by default.")] = None


CapSender = Annotated[
    str,
    Meta(pattern=r"^[^\s,<&]+$", extra={"must_be": "a CAP sender as its alerts write it, without spaces, commas, < and &"}),
]
"""Source: CAP 1.2 §3.2.1, sender."""


class IntakeTable(msgspec.Struct, frozen=True):
    """How alerts and orders come in."""

    spool: Annotated[str | None, Meta(description="Folder from which files are taken in; none by default.")] = None
    default_expiry_h: Annotated[float, Meta(gt=0, le=240, description="Hours until a message without an expiry of its own expires.")] = 24
    max_pending: Annotated[
        int, Meta(ge=1, le=10_000_000, description="More accepted but unplanned messages than this: come again later.")
    ] = 20_000
    geocode_systems: Annotated[
        dict[str, CodeSystem],
        Meta(description="How the geocode names of alerts are to be read, whoever brings them: valueName to code system."),
    ] = {}
    attachments_wait_h: Annotated[
        float, Meta(ge=0, le=8760, description="Hours that uploaded octets wait for the message that names them; 0: for ever.")
    ] = 24


class ReleaseTable(msgspec.Struct, frozen=True):
    """How long a signature of release holds."""

    valid_s: Annotated[float, Meta(gt=0, le=86_400, description="Seconds a signature counts while others are still missing.")] = 120
    two_hosts: Annotated[bool | None, Meta(description="Two sign at two hosts; so it is where [accounts] consoles names two.")] = None


class AccountsTable(msgspec.Struct, frozen=True):
    """How people log in."""

    consoles: Annotated[
        tuple[str, ...], Meta(description="Addresses of the duty officers' desks, which no failed log-in elsewhere ever keeps out.")
    ] = ()
    idle_min: Annotated[float, Meta(gt=0, le=720, description="Minutes without an act after which a session is locked.")] = 15
    lasts_h: Annotated[float, Meta(gt=0, le=24, description="Hours after which a session is over.")] = 12
    memory_kib: Annotated[int, Meta(ge=8, le=1_048_576, description="Memory that one hash of a password takes, KiB.")] = 19_456
    passes: Annotated[int, Meta(ge=1, le=16, description="Passes over it.")] = 2


class AuditTable(msgspec.Struct, frozen=True):
    """Where the signed heads of the audit are kept beside the state folder."""

    heads: Annotated[tuple[str, ...], Meta(description="Second places: file:PATH, best on another disk, or syslog:HOST:PORT (UDP).")] = ()


class PluginsTable(msgspec.Struct, frozen=True):
    """What this node knows of the plugins that were installed beside Fenghuo."""

    records: Annotated[
        str | None,
        Meta(
            description="Folder of the conformance kit's records, where `fenghuo plugin check` leaves them; conformance in the state folder"
            " by default. A channel type without a record of bronze for its very files carries P2 to P4 only."
        ),
    ] = None
    units: Annotated[
        str, Meta(description='Folder of the sockets at which units wait, each by the name of its instance, for isolation = "unit".')
    ] = "/run/fenghuo-units"


class EndpointTable(msgspec.Struct, frozen=True):
    """What an endpoint shows and to whom it reports. Without rules of its own it shows all that comes to its operator, and sends up
    what it reports itself."""

    up: Annotated[
        dict[str, str],
        Meta(description='Where reports go, address kind = address, as {callsign = "BH4TCC"}; by any channel that takes the kind.'),
    ] = {}
    printer: Annotated[str, Meta(description="Device or file that every message is printed on; none by default.")] = ""
    speech: Annotated[bool, Meta(description="Whether it is read aloud where espeak-ng is installed.")] = False
    ack_s: Annotated[float, Meta(gt=0, description="Seconds in which a person should have pressed the key.")] = 1800


class TokenTable(msgspec.Struct, frozen=True):
    """One who may speak: `[tokens.NAME]`. The name is the actor in the audit and the source of what it sends."""

    rights: Annotated[tuple[Right, ...], Meta(min_length=1, description="What this token may do.")]
    file: Annotated[str | None, Meta(description="File that holds the token; one of file and credential.")] = None
    credential: Annotated[str | None, Meta(description="Name of a systemd credential that holds the token.")] = None
    generate: Annotated[bool, Meta(description="Make a random token at the first start if its file in the state folder is missing.")] = (
        False
    )
    traffic: TrafficKinds = tuple(Traffic)
    areas: Annotated[tuple[str, ...], Meta(description='Areas it may speak for, as "mca:320585"; everywhere by default.')] = ()
    certificates: Annotated[
        tuple[str, ...],
        Meta(description="Files (PEM) of the certificates whose XML signatures count for this source; with any, what is not signed waits."),
    ] = ()
    allow_sha1: Annotated[bool, Meta(description="Whether its signatures may be RSA with SHA-1; shown as weak.")] = False
    chinese: Annotated[
        bool | None,
        Meta(description="Whether its times without a zone are +08:00 and its unreadable octets GB18030; by default as its language says."),
    ] = None
    senders: Annotated[
        tuple[CapSender, ...],
        Meta(description="CAP senders it may speak as; what claims another waits for a person. In anybody's name by default."),
    ] = ()
    person: Annotated[
        str,
        Meta(max_length=64, description="Who holds it: an account, or any name. All tokens of one person, and its account, sign as one."),
    ] = ""
    certificate_sha256: Annotated[
        str,
        Meta(pattern="^([0-9a-f]{64})?$", description="Of the client certificate with which alone it counts, over TLS; any by default."),
    ] = ""


class AuthorityTable(msgspec.Struct, frozen=True):
    """What a source may raise: `[[authority]]`, as many as wanted. A source that has any may say what one of them allows; the rest waits
    for a person. What a rule leaves out it leaves open."""

    source: Annotated[str, Meta(min_length=1, description='A token or source by its name, or a post of a sealed link as "post:BH4TC1".')]
    kinds: Annotated[tuple[Kind, ...], Meta(description="Kinds of messages; all by default.")] = ()
    senders: Annotated[tuple[CapSender, ...], Meta(description="CAP senders it may speak as; in anybody's name by default.")] = ()
    areas: Annotated[tuple[str, ...], Meta(description='Areas it may speak for, as "mca:320585"; everywhere by default.')] = ()
    events: Annotated[
        tuple[str, ...], Meta(description='Events of its alerts, by name or code, as "台风" or "11B06"; all by default.')
    ] = ()
    gravest: Annotated[
        Literal["red", "orange", "yellow", "blue"],
        Meta(description="The gravest alert that it may raise; the severities Extreme to Minor count as these colours."),
    ] = "red"
    most_urgent: Annotated[Literal["P0", "P1", "P2", "P3", "P4"], Meta(description="The most urgent priority it may ask for.")] = "P0"
    urgent_per_min: Annotated[
        int,
        Meta(ge=0, description="P0 that it may bring in a minute; what is more waits for a person. 0: 60."),
    ] = 0
    devices: Annotated[
        bool | None,
        Meta(
            description="Whether sirens and loudspeakers may start because of it. By default a token's may, by the signatures that the"
            " rules ask for; a post's only by a command under its own key, and only if it is above this node."
        ),
    ] = None
    relay: Annotated[bool, Meta(description="Warning signals as their issuer has signed them: nobody here signs, and no siren starts.")] = (
        False
    )
    signs: Annotated[bool, Meta(description="What it signs, or sends as a command of its own key, counts as signed by one person.")] = False


class ChannelTable(msgspec.Struct, frozen=True):
    """One way out: `[channels.NAME]`."""

    type: Annotated[str, Meta(description="A channel type that a plugin brings.")]
    admin: Annotated[
        Literal["enabled", "disabled", "standby"],
        Meta(description="Whether it may be used at all; on standby it may while a mode enables it."),
    ] = "enabled"
    risk_groups: Annotated[tuple[str, ...], Meta(description='What it fails together with, as "mains:hq".')] = ()
    medium: Annotated[str | None, Meta(description="What it shares airtime with; its own name by default.")] = None
    traffic: Annotated[tuple[Traffic, ...] | None, Meta(description="The traffic it may carry; all its type can by default.")] = None
    in_doubt: Annotated[
        Literal["hold", "refire"] | None,
        Meta(
            description="Of a device that may have started, P0 and P1: a person decides (hold, what is done by default), or it is started"
            " once more by itself."
        ),
    ] = None
    refire_after_s: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="With refire: seconds for the device, or a person, to say first; never less than 20."),
    ] = None
    start_within_s: Annotated[
        float, Meta(gt=0, description="Of devices: what would start one later than so many seconds after its release waits for a person.")
    ] = 600.0
    reach: Annotated[
        float,
        Meta(gt=0, le=1, description="The chance that it gets a message to a recipient while it works and its risk groups stand."),
    ] = 0.95
    scarce: Annotated[bool, Meta(description="Costly or narrow: P3 and P4 wait for another way rather than use it.")] = False
    digest: Annotated[
        bool, Meta(description="After an outage what one recipient missed of P3 and P4 goes as one text (汇总); texts for people only.")
    ] = False
    probe_fen_a_day: Annotated[
        float, Meta(ge=0, description="What questions whether its path works may cost in a day, in fen (¥0.01); free ones are not counted.")
    ] = 500.0
    probe_joules_a_day: Annotated[float, Meta(ge=0, description="The same in joules, on a site that lives from a battery.")] = 50_000.0
    isolation: Isolation = None
    memory_mib: MemoryMib = 512
    processor_percent: ProcessorPercent = 90
    settings: Annotated[dict[str, Any], Meta(description="The plugin's own settings.")] = {}


class RiskGroupTable(msgspec.Struct, frozen=True):
    """One thing that channels hang on together: `[risk_groups."cell:opA"]`, by the name under which channels name it."""

    availability: Annotated[float, Meta(gt=0, le=1, description="The share of time, in an emergency, in which it stands.")] = 0.98


class InstanceTable(msgspec.Struct, frozen=True):
    """One front, source or sensor: `[fronts.NAME]`, `[sources.NAME]`, `[sensors.NAME]`."""

    type: Annotated[str, Meta(description="A type that a plugin brings.")]
    isolation: Isolation = None
    memory_mib: MemoryMib = 512
    processor_percent: ProcessorPercent = 90
    settings: Annotated[dict[str, Any], Meta(description="The plugin's own settings.")] = {}


FourWatts = Annotated[
    tuple[Annotated[float, Meta(ge=0)], Annotated[float, Meta(ge=0)], Annotated[float, Meta(ge=0)], Annotated[float, Meta(ge=0)]],
    Meta(
        description="Watts that it draws in the stages battery_full, battery_save, battery_min and last_gasp; 0 where it is to be off.",
        extra={"must_be": "four numbers from 0, for battery_full, battery_save, battery_min and last_gasp"},
    ),
]
_Share = Annotated[float, Meta(gt=0, le=1)]
FourShares = Annotated[
    tuple[_Share, _Share, _Share, _Share],
    Meta(
        description="The share of what is taken from the battery that reaches the loads, in the same four stages.",
        extra={"must_be": "four numbers above 0 to 1, for battery_full, battery_save, battery_min and last_gasp"},
    ),
]


Instant = Annotated[datetime, Meta(tz=True)]


class EnergyLoadTable(msgspec.Struct, frozen=True):
    """One thing that the battery feeds: `[energy.loads.NAME]`."""

    watts: FourWatts
    channel: Annotated[str, Meta(description="The channel whose device it is; its type's own figure then counts no more.")] = ""


class EnergyTable(msgspec.Struct, frozen=True):
    """What the node lives on without mains, for `fenghuo power plan`; without this table there is no plan."""

    capacity_wh: Annotated[float, Meta(gt=0, le=10_000_000, description="What the battery holds when it is full, watt-hours.")]
    loads: Annotated[
        dict[str, EnergyLoadTable],
        Meta(
            description="What it feeds: [energy.loads.NAME] with watts, four numbers for the stages battery_full, battery_save, battery_min"
            " and last_gasp, and channel where it is a channel's device; a channel that none names draws what its type declares."
        ),
    ]
    usable: Annotated[float, Meta(gt=0, le=1, description="The share of it that may be taken without harm.")] = 1.0
    efficiency: FourShares = (1.0, 1.0, 1.0, 1.0)
    reserve_p0: Annotated[float, Meta(ge=0, lt=1, description="The share of the usable energy that is for P0 alone.")] = 0.30
    sensor: Annotated[str, Meta(description="The sensor that tells its charge; needed where there are several.")] = ""
    hand_over_to: Annotated[
        str,
        Meta(
            pattern=r"^$|^(person|org|role|group):.+$",
            description='Who takes command below 10 %, as an order is addressed: "org:port"; nobody by default.',
            extra={"must_be": 'an audience such as "org:port" or "person:duty-port"'},
        ),
    ] = ""
    hand_over_until: Annotated[
        Instant | None,
        Meta(
            description="Until when hand_over_to holds, which it must say: nobody gives command away for ever.",
            extra={"must_be": "an instant with zone, for example 2026-12-31T00:00:00+08:00"},
        ),
    ] = None


class TakeoverTable(msgspec.Struct, frozen=True):
    """From whom this node takes command over when they hand it over; from nobody without this table."""

    sources: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description='Posts or tokens by name, as "post:BJ1CMD".', extra={"must_be": 'a list such as ["post:BJ1CMD"]'}),
    ]
    until: Annotated[
        Instant,
        Meta(
            description="Until when; a person declares it anew after that.",
            extra={"must_be": "an instant with zone, for example 2026-12-31T00:00:00+08:00"},
        ),
    ]
    by: Annotated[str, Meta(min_length=1, description="Who has decided it.")]


class FileTable(msgspec.Struct, frozen=True):
    """The whole file."""

    node: NodeTable
    control: ControlTable = ControlTable()
    web: WebTable | None = None
    intake: IntakeTable = IntakeTable()
    release: ReleaseTable = ReleaseTable()
    accounts: AccountsTable = AccountsTable()
    duty: DutyTable = DutyTable()
    break_glass: BreakGlassTable | None = None
    watch: WatchTable = WatchTable()
    audit: AuditTable = AuditTable()
    self_probe: SelfProbeTable = SelfProbeTable()
    alarms: AlarmsTable = AlarmsTable()
    plugins: PluginsTable = PluginsTable()
    endpoint: EndpointTable = EndpointTable()
    tokens: dict[str, TokenTable] = {}
    authority: tuple[AuthorityTable, ...] = ()
    channels: dict[str, ChannelTable] = {}
    risk_groups: dict[str, RiskGroupTable] = {}
    fronts: dict[str, InstanceTable] = {}
    sources: dict[str, InstanceTable] = {}
    sensors: dict[str, InstanceTable] = {}
    energy: EnergyTable | None = None
    takeover: TakeoverTable | None = None
    demo: Annotated[dict[str, Any], Meta(description="Read by `fenghuo demo` alone; the daemon ignores it.")] = {}
