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

from fenghuo.model.delivery import Outcome
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health

__all__ = ["STEADY_S", "ChannelHealth", "Sign", "admitted", "average", "gap_s", "is_tried", "observed", "shown_at", "shown_by", "steady_at"]

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
    SPOKE = "far end spoke"
    HEARD = "heard something"
    ANSWERED = "probe answered"
    FAILED = "channel-scope failure"
    TIMED_OUT = "no answer in time"
    UNANSWERED = "probe without an answer"
    STRAINED = "carries, and may not for long"
    SILENT = "silent for too long"
    TRIAL = "it cannot be asked: tried again"
    REPORTED = "reported out by somebody else"
    CLEARED = "no longer reported out"


FAILURE_WEIGHT = {Sign.FAILED: 1.0, Sign.TIMED_OUT: 0.5, Sign.UNANSWERED: 1.0}
"""A probe asks the far end itself, so that its silence is about nobody else and weighs as a failure."""
WEIGHTS = {
    Sign.RECEIPT: 2.0,
    Sign.SENT: 1.0,
    Sign.SPOKE: 0.5,
    Sign.HEARD: 0.5,
    Sign.ANSWERED: 0.5,
    Sign.FAILED: -1.0,
    Sign.UNANSWERED: -1.0,
    Sign.TIMED_OUT: -0.5,
    Sign.STRAINED: -0.5,
}
"""What each sign adds to the average. Source: failover.md, Health of a channel."""
TAU_S = 60.0
"""Time constant of the average: at least a minute, and five times the gap that is expected between two signs."""
GAPS = 5.0
VOUCHING = (Sign.RECEIPT, Sign.HEARD)
"""What speaks for a channel that cannot speak for itself: somebody could notice it. That its far end speaks at all shows no such thing."""


FORGIVEN = "it cannot be asked, and the suspicion is old"
UNHEARD = "it is up, and nothing has spoken for it yet"
"""Why a channel that cannot speak for itself is UNKNOWN."""


class ChannelHealth(msgspec.Struct, frozen=True):
    """State with its memory. `since`: UTC seconds; `stage`: index of PROBATION_SHARES; `stage_at`: when it began; `stable_s`: least
    seconds a stage lasts; `weight` and `who`: failures since the last success, `worked_at`, and on which recipients; `left_at`: when it
    last went DOWN, UTC seconds, and `back_at` when it began to come back; `is_mute`: nothing that it says of an emission shows that
    anybody could notice it, `is_vouched`: a monitor has spoken for it since it came up; `is_silent`: DOWN because nothing was heard of
    it; `is_gone`: DOWN because its device or session is; `is_reported`: SUSPECT by somebody else's word (outages.py); `sum`, `mass`,
    `weighed_at`: of the time-decayed average of the signs since its state of before; `gap_s`: expected between two signs, 0 where nobody
    knows."""

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
    back_at: float = -math.inf
    is_mute: bool = False
    is_vouched: bool = False
    is_silent: bool = False
    is_gone: bool = False
    is_reported: bool = False
    sum: float = 0.0
    mass: float = 0.0
    weighed_at: float = 0.0
    gap_s: float = 0.0

    @property
    def is_started(self) -> bool:
        """Whether its device or session ever came up: UNKNOWN is then a verdict, and no lack of one."""
        return self.since > 0.0


def observed(
    health: ChannelHealth, sign: Sign, now: float, *, recipient: str = "", reason: str = "", began_at: float = math.inf
) -> ChannelHealth:
    """The health after one more piece of evidence. `began_at`: UTC seconds, when the emission or the probe began that it is about, or, of
    a receipt, when the far end had it; what began before the channel went DOWN never closes the breaker."""
    is_excused = sign is Sign.TIMED_OUT and health.worked_at > began_at
    health = health if is_excused else _weighed(health, sign, now)
    match sign:
        case Sign.LOCAL_DOWN | Sign.SILENT:
            return _gone(health, sign, now, reason or sign.value)
        case _ if _brings_back(health, sign):
            return health if began_at < health.since else _up_again(health, now, sign)
        case Sign.TIMED_OUT if is_excused:
            return health
        case Sign.TRIAL:
            return _forgiven(health, now)
        case Sign.REPORTED | Sign.CLEARED:
            return _reported(health, sign, now, reason or sign.value)
        case Sign.STRAINED:
            return _strained(health, now, reason or sign.value)
        case Sign.FAILED | Sign.TIMED_OUT | Sign.UNANSWERED:
            return _failed(health, sign, now, recipient=recipient, reason=reason or sign.value)
        case _:
            return _worked(health, now, is_vouched=sign in VOUCHING)


def shown_by(level: Evidence | None, failure: Outcome | None) -> Sign:
    """What a report of the far end shows of its channel. One that it was not played or not delivered is about its recipient, and one that
    a gateway has it about the gateway: either says no more than that the far end speaks."""
    return Sign.RECEIPT if failure is None and level is not None and level >= Evidence.AIRED else Sign.SPOKE


def shown_at(level: Evidence | None, failure: Outcome | None, at: float) -> float:
    """When its channel was as a report shows it, UTC seconds, of one that came `at`; minus infinity where that may be long ago. A far end
    speaks as it is now, and a device or a person has a thing now; that it was aired may be said of an emission of before an outage."""
    is_now = shown_by(level, failure) is Sign.SPOKE or (level is not None and level >= Evidence.DEVICE)
    return at if is_now else -math.inf


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


def average(health: ChannelHealth) -> float:
    """The time-decayed average of its signs, from -1 (all failed) to 2 (all receipts); 0 where there were none. Old signs fade:
    of a channel that was quiet for long the next one is all that counts."""
    return health.sum / health.mass if health.mass > 0.0 else 0.0


def _weighed(health: ChannelHealth, sign: Sign, now: float) -> ChannelHealth:
    """One more sign in the average; what comes while it is DOWN is about a channel that is no more."""
    weight = WEIGHTS.get(sign)
    if weight is None or health.state is Health.DOWN:
        return health
    tau_s = max(TAU_S, GAPS * health.gap_s)
    kept = math.exp(-max(0.0, now - health.weighed_at) / tau_s)
    return msgspec.structs.replace(health, sum=health.sum * kept + weight, mass=health.mass * kept + 1.0, weighed_at=now)


def steady_at(health: ChannelHealth) -> float:
    """From when on (UTC seconds) a channel that is back may be a first choice again."""
    return health.left_at + STEADY_S if health.state is not Health.DOWN else -math.inf


def _fresh(health: ChannelHealth, now: float, state: Health, reason: str) -> ChannelHealth:
    """A new state, with what lasts of the old one."""
    return ChannelHealth(
        state=state,
        since=now,
        reason=reason,
        stable_s=health.stable_s,
        was_down=health.was_down,
        left_at=health.left_at,
        back_at=health.back_at,
        is_mute=health.is_mute,
        gap_s=health.gap_s,
    )


def _working(health: ChannelHealth) -> Health:
    """What a channel is of which nothing bad is known: UP, or UNKNOWN while nobody has spoken for one that is mute."""
    return Health.UNKNOWN if health.is_mute and not health.is_vouched else Health.UP


def _brings_back(health: ChannelHealth, sign: Sign) -> bool:
    """Whether a sign is about being there at all: it opens a trial where the channel was down. A device that is gone tells by itself when
    it is back, and one that is heard at a steady pace is heard then."""
    match sign:
        case Sign.LOCAL_UP:
            return True
        case Sign.ANSWERED:
            return health.state is Health.DOWN
        case Sign.HEARD | Sign.SPOKE:
            return health.is_silent
        case Sign.RECEIPT:
            return health.state is Health.DOWN and not health.is_gone
        case Sign.TRIAL:
            return is_tried(health)
        case _:
            return False


def is_tried(health: ChannelHealth) -> bool:
    """Whether it is down by its emissions alone: where nobody can be asked, only another emission shows whether it is back."""
    return health.state is Health.DOWN and not (health.is_gone or health.is_silent)


def _gone(health: ChannelHealth, sign: Sign, now: float, reason: str) -> ChannelHealth:
    """Down at once. A device that goes while the channel is down already is gone all the same: then no trial is due."""
    is_gone = sign is Sign.LOCAL_DOWN
    down = _down(health, now, reason)
    return msgspec.structs.replace(down, is_gone=down.is_gone or is_gone, is_silent=down.is_silent or not is_gone)


def _down(health: ChannelHealth, now: float, reason: str) -> ChannelHealth:
    if health.state is Health.DOWN:
        return health
    never_came_up = not health.is_started and health.state in (Health.UNKNOWN, Health.DOWN)
    left_at = health.left_at if never_came_up else now  # such a one was left by nobody
    return msgspec.structs.replace(_fresh(health, now, Health.DOWN, reason), was_down=True, left_at=left_at)


def _up_again(health: ChannelHealth, now: float, sign: Sign) -> ChannelHealth:
    """The first start is simply UP; a return from DOWN begins its probation."""
    if health.was_down and health.state is Health.DOWN:
        return msgspec.structs.replace(_fresh(health, now, Health.PROBATION, sign.value), stage_at=now, back_at=now)
    if health.state is Health.UNKNOWN and not health.is_started:
        return _fresh(health, now, _working(health), UNHEARD if health.is_mute else Sign.LOCAL_UP.value)
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


def _strained(health: ChannelHealth, now: float, reason: str) -> ChannelHealth:
    """A way that is well goes first. It is no failure, and takes no channel down, however often it is said."""
    if health.state is Health.DOWN:
        return health
    if health.state is Health.PROBATION:
        return msgspec.structs.replace(health, successes=0)
    since = health.since if health.state is Health.SUSPECT else now
    return msgspec.structs.replace(health, state=Health.SUSPECT, since=since, reason=reason, successes=0)


def _reported(health: ChannelHealth, sign: Sign, now: float, reason: str) -> ChannelHealth:
    """Somebody else's word demotes and does no more: it is no failure, and it is its own word that takes it back. What it did on its own
    account counts on, and a channel that is down, on trial, or that never came up is left as it is."""
    if sign is Sign.CLEARED and health.is_reported:
        cleared = msgspec.structs.replace(health, is_reported=False, reason=reason)
        return cleared if health.weight else msgspec.structs.replace(cleared, state=_working(health), since=now)
    if sign is Sign.CLEARED or health.state in (Health.DOWN, Health.PROBATION) or not health.is_started:
        return health
    since = health.since if health.state is Health.SUSPECT else now
    return msgspec.structs.replace(health, state=Health.SUSPECT, since=since, reason=reason, successes=0, is_reported=True)


def _forgiven(health: ChannelHealth, now: float) -> ChannelHealth:
    """A suspicion that is old, and that no traffic would clear where there is another way, is no reason any more; the failures count on,
    so that of a channel that is dead the next ones take it down. Whatever has turned meanwhile is left as it is."""
    if health.state is not Health.SUSPECT or health.is_reported:
        return health
    return msgspec.structs.replace(health, state=_working(health), since=now, reason=FORGIVEN)


def _worked(health: ChannelHealth, now: float, *, is_vouched: bool) -> ChannelHealth:
    if health.state is Health.DOWN:  # the result of an attempt begun before DOWN never closes the breaker
        return health
    if is_vouched and not health.is_vouched:
        health = msgspec.structs.replace(health, is_vouched=True)
    if health.state is Health.PROBATION:
        return _one_more(health, now)
    if health.state is Health.SUSPECT and (health.is_reported or average(health) <= 0.0):  # one in three tries is no channel to prefer
        return msgspec.structs.replace(health, weight=0.0, who=(), successes=0, worked_at=now)
    state = _working(health)
    if health.state is state and not health.weight:
        return msgspec.structs.replace(health, worked_at=now)
    since, reason = health.since if health.state is state else now, "works" if state is Health.UP else UNHEARD
    return msgspec.structs.replace(health, state=state, since=since, reason=reason, weight=0.0, who=(), successes=0, worked_at=now)


def _one_more(health: ChannelHealth, now: float) -> ChannelHealth:
    """Three successes and `stable_s` seconds lead from one stage of probation to the next, and out of the last one."""
    successes = health.successes + 1
    if successes < SUCCESSES_A_STAGE or now - health.stage_at < health.stable_s:
        return msgspec.structs.replace(health, successes=successes, worked_at=now)
    if health.stage + 1 < len(PROBATION_SHARES):
        return msgspec.structs.replace(health, stage=health.stage + 1, stage_at=now, successes=0, worked_at=now)
    passed = _fresh(health, now, _working(health), "probation passed")
    return msgspec.structs.replace(passed, worked_at=now, was_down=False, is_vouched=health.is_vouched)
