"""What a person's answer says of itself: which message it names, and whether it says that the action is finished. Pure.

People report figures: a number is a name only where our own forms put one (docs/reference/radio-text.md), and where it could as well be a
figure only if there is such an order.
"""

from __future__ import annotations

import re

import msgspec

from fenghuo.model.evidence import Evidence

__all__ = ["Named", "level_of", "named"]

_FORM = re.compile(
    r"\s*(?:(?:收到|完成|回复|ACK|DONE)?\s*[#№＃]\s*(?P<signed>[0-9]{1,4})(?![0-9])"
    r"|ACK\s*(?P<typed>[0-9]{4})\s*$"
    r"|(?:收到)?\s*(?P<bare>0[0-9]{3})\s*$)",
    re.IGNORECASE,
)
"""What an order asks for: `收到#0123`, `ACK 0123`, and what people make of that. No figure begins with a zero."""
_MAYBE = re.compile(r"^\s*(?:(?:收到|完成|回复|DONE)\s*)?([0-9]{4})(?![0-9])|[#№＃回号]\s*([0-9]{1,4})(?![0-9])", re.IGNORECASE)
_DONE = re.compile(r"\s*(完成|DONE\b)", re.IGNORECASE)


class Named(msgspec.Struct, frozen=True):
    """The short numbers an answer may name. `surely`: in a form that says nothing else; it is about that message or about none of ours."""

    numbers: tuple[int, ...] = ()
    surely: bool = False


def named(text: str) -> Named:
    """Which message an answer names, if any."""
    form = _FORM.match(text)
    if form is not None:
        return Named((int(form[form.lastgroup or 0]),), surely=True)
    found = (int(first or second) for first, second in _MAYBE.findall(text))
    return Named(tuple(dict.fromkeys(found)))


def level_of(text: str) -> Evidence:
    """A person has read it; or says that the action is finished."""
    return Evidence.DONE if _DONE.match(text) else Evidence.HUMAN
