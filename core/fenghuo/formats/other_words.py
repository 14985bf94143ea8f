"""A correction in words that nobody has signed yet: an Update of the event, as CAP, for its people and over its channels. Pure.

Source: security.md §3, rule 5.
"""

from __future__ import annotations

import msgspec

from fenghuo.clock import instant
from fenghuo.formats.cap_out import write_cap
from fenghuo.model.message import Message, MessageId, Reference
from fenghuo.model.traffic import Action

__all__ = ["other_words"]


def other_words(message: Message, text: str, *, now: float, node: str) -> bytes:
    """`message` with this text in place of what it says, in each of its languages; `now`: UTC seconds. What it tells people to do is left
    out: the new words say that themselves."""
    content = message.content
    infos = tuple(
        msgspec.structs.replace(info, headline=text[:60], description=text, instruction="", parameters=(), resources=())
        for info in content.infos
    )
    said = msgspec.structs.replace(
        content,
        action=Action.UPDATE,
        identifier=f"{message.id}-{message.revision}-corrected-{now:.0f}",
        sent=instant(now),
        references=(Reference(content.identifier, content.sender, content.sent),),
        infos=infos,
        note="",
    )
    unsent = msgspec.structs.replace(message, id=MessageId(said.identifier), revision=1, content=said)
    return write_cap(unsent, node=node, sender=content.sender)
