"""A rendition for each message and form: made at plan time, once, and kept."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fenghuo.errors import FormatError
from fenghuo.formats.renditions import NAMES_ATTACHMENTS
from fenghuo.model.attachment import counted
from fenghuo.model.message import Message, MessageId
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.plugin.ports import Renderer
from fenghuo.store.records import RenditionRow

__all__ = ["RenditionShelf"]

Key = tuple[MessageId, int]


class RenditionShelf:
    """All renditions of open messages, by message, revision and form."""

    def __init__(self, renderers: Mapping[str, Renderer]) -> None:
        self._renderers = renderers
        self._made: dict[Key, dict[str, Rendition | str]] = {}

    def put(self, row: RenditionRow) -> None:
        """Take one back from the store."""
        self._made.setdefault((row.message, row.revision), {})[row.form] = Rendition(
            form=row.form, text=row.text, data=row.data, media_type=row.media_type, left_out=row.left_out
        )

    def get(self, message: MessageId, revision: int, form: str) -> Rendition | None:
        made = self._made.get((message, revision), {}).get(form)
        return made if isinstance(made, Rendition) else None

    def why_not(self, message: Message, form: str) -> str:
        """Why a message cannot be made into a form, empty if it can."""
        made = self._made.get((message.id, message.revision), {}).get(form)
        return made if isinstance(made, str) else ""

    def make(self, message: Message, form: str) -> RenditionRow | None:
        """Make a rendition that does not exist yet; the row to keep, or None if there is nothing new to keep."""
        forms = self._made.setdefault((message.id, message.revision), {})
        if form in forms:
            return None
        made = forms[form] = self._rendered(message, form)
        if isinstance(made, str):
            return None
        return RenditionRow(
            message=message.id,
            revision=message.revision,
            form=form,
            text=made.text,
            data=made.data,
            media_type=made.media_type,
            left_out=made.left_out,
        )

    def _rendered(self, message: Message, form: str) -> Rendition | str:
        name, _, octets = form.partition("/")
        renderer = self._renderers.get(name)
        if renderer is None:
            return f"no renderer makes the form {name}"
        try:
            made = renderer.render(message, Budget(octets=int(octets or 0)))
        except FormatError as error:
            return str(error)
        if name in NAMES_ATTACHMENTS:
            return made
        return msgspec.structs.replace(made, left_out=(*made.left_out, *counted(message)))

    def forms(self, message: Message) -> tuple[str, ...]:
        """The forms in which a message is kept."""
        return tuple(form for form, made in self._made.get((message.id, message.revision), {}).items() if isinstance(made, Rendition))

    def shown(self, message: Message, form: str) -> Rendition | str:
        """A message in a form as it is kept or would be made, or why it cannot be; nothing is kept."""
        made = self._made.get((message.id, message.revision), {}).get(form)
        return made if made is not None else self._rendered(message, form)

    def drop(self, message: MessageId, revision: int) -> None:
        """Forget a revision that is over."""
        self._made.pop((message, revision), None)
