"""What an answer, or the lack of one, says about an emission: pure tables, no I/O.

Scope: with one fixed url the far end is the channel itself; with an url for each recipient it is only that recipient, so that
one dead server never takes the channel from the others.
"""

from __future__ import annotations

import errno
import math

from fenghuo import Evidence, Outcome, Permanent, Reached, Scope, Transient

__all__ = ["MESSAGE_FAULTS", "RETRY_AFTER_MAX_S", "connect_outcome", "status_outcome"]

RETRY_AFTER_MAX_S = 3600.0  # a far end that names a later time is asked again after an hour all the same

# The far end read the request and will not have this message, whoever it is for. Source: RFC 9110 §15.5, RFC 6585.
MESSAGE_FAULTS = frozenset({400, 405, 406, 409, 411, 413, 414, 415, 417, 422, 428, 431})
TRY_AGAIN = frozenset({408, 425, 429})

# This machine has no way out: nobody can be reached, whatever the address.
NO_WAY_OUT = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE})


def status_outcome(status: int, *, retry_after: str, reached: Evidence, far_end: Scope) -> Outcome:
    """The outcome of an HTTP status. 2xx is taken at its word; a redirect is not followed, since it may lead anywhere."""
    code = f"http-{status}"
    if 200 <= status < 300:
        return Reached(reached)
    if status in TRY_AGAIN or status >= 500:
        return Transient(far_end, code, _seconds(retry_after))
    if status in MESSAGE_FAULTS:
        return Permanent(Scope.MESSAGE, code)
    return Permanent(far_end, code)


def connect_outcome(number: int | None, *, far_end: Scope) -> Transient:
    """The outcome of a connection that was not made: no byte of the message has left. `number`: errno, if there is one."""
    return Transient(Scope.CHANNEL if number in NO_WAY_OUT else far_end, "connect")


def _seconds(retry_after: str) -> float | None:
    """Retry-After in seconds; the form with a date is left to our own back-off."""
    try:
        seconds = float(retry_after)
    except ValueError:
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_S) if math.isfinite(seconds) else None
