"""What the store keeps of a command that came with a key."""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["CommandRow", "CommandState"]


class CommandState(StrEnum):
    """Begun: nobody knows yet what it did; changed: something is done, and its answer was not written; answered: it is known for good."""

    BEGUN = "begun"
    CHANGED = "changed"
    ANSWERED = "answered"


class CommandRow(msgspec.Struct, frozen=True):
    """One command of one person or program. `digest`: SHA-256 of its verb, arguments and rev; `answer`: JSON of the answer, while it is
    CHANGED of the paths that were changed; `until`: UTC seconds, when its key is forgotten."""

    actor: str
    key: str
    digest: str
    state: CommandState
    answer: str
    until: float
