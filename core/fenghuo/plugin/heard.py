"""What came in over a channel, as data: an Inbound without what acks or refuses it, to be kept or to go over a line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from fenghuo.model.delivery import Outcome, Token
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.values import Inbound, InboundKind

__all__ = ["Heard", "heard_of", "inbound_of"]


class Heard(msgspec.Struct, frozen=True):
    """Enough to understand an Inbound again, and the raw octets untouched. The inbox keeps it as msgpack: a new field has a default."""

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
    addresses: tuple[str, ...] = ()
    media_type: str = ""
    proven: bool = False
    is_above: bool = False
    is_command: bool = False
    is_shared: bool = False
    submitted_at: float | None = None
    submitted_within_s: float = 0.0
    is_broken: bool = False


def heard_of(inbound: Inbound) -> Heard:
    """What it says, without its ack."""
    return Heard(**{name: getattr(inbound, name) for name in Heard.__struct_fields__})


def inbound_of(heard: Heard, ack: Callable[[], Awaitable[None]], refuse: Callable[[str], Awaitable[None]] | None = None) -> Inbound:
    """The same again, acked and refused by these."""
    return Inbound(ack=ack, refuse=refuse, **{name: getattr(heard, name) for name in Heard.__struct_fields__})
