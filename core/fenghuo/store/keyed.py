"""A command with a key: the row that keeps it from being carried out twice is written in the transaction of the change that it makes.

Whoever submits a job while a command is under way submits it for that command, as with `acting`; the verb knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

import msgspec

from fenghuo.errors import Outdated
from fenghuo.model.audit import SYSTEM
from fenghuo.store.mapping import Scalar
from fenghuo.store.records import EventRow
from fenghuo.store.records_commands import CommandRow, CommandState
from fenghuo.store.tables import AUDIT, COMMAND
from fenghuo.store.transaction import Tx

__all__ = ["Keyed", "keyed", "sweep"]

T = TypeVar("T")

SWEPT_AT_ONCE = 8
"""Forgotten keys that one new one takes away: more than come, so that none stay, and few enough that nobody waits for it."""
KNOWN_BACK = 200_000
"""Events that may have been since a row was drawn; more are not searched while the writer waits, and the row is to be looked at again."""
LOOKED_BACK = 2_000
"""Newest records of the audit that are asked who changed a row; the loser of a race asks within seconds of it."""


class Keyed:
    """One command under way. `path`: what it acts on, as it was drawn at `if_rev` (None: it does not say); "" where
    the verb judges that itself. `is_over`: its verb has answered,
    and what is still at work in its name marks nothing any more."""

    def __init__(self, row: CommandRow, *, path: str = "", if_rev: int | None = None) -> None:
        self.row = row
        self.path = path
        self.if_rev = if_rev
        self.paths: dict[str, None] = {}
        self.has_changed = False
        self.is_over = False

    def marking(self, job: Callable[[Tx], T]) -> Callable[[Tx], T]:
        """The same job, which writes in its own transaction that the command has changed something, if it does. It raises Outdated, and
        does nothing, where the row that is acted on is not any more what was drawn."""
        if self.is_over:
            return job

        def run(tx: Tx) -> T:
            if not self.has_changed:
                self.check(tx)
            value = job(tx)
            if tx.has_written:
                self.has_changed = True
                self.paths.update(dict.fromkeys(event.subject for event in tx.events))
                answer = msgspec.json.encode(list(self.paths)).decode()
                tx.put(COMMAND, msgspec.structs.replace(self.row, state=CommandState.CHANGED, answer=answer))
            return value

        return run

    def check(self, tx: Tx) -> None:
        """Raises: Outdated."""
        if self.if_rev is None or not self.path:
            return
        if tx.head - self.if_rev > KNOWN_BACK:
            raise Outdated(self.path, by="", at=0.0, what="")
        found = tx.newest(self.path, self.if_rev)
        if found is not None:
            raise Outdated(self.path, by=_author(tx, found), at=found.at, what=found.type)


keyed: ContextVar[Keyed | None] = ContextVar("keyed", default=None)
"""The command that what runs now is part of; None outside of one."""


def sweep(tx: Tx) -> None:
    """Take away a few keys whose time is over."""
    for row in tx.find(COMMAND, "until <= ?", tx.now, limit=SWEPT_AT_ONCE):
        tx.delete(COMMAND, row.actor, row.key)


def _author(tx: Tx, event: EventRow) -> str:
    """Who changed it last, as its event or the audit has it; the node itself, where nobody is in either."""
    said = msgspec.json.decode(event.body).get("by")
    if isinstance(said, str) and said:
        return said
    newest: Scalar = tx.scalar("SELECT max(seq) FROM audit") or 0
    since = int(newest) - LOOKED_BACK if isinstance(newest, int) else 0
    found = tx.find(AUDIT, "seq > ? AND object = ? ORDER BY seq DESC", since, event.subject, limit=1)
    return found[0].actor if found else SYSTEM.actor
