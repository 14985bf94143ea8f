"""What an HTTP status says of an emission that was a request. Pure. Source: RFC 9110 §15, RFC 6585."""

from __future__ import annotations

import math

from fenghuo.model.delivery import Outcome, Permanent, Reached, Scope, Transient
from fenghuo.model.evidence import Evidence

__all__ = ["MESSAGE_FAULTS", "RETRY_AFTER_MAX_S", "status_outcome"]

RETRY_AFTER_MAX_S = 3600.0  # a far end that names a later time is asked again after an hour all the same

# The far end read the request and will not have this message, whoever it is for. Source: RFC 9110 §15.5, RFC 6585.
MESSAGE_FAULTS = frozenset({400, 405, 406, 409, 411, 413, 414, 415, 417, 422, 428, 431})
TRY_AGAIN = frozenset({408, 425, 429})


def status_outcome(status: int, *, retry_after: str, reached: Evidence, far_end: Scope) -> Outcome:
    """The outcome of an HTTP status. 2xx is taken at its word; a redirect is not followed, since it may lead anywhere. `far_end`: whom a
    refusal is about."""
    code = f"http-{status}"
    if 200 <= status < 300:
        return Reached(reached)
    if status in TRY_AGAIN or status >= 500:
        return Transient(far_end, code, _seconds(retry_after))
    if status in MESSAGE_FAULTS:
        return Permanent(Scope.MESSAGE, code)
    return Permanent(far_end, code)


def _seconds(retry_after: str) -> float | None:
    """Retry-After in seconds; the form with a date is left to our own back-off."""
    try:
        seconds = float(retry_after)
    except ValueError:
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_S) if math.isfinite(seconds) else None
