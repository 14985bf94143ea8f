"""A compact frame as intake takes it: content, and the names by which later revisions find it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fenghuo.clock import instant
from fenghuo.errors import FormatError, FrameError
from fenghuo.formats import compact
from fenghuo.formats.hidden import HIDDEN_CHARACTER, without_hidden
from fenghuo.formats.verdicts import Decoded, accepted, refused
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Content, Info, Reference
from fenghuo.model.traffic import Action

__all__ = ["read_compact"]

_REVISIONS = 32  # of one event, back to which an Update or a Cancel is looked for


def read_compact(raw: bytes) -> Decoded:
    """One message; never raises. What a rung left out stays empty; its number is the sender's, which people key in.

    Whom the sender meant, and by which of its channels, ended with the link: here the own rules say who is told.
    """
    try:
        said = compact.decode(compact.Frame.from_octets(raw))
    except FrameError as error:
        return refused(error, (Verdict("wellformed", "no", False, "compact frame"),))
    content = said.content
    whole = msgspec.structs.replace(
        content,
        priority=said.priority,
        identifier=content.identifier or _name(said.key, said.revision),
        references=(*content.references, *_earlier(said)),
        infos=_ending(content, said.ends_at),
        to=(),
        via=(),
    )
    left_out = ", ".join(said.left_out)
    verdicts = (Verdict("wellformed", "yes", True, "compact frame"), Verdict("schema", "valid", True, left_out and f"without {left_out}"))
    try:
        whole, hidden = without_hidden(whole)
    except FormatError as error:
        return refused(error, verdicts)
    repairs = tuple(f"{HIDDEN_CHARACTER} at {path}" for path in hidden)
    return msgspec.structs.replace(accepted(whole, verdicts, repairs), number=said.number)


def _earlier(said: compact.Carried) -> Iterator[Reference]:
    """The link's own names of what an Update or a Cancel follows: its rung may leave out those that the source gave."""
    if said.content.action in (Action.UPDATE, Action.CANCEL):
        first = max(1, said.revision - _REVISIONS)
        yield from (Reference(_name(said.key, revision)) for revision in range(first, said.revision))


def _name(key: int, revision: int) -> str:
    return f"{key:08x}-{revision}"


def _ending(content: Content, ends_at: float) -> tuple[Info, ...]:
    """The end that the frame tells, where the content itself says none."""
    if content.expires is not None:
        return content.infos
    infos = content.infos or (Info(description=content.note),)
    return tuple(msgspec.structs.replace(info, expires=info.expires or instant(ends_at)) for info in infos)
