"""What came from a channel → the next state of the delivery: an outcome, a receipt, a doubt. Pure.

Source: delivery.md, States of a delivery; Failures have a scope.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from fenghuo.engine.last_attempt import CUT_OFF, held_by, in_doubt, is_last
from fenghuo.model.delivery import Delivery, DeliveryState, Hold, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import ChannelView
from fenghuo.model.traffic import Priority

__all__ = [
    "CRASH",
    "DECLINED",
    "DOUBT_GRACE_S",
    "MAX_REFIRES",
    "QUERY_S",
    "Retry",
    "bounded",
    "doubted",
    "grace_s",
    "is_broken_off",
    "receipted",
    "retry_of",
    "retry_wait_s",
    "settle",
]

BROKEN_OFF = "broken off: "
"""What the reason of a doubt says of an emission of which a part has certainly not left."""
CRASH = "crash"
"""Cause of a doubt that a start makes of what it finds on the air."""
DECLINED = "declined"
"""Reason of a delivery that a person answered with a refusal: it is evidence, and meets nothing until the same person says otherwise."""
DOUBT_GRACE_S = 2.0
"""How long a doubt waits before a marked copy: a provider that comes back reports first what it had (seen with SMSCs on bind)."""
QUERY_S = 20.0
"""How long a channel that can be queried has for its answer; after that a doubt is as one of an opaque channel (delivery.md)."""
MAX_REFIRES = 3
"""Marked copies (重发) of one delivery or page, so that a link that flaps makes no endless chain of them. What a crash of ours cut off
of an order to one person may be said again for each crash (delivery.md): it may be cut off four times before a byte of it has left."""
MAX_FAILURES = 6
"""Attempts that may fail for the recipient's or the message's sake before the way is given up."""
OUTLASTS = (Scope.CHANNEL, Scope.WAY)
"""What a failure may be about that lasts longer than any number of attempts, and of which no attempt is the message's."""
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0
MOST_STRIKES = 4
"""A channel's own failures stretch a wait to 16 s and no further: its health keeps emissions away, and one that is back is used soon. Of
one recipient alone health believes no failure, and these waits are all that keeps an order from going every second until it expires."""


class Retry(msgspec.Struct, frozen=True):
    """What a transient failure costs. `failures`: for the recipient's or the message's sake so far; `wait_s`: seconds before the next
    try, None when the way is given up."""

    failures: int
    wait_s: float | None


def bounded(outcome: Outcome, most: Evidence) -> Outcome:
    """An outcome that claims no more than `most`."""
    return msgspec.structs.replace(outcome, level=most) if isinstance(outcome, Reached) and outcome.level > most else outcome


def settle(
    delivery: Delivery, outcome: Outcome, *, needed: Evidence, now: float, view: ChannelView | None, jitter: float = 0.5
) -> Delivery:
    """A delivery after the outcome of its emission. `jitter`: 0..1, drawn by the caller."""
    replace = msgspec.structs.replace
    if delivery.reason == DECLINED:
        level = outcome.level if isinstance(outcome, Reached) else Evidence.STORED
        return replace(delivery, state=DeliveryState.AWAITING, evidence=max(delivery.evidence, level))
    match outcome:
        case Reached(level=level):
            evidence = max(delivery.evidence, level)
            if evidence >= needed:
                return replace(delivery, state=DeliveryState.MET, evidence=evidence, reason="", until=None)
            wait_s = view.latency_q95_s if view else 30.0
            return replace(delivery, state=DeliveryState.AWAITING, evidence=evidence, reason="", until=now + wait_s)
        case Transient():
            return _failed(delivery, outcome, now=now, jitter=jitter)
        case Permanent(scope=scope, code=code):
            return replace(delivery, state=DeliveryState.FAILED, reason=f"{scope} {code}", until=None)
        case Unknown(cause=cause, is_short=True):
            return _broken_off(doubted(delivery, f"{BROKEN_OFF}{cause}", now=now, view=view, jitter=jitter), now=now, jitter=jitter)
        case Unknown(cause=cause):
            return doubted(delivery, cause, now=now, view=view, jitter=jitter)
        case _:
            assert_never(outcome)


def _broken_off(delivery: Delivery, *, now: float, jitter: float) -> Delivery:
    """The far end refused a part, or was lost before one: the whole goes again, each time after a longer wait."""
    if delivery.until is None:
        return delivery
    wait_s = max(DOUBT_GRACE_S, retry_wait_s(delivery.refires + 1, jitter))
    not_before = max(delivery.not_before, now + wait_s)
    return msgspec.structs.replace(delivery, not_before=not_before, until=max(delivery.until, not_before + wait_s))


def is_broken_off(delivery: Delivery) -> bool:
    """Whether nobody can have the whole of what is in doubt."""
    return BROKEN_OFF in delivery.reason


def _failed(delivery: Delivery, outcome: Transient, *, now: float, jitter: float) -> Delivery:
    replace, scope = msgspec.structs.replace, outcome.scope
    retry = retry_of(outcome, delivery.failures, strikes=delivery.tries - delivery.failures, jitter=jitter)
    if retry.wait_s is None:
        return replace(delivery, state=DeliveryState.FAILED, reason=f"{scope} {outcome.code}", failures=retry.failures)
    not_before = now + retry.wait_s
    if scope in OUTLASTS:
        is_way = scope is Scope.WAY and delivery.priority is Priority.P0 and not is_last(delivery)
        held = Hold.WAY if is_way else held_by(delivery)
        return replace(delivery, state=DeliveryState.HELD, reason=held, until=None, not_before=not_before)
    is_over = is_last(delivery) or delivery.reason == CUT_OFF
    state, reason = (DeliveryState.HELD, held_by(delivery)) if is_over else (DeliveryState.READY, outcome.code)
    return replace(delivery, state=state, reason=reason, failures=retry.failures, not_before=not_before)


def retry_of(outcome: Transient, failures: int, *, strikes: int = 1, jitter: float) -> Retry:
    """What a transient failure costs by its scope, for one recipient or a page of them: a dead link costs the link, never the message's
    attempts. `strikes`: how often the channel failed in a row, where that is known; `jitter`: 0..1."""
    after_s = outcome.retry_after_s
    if outcome.scope in OUTLASTS:
        return Retry(failures, after_s if after_s is not None else retry_wait_s(min(max(1, strikes), MOST_STRIKES), jitter))
    if failures + 1 >= MAX_FAILURES:
        return Retry(failures + 1, None)
    return Retry(failures + 1, after_s if after_s is not None else retry_wait_s(failures + 1, jitter))


def doubted(delivery: Delivery, cause: str, *, now: float, view: ChannelView | None, jitter: float = 0.5) -> Delivery:
    """A delivery of which nobody knows whether it left, with the time by which that must be resolved. `jitter`: 0..1."""
    if delivery.reason == DECLINED:
        return msgspec.structs.replace(delivery, state=DeliveryState.AWAITING)
    patience_s = grace_s(view, delivery.tries - delivery.failures, jitter=jitter)
    window_s = max(view.latency_q95_s if view else 30.0, 2 * max(patience_s, DOUBT_GRACE_S))
    state, reason = DeliveryState.IN_DOUBT, in_doubt(delivery, cause)
    return msgspec.structs.replace(delivery, state=state, reason=reason, until=now + window_s, not_before=now + patience_s)


def grace_s(view: ChannelView | None, doubts: int, *, jitter: float) -> float:
    """How long the `doubts`-th doubt waits for word from the far end before anything is done about it. What does no harm twice goes again
    at once, and then ever more slowly: a black hole takes everything, as often as it is asked."""
    match view.doubt if view is not None else "opaque":
        case "idempotent":
            return retry_wait_s(doubts - 1, jitter) if doubts > 1 else 0.0
        case "queryable":
            return QUERY_S
        case "actuator" if view is not None and view.refire_after_s is not None:
            return max(QUERY_S, view.refire_after_s)
        case _:
            return DOUBT_GRACE_S


def receipted(delivery: Delivery, *, level: Evidence | None, failure: Outcome | None, needed: Evidence, declined: bool = False) -> Delivery:
    """A delivery after a receipt: evidence only rises (I3); a terminal state is never left; a refusal by the far end ends an open one.
    `declined`: a person has it and will not, or cannot; what a machine says of it afterwards changes nothing."""
    replace = msgspec.structs.replace
    evidence = max(delivery.evidence, level if level is not None else Evidence.STORED)
    if declined:
        return _declined(replace(delivery, evidence=evidence))
    if delivery.reason == DECLINED:
        if level is None or level < Evidence.HUMAN:
            return replace(delivery, evidence=evidence)
        delivery = replace(delivery, reason="")
    waiting = delivery.state in (DeliveryState.AWAITING, DeliveryState.IN_DOUBT)
    if waiting and evidence >= needed:
        return replace(delivery, evidence=evidence, state=DeliveryState.MET, reason="", until=None)
    if waiting and isinstance(failure, Permanent):
        return replace(delivery, evidence=evidence, state=DeliveryState.FAILED, reason=f"{failure.scope} {failure.code}", until=None)
    return replace(delivery, evidence=evidence)


def _declined(delivery: Delivery) -> Delivery:
    """Nothing more of it goes, and nothing is waited for; what is on the air comes to its outcome first, and an end stays one."""
    is_open = delivery.state in (DeliveryState.HELD, DeliveryState.READY, DeliveryState.AWAITING, DeliveryState.IN_DOUBT)
    state = DeliveryState.AWAITING if is_open else delivery.state
    return msgspec.structs.replace(delivery, state=state, reason=DECLINED, until=None)


def retry_wait_s(failures: int, jitter: float) -> float:
    """Seconds before the next try: doubled each time, up to five minutes, with jitter 0..1 spreading it over the upper half."""
    longest: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (failures - 1))
    return longest * (0.5 + 0.5 * jitter)
