"""What came in over a channel, as it lies in the inbox until it is understood."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from fenghuo.model.delivery import Outcome
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound, InboundKind
from fenghuo.store.tables import INBOX
from fenghuo.store.transaction import Tx

__all__ = ["mark", "packed", "refused", "set_aside", "unpacked"]

_ALARMS = {
    InboundKind.TURNED_DOWN: "alarm.far_end_refused",
    InboundKind.HOSTILE: "alarm.link_hostile",
    InboundKind.CLOCK: "alarm.link_clock",
}

log = structlog.stdlib.get_logger("fenghuo.receipts")


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
    is_above: bool = False
    is_command: bool = False
    is_shared: bool = False


def packed(inbound: Inbound) -> bytes:
    """What is committed of it."""
    return msgspec.msgpack.encode(_Packed(**{name: getattr(inbound, name) for name in _Packed.__struct_fields__}))


def unpacked(raw: bytes, *, is_timed: bool = True) -> Inbound:
    """As it came, but for its ack. Where no clock tells how long ago that was (`is_timed`), a command is no more than a message."""
    kept = msgspec.msgpack.decode(raw, type=_Packed)
    kept = kept if is_timed else msgspec.structs.replace(kept, is_command=False)
    return Inbound(ack=_acked_before, **{name: getattr(kept, name) for name in _Packed.__struct_fields__})


async def _acked_before() -> None:
    """What is read again after a crash was acked before it, or the peer sends it again."""


def mark(tx: Tx, inbox: int, state: str) -> None:
    """Understood: a restart must not try it on what came after it."""
    raw = tx.sound(INBOX, inbox)
    if raw is not None:
        tx.update(INBOX, msgspec.structs.replace(raw, state=state))


def refused(inbox: int, channel: str, inbound: Inbound) -> Callable[[Tx], None]:
    """What the channel refuses to act upon, or says of its far end: its octets are kept, and a person is told."""
    alarm = _ALARMS.get(inbound.kind, "alarm.inbound_refused")

    def tell(tx: Tx) -> None:
        mark(tx, inbox, "refused")
        tx.event(alarm, f"inbox/{inbox}", channel=channel, address=inbound.address, message=inbound.text)

    return tell


def set_aside(inbox: int, channel: str, fault: Exception) -> Callable[[Tx], None]:
    """What we fail at by a fault of ours, at the next start just as now: out of the way, its octets kept and a person told."""
    log.error("something heard cannot be worked out", channel=channel, inbox=inbox, exc_info=fault)
    sentence = f"we fail at something heard by a fault of ours ({type(fault).__name__}); its octets are kept, and the log has the trace"

    def tell(tx: Tx) -> None:
        mark(tx, inbox, "fault")
        tx.event("alarm.inbound_fault", f"inbox/{inbox}", channel=channel, message=sentence)

    return tell
