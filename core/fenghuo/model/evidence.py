"""How surely a message reached somebody: monotonic, from our own disk to the finished action."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["DELIVERED", "Evidence"]


class Evidence(IntEnum):
    """The highest thing known of a delivery. It never falls (delivery.md, Evidence; I3)."""

    STORED = 0
    ACCEPTED = 1
    AIRED = 2
    RELAYED = 3
    DEVICE = 4
    HUMAN = 5
    DONE = 6


DELIVERED = Evidence.DEVICE
"""The lowest level that a person may be shown as "delivered" (I8)."""
