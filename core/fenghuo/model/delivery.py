"""From an objective to the single emission: Objective → Target → Delivery → Attempt → Receipt, flat and frozen.

Instants ending in `_at` are UTC seconds (float); durations ending in `_s` are seconds. Every struct here is one row.
"""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import NewType, assert_never

import msgspec

from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId
from fenghuo.model.traffic import Priority, Traffic

__all__ = [
    "OPEN_STATES",
    "TERMINAL_STATES",
    "Accepted",
    "Aired",
    "Attempt",
    "AttemptRef",
    "Delivery",
    "DeliveryState",
    "Hold",
    "Objective",
    "ObjectiveState",
    "Outcome",
    "Paged",
    "Permanent",
    "Reached",
    "Receipt",
    "Refused",
    "Scope",
    "Target",
    "TargetState",
    "Token",
    "Transient",
    "Unknown",
    "Verdict",
    "outcome_text",
    "token_for",
]

Token = NewType("Token", str)
"""Idempotency key of a delivery: UUIDv5 over who sends what to whom by which channel (delivery.md)."""

TOKEN_SPACE = uuid.UUID("6f1d2c5e-7a43-5b0e-9c1f-3d8e0a4b6c72")


def token_for(  # noqa: PLR0917  # delivery.md names these six, in this order
    node: str, message: MessageId, revision: int, objective: int, recipient: str, channel: str
) -> Token:
    """The token of a delivery; the same inputs give the same token on every node and after every restart."""
    name = "\x1f".join((node, message, str(revision), str(objective), recipient, channel))
    return Token(str(uuid.uuid5(TOKEN_SPACE, name)))


class Scope(StrEnum):
    """What a failure is about. Only CHANNEL moves a channel's health; a bad number never blocks a modem. WAY: this recipient over this
    channel, for now; neither is at fault, it may last, and another way need not wait for it."""

    RECIPIENT = "recipient"
    MESSAGE = "message"
    WAY = "way"
    CHANNEL = "channel"


class Reached(msgspec.Struct, frozen=True, gc=False, tag="reached"):
    """The emission got this far. `refs`: the provider's ids, one for each part, by which receipts will name it."""

    level: Evidence
    refs: tuple[str, ...] = ()


class Transient(msgspec.Struct, frozen=True, gc=False, tag="transient"):
    """Certainly not sent, and worth another try after `retry_after_s` seconds (None: the engine decides)."""

    scope: Scope
    code: str
    retry_after_s: float | None = None


class Permanent(msgspec.Struct, frozen=True, gc=False, tag="permanent"):
    """Certainly not sent, and never will be this way."""

    scope: Scope
    code: str


class Unknown(msgspec.Struct, frozen=True, gc=False, tag="unknown"):
    """Nobody can say whether it left, or it broke off in the middle; the delivery goes IN_DOUBT. `refs`: the provider's ids of the parts
    that were taken before it broke off, of `parts` in all: a receipt of these is none of the whole. `is_short`: a part has certainly not
    left, so that nobody has the whole, and it goes again."""

    cause: str
    refs: tuple[str, ...] = ()
    parts: int = 0
    is_short: bool = False


Outcome = Reached | Transient | Permanent | Unknown
"""What a plugin says of one emission."""


class Paged(msgspec.Struct, frozen=True, gc=False):
    """What became of a page: `outcome` for everybody on it but those in `but`, by their place among its addresses."""

    outcome: Outcome
    but: tuple[tuple[int, Outcome], ...] = ()


def Aired(refs: tuple[str, ...] = ()) -> Reached:
    """The emission finished: the usual answer of a radio."""
    return Reached(Evidence.AIRED, refs)


def outcome_text(outcome: Outcome) -> str:
    """An outcome for a log line or a script: `reached ACCEPTED`, `transient channel link-lost`, `unknown timeout`."""
    match outcome:
        case Reached(level=level):
            return f"reached {level.name}"
        case Transient(scope=scope, code=code):
            return f"transient {scope} {code}"
        case Permanent(scope=scope, code=code):
            return f"permanent {scope} {code}"
        case Unknown(cause=cause):
            return f"unknown {cause}"
        case _:
            assert_never(outcome)


class ObjectiveState(StrEnum):
    """OPEN until enough targets reached the needed level; AT_RISK is open and late; the rest are ends."""

    OPEN = "OPEN"
    AT_RISK = "AT_RISK"
    MET = "MET"
    MISSED = "MISSED"
    WAIVED = "WAIVED"


class TargetState(StrEnum):
    """OPEN, MET, or ended another way: COVERED (the deputy answered instead), MISSED (too late), WITHDRAWN (cancelled, superseded)."""

    OPEN = "OPEN"
    MET = "MET"
    COVERED = "COVERED"
    MISSED = "MISSED"
    WITHDRAWN = "WITHDRAWN"


class DeliveryState(StrEnum):
    """States of a delivery (delivery.md, the table of states)."""

    HELD = "HELD"
    READY = "READY"
    EMITTING = "EMITTING"
    AWAITING = "AWAITING"
    IN_DOUBT = "IN_DOUBT"
    MET = "MET"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    SUPERSEDED = "SUPERSEDED"
    CANCELLED = "CANCELLED"
    SHED = "SHED"


OPEN_STATES = frozenset({DeliveryState.HELD, DeliveryState.READY, DeliveryState.EMITTING, DeliveryState.AWAITING, DeliveryState.IN_DOUBT})
TERMINAL_STATES = frozenset(DeliveryState) - OPEN_STATES


class Hold(StrEnum):
    """Why a delivery is HELD: waits for signatures; its rung has not come; its channel is down; it is down and P0's last attempt is
    spent; a P0's channel is there and says that it does not reach this recipient; a mode or silence forbids it; it may have
    gone before the store was restored, and a person says whether it goes; it would start a device long after its
    release, and a person says whether it does."""

    RELEASE = "release"
    RUNG = "rung"
    CHANNEL = "channel"
    SPENT = "spent"
    WAY = "way"
    MODE = "mode"
    SILENCE = "silence"
    POLICY = "policy"
    RESTORED = "restored"
    LATE = "late"


class Objective(msgspec.Struct, frozen=True, gc=False):
    """One audience that must be reached at `needed` by `deadline_at`. `ack_rule`: "any", "all" or "n:<count>" of its targets.
    `opened_at`: since when it may be told; it begins anew when a message that waited for signatures is released.

    `total`: how many targets; `met`: how many of them reached `needed`; `planned`: how many have been planned so far, so that
    a crash in mid-fan-out resumes. `ladder`, `rule`: names in the rules; `directory`, `situation`: digests of what it was planned from.
    `via`: restricts the ladder to these channels, empty for all. `signatures`: how many a release needs.
    """

    id: int
    message: MessageId
    revision: int
    audience: str
    needed: Evidence
    ack_rule: str
    priority: Priority
    traffic: Traffic
    ladder: str
    rule: str
    deadline_at: float
    opened_at: float
    state: ObjectiveState = ObjectiveState.OPEN
    evidence: Evidence = Evidence.STORED
    total: int = 0
    met: int = 0
    ended: int = 0
    planned: int = 0
    directory: str = ""
    situation: str = ""
    signatures: int = 0
    envelope: str = ""
    via: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True, gc=False):
    """Objective × recipient: how far it has come. `rung`: how many rungs are open; `rung_at`: when the last one opened;
    `wake_at`: next timer; `escalated`: escalation steps done; `covers`: the recipient this one stands in for, if any."""

    objective: int
    recipient: str
    state: TargetState = TargetState.OPEN
    evidence: Evidence = Evidence.STORED
    rung: int = 0
    rung_at: float = 0.0
    wake_at: float | None = None
    escalated: int = 0
    covers: str = ""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """Target × channel instance × rendition. `reason`: a Hold, or the scope and code of a failure; `until`: AWAITING until,
    IN_DOUBT resolve_by, or HELD review_at; `refires`: copies marked 重发; `tries`: attempts so far, each (token, n)."""

    id: int
    objective: int
    message: MessageId
    revision: int
    recipient: str
    channel: str
    address: str
    token: Token
    form: str
    rung: int
    priority: Priority
    traffic: Traffic
    state: DeliveryState
    reason: str = ""
    not_before: float = 0.0
    until: float | None = None
    expires_at: float = 0.0
    evidence: Evidence = Evidence.STORED
    tries: int = 0
    refires: int = 0
    failures: int = 0


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One emission (token, n): committed by begin() before the first irreversible byte; the outcome follows, or never does."""

    token: Token
    n: int
    delivery: int
    channel: str
    recipient: str
    address: str
    at: float
    epoch: int
    mark: str = ""
    outcome: str = ""
    outcome_at: float | None = None


class AttemptRef(msgspec.Struct, frozen=True, gc=False):
    """How a plugin names an attempt to query or cancel it: our token and number, and the provider's ids if it gave any."""

    token: Token
    n: int
    address: str
    refs: tuple[str, ...] = ()


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """Append-only raw evidence from any channel, at any time. `inbox`: the raw row it was read from."""

    id: int
    delivery: int
    channel: str
    level: Evidence
    at: float
    ref: str = ""
    text: str = ""
    inbox: int = 0


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """One judgement on a message at intake, kept for good. `check`: wellformed, schema, semantic, signature, authority, areas,
    audience, freshness."""

    check: str
    value: str
    ok: bool
    detail: str = ""


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """What a source gets only after the commit; only the store's commit makes one. `state`: of the revision, or duplicate."""

    id: MessageId
    revision: int
    state: str
    verdicts: tuple[Verdict, ...] = ()
    repairs: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Not a message: the raw bytes are kept under `id`, a person sees the reason, and the source is told."""

    id: int
    code: str
    message: str
    where: str = ""
    verdicts: tuple[Verdict, ...] = ()
    repairs: tuple[str, ...] = ()
