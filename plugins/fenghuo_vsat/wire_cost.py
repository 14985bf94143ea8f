"""What octets cost on a satellite path: segments, seconds, joules, money. Pure."""

from __future__ import annotations

import math

from fenghuo import Estimate
from fenghuo_vsat.settings import PathSettings

__all__ = ["cost", "on_the_wire"]

SEGMENT_OCTETS = 1348
"""Payload of a segment on a path of 1,400 octets."""
HEADER_OCTETS = 52
"""IPv4 and TCP with timestamps (RFC 9293, RFC 7323)."""
ROUND_TRIP_S = 0.6
"""Over a geostationary satellite, up and down twice."""
_MEGABYTE = 1_000_000


def on_the_wire(octets: int) -> int:
    """Octets of IP for so much payload on a connection that stands, with the acknowledgement of the answer."""
    return octets + (math.ceil(octets / SEGMENT_OCTETS) + 1) * HEADER_OCTETS


def cost(octets: int, settings: PathSettings) -> Estimate:
    """What it takes to send so much payload."""
    wire = on_the_wire(octets)
    seconds = wire / (settings.rate_kbit * 125) if settings.rate_kbit else 0.0
    return Estimate(
        airtime_s=seconds,
        octets=wire,
        joules=seconds * settings.watts_transmit,
        fee_fen=wire * settings.fen_per_megabyte / _MEGABYTE,
        latency_q50_s=ROUND_TRIP_S + seconds,
        latency_q95_s=settings.connect_s + settings.attempt_s,
    )
