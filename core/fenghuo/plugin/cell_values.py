"""The values that pass between the core and a channel in a process of its own, where the port's own would carry code along."""

from __future__ import annotations

from typing import Any

import msgspec

from fenghuo.model.delivery import Outcome, Token
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.values import Inbound, InboundKind

__all__ = ["Heard", "Job", "Licence", "Made", "heard_of", "inbound_of"]


class Made(msgspec.Struct, frozen=True):
    """What a channel is made of: its type, its name, its own settings as msgpack, the secrets that they name, octets of memory."""

    type: str
    name: str
    settings: bytes
    secrets: dict[str, str]
    memory: int


class Job(msgspec.Struct, frozen=True):
    """A SendJob or SendPage without its licence. `number`: by which the licence is asked for; `within_s`: seconds until its deadline."""

    number: int
    address: str
    address_kind: str
    priority: Priority
    traffic: Traffic
    size: int
    within_s: float
    is_last: bool = False
    addresses: tuple[str, ...] = ()
    page: int = 0
    pages: int = 0


class Licence(msgspec.Struct, frozen=True):
    """What begin() gives: see Emission."""

    token: Token
    n: int
    payload: Rendition
    validity_s: float
    number: int


class Heard(msgspec.Struct, frozen=True):
    """An Inbound without what acks it; `refusable`: its far end can be told no."""

    kind: InboundKind
    raw: bytes
    address_kind: str
    address: str
    ref: str
    alternate_refs: tuple[str, ...]
    token: Token | None
    n: int
    level: Evidence | None
    failure: Outcome | None
    outcome: Outcome | None
    text: str
    addresses: tuple[str, ...]
    media_type: str
    proven: bool
    is_above: bool
    is_command: bool
    is_shared: bool
    refusable: bool = False


_FIELDS = tuple(name for name in Heard.__struct_fields__ if name != "refusable")


def heard_of(inbound: Inbound) -> Heard:
    """What goes over the line of something that came in."""
    return Heard(**{name: getattr(inbound, name) for name in _FIELDS}, refusable=inbound.refuse is not None)


def inbound_of(heard: Heard, ack: Any, refuse: Any) -> Inbound:
    """The same again, acked through the line."""
    return Inbound(**{name: getattr(heard, name) for name in _FIELDS}, ack=ack, refuse=refuse if heard.refusable else None)
