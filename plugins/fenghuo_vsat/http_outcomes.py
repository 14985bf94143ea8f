"""What an answer, or the lack of one, says about an emission over the satellite: pure tables, no I/O.

Scope: a connection that nobody answers is about the path; one that is refused, or an answer, has crossed it, and is about that far end.
"""

from __future__ import annotations

import math

from fenghuo import Evidence, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient

__all__ = ["doubt", "not_connected", "status_outcome"]

RETRY_AFTER_MAX_S = 3600.0

# The far end read the request and will not have this message, whoever it is for. Source: RFC 9110 §15.5, RFC 6585.
MESSAGE_FAULTS = frozenset({400, 405, 406, 409, 411, 413, 414, 415, 417, 422, 428, 431})
TRY_AGAIN = frozenset({408, 425, 429})


def status_outcome(status: int, *, retry_after: str, reached: Evidence, far_end: Scope) -> Outcome:
    """The outcome of an HTTP status; a redirect is not followed. `far_end`: whom a refusal is about."""
    code = f"http-{status}"
    if 200 <= status < 300:
        return Reached(reached)
    if status in TRY_AGAIN or status >= 500:
        return Transient(far_end, code, _seconds(retry_after))
    if status in MESSAGE_FAULTS:
        return Permanent(Scope.MESSAGE, code)
    return Permanent(far_end, code)


def not_connected(failure: LinkError, *, was_refused: bool, far_end: Scope) -> Transient:
    """No connection was made: no octet of the message has left."""
    if was_refused:
        return Transient(far_end, "connection-refused")
    return Transient(Scope.CHANNEL, "connect-timeout" if isinstance(failure, LinkTimeout) else "no-path")


def doubt(failure: LinkError) -> str:
    """The cause of an Unknown: the request was under way."""
    return "timeout" if isinstance(failure, LinkTimeout) else "connection-lost"


def _seconds(retry_after: str) -> float | None:
    """Retry-After in seconds; the form with a date is left to the core's own back-off."""
    try:
        seconds = float(retry_after)
    except ValueError:
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_S) if math.isfinite(seconds) else None
