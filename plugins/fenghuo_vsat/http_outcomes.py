"""What the lack of an answer says about an emission over the satellite: pure, no I/O.

Scope: a connection that nobody answers is about the path; one that is refused, or an answer, has crossed it, and is about that far end.
"""

from __future__ import annotations

from fenghuo import LinkError, LinkTimeout, Scope, Transient

__all__ = ["doubt", "not_connected"]


def not_connected(failure: LinkError, *, was_refused: bool, far_end: Scope) -> Transient:
    """No connection was made: no octet of the message has left."""
    if was_refused:
        return Transient(far_end, "connection-refused")
    return Transient(Scope.CHANNEL, "connect-timeout" if isinstance(failure, LinkTimeout) else "no-path")


def doubt(failure: LinkError) -> str:
    """The cause of an Unknown: the request was under way."""
    return "timeout" if isinstance(failure, LinkTimeout) else "connection-lost"
