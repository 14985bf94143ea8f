"""What goes over MQTT, as octets: the envelope around a message, the receipts that come back, what a broker's answer means. Pure.

The envelope and the receipt are those of docs/reference/mqtt.md.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from fenghuo import Evidence, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo_adapters.mqtt_session import Answer, NoPlace, NotPublished

__all__ = ["Receipt", "envelope", "outcome_of", "outcome_of_failure", "publish_octets", "read_receipt", "ref_of"]

VERSION = 1
_MOST_CODE = 40
NOBODY_RETRY_S = 30.0
"""Whoever is not subscribed now is asked for again soon: a terminal that restarts is away for so long."""
CHANNEL_RETRY_S = 5.0
_RECIPIENT_CODES, _MESSAGE_CODES = frozenset({0x87, 0x90}), frozenset({0x91, 0x99})
PROPERTIES_OCTETS = 68
"""Of a PUBLISH, about: expiry, content type, correlation data, and the headers of the properties."""


class _Envelope(msgspec.Struct, frozen=True):
    """`id`: the name that a recipient drops copies by and answers to; `n`: which emission under it; `stream` and `seq`: one more each time
    within a stream, which begins when the channel starts."""

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


def publish_octets(size: int, topic: str, receipt_to: str) -> int:
    """Octets of a PUBLISH with a payload of `size`. Source: MQTT 5.0 §3.3."""
    return 5 + 2 + 2 + len(topic.encode()) + len(receipt_to.encode()) + PROPERTIES_OCTETS + size


def outcome_of(answer: Answer, ref: str) -> Outcome:
    """A broker that took it has it in memory and perhaps on its disk: ACCEPTED, no more. Source: MQTT 5.0 §3.4.2.1."""
    code = answer.name.lower().replace(" ", "-")
    if answer.is_taken and answer.has_subscriber:
        return Reached(Evidence.ACCEPTED, (ref,))
    if answer.is_taken:
        return Transient(Scope.RECIPIENT, "nobody-subscribed", NOBODY_RETRY_S)
    if answer.code in _RECIPIENT_CODES:
        return Permanent(Scope.RECIPIENT, code)
    if answer.code in _MESSAGE_CODES:
        return Permanent(Scope.MESSAGE, code)
    return Transient(Scope.CHANNEL, code, CHANNEL_RETRY_S)


def outcome_of_failure(failure: LinkError) -> Outcome:
    """Certainly unsent only if nothing was written."""
    match failure:
        case NoPlace():  # the broker is slow, and says nothing of the connection
            return Transient(Scope.MESSAGE, "window-full", CHANNEL_RETRY_S)
        case NotPublished():
            return Transient(Scope.CHANNEL, "not-connected")
        case LinkTimeout():
            return Unknown("no-puback")
        case _:
            return Unknown("link-lost")
