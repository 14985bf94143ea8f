"""Who was shown what waits for a signature, and until when that counts as having seen it. In memory: after a restart one looks again.

Source: security.md §3, rules 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fenghuo.model.message import MessageId

__all__ = ["LASTS_S", "Reviews", "Seen"]

LASTS_S = 120.0
"""How long what was shown may be signed: longer, and one signs what one remembers."""


class Seen(msgspec.Struct, frozen=True):
    """What was shown to somebody. `viewer`: the session, or the token by its name; `envelope`: in hex."""

    viewer: str
    message: MessageId
    revision: int
    envelope: str


class Reviews:
    """Remembers. `now`: monotonic seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until: dict[Seen, float] = {}

    def show(self, seen: Seen) -> float:
        """Somebody is shown it at this moment; seconds for which that counts."""
        now = self._now()
        self._until = {one: until for one, until in self._until.items() if until > now}
        self._until[seen] = now + LASTS_S
        return LASTS_S

    def has(self, seen: Seen) -> bool:
        """Whether it was shown, not too long ago."""
        return self._until.get(seen, 0.0) > self._now()
