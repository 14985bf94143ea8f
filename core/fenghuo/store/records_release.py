"""What the store keeps of a release beside its signatures: what a signature covers, and drafts that are no message yet."""

from __future__ import annotations

import msgspec

from fenghuo.model.message import MessageId

__all__ = ["DraftRow", "EnvelopeRow"]


class EnvelopeRow(msgspec.Struct, frozen=True):
    """What a signature of a revision covers. `body`: the envelope, MessagePack; `why`: what of it was wider than what had been signed."""

    message: MessageId
    revision: int
    digest: str
    body: bytes
    at: float
    why: tuple[str, ...] = ()


class DraftRow(msgspec.Struct, frozen=True):
    """One state of a draft, from revision 1 on. `body`: its fields, JSON; `message`: what it became, "" while it is a draft; `is_gone`:
    its author has given it up."""

    id: str
    revision: int
    author: str
    traffic: str
    at: float
    body: bytes
    message: str = ""
    is_gone: bool = False
