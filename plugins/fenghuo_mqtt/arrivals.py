"""What devices publish, as the core takes it: receipts, answers of people, reports. The topic says who it is from, the payload never does.

Nothing is acknowledged here: every Inbound carries the way to do it, for after the commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from fenghuo import Inbound, InboundKind
from fenghuo.formats.mqtt_envelope import answer_text, read_receipt, ref_of, unread_answer
from fenghuo_adapters.mqtt_packets import Arrived
from fenghuo_mqtt.settings import MqttSettings

__all__ = ["ADDRESS_KIND", "inbound_of"]

ADDRESS_KIND = "mqtt"


def inbound_of(arrived: Arrived, settings: MqttSettings) -> Inbound:
    """What came in; what is refused is kept as it came, and says why.

    A retained message is refused whatever it says: a broker gives it to everybody who comes later, long after it was true.
    """
    told = settings.topics.told_apart(arrived.topic)
    if told is None:
        return _refused(arrived, "", "its topic is none of ours")
    word, sender = told
    if arrived.retained:
        return _refused(arrived, sender, "it is retained; publish it without retain")
    match word:
        case "receipt":
            return _receipt(arrived, sender)
        case "answer":
            text = answer_text(arrived.payload)
            if text is None:
                return _refused(arrived, sender, unread_answer(arrived.payload))
            return _inbound(InboundKind.ANSWER, arrived, sender, text)
        case _:
            return _message(arrived, sender, settings)


def _receipt(arrived: Arrived, sender: str) -> Inbound:
    receipt = read_receipt(arrived.payload)
    if receipt is None:
        return _refused(arrived, sender, "it is no receipt")
    return Inbound(
        InboundKind.RECEIPT,
        arrived.payload,
        _acknowledging(arrived),
        address_kind=ADDRESS_KIND,
        address=sender,
        ref=ref_of(sender, receipt.id),
        level=receipt.evidence,
        failure=receipt.failure,
        text=receipt.text,
    )


def _message(arrived: Arrived, sender: str, settings: MqttSettings) -> Inbound:
    """A report. A copy of one is known by its correlation data, or else by what it says."""
    name = arrived.correlation.hex() or hashlib.sha256(arrived.payload).hexdigest()
    return Inbound(
        InboundKind.MESSAGE,
        arrived.payload,
        _acknowledging(arrived),
        address_kind=ADDRESS_KIND,
        address=sender,
        ref=ref_of(sender, name),
        media_type=arrived.content_type,
        proven=settings.reports == "trusted",
    )


def _refused(arrived: Arrived, sender: str, why: str) -> Inbound:
    """Something to be committed and acknowledged that is not acted upon: a broker that had no answer would send it for ever."""
    return _inbound(InboundKind.REFUSED, arrived, sender, f"a message at {arrived.topic} is refused: {why}")


def _inbound(kind: InboundKind, arrived: Arrived, sender: str, text: str) -> Inbound:
    return Inbound(kind, arrived.payload, _acknowledging(arrived), address_kind=ADDRESS_KIND, address=sender, text=text)


def _acknowledging(arrived: Arrived) -> Callable[[], Awaitable[None]]:
    """The acknowledgement as the core awaits it."""

    async def ack() -> None:
        arrived.acknowledge()

    return ack
