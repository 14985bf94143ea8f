"""What a whole message of the link means to the core: a message for intake, or a receipt of one of ours. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fenghuo import COMPACT, Evidence, FrameError, Inbound, InboundKind, Permanent, Scope, Traffic
from fenghuo.formats import compact
from fenghuo.link import Delivered, FrameKind

__all__ = ["ADDRESS_KIND", "carried_kind", "inbound_of", "name_of", "note_body", "receipt_ref"]

ADDRESS_KIND = "callsign"
_KINDS = {"ALERT": FrameKind.ALERT, "DISPATCH": FrameKind.DISPATCH, "REPORT": FrameKind.REPORT}


def carried_kind(body: bytes) -> FrameKind:
    """Under which kind of frame a compact frame travels. Raises: FrameError."""
    return _KINDS.get(compact.Frame.from_octets(body).kind.name.partition("_")[0], FrameKind.REPLY)


def name_of(body: bytes) -> str:
    """What both ends call a message: key, number, revision. Raises: FrameError."""
    said = compact.decode(compact.Frame.from_octets(body))
    return _name(said.key, said.number, said.revision)


def receipt_ref(call: str, name: str) -> str:
    """By what a post's receipts name an emission to it."""
    return f"{call}/{name}"


def inbound_of(delivered: Delivered, call: str, ack: Callable[[], Awaitable[None]]) -> Inbound:
    """What came from the post with this callsign; octets that say nothing go to intake too, which keeps and refuses them."""
    try:
        frame = compact.Frame.from_octets(delivered.body)
        if frame.traffic is delivered.traffic and not frame.kind.is_message:
            return _receipt(frame, delivered.body, call, ack)
        name = name_of(delivered.body) if frame.traffic is delivered.traffic else ""
    except FrameError:
        name = ""
    return Inbound(
        InboundKind.MESSAGE,
        delivered.body,
        ack,
        address_kind=ADDRESS_KIND,
        address=call,
        ref=name and receipt_ref(call, name),
        media_type=COMPACT,
        proven=bool(name),
    )


def _receipt(frame: compact.Frame, raw: bytes, call: str, ack: Callable[[], Awaitable[None]]) -> Inbound:
    """Raises: FrameError: no answer."""
    note = compact.decode_answer(frame)
    ref = receipt_ref(call, _name(note.key, note.number, note.revision))
    is_fault = isinstance(note, compact.ReceiptNote) and note.fault is not compact.Fault.NONE
    text = note.text if isinstance(note, compact.ReceiptNote) else ""
    return Inbound(
        InboundKind.RECEIPT,
        raw,
        ack,
        address_kind=ADDRESS_KIND,
        address=call,
        ref=ref,
        level=None if is_fault else Evidence(note.level),
        failure=Permanent(Scope.MESSAGE, note.fault.name.lower()) if is_fault and isinstance(note, compact.ReceiptNote) else None,
        text=text,
        proven=True,
    )


def _name(key: int, number: int, revision: int) -> str:
    return f"{key:08x}.{number}.{revision}"


def note_body(name: str, level: Evidence, text: str, traffic: Traffic) -> bytes:
    """The compact frame of a person's receipt for the message both ends call `name`. Raises: FrameError, ValueError: no such name."""
    key, number, revision = name.split(".")
    note = compact.ReceiptNote(int(key, 16), int(number), int(revision), level, text=text)
    return compact.encode_answer(note, traffic, words=compact.NEWEST).octets()
