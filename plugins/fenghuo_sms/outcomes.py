"""What the centre's answers mean for a delivery: pure functions, tried cell by cell.

Source: delivery.md, Failures have a scope; SMPP 3.4 §5.1.3.
"""

from __future__ import annotations

import random
from typing import assert_never

from fenghuo import Evidence, LinkClosed, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.formats.modem_answers import broken_off
from fenghuo_adapters.smpp_line import BrokenOff, NotWritten, Submitted
from fenghuo_adapters.smpp_receipts import Report
from fenghuo_adapters.smpp_status import StatusClass, classify, status_name

__all__ = ["outcome_of", "outcome_of_failure", "receipt_failure", "retry_after"]

RETRY_FIRST_S = 2.0
RETRY_MOST_S = 60.0

# A channel that is full of its own faults is looked at again soon by health; this is only how long one delivery steps aside.
CHANNEL_RETRY_S = 5.0


def retry_after(n: int, rng: random.Random) -> float:
    """Seconds until the n-th refusal of a delivery is tried again: doubling from 2 to 60, with jitter, so that no crowd returns at once."""
    return min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(10, max(0, n - 1))) * rng.uniform(0.75, 1.25)


def outcome_of(submitted: Submitted, *, retry_after_s: float) -> Outcome:
    """The outcome of a text that was answered. Parts of it taken and the rest refused is neither sent nor unsent: Unknown."""
    ids = tuple(ref for ref in submitted.ids if ref)
    if submitted.is_complete:
        return Reached(Evidence.ACCEPTED, ids if len(ids) == submitted.parts else ())
    code = status_name(submitted.status)
    if submitted.ids:
        return broken_off(code, ids, taken=len(submitted.ids), parts=submitted.parts, may_have_left=False)
    kind = classify(submitted.status)
    match kind:
        case StatusClass.LATER | StatusClass.REFUSED:
            return Transient(Scope.MESSAGE, code, retry_after_s)
        case StatusClass.RECIPIENT:
            return Permanent(Scope.RECIPIENT, code)
        case StatusClass.MESSAGE:
            return Permanent(Scope.MESSAGE, code)
        case StatusClass.CHANNEL:
            return Transient(Scope.CHANNEL, code, CHANNEL_RETRY_S)
        case StatusClass.OK:
            return Unknown("answered without an id for every part")
        case _:
            assert_never(kind)


def outcome_of_failure(failure: LinkError) -> Outcome:
    """The outcome of a text that was not answered: certainly unsent only if nothing was written."""
    match failure:
        case BrokenOff(cause=cause, submitted=submitted):
            said, ids = outcome_of_failure(cause), tuple(ref for ref in submitted.ids if ref)
            why = said.cause if isinstance(said, Unknown) else "link-lost"
            return broken_off(why, ids, taken=len(submitted.ids), parts=submitted.parts, may_have_left=failure.may_have_left)
        case NotWritten():
            return Transient(Scope.CHANNEL, "not-bound")
        case LinkTimeout():
            return Unknown("no-response")
        case LinkClosed():
            return Unknown("closed")
        case _:
            return Unknown("link-lost")


def receipt_failure(report: Report) -> Permanent | None:
    """Why the end did not get it, if the report says so: `undeliv:005`."""
    if not report.is_failed:
        return None
    code = report.state.lower()
    return Permanent(Scope.RECIPIENT, f"{code}:{report.error}" if report.error else code)
