"""Octets of a message that nobody has submitted, as the message they would become: for whoever plans or previews it. Nothing is kept."""

from __future__ import annotations

from fenghuo.engine.office import Office
from fenghuo.engine.routing import default_priority
from fenghuo.errors import FormatError
from fenghuo.formats.decode import decode
from fenghuo.model.message import Message, MessageId, content_hash
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Desk

__all__ = ["unsent"]

_DAY_S = 86_400.0


def unsent(desk: Desk, office: Office, actor: Actor, raw: bytes, *, media_type: str, number: int = 0) -> Message:
    """The first message in `raw`, read as if `actor` had submitted it; `number` stands for the short number it has not got yet.

    Raises: FormatError: there is none in it that would be taken.
    """
    now = office.clock.time()
    defaults = desk.origin(actor).reading(office.geocode_systems, now)
    decoded = next(iter(decode(raw, media_type, defaults=defaults)), None)
    if decoded is None or decoded.content is None:
        error = decoded.error if decoded else None
        raise FormatError(error.message if error else "the document holds no message", code=error.code if error else "no-alert")
    content = decoded.content
    expires = content.expires
    return Message(
        id=MessageId("(not sent)"),
        revision=1,
        content=content,
        priority=content.priority if content.priority is not None else default_priority(content.infos),
        content_hash=content_hash(content),
        accepted_at=now,
        expires_at=expires.timestamp() if expires is not None else now + _DAY_S,
        number=number,
        source=actor.name,
    )
