"""What both ends of a sealed link call a message that travels as a compact frame, and a person's receipt for it. Pure."""

from __future__ import annotations

from fenghuo.formats import compact
from fenghuo.link.frame import FrameKind
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic

__all__ = ["carried_kind", "is_carried", "kind_for", "message_name", "name_of", "note_body", "receipt_ref"]

_KINDS = {"ALERT": FrameKind.ALERT, "DISPATCH": FrameKind.DISPATCH, "REPORT": FrameKind.REPORT}
# Of what messages say, this moves devices.
_COMMANDS = (FrameKind.ALERT, FrameKind.DISPATCH)


def carried_kind(body: bytes) -> FrameKind:
    """Under which kind of frame a compact frame travels. Raises: FrameError."""
    return _KINDS.get(compact.Frame.from_octets(body).kind.name.partition("_")[0], FrameKind.REPLY)


def kind_for(body: bytes, *, is_commanded: bool) -> FrameKind:
    """As carried_kind(); an alert or an order to a post whose devices start by it is a COMMAND. Raises: FrameError."""
    kind = carried_kind(body)
    return FrameKind.COMMAND if is_commanded and kind in _COMMANDS else kind


def is_carried(body: bytes, kind: FrameKind) -> bool:
    """Whether a compact frame may travel under this kind. Raises: FrameError."""
    carried = carried_kind(body)
    return kind is carried or (kind is FrameKind.COMMAND and carried in _COMMANDS)


def message_name(key: int, number: int, revision: int) -> str:
    """What both ends call a message."""
    return f"{key:08x}.{number}.{revision}"


def name_of(body: bytes) -> str:
    """What both ends call the message in a compact frame. Raises: FrameError."""
    said = compact.decode(compact.Frame.from_octets(body))
    return message_name(said.key, said.number, said.revision)


def receipt_ref(call: str, name: str) -> str:
    """By what a post's receipts name an emission to it."""
    return f"{call}/{name}"


def note_body(name: str, level: Evidence, text: str, traffic: Traffic) -> bytes:
    """The compact frame of a person's receipt for the message both ends call `name`. Raises: FrameError, ValueError: no such name."""
    key, number, revision = name.split(".")
    note = compact.ReceiptNote(int(key, 16), int(number), int(revision), level, text=text)
    return compact.encode_answer(note, traffic, words=compact.NEWEST).octets()
