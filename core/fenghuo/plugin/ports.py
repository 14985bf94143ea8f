"""The ports a plugin fills: Channel, Source, Sensor, Front, and the values that pass through them.

Nothing here does I/O; the engine calls these, the plugins answer.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from fenghuo.clock import Clock
from fenghuo.model.delivery import Accepted, AttemptRef, Outcome, Refused, Token
from fenghuo.model.event import Event
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.model.traffic import Priority, Traffic

if TYPE_CHECKING:
    import structlog  # half of the start-up time of `fenghuo status`, for an annotation

__all__ = [
    "Actor",
    "AddressKind",
    "Budget",
    "CancelResult",
    "Capabilities",
    "Channel",
    "ChannelContext",
    "ChannelType",
    "Desk",
    "Doubt",
    "Emission",
    "Estimate",
    "EventStream",
    "Front",
    "FrontContext",
    "FrontType",
    "Hints",
    "Inbound",
    "InboundKind",
    "Observation",
    "PluginInfo",
    "PowerLevel",
    "ProbeBudget",
    "ProbeResult",
    "Renderer",
    "Rendition",
    "SendJob",
    "SendPage",
    "Sensor",
    "SensorContext",
    "SensorType",
    "SimpleChannel",
    "Source",
    "SourceContext",
    "SourceType",
    "Unsupported",
    "Web",
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


class Capabilities(msgspec.Struct, frozen=True):
    """What a channel type can do, declared and checked. Seconds, octets, watts, fen (¥0.01).

    `form`: the name of the renderer whose renditions it takes; `max_payload`: octets of one emission, 0 for no limit;
    `repeat_safe`: an emission that nobody confirmed may be repeated, marked 重发 (a radio frame yes, a short message no);
    `receipt_q95_s`: 95 % of end receipts have come by then (AWAITING waits that long); `attempt_s`: longest send() may take.
    """

    form: str
    evidence_max: Evidence
    doubt: Doubt = Doubt.OPAQUE
    max_payload: int = 0
    concurrency: int = 1
    half_duplex: bool = False
    group: bool = False
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


class Estimate(msgspec.Struct, frozen=True):
    """What one emission would cost: seconds on the medium, joules, fen, and latency in seconds at 50 % and 95 %."""

    airtime_s: float = 0.0
    joules: float = 0.0
    fee_fen: float = 0.0
    latency_q50_s: float = 1.0
    latency_q95_s: float = 30.0
    fragments: int = 1


class Emission(Protocol):
    """The licence to emit: exists only after begin() committed the attempt.

    `payload` already carries the marks (【演练】, 重发 n); `validity_s`: seconds until the content expires, to be pushed down
    (SMS validity period, MQTT message expiry); `number`: the short message number an answer may name.
    """

    token: Token
    n: int
    payload: Rendition
    validity_s: float
    number: int

    async def turn(self) -> None:
        """Let more urgent traffic pass between two fragments. Raises: Withdrawn when the delivery was cancelled meanwhile."""


class SendJob(Protocol):
    """One delivery to carry out. Everything here may be known before the licence; token and payload may not.

    `address`: in the form of `address_kind`; `size`: octets of the payload; `deadline`: monotonic seconds by which send() must
    have returned, after which the attempt is Unknown("timeout").
    """

    address: str
    address_kind: str
    priority: Priority
    traffic: Traffic
    size: int
    deadline: float

    def begin(self) -> AbstractAsyncContextManager[Emission]:
        """Commit the attempt and open the licence. Raises: Denied (never catch it) when there is nothing left to send."""


class SendPage(Protocol):
    """Many recipients of one rendition, for channels that take batches; the default sends them one by one."""

    jobs: Sequence[SendJob]


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
    """What came in: a message for intake, a receipt for an attempt, a person's answer, a late outcome, a station heard."""

    MESSAGE = "message"
    RECEIPT = "receipt"
    ANSWER = "answer"
    LATE_OUTCOME = "late_outcome"
    HEARD = "heard"


class Inbound(msgspec.Struct, frozen=True):
    """One thing that came in. The core commits `raw`, then awaits `ack()`, then works out what it means.

    RECEIPT: `ref` (the provider's id, as in Reached.refs) or `token`, `level`, and `failure` when the end says no; `address`
    of the recipient if the receipt names it. ANSWER: `address` of the sender, `text`. MESSAGE: `raw` for intake.
    LATE_OUTCOME: `token`, `outcome`. HEARD: `address`. `parts`: how many refs must all report before the level counts.
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
    """Who gives a command: an authenticated name, what it may do, and the door it came in by."""

    name: str
    rights: tuple[str, ...]
    door: str


@runtime_checkable
class Channel(Protocol):
    """A way out to people or devices. All waits have deadlines; no call blocks the loop."""

    async def start(self) -> None:
        """Open devices and sessions. Raises: NotReady(retry_after_s), AuthFailed, ConfigError."""

    async def stop(self, deadline: float) -> None:
        """Idempotent, done by `deadline` (monotonic seconds); afterwards no byte may leave."""

    def estimate(self, size: int, address: str) -> Estimate:
        """Cost of sending `size` octets to `address`. Pure."""

    async def send(self, job: SendJob) -> Outcome:
        """Prepare, `async with job.begin()`, emit. An exception before begin() counts as Transient(channel), after it as Unknown."""

    async def send_page(self, page: SendPage) -> None:
        """Send many with one begin(); only for channels that take batches."""

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        """Ask the far end what became of an attempt."""

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        """Take back an attempt if the far end still can."""

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Prove the path without traffic. Raises: LinkError when it is certainly down."""

    def inbound(self) -> AsyncIterator[Inbound]:
        """Everything that comes in, until stop()."""

    async def set_power(self, level: PowerLevel) -> None:
        """Draw less, or wake up again."""


class SimpleChannel:
    """Honest defaults for everything but send(): a simple channel is this and one method."""

    async def start(self) -> None:
        return None

    async def stop(self, deadline: float) -> None:
        return None

    def estimate(self, size: int, address: str) -> Estimate:
        return Estimate()

    async def send(self, job: SendJob) -> Outcome:
        raise NotImplementedError(f"{type(self).__name__} must implement send()")

    async def send_page(self, page: SendPage) -> None:
        for job in page.jobs:
            await self.send(job)

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        return Unsupported()

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        return CancelResult.UNSUPPORTED

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        return ProbeResult(answered=False, detail="this channel cannot be probed")

    async def inbound(self) -> AsyncIterator[Inbound]:
        return
        yield

    async def set_power(self, level: PowerLevel) -> None:
        return None


class Source(Protocol):
    """A way in: for each thing it reads, `accepted = await ctx.accept(raw, hints)`, then ack the device or peer."""

    async def run(self) -> None: ...


class Sensor(Protocol):
    """Power, network, road, weather: calls `ctx.observe(Observation(...))`."""

    async def run(self) -> None: ...


class Front(Protocol):
    """A console or an API: mounts itself with `ctx.web.mount(path, app)`, does everything else by `ctx.desk` and `ctx.events`."""

    async def start(self) -> None: ...

    async def stop(self, deadline: float) -> None: ...


class EventStream(Protocol):
    """The one ordered stream. Reading never delays the engine."""

    @property
    def epoch(self) -> str:
        """Names this stream; a cursor of another epoch is worthless."""

    @property
    def head(self) -> int:
        """The seq of the newest committed event."""

    async def read(self, after: int, limit: int) -> list[Event]:
        """Up to `limit` committed events with seq > `after`, in order."""

    async def wait(self, after: int) -> int:
        """Return the head as soon as it is > `after`."""


class Desk(Protocol):
    """Every command a person or program may give, checked and audited in one place."""

    async def do(self, actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        """Carry out `verb`. Raises: Denied, FormatError, NotFound, KeyConflict, StoreFull, Overloaded."""

    def actor(self, token: str, door: str) -> Actor:
        """Whoever owns this bearer token. Raises: NotAuthenticated."""


class Web(Protocol):
    """The one web port."""

    def mount(self, path: str, app: Any) -> None:
        """Serve an ASGI application below `path`."""


class SourceContext(Protocol):
    """All that a source is given."""

    name: str
    settings: Any
    clock: Clock
    log: structlog.stdlib.BoundLogger

    async def accept(self, raw: bytes, hints: Hints) -> Accepted | Refused:
        """The one door in; returns after the commit. Raises: StoreFull, KeyConflict, Overloaded, NotAllowed."""


class SensorContext(Protocol):
    """All that a sensor is given."""

    name: str
    settings: Any
    clock: Clock
    log: structlog.stdlib.BoundLogger

    def observe(self, observation: Observation) -> None: ...


class ChannelContext(Protocol):
    """All that a channel is given. `settings`: its own struct, already checked."""

    name: str
    settings: Any
    clock: Clock
    random: random.Random
    log: structlog.stdlib.BoundLogger

    def secret(self, path: str) -> str:
        """The content of a secret file, without the final line break; a relative path is relative to the settings file."""

    def health(self, up: bool, reason: str) -> None:
        """Tell the core at once that the device or session came or went; a local fault is DOWN without further ado."""


class FrontContext(Protocol):
    """All that a front is given."""

    name: str
    settings: Any
    clock: Clock
    log: structlog.stdlib.BoundLogger
    desk: Desk
    events: EventStream
    web: Web


class ChannelType(msgspec.Struct, frozen=True):
    """A kind of channel. `id`: as in `[channels.NAME] type = "…"`; `settings`: a frozen msgspec struct;
    `capabilities`: from the settings, since vendors differ; `address_kinds`: the contact points it takes, best first."""

    id: str
    settings: type[msgspec.Struct]
    capabilities: Callable[[Any], Capabilities]
    address_kinds: tuple[str, ...]
    factory: Callable[[ChannelContext], Channel]


class SourceType(msgspec.Struct, frozen=True):
    """A kind of source, as in `[sources.NAME] type = "…"`."""

    id: str
    settings: type[msgspec.Struct]
    factory: Callable[[SourceContext], Source]


class SensorType(msgspec.Struct, frozen=True):
    """A kind of sensor, as in `[sensors.NAME] type = "…"`."""

    id: str
    settings: type[msgspec.Struct]
    factory: Callable[[SensorContext], Sensor]


class FrontType(msgspec.Struct, frozen=True):
    """A kind of front, as in `[fronts.NAME] type = "…"`."""

    id: str
    settings: type[msgspec.Struct]
    factory: Callable[[FrontContext], Front]


class Renderer(msgspec.Struct, frozen=True):
    """Makes a message into the rendition of a form. Pure and deterministic: same message, budget and version → same bytes."""

    form: str
    render: Callable[[Message, Budget], Rendition]


class AddressKind(msgspec.Struct, frozen=True):
    """How addresses of a kind are read, written the one right way, and masked. `normalise` raises ValueError with a sentence."""

    id: str
    normalise: Callable[[str], str]
    mask: Callable[[str], str]
