"""What a message would cost a channel, and whether it can come in time over it: backlog, airtime and the usual way there. Pure.

What cannot be sure to arrive by the deadline, or before the content expires, is not counted on, and waits until nothing that can is left: a
slow way is worth more than none, and the deadline is when a person hears of it, not the end. A forecast takes no way away: queues empty
sooner than they were reckoned, and half of everything is quicker than usual.
Source: delivery.md, Priorities and the transmit scheduler, Admission.
"""

from __future__ import annotations

import math

import msgspec

__all__ = ["NO_LOAD", "Load", "late"]


class Load(msgspec.Struct, frozen=True):
    """One message on one channel: seconds on the medium, fen, joules; `ahead_s`: how long the medium is busy with what goes
    first; `turn_s`: how long each one keeps the next from it; `latency_q50_s`: half have arrived by then, `latency_q95_s`: 95 % have been
    confirmed by then, both counted from the emission."""

    airtime_s: float = 0.0
    fee_fen: float = 0.0
    joules: float = 0.0
    ahead_s: float = 0.0
    latency_q50_s: float = 0.0
    latency_q95_s: float = 0.0
    turn_s: float = 0.0

    @property
    def before_s(self) -> float:
        """Seconds until it has left."""
        return self.ahead_s + self.airtime_s


NO_LOAD = Load()


def late(load: Load, left_s: float, expires_s: float = math.inf) -> str:
    """Why it cannot be relied on: it may not arrive before the content expires in `expires_s` seconds, nor be confirmed by a deadline in
    `left_s`; empty if it can."""
    if load.before_s + load.latency_q50_s > expires_s:
        return _sentence(load, load.latency_q50_s, f"the content expires in {_s(expires_s)}")
    if load.before_s + load.latency_q95_s > left_s:
        return _sentence(load, load.latency_q95_s, f"the deadline is in {_s(left_s)}")
    return ""


def _sentence(load: Load, way_s: float, limit: str) -> str:
    parts = f"{_s(load.ahead_s)} of others first, {_s(load.airtime_s)} on the air, {_s(way_s)} on the way"
    return f"it would take {_s(load.before_s + way_s)} ({parts}), and {limit}"


def _s(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
