"""A message and its content: a superset of CAP 1.2 that also holds dispatch orders and reports."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from fenghuo.model.traffic import Action, Kind, Priority, Traffic

__all__ = [
    "AffectedArea",
    "Circle",
    "Content",
    "Geocode",
    "Info",
    "Message",
    "MessageId",
    "MessageState",
    "Parameter",
    "Point",
    "Reference",
    "Resource",
    "Ring",
    "Scope",
    "content_hash",
    "is_active",
]

MessageId = NewType("MessageId", str)
Point = tuple[float, float]
"""Latitude, longitude in degrees, WGS-84: the order of CAP, not of GeoJSON."""
Ring = tuple[Point, ...]
"""A closed polygon: first point = last point, at least four points."""


class Scope(StrEnum):
    """Who may read it. Source: CAP 1.2 §3.2.1, scope."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class Geocode(msgspec.Struct, frozen=True, gc=False):
    """A code and the system it belongs to, as the source named it (CAP valueName); our own are `mca` and `nbs`."""

    system: str
    value: str


class Circle(msgspec.Struct, frozen=True, gc=False):
    """Centre (lat, lon, degrees) and radius in kilometres; radius 0 is a point."""

    centre: Point
    radius_km: float


class AffectedArea(msgspec.Struct, frozen=True, gc=False):
    """One CAP area: description with any of polygons, circles and geocodes."""

    description: str
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Geocode, ...] = ()
    altitude_ft: float | None = None
    ceiling_ft: float | None = None


class Parameter(msgspec.Struct, frozen=True, gc=False):
    """A name and value that CAP has no field for."""

    name: str
    value: str


class Resource(msgspec.Struct, frozen=True, gc=False):
    """An attachment. `uri` is kept and never fetched at intake; `blob` is the SHA-256 (hex) of bytes in our blob store."""

    description: str
    mime_type: str = ""
    size: int | None = None
    uri: str | None = None
    digest: str | None = None
    blob: str | None = None


class Info(msgspec.Struct, frozen=True, gc=False):
    """What is said, in one language. Enumerated values are CAP's own words; an empty string means the source left it out."""

    language: str = "zh-CN"
    categories: tuple[str, ...] = ()
    event: str = ""
    response_types: tuple[str, ...] = ()
    urgency: str = "Unknown"
    severity: str = "Unknown"
    certainty: str = "Unknown"
    colour: str = ""
    audience: str = ""
    event_codes: tuple[Geocode, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Parameter, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[AffectedArea, ...] = ()


class Reference(msgspec.Struct, frozen=True, gc=False):
    """An earlier message: CAP's triple, or a bare identifier (12379: the first message of the event)."""

    identifier: str
    sender: str = ""
    sent: datetime | None = None


class Content(msgspec.Struct, frozen=True, gc=False):
    """Everything the bytes said, before Fenghuo gave it an id. Instants are aware; `to` holds audience expressions of our own JSON."""

    kind: Kind
    action: Action
    traffic: Traffic
    sender: str
    identifier: str
    sent: datetime
    scope: Scope = Scope.PUBLIC
    restriction: str = ""
    addresses: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    note: str = ""
    source: str = ""
    references: tuple[Reference, ...] = ()
    incidents: tuple[str, ...] = ()
    infos: tuple[Info, ...] = ()
    priority: Priority | None = None
    to: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    needed: str | None = None
    deadline_s: float | None = None

    @property
    def triple(self) -> tuple[str, str, datetime]:
        """(sender, identifier, sent): the idempotency key of an alert (wire-formats.md §1.6)."""
        return (self.sender, self.identifier, self.sent)

    @property
    def expires(self) -> datetime | None:
        """The latest `expires` of all infos; None if any info has none, or there is no info."""
        ends = [info.expires for info in self.infos]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None


class MessageState(StrEnum):
    """Where a message stands. HELD: waits for a person; ACTIVE: may be sent; the rest are ends, and an end is never left.

    COMPLETE: an Ack or an Error, of which nothing is sent.
    """

    HELD = "held"
    ACTIVE = "active"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    COMPLETE = "complete"


class Message(msgspec.Struct, frozen=True, gc=False):
    """One revision of one event, accepted and immutable. An Update is the next revision of the same id.

    `expires_at` and `accepted_at`: UTC seconds; `assumed_expiry`: the source gave none; `number`: the short message number
    (1-9999) that people speak and key in; `source`: the authenticated source that gave it to us; `author`: the actor; `helpers`: who
    else wrote a part of it; `is_relay`: a warning signal as its issuer has signed it; `may_start`:
    whether a device may start because of it where no person here signs.
    """

    id: MessageId
    revision: int
    content: Content
    priority: Priority
    content_hash: str
    accepted_at: float
    expires_at: float
    assumed_expiry: bool = False
    number: int = 0
    source: str = ""
    author: str = ""
    may_start: bool = True
    helpers: tuple[str, ...] = ()
    is_relay: bool = False

    @property
    def kind(self) -> Kind:
        return self.content.kind

    @property
    def action(self) -> Action:
        return self.content.action

    @property
    def traffic(self) -> Traffic:
        return self.content.traffic


def content_hash(content: Content) -> str:
    """SHA-256 (hex) over the canonical encoding of the content: what is signed, and what a retried key must repeat."""
    return hashlib.sha256(msgspec.msgpack.encode(content)).hexdigest()


def is_active(state: MessageState, *, expires_at: float, now: float) -> bool:
    """Whether a message may still be acted on: THE predicate, the same for everyone (wire-formats.md §1.6)."""
    return state in (MessageState.ACTIVE, MessageState.HELD) and now < expires_at
