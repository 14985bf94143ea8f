"""What came in over a channel, as it lies in the inbox until it is understood."""

from __future__ import annotations

import msgspec

from fenghuo.model.delivery import Outcome
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound, InboundKind

__all__ = ["packed", "unpacked"]


class _Packed(msgspec.Struct, frozen=True):
    """An Inbound without its ack, as it is kept: enough to understand it again after a crash, and the raw octets untouched."""

    kind: InboundKind
    raw: bytes
    address_kind: str
    address: str
    ref: str
    alternate_refs: tuple[str, ...]
    token: str | None
    n: int
    level: Evidence | None
    failure: Outcome | None
    outcome: Outcome | None
    text: str
    addresses: tuple[str, ...] = ()
    media_type: str = ""
    proven: bool = False


def packed(inbound: Inbound) -> bytes:
    """What is committed of it."""
    return msgspec.msgpack.encode(_Packed(**{name: getattr(inbound, name) for name in _Packed.__struct_fields__}))


def unpacked(raw: bytes) -> Inbound:
    """As it came, but for its ack."""
    kept = msgspec.msgpack.decode(raw, type=_Packed)
    return Inbound(ack=_acked_before, **{name: getattr(kept, name) for name in _Packed.__struct_fields__})


async def _acked_before() -> None:
    """What is read again after a crash was acked before it, or the peer sends it again."""
