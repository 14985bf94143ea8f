"""What a connection that was not made says about an emission: a pure table, no I/O.

Scope: with one fixed url the far end is the channel itself; with an url for each recipient it is only that recipient, so that
one dead server never takes the channel from the others.
"""

from __future__ import annotations

import errno

from fenghuo import Scope, Transient

__all__ = ["connect_outcome"]

# This machine has no way out: nobody can be reached, whatever the address.
NO_WAY_OUT = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE})


def connect_outcome(number: int | None, *, far_end: Scope) -> Transient:
    """The outcome of a connection that was not made: no byte of the message has left. `number`: errno, if there is one."""
    return Transient(Scope.CHANNEL if number in NO_WAY_OUT else far_end, "connect")
