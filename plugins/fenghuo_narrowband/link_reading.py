"""What a whole message of the link means to the core: a message for intake, or a receipt of one of ours. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec

from fenghuo import COMPACT, Evidence, FrameError, Inbound, InboundKind, Permanent, Traffic
from fenghuo.formats import compact
from fenghuo.link import Delivered, Measured
from fenghuo.link.faults import WRONG_TRAFFIC, failure_of, is_message, name_in
from fenghuo.link.naming import is_carried, message_name, name_of, note_body, receipt_ref

__all__ = ["ADDRESS_KIND", "Heard", "inbound_of", "measured_of", "name_of", "note_body", "receipt_ref", "tally_body", "told_of"]

ADDRESS_KIND = "callsign"


class Heard(msgspec.Struct, frozen=True):
    """From whom something came: its callsign, who is behind it in the order of bits, how to acknowledge it, how to answer that it is
    not taken, with a word that says why, and whether that post is set over this one."""

    call: str
    behind: tuple[str, ...]
    ack: Callable[[], Awaitable[None]]
    refuse: Callable[[str], Awaitable[None]]
    is_above: bool = False


def inbound_of(delivered: Delivered, heard: Heard) -> list[Inbound]:
    """What came from a post, for a bitmap one thing for each who is behind it; octets that say nothing go to intake too, which keeps
    and refuses them."""
    try:
        frame = compact.Frame.from_octets(delivered.body)
        if frame.traffic is not delivered.traffic:
            return [_other_traffic(frame, delivered, heard)]
        if not is_carried(delivered.body, delivered.kind):
            return [_other_kind(frame, delivered, heard)]
        if not frame.kind.is_message:
            return _receipts(frame, delivered.body, heard)
        name = name_of(delivered.body)
    except FrameError:
        name = ""
    message = Inbound(
        InboundKind.MESSAGE,
        delivered.body,
        heard.ack,
        address_kind=ADDRESS_KIND,
        address=heard.call,
        ref=name and receipt_ref(heard.call, name),
        media_type=COMPACT,
        proven=bool(name),
        is_above=heard.is_above,
        is_command=delivered.is_command,
        is_shared=delivered.is_shared,
        refuse=heard.refuse if is_message(delivered.body) else None,
    )
    return [message]


def _other_traffic(frame: compact.Frame, delivered: Delivered, heard: Heard) -> Inbound:
    """An exercise that would be shown as the real thing, or the other way round."""

    async def refuse() -> None:
        await heard.refuse(WRONG_TRAFFIC)

    text = f"{heard.call} sent a frame of {frame.traffic} sealed as {delivered.traffic}"
    ack = refuse if frame.kind.is_message else heard.ack
    return Inbound(InboundKind.REFUSED, delivered.body, ack, address_kind=ADDRESS_KIND, address=heard.call, text=text)


def _other_kind(frame: compact.Frame, delivered: Delivered, heard: Heard) -> Inbound:
    """A report that would pass for an order, or anything but an order for a command."""
    text = f"{heard.call} sent a frame of kind {frame.kind.name} sealed as {delivered.kind.name}"
    return Inbound(InboundKind.REFUSED, delivered.body, heard.ack, address_kind=ADDRESS_KIND, address=heard.call, text=text)


def _receipts(frame: compact.Frame, raw: bytes, heard: Heard) -> list[Inbound]:
    """Raises: FrameError: no answer."""
    note = compact.decode_answer(frame)
    if isinstance(note, compact.Bitmap):
        return _fused(note, raw, heard)
    is_fault = note.fault is not compact.Fault.NONE
    failure = failure_of(note) if is_fault else None
    about = Receipt(heard.call, name_in(note), None if is_fault else Evidence(note.level))
    return [_receipt(about, raw, heard.ack, failure=failure, text=note.text)]


def _fused(note: compact.Bitmap, raw: bytes, heard: Heard) -> list[Inbound]:
    """A receipt of each whose bit is set; of the post itself once all are. What says nothing of anybody is kept and acknowledged too."""
    name, level = message_name(note.key, note.number, note.revision), Evidence(note.level)
    said = dict(zip(heard.behind, note.slots, strict=False)) if note.first == 0 else {}
    calls = [call for call, is_set in said.items() if is_set]
    if said and len(calls) == len(heard.behind):
        calls.append(heard.call)
    together = _Together(max(1, len(calls)), heard.ack)
    if not calls:
        return [_receipt(Receipt(heard.call, "", None), raw, together.one)]
    return [_receipt(Receipt(call, name, level), raw, together.one) for call in calls]


class Receipt(NamedTuple):
    """Of which post, about what, and how sure."""

    call: str
    name: str
    level: Evidence | None


class _Together:
    """One acknowledgement of the link for several things of the core: when the last of them is kept."""

    def __init__(self, count: int, ack: Callable[[], Awaitable[None]]) -> None:
        self._left = count
        self._ack = ack

    async def one(self) -> None:
        self._left -= 1
        if self._left == 0:
            await self._ack()


def _receipt(
    about: Receipt, raw: bytes, ack: Callable[[], Awaitable[None]], *, failure: Permanent | None = None, text: str = ""
) -> Inbound:
    ref = receipt_ref(about.call, about.name)
    kind, address_kind = InboundKind.RECEIPT, ADDRESS_KIND
    return Inbound(
        kind, raw, ack, address_kind=address_kind, address=about.call, ref=ref, level=about.level, failure=failure, text=text, proven=True
    )


def told_of(call: str, kind: InboundKind, text: str, raw: bytes = b"") -> Inbound:
    """What a person must know of a post; nothing waits for it to be kept."""
    return Inbound(kind, raw, _nothing, address_kind=ADDRESS_KIND, address=call, text=text)


async def _nothing() -> None:
    """Nobody waits."""


def measured_of(event: Measured, call: str) -> Inbound:
    """What a post has measured of itself; of an exercise nothing is measured."""
    proven = event.traffic in (Traffic.ACTUAL, Traffic.SYSTEM)
    return Inbound(InboundKind.MEASURED, event.body, _nothing, address_kind=ADDRESS_KIND, address=call, proven=proven)


def tally_body(name: str, level: Evidence, reached: Sequence[bool], traffic: Traffic) -> bytes:
    """The compact frame that says of each in a row whether it has the message. Raises: FrameError, ValueError: no such name."""
    key, number, revision = name.split(".")
    bitmap = compact.Bitmap(int(key, 16), int(number), int(revision), level, 0, tuple(reached))
    return compact.encode_answer(bitmap, traffic, words=compact.NEWEST).octets()
