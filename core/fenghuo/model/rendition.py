"""What a message must fit into, and what it became: the values between renderers, the engine and channels."""

from __future__ import annotations

import msgspec

from fenghuo.model.attachment import Attachment

__all__ = ["COMPACT", "SHEET", "Budget", "Rendition"]

COMPACT = "application/vnd.fenghuo.compact"
"""Media type of a compact frame with its head octet."""

SHEET = "application/vnd.fenghuo.sheet+json"
"""Media type of a task sheet, see formats.sheet."""


class Budget(msgspec.Struct, frozen=True, gc=False):
    """What a rendition must fit: octets after encoding, and seconds of a voice (0: no limit). The mark of a copy is put on later, see
    formats.renditions."""

    octets: int = 0
    seconds: float = 0.0


class Rendition(msgspec.Struct, frozen=True, gc=False):
    """A message made for one form. `text` for people, `data` the octets to send; `left_out` says what did not fit, by name.

    `attachments`: what goes with it, put there by the licence for a channel that declares that it carries them."""

    form: str
    text: str
    data: bytes
    media_type: str = "text/plain; charset=utf-8"
    left_out: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
