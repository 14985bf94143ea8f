"""Suspicion by silence, for channels that are heard at a steady pace: registrations, beacons, pings. Pure.

How improbable a gap is follows from the gaps before it, taken as normally distributed: phi = -log10 P(a gap as long as this one). The gap
of an outage is never learned, or each outage would make the next one harder to see; nor are single beats that were missed on the air.
Source: failover.md, Health of a channel; Hayashibara et al., The phi accrual failure detector (SRDS 2004), §4.
"""

from __future__ import annotations

import math
import statistics

import msgspec

__all__ = ["LOST_PHI", "Cadence", "heard", "late_at", "lost_at", "phi", "resumed"]

LOST_PHI = 8.0
"""One wrong alarm in a hundred million gaps, were they normal; the deviations below are what makes it so for real ones."""
LOST_Z = 5.612
"""How many standard deviations above the mean LOST_PHI is."""
LEAST_SHARE = 0.36
"""Least standard deviation, as a share of the mean: with it a channel is lost after three beats that did not come, and not after one
that met a collision on the air."""
LEARNED = 100
"""Gaps that are remembered: an hour and a half of beacons a minute."""
LATE_BEATS = 1.5
"""So long after a beat the next one is late by the declared pace: half a beat past its time."""
NEAR = 0.15
"""How near to a multiple of the declared pace, in beats, a gap is taken for beats that were missed on the air."""


class Cadence(msgspec.Struct, frozen=True):
    """`expected_s`: seconds between two beats as declared, until some were heard; `gaps`: the newest, seconds; `last_at`: of the newest
    beat, or of the start, UTC seconds."""

    expected_s: float
    gaps: tuple[float, ...] = ()
    last_at: float | None = None


def heard(cadence: Cadence, now: float) -> Cadence:
    """After one more beat; what ends an outage teaches nothing."""
    if cadence.last_at is None or now >= lost_at(cadence):
        return msgspec.structs.replace(cadence, last_at=now)
    gap_s = now - cadence.last_at
    return msgspec.structs.replace(cadence, gaps=(*cadence.gaps, gap_s / _beats(cadence, gap_s))[-LEARNED:], last_at=now)


def _beats(cadence: Cadence, gap_s: float) -> int:
    """How many beats lie in a gap: twice or three times the declared pace is beats that were missed, and no slower pace."""
    beats = gap_s / cadence.expected_s
    whole = round(beats)
    return whole if whole > 1 and abs(beats - whole) <= NEAR else 1


def resumed(cadence: Cadence, now: float | None) -> Cadence:
    """The channel came up at `now`, or is gone (None): silence counts from there, and the gap in between is not learned."""
    return msgspec.structs.replace(cadence, last_at=now)


def phi(cadence: Cadence, now: float) -> float:
    """How suspicious the silence since the last beat is; 0 before the first."""
    if cadence.last_at is None:
        return 0.0
    mean, deviation = _normal(cadence)
    tail = 0.5 * math.erfc((now - cadence.last_at - mean) / (deviation * math.sqrt(2.0)))
    return -math.log10(tail) if tail > 0.0 else math.inf


def late_at(cadence: Cadence) -> float:
    """When the next beat is late by the declared pace, UTC seconds, while too few were heard for phi to know better; else never. A fresh
    channel that dies is suspected then, and not only once phi is sure of a pace that it never saw."""
    if cadence.last_at is None or _is_learned(cadence):
        return math.inf
    return cadence.last_at + LATE_BEATS * cadence.expected_s


def lost_at(cadence: Cadence) -> float:
    """When the silence will be improbable enough, UTC seconds; never while nothing is expected."""
    if cadence.last_at is None:
        return math.inf
    mean, deviation = _normal(cadence)
    return cadence.last_at + mean + LOST_Z * deviation


def _normal(cadence: Cadence) -> tuple[float, float]:
    """Mean and standard deviation of the gaps, seconds; of two gaps nothing can be learned. A pace faster than the declared one is traffic
    between the beats: when it ends, the beats are still there."""
    is_learned = _is_learned(cadence)
    mean = max(cadence.expected_s, statistics.fmean(cadence.gaps)) if is_learned else cadence.expected_s
    deviation = statistics.pstdev(cadence.gaps, mean) if is_learned else 0.0
    return mean, max(deviation, LEAST_SHARE * mean)


def _is_learned(cadence: Cadence) -> bool:
    return len(cadence.gaps) > 2
