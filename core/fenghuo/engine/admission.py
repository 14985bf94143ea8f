"""What a message would cost a channel, and whether it can come in time over it: backlog, airtime and the usual way there. Pure.

What cannot arrive before the content expires is not planned. What cannot be sure to arrive by the deadline is not counted on, and waits
until nothing that can is left: a slow way is worth more than none, and the deadline is when a person hears of it, not the end.
Source: delivery.md, Priorities and the transmit scheduler, Admission.
"""

from __future__ import annotations

import math

import msgspec

__all__ = ["NO_LOAD", "Load", "late", "never"]


class Load(msgspec.Struct, frozen=True):
    """One message on one channel: seconds on the medium, fen, joules; `ahead_s`: how long the medium is busy with what is as urgent or
    more; `latency_q50_s`: half have arrived by then, `latency_q95_s`: 95 % have been confirmed by then, both counted from the emission."""

    airtime_s: float = 0.0
    fee_fen: float = 0.0
    joules: float = 0.0
    ahead_s: float = 0.0
    latency_q50_s: float = 0.0
    latency_q95_s: float = 0.0

    @property
    def before_s(self) -> float:
        """Seconds until it has left."""
        return self.ahead_s + self.airtime_s


NO_LOAD = Load()


def never(load: Load, expires_s: float) -> str:
    """Why it cannot arrive before the content expires in `expires_s` seconds, empty if it may."""
    there_s = load.before_s + load.latency_q50_s
    return _sentence(load, load.latency_q50_s, f"the content expires in {_s(expires_s)}") if there_s > expires_s else ""


def late(load: Load, left_s: float) -> str:
    """Why it cannot be relied on to be confirmed by a deadline in `left_s` seconds, empty if it can."""
    if math.isinf(left_s) or load.before_s + load.latency_q95_s <= left_s:
        return ""
    return _sentence(load, load.latency_q95_s, f"the deadline is in {_s(left_s)}") + "; tried when no way in time is left"


def _sentence(load: Load, way_s: float, limit: str) -> str:
    parts = f"{_s(load.ahead_s)} of others first, {_s(load.airtime_s)} on the air, {_s(way_s)} on the way"
    return f"it would take {_s(load.before_s + way_s)} ({parts}), and {limit}"


def _s(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
