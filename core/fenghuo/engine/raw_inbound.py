"""What came in over a channel, as it lies in the inbox until it is understood."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from fenghuo.plugin.heard import Heard, heard_of, inbound_of
from fenghuo.plugin.ports import Inbound, InboundKind
from fenghuo.store.tables import INBOX
from fenghuo.store.transaction import Tx

__all__ = ["mark", "packed", "refused", "set_aside", "unmatched", "unpacked"]

_ALARMS = {
    InboundKind.TURNED_DOWN: "alarm.far_end_refused",
    InboundKind.HOSTILE: "alarm.link_hostile",
    InboundKind.CLOCK: "alarm.link_clock",
}

log = structlog.stdlib.get_logger("fenghuo.receipts")


def packed(inbound: Inbound) -> bytes:
    """What is committed of it."""
    return msgspec.msgpack.encode(heard_of(inbound))


def unpacked(raw: bytes, *, is_timed: bool = True) -> Inbound:
    """As it came, but for its ack. Where no clock tells how long ago that was (`is_timed`), a command is no more than a message."""
    kept = msgspec.msgpack.decode(raw, type=Heard)
    kept = kept if is_timed else msgspec.structs.replace(kept, is_command=False)
    return inbound_of(kept, _acked_before)


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


def unmatched(inbox: int, channel: str, inbound: Inbound, owners: tuple[str, ...]) -> Callable[[Tx], None]:
    """Somebody said something that answers nothing of ours: a person must see it."""

    def tell(tx: Tx) -> None:
        mark(tx, inbox, "unmatched")
        body = {"channel": channel, "address": inbound.address, "owners": list(owners), "text": inbound.text}
        tx.event("alarm.answer_unmatched", f"inbox/{inbox}", **body)

    return tell


def set_aside(inbox: int, channel: str, fault: Exception) -> Callable[[Tx], None]:
    """What we fail at by a fault of ours, at the next start just as now: out of the way, its octets kept and a person told."""
    log.error("something heard cannot be worked out", channel=channel, inbox=inbox, exc_info=fault)
    sentence = f"we fail at something heard by a fault of ours ({type(fault).__name__}); its octets are kept, and the log has the trace"

    def tell(tx: Tx) -> None:
        mark(tx, inbox, "fault")
        tx.event("alarm.inbound_fault", f"inbox/{inbox}", channel=channel, message=sentence)

    return tell
