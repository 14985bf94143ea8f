"""The three axes of 三无 - power, network, road - and what may be said about them for a place.

Source: failover.md, Modes; domain.md §3.2, §3.9.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["ON_BATTERY", "WORST", "Axis", "NetworkMode", "PowerMode", "RoadMode", "Signal"]


class Axis(StrEnum):
    """What can be missing, each by itself."""

    POWER = "power"
    NETWORK = "network"
    ROAD = "road"


class PowerMode(StrEnum):
    """What a place lives on, best first; the battery's part by its charge: from 60 %, from 30 %, from 10 %, below."""

    GRID = "grid"
    GENERATOR = "generator"
    BATTERY_FULL = "battery_full"
    BATTERY_SAVE = "battery_save"
    BATTERY_MIN = "battery_min"
    LAST_GASP = "last_gasp"
    UNKNOWN = "unknown"


ON_BATTERY = frozenset({PowerMode.BATTERY_FULL, PowerMode.BATTERY_SAVE, PowerMode.BATTERY_MIN, PowerMode.LAST_GASP})
"""Modes in which what is drawn is not replaced."""


class NetworkMode(StrEnum):
    """What of the ways to a place is left, best first."""

    FULL = "full"
    DEGRADED = "degraded"
    ISOLATED = "isolated"
    UNKNOWN = "unknown"


class RoadMode(StrEnum):
    """Whether a place can be driven to, best first."""

    OPEN = "open"
    RESTRICTED = "restricted"
    CUT = "cut"
    UNKNOWN = "unknown"


WORST = {Axis.POWER: PowerMode.LAST_GASP, Axis.NETWORK: NetworkMode.ISOLATED, Axis.ROAD: RoadMode.CUT}
"""三无 is all three."""


class Signal(msgspec.Struct, frozen=True):
    """One source's word on one axis of one place.

    `place`: an area code (12 digits) or the id of a site of the directory, "" for the node itself. `mode`: a value of the axis.
    `source`: who says so, such as "sensor:ups1", "health", "roads" or "person:duty1"; two signals are two sources.
    `at`, `expires_at`: UTC seconds; after `expires_at` it says nothing any more.
    """

    axis: Axis
    place: str
    mode: str
    source: str
    at: float
    expires_at: float
    reason: str = ""
