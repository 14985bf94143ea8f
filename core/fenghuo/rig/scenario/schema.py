"""What stands in a scenario file: fixture, steps and lines. Values alone; `loading` reads them, and says what is wrong with them.

The page for whoever writes one is docs/reference/scenarios.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec

from fenghuo.model.attachment import MOST_OCTETS
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Kind
from fenghuo.plugin.ports import Doubt

__all__ = [
    "HAND_OVER",
    "Behaviour",
    "ChannelSpec",
    "Contacts",
    "Do",
    "Line",
    "Measure",
    "PersonSpec",
    "Place",
    "Scenario",
    "Source",
    "Step",
    "scenario_schema",
]

HAND_OVER = "hand-over"
"""The label of the order by which the node gives command away."""
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
MONTH_S = 2_678_400
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=MONTH_S)]
Period = Annotated[float, msgspec.Meta(ge=0.01, le=MONTH_S)]
Mean = Annotated[float, msgspec.Meta(gt=0, le=MONTH_S)]
Count = Annotated[int, msgspec.Meta(ge=0)]
PictureOctets = Annotated[int, msgspec.Meta(ge=30_000, le=MOST_OCTETS)]
FourWatts = Annotated[tuple[Amount, Amount, Amount, Amount], msgspec.Meta(extra={"must_be": "a list of four numbers from 0"})]
FourShares = Annotated[tuple[Share, Share, Share, Share], msgspec.Meta(extra={"must_be": "a list of four numbers from 0 to 1"})]
Level = Annotated[str, msgspec.Meta(pattern="^(STORED|ACCEPTED|AIRED|RELAYED|DEVICE|HUMAN|DONE)$")]


class Pictures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a channel brings pictures, after its texts. `by`: the type of channel whose way it is; `share`: channels with the same one bring
    them to one server, and one goes on where another stopped; `kbit_s`: how fast, headers included, 0 for no limit; `mb_a_day`: megabytes
    of them in a day, 0 for no limit."""

    by: str
    share: str = ""
    kbit_s: Amount = 0.0
    mb_a_day: Amount = 0.0


class ChannelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel instance as the daemon would have it, and the simulated network behind it.

    `address`: the kind of address it takes; `type`: as in the settings, by which the coverage inventory knows it; `form`: sms or radio;
    `medium`: whoever shares it sends one at a time; `pieces`: octets of a fragment, 0 for whole texts, each `piece_s` on the air;
    `loss`, `double`: shares of frames; `delay_s`: mean, one way; `idle_probe_s`, `probe_s`, `longest_probe_s`: how it is asked while
    quiet, and for how long it waits for the answer (`probe_limit_s`); `public`: a channel of the public; `calls`: whose posts it
    calls together by the narrow link, in the order of their slots; `above`: the callsign of the post that is set over us there;
    `pictures`: how it
    brings them, left out where it does not.
    """

    address: str
    risk_groups: tuple[str, ...] = ()
    type: str = ""
    form: Annotated[str, msgspec.Meta(pattern="^(sms|radio)$")] = "sms"
    medium: str = ""
    evidence: Level = "DEVICE"
    doubt: Doubt = Doubt.OPAQUE
    traffic: tuple[str, ...] = ()
    public: bool = False
    half_duplex: bool = False
    repeat_safe: bool = False
    at_once: Annotated[int, msgspec.Meta(ge=1)] = 4
    calls: tuple[str, ...] = ()
    above: str = ""
    pieces: Count = 0
    piece_s: Seconds = 0.0
    loss: Share = 0.0
    double: Share = 0.0
    delay_s: Mean = 0.5
    receipt_q95_s: Mean = 20.0
    attempt_s: Mean = 10.0
    idle_probe_s: Seconds = 0.0
    probe_s: Mean = 5.0
    probe_limit_s: Seconds = 3.0
    longest_probe_s: Mean = 300.0
    stable_s: Seconds = 10.0
    reach: Share = 0.95
    scarce: bool = False
    fee_fen: Amount = 0.0
    watts_idle: Amount = 0.0
    watts_transmit: Amount = 0.0
    pictures: Pictures | None = None

    @property
    def evidence_level(self) -> Evidence:
        return Evidence[self.evidence]


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An area, beside those of the directory. `ref`: such as mca:320585110; `lat`, `lon`: of its seat, WGS-84 degrees."""

    ref: str
    name: str
    level: str = "town"
    parent: str | None = None
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None


class PersonSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody beside those of the directory. `addresses`: kind of address → address."""

    name: str
    roles: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    org: str = ""
    deputy: str | None = None
    addresses: dict[str, str] = {}


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who has an address of one kind, made from their name: everybody with one of these roles in one of these organisations (an empty
    list is no condition), and these areas."""

    orgs: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What devices and people do. `confirms`, `answers`: shares; `confirm_s`, `answer_s`: mean seconds; `says`: their words."""

    confirms: Share = 0.98
    confirm_s: Mean = 1.5
    answers: Share = 0.6
    answer_s: Mean = 40.0
    says: str = "收到"


class Do(StrEnum):
    """What a step does."""

    ALERT = "alert"
    ORDER = "order"
    SIGN = "sign"
    CANCEL = "cancel"
    REPEAT = "repeat"
    FROM_POST = "from_post"
    FORGE = "forge"
    TELEMETRY = "telemetry"
    UPDATE = "update"
    CUT = "cut"
    UNPLUG = "unplug"
    DEGRADE = "degrade"
    REPAIR = "repair"
    RELAY = "relay"
    FLAP = "flap"
    UNREACHABLE = "unreachable"
    REACHABLE = "reachable"
    DISABLE = "disable"
    ENABLE = "enable"
    KILL = "kill"
    DISK = "disk"
    LOG_VOLUME = "log_volume"
    CLOCK = "clock"
    SIGNAL = "signal"
    DISCHARGE = "discharge"
    COVERAGE = "coverage"
    LOG_IN = "log_in"
    ASK = "ask"
    RECONCILE = "reconcile"
    NOTE = "note"


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that happens at `at_s`. Which keys it takes depends on `do`; see docs/reference/scenarios.md."""

    at_s: Seconds
    do: Do
    label: str = ""
    text: str = ""
    by: str = ""
    to: tuple[str, ...] = ()
    about: str = ""
    file: str = ""
    areas: tuple[str, ...] = ()
    severity: str = ""
    event: str = ""
    scope: str = ""
    traffic: str = ""
    kind: str = ""
    priority: str = ""
    needed: str = ""
    via: tuple[str, ...] = ()
    deadline_s: Seconds | None = None
    hold_s: Mean | None = None
    picture_octets: PictureOctets | None = None
    sent_s: Annotated[float, msgspec.Meta(ge=-MONTH_S, le=MONTH_S)] | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    every_s: Period | None = None
    channels: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    loss: Share | None = None
    delay_s: Mean | None = None
    fuel_pct: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    charge_pct: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    left_min: Amount | None = None
    until_s: Seconds | None = None
    up_s: Period | None = None
    down_s: Period | None = None
    restart_s: Seconds | None = None
    state: str = ""
    off_s: float | None = None
    axis: str = ""
    place: str = ""
    mode: str = ""
    lose: tuple[str, ...] = ()
    adds: dict[str, Share] = {}
    verb: str = ""
    session: str = ""
    address: str = ""
    args: dict[str, Any] = {}


class Measure(StrEnum):
    """What a line measures."""

    FIRST_ATTEMPT_S = "first_attempt_s"
    ATTEMPTS = "attempts"
    DEVICE_SHARE = "device_share"
    MET_S = "met_s"
    OBJECTIVE = "objective"
    STATE = "state"
    REFUSED = "refused"
    SUBMIT_S = "submit_s"
    RELEASED_S = "released_s"
    DOWN_S = "down_s"
    UP_S = "up_s"
    FAILOVER_S = "failover_s"
    SENT_S = "sent_s"
    SWITCHES = "switches"
    FRAMES = "frames"
    AIRTIME_S = "airtime_s"
    SHOWN_TWICE = "shown_twice"
    TOLD_S = "told_s"
    TOLD = "told"
    BETWEEN_S = "between_s"
    RESTART_S = "restart_s"
    KNOWN = "known"
    HELD = "held"
    ANSWER = "answer"
    COVERAGE = "coverage"
    WAITS_S = "waits_s"
    TAKEN_S = "taken_s"
    PIECES = "pieces"
    CHARACTERS = "characters"
    SAID = "said"
    NOT_TAKEN = "not_taken"
    THUMBNAIL_S = "thumbnail_s"
    PICTURE_S = "picture_s"
    PICTURE_OCTETS = "picture_octets"
    PICTURE_AGAIN = "picture_again"
    LATER = "later"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the verdict: what is measured, and what it must be. `later`: why it cannot be measured yet; it is then never ok."""

    line: str
    measure: Measure
    at_most: float | None = None
    at_least: float | None = None
    equals: float | str | bool | None = None
    within: float = 0.0
    message: str = ""
    audience: str = ""
    channels: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    since: str = ""
    by_s: Seconds | None = None
    from_s: Seconds | None = None
    to_s: Seconds | None = None
    level: Level = "DEVICE"
    share: Share = 1.0
    event: str = ""
    where: dict[str, Any] = {}
    from_event: str = ""
    from_where: dict[str, Any] = {}
    at: str = ""
    figure: str = "grouped"
    area: str = ""
    field: str = ""
    later: str = ""


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What something draws: watts in the stages from 60 %, from 30 %, from 10 %, and below. `channel`: the one whose device it is."""

    watts: FourWatts
    channel: str = ""


class Energy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the node lives on without mains, as in the settings. `capacity_wh`: of a full battery, of which `usable` may be taken;
    `efficiency`: in each stage; `reserve_p0`: the share that is for P0 alone; `hand_over_to`: who is given command at its last stage."""

    capacity_wh: Annotated[float, msgspec.Meta(gt=0)]
    loads: dict[str, Draw]
    usable: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    efficiency: FourShares = (1.0, 1.0, 1.0, 1.0)
    reserve_p0: Share = 0.3
    hand_over_to: str = ""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may bring messages in, beside the signers. `areas`: for these alone; none: for everywhere; `kinds`: these alone; none:
    anything. A sensor may report, and warns nobody by itself."""

    areas: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who logs in at the console by a password alone: rights that need a second factor are not simulated."""

    rights: Annotated[tuple[Literal["viewer", "operator", "auditor"], ...], msgspec.Meta(min_length=1)]


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file, with what it includes. `ends_s`: when it is judged, after all messages have come to their end,
    a month at most."""

    name: str
    title: str
    ends_s: Annotated[float, msgspec.Meta(gt=0, le=MONTH_S)]
    rules: str
    directory: str = ""
    modes: str = ""
    signers: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    airtime_span_s: Mean = 300.0
    airtime_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    energy: Energy | None = None
    behaviour: Behaviour = Behaviour()
    sources: dict[str, Source] = {}
    accounts: dict[str, Account] = {}
    channels: dict[str, ChannelSpec] = {}
    places: tuple[Place, ...] = ()
    nodes: dict[str, str] = {}
    persons: dict[str, PersonSpec] = {}
    contacts: dict[str, Contacts] = {}
    behaviours: dict[str, Behaviour] = {}
    steps: tuple[Step, ...] = ()
    lines: tuple[Line, ...] = ()


def scenario_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file; `include` names files of the same shape whose tables come first."""
    schema = msgspec.json.schema(Scenario)
    schema["$defs"]["Scenario"]["properties"]["include"] = {"type": "array", "items": {"type": "string"}, "default": []}
    return schema
