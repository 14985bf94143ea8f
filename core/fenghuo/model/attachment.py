"""What goes with a message beside its text: a picture, a map, a table, named by the hash of its octets."""

from __future__ import annotations

import msgspec

from fenghuo.model.message import Message, MessageId

__all__ = ["MOST_ATTACHMENTS", "MOST_OCTETS", "Attachment", "attachments_of", "counted"]

MOST_OCTETS = 5 * 1024 * 1024
"""Octets of one attachment: five and a half minutes at 128 kbit/s, and in base64 still one request of the control socket."""

MOST_ATTACHMENTS = 20
"""Attachments of one message."""

_UNTYPED = "application/octet-stream"


class Attachment(msgspec.Struct, frozen=True):
    """One attachment of one revision of a message, whose octets this node has. `digest`: their SHA-256 (hex); `size`: how many there are;
    `name`: what its author called it; `media_type`: as its author said; `thumbnail_of`: the digest of the picture of which this is a small
    copy, made here, empty of what its author sent."""

    message: MessageId
    revision: int
    digest: str
    size: int
    name: str = ""
    media_type: str = _UNTYPED
    thumbnail_of: str = ""

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")


def attachments_of(message: Message) -> tuple[Attachment, ...]:
    """Those whose octets are here, each once, in the order in which the message names them."""
    found = {
        resource.blob: Attachment(
            message.id, message.revision, resource.blob, resource.size or 0, resource.description, resource.mime_type or _UNTYPED
        )
        for info in message.content.infos
        for resource in info.resources
        if resource.blob
    }
    return tuple(found.values())


def counted(message: Message) -> tuple[str, ...]:
    """What somebody does not get who gets the text alone: "1 picture", "2 attachments"; empty where there is nothing beside it."""
    attachments = attachments_of(message)
    pictures = sum(one.is_picture for one in attachments)
    counts = (("picture", pictures), ("attachment", len(attachments) - pictures))
    return tuple(f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts if count)
