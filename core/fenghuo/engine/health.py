"""Operational health of a channel instance from evidence: fast out, slow back. Pure.

Silence is evidence against a channel only where the channel said nothing else meanwhile: an emission without an answer, while other
emissions begun after it were answered, is about its recipient, and recipient-scope evidence weighs nothing (failover.md, Health of a
channel). One telephone in a hundred that never answers would else make SUSPECT of a healthy centre several times a second. An end
receipt that never comes is no sign at all: its emission was answered, and send ok (+1) outweighs a timeout (-0.5).
"""

from __future__ import annotations

import math
from enum import Enum

import msgspec

from fenghuo.model.situation import Health

__all__ = ["STEADY_S", "ChannelHealth", "Sign", "admitted", "gap_s", "observed", "steady_at"]

PROBATION_SHARES = (0.1, 0.5, 1.0)
PROBATION_GAPS_S = (0.1, 0.02, 0.0)
SUCCESSES_A_STAGE = 3
# Failure weight that takes a channel down, seen on at least two recipients (failover.md, Health of a channel).
DOWN_WEIGHT = 2.0
STEADY_S = 120.0
"""How long after it was left a channel that is back is nobody's first choice: one that flaps costs each destination one switch in so
long, and not one a flap (failover.md, Health of a channel). An outage longer than this has been left long enough when it ends."""


class Sign(Enum):
    """One piece of evidence about a channel; its value is the weight it adds to failure."""

    LOCAL_UP = "device or session came up"
    LOCAL_DOWN = "device or session gone"
    RECEIPT = "end receipt"
    SENT = "send ok"
    HEARD = "heard something"
    FAILED = "channel-scope failure"
    TIMED_OUT = "no answer in time"


FAILURE_WEIGHT = {Sign.FAILED: 1.0, Sign.TIMED_OUT: 0.5}


class ChannelHealth(msgspec.Struct, frozen=True):
    """State with its memory. `since`: UTC seconds; `stage`: index of PROBATION_SHARES; `stage_at`: when it began; `stable_s`: least
    seconds a stage lasts; `weight` and `who`: failures since the last success, `worked_at`, and on which recipients; `left_at`: when it
    last went DOWN, UTC seconds."""

    state: Health = Health.UNKNOWN
    since: float = 0.0
    reason: str = "not started"
    weight: float = 0.0
    who: tuple[str, ...] = ()
    stage: int = 0
    stage_at: float = 0.0
    successes: int = 0
    stable_s: float = 10.0
    was_down: bool = False
    worked_at: float = 0.0
    left_at: float = -math.inf


def observed(
    health: ChannelHealth, sign: Sign, now: float, *, recipient: str = "", reason: str = "", began_at: float = math.inf
) -> ChannelHealth:
    """The health after one more piece of evidence. `began_at`: UTC seconds, when the emission began that had no answer."""
    match sign:
        case Sign.LOCAL_DOWN:
            return _down(health, now, reason or sign.value)
        case Sign.LOCAL_UP:
            return _up_again(health, now)
        case Sign.TIMED_OUT if health.worked_at > began_at:
            return health
        case Sign.FAILED | Sign.TIMED_OUT:
            return _failed(health, sign, now, recipient=recipient, reason=reason or sign.value)
        case Sign.SENT | Sign.RECEIPT | Sign.HEARD:
            return _worked(health, now)


def admitted(health: ChannelHealth, concurrency: int) -> int:
    """How many emissions may be in flight at once, so that a returning channel meets no stampede."""
    if health.state is Health.DOWN:
        return 0
    if health.state is Health.PROBATION:
        return max(1, int(concurrency * PROBATION_SHARES[health.stage]))
    return concurrency


def gap_s(health: ChannelHealth) -> float:
    """Least seconds between two emissions on a returning channel: 10, then 50 a second, then as many as it takes; and on one that is
    down, where only last attempts of P0 go, one after the other."""
    if health.state is Health.DOWN:
        return PROBATION_GAPS_S[0]
    return PROBATION_GAPS_S[health.stage] if health.state is Health.PROBATION else 0.0


def steady_at(health: ChannelHealth) -> float:
    """From when on (UTC seconds) a channel that is back may be a first choice again."""
    return health.left_at + STEADY_S if health.state is not Health.DOWN else -math.inf


def _down(health: ChannelHealth, now: float, reason: str) -> ChannelHealth:
    if health.state is Health.DOWN:
        return health
    return ChannelHealth(state=Health.DOWN, since=now, reason=reason, stable_s=health.stable_s, was_down=True, left_at=now)


def _up_again(health: ChannelHealth, now: float) -> ChannelHealth:
    """The first start is simply UP; a return from DOWN begins its probation."""
    fresh = ChannelHealth(
        since=now,
        reason=Sign.LOCAL_UP.value,
        stage_at=now,
        stable_s=health.stable_s,
        was_down=health.was_down,
        left_at=health.left_at,
    )
    if health.was_down and health.state is Health.DOWN:
        return msgspec.structs.replace(fresh, state=Health.PROBATION)
    if health.state is Health.UNKNOWN:
        return msgspec.structs.replace(fresh, state=Health.UP)
    return health


def _failed(health: ChannelHealth, sign: Sign, now: float, *, recipient: str, reason: str) -> ChannelHealth:
    if health.state is Health.DOWN:
        return health
    weight = health.weight + FAILURE_WEIGHT[sign]
    who = tuple(dict.fromkeys((*health.who, recipient)))[-8:]
    is_on_trial = health.state is Health.PROBATION
    if (is_on_trial and weight >= 1.0) or (weight >= DOWN_WEIGHT and len(who) >= 2):
        return _down(health, now, reason)
    if is_on_trial:
        return msgspec.structs.replace(health, weight=weight, who=who, successes=0)
    since = health.since if health.state is Health.SUSPECT else now
    return msgspec.structs.replace(health, state=Health.SUSPECT, since=since, reason=reason, weight=weight, who=who, successes=0)


def _worked(health: ChannelHealth, now: float) -> ChannelHealth:
    if health.state is Health.DOWN:  # the result of an attempt begun before DOWN never closes the breaker
        return health
    if health.state is Health.PROBATION:
        return _one_more(health, now)
    if health.state is Health.UP and not health.weight:
        return msgspec.structs.replace(health, worked_at=now)
    since = health.since if health.state is Health.UP else now
    return msgspec.structs.replace(health, state=Health.UP, since=since, reason="works", weight=0.0, who=(), successes=0, worked_at=now)


def _one_more(health: ChannelHealth, now: float) -> ChannelHealth:
    """Three successes and `stable_s` seconds lead from one stage of probation to the next, and out of the last one."""
    successes = health.successes + 1
    if successes < SUCCESSES_A_STAGE or now - health.stage_at < health.stable_s:
        return msgspec.structs.replace(health, successes=successes, worked_at=now)
    if health.stage + 1 < len(PROBATION_SHARES):
        return msgspec.structs.replace(health, stage=health.stage + 1, stage_at=now, successes=0, worked_at=now)
    passed = ChannelHealth(state=Health.UP, since=now, reason="probation passed", stable_s=health.stable_s, worked_at=now)
    return msgspec.structs.replace(passed, left_at=health.left_at)
