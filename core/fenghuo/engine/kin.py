"""What a new message is to an event that is here already: its next revision, and what must be known of the event to judge that. Pure."""

from __future__ import annotations

import msgspec

from fenghuo.model.message import Message, MessageId

__all__ = ["Kin"]


class Kin(msgspec.Struct, frozen=True):
    """What a new message is to one that we have: the next revision of `id`.

    `sender`: who sent the original; `source`: who brought it; `newest`: its latest revision in force; `signatures`: how many it took;
    `is_signed`: by a valid XML signature; `is_shared`: all of it came under the key of a group.
    """

    id: MessageId
    revision: int
    sender: str
    expires_at: float
    number: int
    newest: Message
    source: str = ""
    signatures: int = 0
    is_signed: bool = False
    is_shared: bool = False
