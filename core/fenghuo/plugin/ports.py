"""The ports a plugin fills: Channel, Source, Sensor, Front, and the values that pass through them.

Nothing here does I/O; the engine calls these, the plugins answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from fenghuo.model.attachment import Attachment
from fenghuo.model.delivery import AttemptRef, Outcome, Paged, Token
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.given import Blobs, ChannelContext, Desk, EventStream, FrontContext, Notes, Recalled, SensorContext, SourceContext, Web
from fenghuo.plugin.values import (
    Actor,
    CancelResult,
    Capabilities,
    Doubt,
    Estimate,
    Hints,
    Inbound,
    InboundKind,
    Observation,
    PluginInfo,
    PowerLevel,
    ProbeBudget,
    ProbeResult,
    Probing,
    Unsupported,
)

if TYPE_CHECKING:
    pass  # half of the start-up time of `fenghuo status`, for an annotation

__all__ = [
    "Actor",
    "AddressKind",
    "Attachment",
    "Blobs",
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
    "Notes",
    "Observation",
    "PluginInfo",
    "PowerLevel",
    "ProbeBudget",
    "ProbeResult",
    "Probing",
    "Recalled",
    "Renderer",
    "Rendition",
    "SecretReader",
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
    "nothing_to_check",
]


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

    def book(self, cost: Estimate) -> None:
        """What it has cost so far, where that is counted: a play that was broken off, a frame that was said again. The last word before
        the licence is left stands in the place of the estimate; a word after that, of what goes on by itself, is written at once."""

    async def turn(self) -> None:
        """Let more urgent traffic pass between two fragments. Raises: Withdrawn when the delivery was cancelled meanwhile."""


class SendJob(Protocol):
    """One delivery to carry out. Everything here may be known before the licence; token and payload may not.

    `address`: in the form of `address_kind`; `size`: octets of the payload; `deadline`: monotonic seconds by which send() must
    have returned, after which the attempt is Unknown("timeout"). `is_last`: a P0's last attempt, made whatever the channel
    believes of whom it reaches.
    """

    address: str
    address_kind: str
    priority: Priority
    traffic: Traffic
    size: int
    deadline: float
    is_last: bool

    def begin(self) -> AbstractAsyncContextManager[Emission]:
        """Commit the attempt and open the licence. Raises: Denied (never catch it) when there is nothing left to send."""


class SendPage(Protocol):
    """Many recipients of one rendition under one licence, for channels that declare `batch`. One token stands for all of them.

    `addresses`: up to 1,000, in the form of `address_kind`; `number`, `pages`: which page of how many it is, from 1; the rest as in
    a SendJob.
    """

    addresses: Sequence[str]
    address_kind: str
    priority: Priority
    traffic: Traffic
    size: int
    deadline: float
    number: int
    pages: int

    def begin(self) -> AbstractAsyncContextManager[Emission]:
        """Commit the attempt for everybody on the page. Raises: Denied (never catch it) when there is nothing left to send."""


@runtime_checkable
class Channel(Protocol):
    """A way out to people or devices. All waits have deadlines; no call blocks the loop."""

    async def start(self) -> None:
        """Open devices and sessions. Raises: NotReady(retry_after_s), AuthFailed, ConfigError."""

    async def stop(self, deadline: float) -> None:
        """Idempotent, done by `deadline` (monotonic seconds); afterwards no byte may leave."""

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        """Cost of one emission of this payload to `address`; "": to whomever. Pure."""

    async def send(self, job: SendJob) -> Outcome:
        """Prepare, `async with job.begin()`, emit. An exception before begin() counts as Transient(channel), after it as Unknown."""

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        """Send many with one begin(); only for channels that declare `batch`. An Outcome speaks for everybody on the page."""

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        """Ask the far end what became of an attempt."""

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        """Take back an attempt if the far end still can."""

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        """Carry a person's receipt back to whoever sent the MESSAGE that came in as `ref`; it is on the disk when this returns."""

    async def tally(self, ref: str, level: Evidence, addresses: Collection[str], *, traffic: Traffic) -> Unsupported | None:
        """As acknowledge(), one receipt for all whom this node passes messages on to: which of them have it at `level`. Without
        addresses nothing is sent: the answer is whether the sender wants to know."""

    async def measure(self, address: str, body: bytes) -> Unsupported | None:
        """Say to the post at `address` what this node has measured of itself: once, and nobody answers. Raises: NotReady."""

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Prove the path without traffic. Raises: LinkError when it is certainly down."""

    def remark(self) -> str:
        """How it carries now, for the operator: by whom, or whom it leaves out; empty when there is nothing to say. Pure."""

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

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate()

    async def send(self, job: SendJob) -> Outcome:
        raise NotImplementedError(f"{type(self).__name__} must implement send()")

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        raise NotImplementedError(f"{type(self).__name__} declares batch and must implement send_page()")

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        return Unsupported()

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        return CancelResult.UNSUPPORTED

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        return Unsupported()

    async def tally(self, ref: str, level: Evidence, addresses: Collection[str], *, traffic: Traffic) -> Unsupported | None:
        return Unsupported()

    async def measure(self, address: str, body: bytes) -> Unsupported | None:
        return Unsupported()

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        return ProbeResult(answered=False, detail="this channel cannot be probed")

    def remark(self) -> str:
        return ""

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


SecretReader = Callable[[str], str]
"""`ctx.secret` before there is a context: the content of the file that a key names. Raises: ConfigError."""


def nothing_claimed(settings: Any, secret: SecretReader) -> Mapping[str, str]:
    """The claims of a channel that has nothing for itself alone."""
    return {}


def nothing_to_check(settings: Any, secret: SecretReader) -> Mapping[str, str]:
    """The check of a channel whose settings are sound as soon as its struct could be made."""
    return {}


def nothing_missing(settings: Any, others: Sequence[Any]) -> Mapping[str, str]:
    """What is missing beside a channel that needs no other."""
    return {}


class ChannelType(msgspec.Struct, frozen=True):
    """A kind of channel. `id`: as in `[channels.NAME] type = "…"`; `settings`: a frozen msgspec struct;
    `capabilities`: from the settings, since vendors differ; `address_kinds`: the contact points it takes, best first.

    `check`: what start() would refuse before it opens anything, for example a password that the protocol has no room for, as key
    of the settings → how the sentence goes on ("holds 32 octets; at most 8 fit"). It may read files; it connects to nothing.

    `claims`: what only one channel of a node may have, for example a key whose counters it keeps, as key of the settings → a digest of it;
    a second channel with the same is refused. Raises: ConfigError: it cannot be read, which `check` says too.

    `missing`: what it leaves to another channel of the node, from its own settings and those of all others, as key of the settings → how
    the sentence goes on. A warning: the channel works without.
    """

    id: str
    settings: type[msgspec.Struct]
    capabilities: Callable[[Any], Capabilities]
    address_kinds: tuple[str, ...]
    factory: Callable[[ChannelContext], Channel]
    check: Callable[[Any, SecretReader], Mapping[str, str]] = nothing_to_check
    claims: Callable[[Any, SecretReader], Mapping[str, str]] = nothing_claimed
    missing: Callable[[Any, Sequence[Any]], Mapping[str, str]] = nothing_missing


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
    """A kind of front, as in `[fronts.NAME] type = "…"`. `paths`: of the web port that each of its kind takes, so that a second one is
    told before it fails to start."""

    id: str
    settings: type[msgspec.Struct]
    factory: Callable[[FrontContext], Front]
    paths: tuple[str, ...] = ()


class Renderer(msgspec.Struct, frozen=True):
    """Makes a message into the rendition of a form. Pure and deterministic: same message, budget and version → same bytes."""

    form: str
    render: Callable[[Message, Budget], Rendition]


class AddressKind(msgspec.Struct, frozen=True):
    """How addresses of a kind are read, written the one right way, and masked. `normalise` raises ValueError with a sentence."""

    id: str
    normalise: Callable[[str], str]
    mask: Callable[[str], str]
