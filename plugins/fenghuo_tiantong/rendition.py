"""The text for a satellite telephone, and the frame for an endpoint behind one: one part where what must be said fits into one, since each
takes twenty seconds and a fee. Pure."""

from __future__ import annotations

import contextlib

import msgspec

from fenghuo import COMPACT, Budget, FormatError, Message, Rendition
from fenghuo.formats import compact
from fenghuo.formats.renditions import sms_text
from fenghuo.link import FrameKind
from fenghuo.link.seal import sealed_octets
from fenghuo_adapters.short_message_octets_framing import SINGLE_CARRIES, characters_for

__all__ = ["CODE_FORM", "FORM", "FRAME_OCTETS", "coded_parts", "satellite_code", "satellite_text"]

FORM = "satellite"
CODE_FORM = "satellite-code"

_SEAL_OCTETS = sealed_octets(FrameKind.ALERT, 0)
FRAME_OCTETS = SINGLE_CARRIES - _SEAL_OCTETS
"""Of a compact frame that one short message carries, sealed."""

_PART_CHARACTERS = 70
_PART_OF_SEVERAL_CHARACTERS = 67
# A copy says 【重发 2】, and is still to be one part.
_COPY_MARK_CHARACTERS = 7
_OCTETS_A_CHARACTER = 2


def satellite_text(message: Message, budget: Budget = Budget()) -> Rendition:  # noqa: B008  a frozen value
    """One part of up to 70 characters, with room for the mark of a copy where there is any; an order that says more is not cut, and
    takes several. Raises: FormatError("too-long") if a budget is given and what must be said does not fit."""
    for characters in (_PART_CHARACTERS - _COPY_MARK_CHARACTERS, _PART_CHARACTERS):
        octets = _OCTETS_A_CHARACTER * characters
        try:
            made = sms_text(message, Budget(octets=min(octets, budget.octets or octets)))
        except FormatError:
            continue
        return msgspec.structs.replace(made, form=FORM)
    return msgspec.structs.replace(sms_text(message, budget), form=FORM)


def satellite_code(message: Message, budget: Budget = Budget()) -> Rendition:  # noqa: B008  a frozen value
    """`data`: the compact frame for endpoints, at the highest of the rungs that take the fewest parts; `text`: for people.

    Raises: FormatError: as satellite_text(), or FrameError: the format cannot say it.
    """
    text = satellite_text(message, budget)
    frames = {rung: compact.encode(message, rung) for rung in (compact.Rung.FULL, compact.Rung.CORE, compact.Rung.LINE)}
    with contextlib.suppress(FormatError):  # a time or a revision that no figure says; the line does
        frames[compact.Rung.CODE] = compact.encode(message, compact.Rung.CODE)
    rung = min(frames, key=lambda each: (coded_parts(len(frames[each].octets())), each))
    left_out = (*text.left_out, *(name for name in compact.carried(message, rung).left_out if name not in text.left_out))
    return Rendition(CODE_FORM, text.text, frames[rung].octets(), COMPACT, left_out)


def coded_parts(frame_octets: int) -> int:
    """How many short messages a compact frame takes, sealed and in characters."""
    characters = characters_for(frame_octets + _SEAL_OCTETS)
    return 1 if characters <= _PART_CHARACTERS else -(-characters // _PART_OF_SEVERAL_CHARACTERS)
