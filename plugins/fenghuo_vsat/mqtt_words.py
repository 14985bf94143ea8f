"""What a message costs over MQTT, and what a broker's answer means. Pure."""

from __future__ import annotations

from fenghuo import Evidence, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo_adapters.mqtt_session import Answer, NoPlace, NotPublished

__all__ = ["outcome_of", "outcome_of_failure", "publish_octets"]

NOBODY_RETRY_S = 30.0
"""Whoever is not subscribed now is asked for again soon: a terminal that restarts is away for so long."""
CHANNEL_RETRY_S = 5.0
_RECIPIENT_CODES, _MESSAGE_CODES = frozenset({0x87, 0x90}), frozenset({0x91, 0x99})
PROPERTIES_OCTETS = 68
"""Of a PUBLISH, about: expiry, content type, correlation data, and the headers of the properties."""


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
