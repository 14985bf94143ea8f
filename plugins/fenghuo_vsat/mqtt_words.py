"""What a message costs over MQTT. Pure."""

from __future__ import annotations

__all__ = ["publish_octets"]

PROPERTIES_OCTETS = 68
"""Of a PUBLISH, about: expiry, content type, correlation data, and the headers of the properties."""


def publish_octets(size: int, topic: str, receipt_to: str) -> int:
    """Octets of a PUBLISH with a payload of `size`. Source: MQTT 5.0 §3.3."""
    return 5 + 2 + 2 + len(topic.encode()) + len(receipt_to.encode()) + PROPERTIES_OCTETS + size
