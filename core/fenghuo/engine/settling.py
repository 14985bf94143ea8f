"""What came from a channel → the next state of the delivery: an outcome, a receipt, a doubt. Pure.

Source: delivery.md, States of a delivery; Failures have a scope.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from fenghuo.engine.last_attempt import held_by, in_doubt, is_last
from fenghuo.model.delivery import Delivery, DeliveryState, Hold, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import ChannelView

__all__ = ["QUERY_S", "doubted", "receipted", "retry_wait_s", "settle"]

DOUBT_GRACE_S = 2.0
"""How long a doubt waits before a marked copy: a provider that comes back reports first what it had (seen with SMSCs on bind)."""
QUERY_S = 20.0
"""How long a channel that can be queried has for its answer; after that a doubt is as one of an opaque channel (delivery.md)."""
MAX_FAILURES = 6
"""Attempts that may fail for the recipient's or the message's sake before the way is given up."""
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0


def settle(
    delivery: Delivery, outcome: Outcome, *, needed: Evidence, now: float, view: ChannelView | None, jitter: float = 0.5
) -> Delivery:
    """A delivery after the outcome of its emission. `jitter`: 0..1, drawn by the caller."""
    replace = msgspec.structs.replace
    match outcome:
        case Reached(level=level):
            evidence = max(delivery.evidence, level)
            if evidence >= needed:
                return replace(delivery, state=DeliveryState.MET, evidence=evidence, reason="", until=None)
            wait_s = view.latency_q95_s if view else 30.0
            return replace(delivery, state=DeliveryState.AWAITING, evidence=evidence, reason="", until=now + wait_s)
        case Transient(scope=Scope.CHANNEL, retry_after_s=after_s):
            wait_s = after_s if after_s is not None else retry_wait_s(1, jitter)
            return replace(delivery, state=DeliveryState.HELD, reason=held_by(delivery), until=None, not_before=now + wait_s)
        case Transient(scope=scope, code=code, retry_after_s=after_s):
            failures = delivery.failures + 1
            if failures >= MAX_FAILURES:
                return replace(delivery, state=DeliveryState.FAILED, reason=f"{scope} {code}", failures=failures)
            wait_s = after_s if after_s is not None else retry_wait_s(failures, jitter)
            state, reason = (DeliveryState.HELD, Hold.SPENT) if is_last(delivery) else (DeliveryState.READY, code)
            return replace(delivery, state=state, reason=reason, failures=failures, not_before=now + wait_s)
        case Permanent(scope=scope, code=code):
            return replace(delivery, state=DeliveryState.FAILED, reason=f"{scope} {code}", until=None)
        case Unknown(cause=cause):
            return doubted(delivery, cause, now=now, view=view, jitter=jitter)
        case _:
            assert_never(outcome)


def doubted(delivery: Delivery, cause: str, *, now: float, view: ChannelView | None, jitter: float = 0.5) -> Delivery:
    """A delivery of which nobody knows whether it left, with the time by which that must be resolved. `jitter`: 0..1."""
    grace_s = _grace_s(delivery, view, jitter)
    window_s = max(view.latency_q95_s if view else 30.0, 2 * max(grace_s, DOUBT_GRACE_S))
    state, reason = DeliveryState.IN_DOUBT, in_doubt(delivery, cause)
    return msgspec.structs.replace(delivery, state=state, reason=reason, until=now + window_s, not_before=now + grace_s)


def _grace_s(delivery: Delivery, view: ChannelView | None, jitter: float) -> float:
    """How long a doubt waits for word from the far end before anything is done about it. What does no harm twice goes again at once, and
    then ever more slowly: a black hole takes everything, as often as it is asked."""
    match view.doubt if view is not None else "opaque":
        case "idempotent":
            doubts = max(1, delivery.tries - delivery.failures)
            return retry_wait_s(doubts - 1, jitter) if doubts > 1 else 0.0
        case "queryable":
            return QUERY_S
        case "actuator" if view is not None and view.refire_after_s is not None:
            return max(QUERY_S, view.refire_after_s)
        case _:
            return DOUBT_GRACE_S


def receipted(delivery: Delivery, *, level: Evidence | None, failure: Outcome | None, needed: Evidence) -> Delivery:
    """A delivery after a receipt: evidence only rises (I3); a terminal state is never left; a refusal by the far end ends an open one."""
    replace = msgspec.structs.replace
    evidence = max(delivery.evidence, level if level is not None else Evidence.STORED)
    waiting = delivery.state in (DeliveryState.AWAITING, DeliveryState.IN_DOUBT)
    if waiting and evidence >= needed:
        return replace(delivery, evidence=evidence, state=DeliveryState.MET, reason="", until=None)
    if waiting and isinstance(failure, Permanent):
        return replace(delivery, evidence=evidence, state=DeliveryState.FAILED, reason=f"{failure.scope} {failure.code}", until=None)
    return replace(delivery, evidence=evidence)


def retry_wait_s(failures: int, jitter: float) -> float:
    """Seconds before the next try: doubled each time, up to five minutes, with jitter 0..1 spreading it over the upper half."""
    longest: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (failures - 1))
    return longest * (0.5 + 0.5 * jitter)
