"""The text for a satellite telephone: one part where what must be said fits into one, since each takes twenty seconds and a fee. Pure."""

from __future__ import annotations

import msgspec

from fenghuo import Budget, FormatError, Message, Rendition
from fenghuo.formats.renditions import sms_text

__all__ = ["FORM", "satellite_text"]

FORM = "satellite"

_PART_CHARACTERS = 70
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
