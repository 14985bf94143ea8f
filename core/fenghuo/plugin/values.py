"""The values that pass between the core and a plugin, in both directions. Frozen; see ports.py for who passes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from fenghuo.model.delivery import Outcome, Token
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic

__all__ = [
    "Actor",
    "CancelResult",
    "Capabilities",
    "Doubt",
    "Estimate",
    "Hints",
    "Inbound",
    "InboundKind",
    "Observation",
    "PluginInfo",
    "PowerLevel",
    "ProbeBudget",
    "ProbeResult",
    "Probing",
    "Unsupported",
]


class PluginInfo(msgspec.Struct, frozen=True):
    """Who a plugin is: its name as in the settings, its version, and the range of the plugin API it was written for."""

    name: str
    version: str
    api: str = ">=1,<2"


class Doubt(StrEnum):
    """What may be done when nobody knows whether an emission left (delivery.md, At least once, with one exception)."""

    IDEMPOTENT = "idempotent"
    QUERYABLE = "queryable"
    OPAQUE = "opaque"
    ACTUATOR = "actuator"


class Probing(msgspec.Struct, frozen=True):
    """How a channel is asked whether its path works, by probe(), and what one question costs: fen, joules, seconds on the air.

    `idle_s`: a channel that works is asked once nothing was heard of it for so long, up to a third longer; 0, the default: never, for
    probe() cannot ask or the device tells by itself. One that is suspect is asked all the same. Of two questions without an answer it is
    DOWN. `shortest_s`, `longest_s`: between them grow the waits, with jitter, on one that is suspect or down: 5 s and 5 min on IP; say
    60 s and 30 min on satellite and HF.
    """

    idle_s: float = 0.0
    shortest_s: float = 5.0
    longest_s: float = 300.0
    fee_fen: float = 0.0
    joules: float = 0.0
    airtime_s: float = 0.0


class Capabilities(msgspec.Struct, frozen=True):
    """What a channel type can do, declared and checked. Seconds, octets, watts, fen (¥0.01).

    `form`: the name of the renderer whose renditions it takes; `evidence_max`: the highest evidence that anything it says can show,
    receipts included: more counts as that, and is told as a fault of the plugin; `max_payload`: octets of one emission, 0 for no limit;
    `repeat_safe`: an emission that nobody confirmed may be repeated, marked 重发 (a radio frame yes, a short message no);
    `batch`: takes pages (send_page): up to 1,000 recipients of one rendition under one licence, cut by the plugin where the far end
    takes fewer; `receipt_q95_s`: 95 % of end receipts have come by then (AWAITING waits that long); `attempt_s`: longest send() may take;
    `cadence_s`: seconds between signs of life that come by themselves (registrations, beacons, pings), each handed over as HEARD; 0: none
    do, and silence says nothing; `mute`: nothing that it says of an emission shows that anybody could notice it (a siren, a broadcast), so
    that it stays UNKNOWN until a receipt or something HEARD, by a monitor or a current sensor, speaks for it; an actuator always is;
    `attachments`: what goes with a message goes here too, after the text (ChannelContext.blobs); elsewhere it is said to be left out;
    `loudness`: percent of what its devices can, of what makes a sound by itself, 0: it does not say; `sounds_s`: seconds that one emission
    is heard for at the most, 0: as long as its words take. People sign for no more than both.
    """

    form: str
    evidence_max: Evidence
    doubt: Doubt = Doubt.OPAQUE
    max_payload: int = 0
    concurrency: int = 1
    half_duplex: bool = False
    group: bool = False
    batch: bool = False
    inbound: bool = False
    cancellable: bool = False
    repeat_safe: bool = False
    human_audible: bool = False
    receipt_q95_s: float = 30.0
    attempt_s: float = 30.0
    watts_idle: float = 0.0
    watts_transmit: float = 0.0
    fee_fen: float = 0.0
    needs: tuple[str, ...] = ()
    traffic: tuple[Traffic, ...] = tuple(Traffic)
    probing: Probing = Probing()
    cadence_s: float = 0.0
    mute: bool = False
    attachments: bool = False
    loudness: float = 0.0
    sounds_s: float = 0.0


class Estimate(msgspec.Struct, frozen=True):
    """What one emission costs: seconds on the medium, octets on the wire where those are counted, joules, fen, and latency in seconds at
    50 % and 95 %. Joules of 0: what the type's transmitter draws in that time; fen of 0: what the type declares."""

    airtime_s: float = 0.0
    octets: int = 0
    joules: float = 0.0
    fee_fen: float = 0.0
    latency_q50_s: float = 1.0
    latency_q95_s: float = 30.0
    fragments: int = 1


class Unsupported(msgspec.Struct, frozen=True):
    """This channel cannot answer that."""


class CancelResult(StrEnum):
    """What became of a cancel: CANCELLED before it left, TOO_LATE, or UNSUPPORTED."""

    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    UNSUPPORTED = "unsupported"


class ProbeBudget(msgspec.Struct, frozen=True):
    """What a probe may cost: seconds of waiting, airtime seconds, fen."""

    timeout_s: float = 5.0
    airtime_s: float = 0.0
    fee_fen: float = 0.0


class ProbeResult(msgspec.Struct, frozen=True):
    """Whether the path answered (any protocol answer proves it), how long it took, and a word for the operator."""

    answered: bool
    round_trip_s: float | None = None
    detail: str = ""


class PowerLevel(StrEnum):
    """How much a channel may draw: FULL, LISTEN (receive only), OFF."""

    FULL = "full"
    LISTEN = "listen"
    OFF = "off"


class InboundKind(StrEnum):
    """What came in: a message for intake, a receipt for an attempt, a person's answer, a late outcome, a station heard, something that
    the channel refuses to act upon, the word of a far end that it does not take a message of ours, that somebody forges frames, that the
    clock of a far end and ours differ, or what a far end has measured of itself."""

    MESSAGE = "message"
    RECEIPT = "receipt"
    ANSWER = "answer"
    LATE_OUTCOME = "late_outcome"
    HEARD = "heard"
    REFUSED = "refused"
    TURNED_DOWN = "turned_down"
    HOSTILE = "hostile"
    CLOCK = "clock"
    MEASURED = "measured"


class Inbound(msgspec.Struct, frozen=True):
    """One thing that came in. The core commits `raw`, then awaits `ack()`, then works out what it means.

    RECEIPT: `ref` (the provider's id, as in Reached.refs) or `token`, `level`, and `failure` when the end says no; `address`
    of the recipient if the receipt names it; `addresses`: everybody it is about on a page, which `ref` or `token` names. ANSWER:
    `address` of the sender, `text`. MESSAGE: `raw` for intake. LATE_OUTCOME: `token`, `outcome`. HEARD: `address`. REFUSED, TURNED_DOWN,
    HOSTILE, CLOCK: `text` says why; a person is told. MEASURED: `address`, `raw`; it is not kept: the next one says more.

    `submitted_at`: when the text of a RECEIPT was handed in, by the far end's own word and right by `submitted_within_s` (UTC seconds,
    seconds); a receipt is of no emission that began later. `is_broken`: an ANSWER of which a part is missing, or came too late.

    A MESSAGE may have a `media_type`, where its octets do not tell, and a `ref`, by which a copy of it is known. `proven`: the channel
    has checked that it is by whoever has `address`, as a sealed frame shows; `is_above`: that post is set over this node;
    `is_command`: it came as a command under that post's own key, new and in time; `is_shared`: under the key of a group. `refuse`:
    where the far end can be told that intake does not take its MESSAGE, or lets it wait for a person since its sender may not say it;
    then ack() waits for intake's word, and refuse(code) is awaited in its place.
    """

    kind: InboundKind
    raw: bytes
    ack: Callable[[], Awaitable[None]]
    address_kind: str = ""
    address: str = ""
    ref: str = ""
    alternate_refs: tuple[str, ...] = ()
    token: Token | None = None
    n: int = 0
    level: Evidence | None = None
    failure: Outcome | None = None
    outcome: Outcome | None = None
    text: str = ""
    addresses: tuple[str, ...] = ()
    media_type: str = ""
    proven: bool = False
    is_above: bool = False
    is_command: bool = False
    is_shared: bool = False
    submitted_at: float | None = None
    submitted_within_s: float = 0.0
    is_broken: bool = False
    refuse: Callable[[str], Awaitable[None]] | None = None


class Observation(msgspec.Struct, frozen=True):
    """What a sensor saw. `observed_at`: UTC seconds; after `stale_after_s` it is unknown again, never its last value."""

    what: str
    value: float | str | bool
    unit: str
    observed_at: float
    stale_after_s: float


class Hints(msgspec.Struct, frozen=True):
    """What the door knows beside the bytes: media type, the authenticated source, idempotency key, signing tokens."""

    media_type: str = ""
    source: str = ""
    key: str = ""
    tokens: tuple[str, ...] = ()


class Actor(msgspec.Struct, frozen=True):
    """Who gives a command: an authenticated name, what it may do, and the door it came in by. `session`: of a person who has logged in,
    "" for a token; `address`: where the owner of a token sits, "" where the door does not know."""

    name: str
    rights: tuple[str, ...]
    door: str
    session: str = ""
    address: str = ""
