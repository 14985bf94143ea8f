"""Rows that are not values of the model themselves: what the store keeps around messages, channels and itself.

Instants (`at`, `until`, `…_at`, `since`) are UTC seconds. Bodies are bytes whose format the writer of the row owns.
"""

from __future__ import annotations

import msgspec

from fenghuo.model.delivery import DeliveryState, Token
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId, MessageState
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Action, Priority, Traffic

__all__ = [
    "AuditRow",
    "BlobRow",
    "CensusRow",
    "ChannelRow",
    "CounterRow",
    "DirectoryRow",
    "EventRow",
    "FanOutRow",
    "IdempotencyRow",
    "InboxRow",
    "MessageRow",
    "MetaRow",
    "PageAttemptRow",
    "PageRow",
    "ProvenRow",
    "QuarantineRow",
    "RefRow",
    "RefusalRow",
    "ReleaseRow",
    "RenditionRow",
    "RollRow",
    "RosterRow",
    "TimerRow",
    "TombstoneRow",
]


class MessageRow(msgspec.Struct, frozen=True):
    """One accepted revision. `body`: msgpack of model Message; `raw`: the bytes as they came; `verdicts`, `repairs`: JSON."""

    id: MessageId
    revision: int
    state: MessageState
    number: int
    sender: str
    identifier: str
    sent_at: float
    action: Action
    priority: Priority
    traffic: Traffic
    accepted_at: float
    expires_at: float
    content_hash: str
    body: bytes
    raw: bytes
    verdicts: bytes
    repairs: bytes
    source: str
    author: str


class IdempotencyRow(msgspec.Struct, frozen=True):
    """A key a source used, the hash of what it said then, and the answer it got; kept until `until`."""

    key: str
    hash: str
    message: MessageId
    revision: int
    until: float


class RefusalRow(msgspec.Struct, frozen=True):
    """Bytes that were not taken, and why; a person may look at them."""

    id: int
    source: str
    code: str
    message: str
    where: str
    raw: bytes
    at: float


class TombstoneRow(msgspec.Struct, frozen=True):
    """A Cancel or an Update that came before its original: whoever comes later under `key` is dead on arrival. `message`: its id."""

    key: str
    message: MessageId
    until: float


class ReleaseRow(msgspec.Struct, frozen=True):
    """One signature over an envelope. `session`: it was given by, a token's by its name; `host`: where the signer sits, "" unknown."""

    message: MessageId
    revision: int
    envelope: str
    actor: str
    at: float
    until: float
    session: str = ""
    host: str = ""


class RenditionRow(msgspec.Struct, frozen=True):
    """What goes out for a form, made once at plan time."""

    message: MessageId
    revision: int
    form: str
    text: str
    data: bytes
    media_type: str
    left_out: tuple[str, ...] = ()


class RefRow(msgspec.Struct, frozen=True):
    """The provider's id of one part of one attempt, of an order or of a page; the first of a page stands with its attempt. `part`: of an
    order as `names` writes it, with how many parts there are; of a page its number alone."""

    channel: str
    ref: str
    token: Token
    n: int
    part: int


class InboxRow(msgspec.Struct, frozen=True):
    """What came in over a channel, raw, before anybody worked out what it means."""

    id: int
    channel: str
    kind: str
    raw: bytes
    at: float
    state: str


class DirectoryRow(msgspec.Struct, frozen=True):
    """One snapshot of the directory. `body`: its encoding; `active`: the one that planning uses."""

    digest: str
    at: float
    body: bytes
    active: bool


class ChannelRow(msgspec.Struct, frozen=True):
    """What an operator decided about a channel instance; it outlives a restart."""

    name: str
    admin: Admin
    by: str
    reason: str
    since: float


class CounterRow(msgspec.Struct, frozen=True):
    """A counter that never gives a number twice. `next`: the first one that is not reserved."""

    name: str
    next: int


class TimerRow(msgspec.Struct, frozen=True):
    """Something to be done at `due_at`, whatever happens to the process until then."""

    id: int
    kind: str
    objective: int
    recipient: str
    due_at: float
    epoch: int
    done: bool = False


class BlobRow(msgspec.Struct, frozen=True):
    """An attachment under the SHA-256 (hex) of its bytes."""

    hash: str
    size: int
    data: bytes


class MetaRow(msgspec.Struct, frozen=True):
    """A fact about the store itself."""

    name: str
    value: str


class EventRow(msgspec.Struct, frozen=True):
    """One entry of the event stream; `body` is JSON."""

    seq: int
    at: float
    type: str
    subject: str
    body: str


class AuditRow(msgspec.Struct, frozen=True):
    """One record of the audit (domain.md §3.14). `at_ms`: UTC, `mono_ms`: monotonic within `boot`; `object`: a path as in message/ID;
    `content`: a hash of what it held; `detail`: JSON; `prev`: the hash of the record before."""

    seq: int
    at_ms: int
    mono_ms: int
    boot: str
    clock: str
    node: str
    traffic: str
    actor: str
    role: str
    door: str
    action: str
    object: str
    content: str
    detail: str
    prev: bytes
    hash: bytes


class FrameCounterRow(msgspec.Struct, frozen=True):
    """How far the counters of a lane of the narrow link are reserved. `next`: the first that is not; `stale`: since a restore
    nothing may be sealed in it."""

    lane: str
    next: int
    stale: bool = False


class FrameWindowRow(msgspec.Struct, frozen=True):
    """Which counters of a lane were heard: `highest`, and in `seen` (8 octets, the highest as the last bit) the 63 before it."""

    lane: str
    highest: int
    seen: bytes
    stale: bool = False


class TransferOutRow(msgspec.Struct, frozen=True):
    """A message on its way over the narrow link. `channel`: whose air it goes over; `lane`: under which key; `ref`: whose it is; `piece`:
    octets in each fragment but the last; `held`: bitmaps of what the far end holds, one after another where it is a group."""

    channel: str
    destination: int
    transfer: int
    lane: str
    ref: str
    kind: int
    traffic: Traffic
    priority: Priority
    body: bytes
    piece: int
    held: bytes
    ends_at: float
    opened_at: float


class TransferInRow(msgspec.Struct, frozen=True):
    """A message that comes in over the narrow link, as far as it has come. `pieces`: msgpack list, nil where one is
    missing; empty when `done`, for then the row only keeps a copy from being shown again. `lane`: under which key, for another one counts
    from 0; `digest`: of the whole, once it is known."""

    source: int
    destination: int
    transfer: int
    lane: str
    kind: int
    traffic: Traffic
    count: int
    pieces: bytes
    ends_at: float
    digest: bytes
    done: bool
    at: float


class RollRow(msgspec.Struct, frozen=True):
    """Up to a thousand addresses of the public, packed: sorted, one a line. `roll`: which import they are of; never changed,
    so that a fan-out need not copy them."""

    id: int
    roll: int
    area: str
    kind: str
    count: int
    addresses: bytes


class FanOutRow(msgspec.Struct, frozen=True):
    """The intent to tell a whole public, written with its objective; what is not begun yet stands in `roll` alone. `areas`, `kinds`:
    which pages of the roll; `channels`: alternates, best first; `source`: objective whose recipients are told again, or 0."""

    objective: int
    message: MessageId
    revision: int
    roll: int
    areas: tuple[str, ...]
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    source: int = 0
    done: bool = False


class RosterRow(msgspec.Struct, frozen=True):
    """Whom an objective is for, by name, and how, if its first commit did not hold all of its targets: a crash must not leave that to
    rules and a directory that are others by then. `rungs`, `escalate`: msgpack of the rule's."""

    objective: int
    recipients: tuple[str, ...]
    rungs: bytes
    escalate: bytes


class PageRow(msgspec.Struct, frozen=True):
    """The deliveries to one page of the roll, packed: `marks` has an octet for each address (engine.marks). `size`: how many of them
    are meant; `met`, `ended`: how many have what is needed, and how many will not get it."""

    objective: int
    number: int
    roll_page: int
    channel: str
    token: Token
    state: DeliveryState
    size: int
    marks: bytes
    reason: str = ""
    not_before: float = 0.0
    until: float | None = None
    tries: int = 0
    refires: int = 0
    failures: int = 0
    met: int = 0
    ended: int = 0


class PageAttemptRow(msgspec.Struct, frozen=True):
    """One emission (token, n) of a page: committed before the first octet leaves. `ref`: the provider's first name of it."""

    token: Token
    n: int
    objective: int
    number: int
    channel: str
    at: float
    epoch: int
    mark: str = ""
    ref: str = ""
    outcome: str = ""
    outcome_at: float | None = None


class ProvenRow(msgspec.Struct, frozen=True):
    """What is known of one way to one recipient: the address that was used, the evidence of the newest proof and when it came (None: it
    never carried anything to its end), and how often it did and did not, each fading with time; `at`: when they were last counted."""

    recipient: str
    channel: str
    address: str
    level: Evidence = Evidence.STORED
    proven_at: float | None = None
    met: float = 0.0
    missed: float = 0.0
    at: float = 0.0


class CensusRow(msgspec.Struct, frozen=True):
    """How many rows a table has, changed in the transaction that changes it."""

    name: str
    rows: int


class QuarantineRow(msgspec.Struct, frozen=True):
    """A copy of a row that does not fit its digest. `key`, `raw`: msgpack of its key and of all its columns as read;
    `mark`: digest of `raw`, so that the same damage is reported once."""

    origin: str
    key: bytes
    mark: bytes
    raw: bytes
    reason: str
    at: float
