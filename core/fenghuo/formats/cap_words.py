"""The words of CAP: namespaces, the order of elements, and the closed sets of values. Source: CAP 1.2 §3.2; 1.1 §3.2; 1.0 §3.2."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "CATEGORIES",
    "CERTAINTIES",
    "MESSAGE_TYPES",
    "NAMESPACES",
    "ORDERS",
    "REPEATABLE",
    "RESPONSE_TYPES",
    "SCOPES",
    "SEVERITIES",
    "STATUSES",
    "URGENCIES",
]

NAMESPACES: Mapping[str, str] = {
    "http://www.incident.com/cap/1.0": "1.0",
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "1.2",
}

# fmt: off
ORDERS: Mapping[str, tuple[str, ...]] = {
    "alert": (
        "identifier", "sender", "sent", "status", "msgType", "password", "source", "scope", "restriction", "addresses", "code", "note",
        "references", "incidents", "info",
    ),
    "info": (
        "language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode", "effective", "onset",
        "expires", "senderName", "headline", "description", "instruction", "web", "contact", "parameter", "resource", "area",
    ),
    "area": ("areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling"),
    "resource": ("resourceDesc", "mimeType", "size", "uri", "derefUri", "digest"),
    "parameter": ("valueName", "value"),
    "eventCode": ("valueName", "value"),
    "geocode": ("valueName", "value"),
}
"""Element → its children in schema order; an element that is not named here holds text only."""

REPEATABLE = frozenset(
    ("code", "info", "category", "responseType", "eventCode", "parameter", "resource", "area", "polygon", "circle", "geocode")
)
"""Elements that may come more than once below one parent; any other one twice is a finding."""
# fmt: on

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
CATEGORIES = ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other")
RESPONSE_TYPES = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
