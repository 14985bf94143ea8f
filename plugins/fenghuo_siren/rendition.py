"""What a siren is told: to sound or to stop. Sirens carry no words; the text is what people read of it in a plan.

Source: wire-formats.md §10 (sirens carry no text: they are paired with a channel that does).
"""

from __future__ import annotations

from fenghuo import Action, Budget, Message, Rendition
from fenghuo.formats.renditions import traffic_mark
from fenghuo.formats.wording import phrases

__all__ = ["FORM", "SOUND", "STOP", "order_of", "siren_rendition"]

FORM = "siren"
SOUND, STOP = b"sound", b"stop"
_ENDS = (Action.CANCEL, Action.ACK, Action.ERROR)


def siren_rendition(message: Message, budget: Budget) -> Rendition:
    """One of two words, whatever the message says: a Cancel stops, everything else sounds; and of which message, as in `sound ID`."""
    is_end = message.action in _ENDS
    said = phrases(message)
    words = "警报停鸣" if is_end else "鸣响警报"
    about = f"：{said.event}" if said.event else ""
    text = f"{traffic_mark(message.traffic)}{said.action_mark}{words}{about}"
    data = b" ".join((STOP if is_end else SOUND, message.id.encode()))
    return Rendition(FORM, text, data, "application/octet-stream", left_out=("every word: a siren has none",))


def order_of(data: bytes) -> tuple[bytes, str]:
    """What is to be done, and the id of the message that wants it; empty in one that names none."""
    word, _, message = data.partition(b" ")
    return word, message.decode(errors="replace")
