"""What goes over MQTT, by whichever way: the envelope around a message, and the receipts that come back. docs/reference/mqtt.md."""

from __future__ import annotations

from typing import Literal

import msgspec

from fenghuo.model.delivery import Permanent, Scope
from fenghuo.model.evidence import Evidence

__all__ = ["Receipt", "Sequences", "answer_text", "envelope", "read_receipt", "ref_of", "unread_answer"]

VERSION = 1
_MOST_CODE = 40
_SHOWN = 200


class _Envelope(msgspec.Struct, frozen=True):
    """`id`: the name that a recipient drops copies by and answers to; `n`: which emission under it; `stream` and `seq`: of each recipient,
    one more each time within a stream, so that a gap is seen; a new stream begins when the channel starts."""

    v: int
    id: str
    n: int
    stream: str
    seq: int
    number: int
    receipt_to: str
    message: msgspec.Raw


class Receipt(msgspec.Struct, frozen=True):
    """What a recipient says of a message. `id`: that of its envelope; `level`: "device", "human", "done", or "failed" with a `code`."""

    id: str
    level: Literal["device", "human", "done", "failed"]
    code: str = ""
    text: str = ""

    @property
    def evidence(self) -> Evidence | None:
        """What it shows; None when it says no."""
        return {"device": Evidence.DEVICE, "human": Evidence.HUMAN, "done": Evidence.DONE}.get(self.level)

    @property
    def failure(self) -> Permanent | None:
        """Why the recipient will not have it."""
        return Permanent(Scope.RECIPIENT, self.code[:_MOST_CODE] or "refused") if self.level == "failed" else None


class Sequences:
    """Counts what went to each recipient, from 1, since the stream began."""

    def __init__(self, began_at: float) -> None:
        self.stream = f"{int(began_at * 1000):x}"
        """UTC milliseconds in hexadecimal: a later stream sorts behind an earlier one."""
        self._last: dict[str, int] = {}

    def next(self, recipient: str) -> int:
        self._last[recipient] = self._last.get(recipient, 0) + 1
        return self._last[recipient]


_receipt = msgspec.json.Decoder(Receipt)


def envelope(body: bytes, *, token: str, n: int, number: int, place: tuple[str, int], receipt_to: str) -> bytes:
    """The octets to publish. `body`: the message as JSON; `place`: its stream and sequence number."""
    stream, seq = place
    return msgspec.json.encode(_Envelope(VERSION, token, n, stream, seq, number, receipt_to, msgspec.Raw(body)))


def read_receipt(payload: bytes) -> Receipt | None:
    """A receipt, or None for octets that are none."""
    try:
        return _receipt.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def ref_of(recipient: str, token: str) -> str:
    """By what a receipt names an emission: what somebody else's receipt says of it is not of it."""
    return f"{recipient}/{token}"


def answer_text(payload: bytes) -> str | None:
    """What a person wrote, or None for octets that are no UTF-8 and for none at all: nobody has read an order who says nothing readable."""
    try:
        return payload.decode() if payload.strip() else None
    except UnicodeDecodeError:
        return None


def unread_answer(payload: bytes) -> str:
    """Why such an answer proves nothing, with what a person may make of it: an old terminal writes GB 18030."""
    if not payload.strip():
        return "it is an empty answer"
    try:
        guess = payload.decode("gb18030")
    except UnicodeDecodeError:
        return f"it is an answer that is no UTF-8; its octets begin {payload[:16].hex(' ')}"
    return f"it is an answer that is no UTF-8, and proves nothing; read as GB 18030 it would be: {guess[:_SHOWN]}"
