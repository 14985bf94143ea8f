"""A message as a compact frame: as much of it as fits the budget, rung by rung. Pure."""

from __future__ import annotations

from fenghuo import COMPACT, Budget, Message, Rendition
from fenghuo.formats import compact
from fenghuo.formats.renditions import radio_text

__all__ = ["compact_rendition"]

_NO_BUDGET = Budget()


def compact_rendition(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """The highest rung that fits `budget.octets`; what is too long even at the shortest with words goes in more pieces.

    Raises: FrameError: the format cannot say it.
    """
    made, left_out = compact.encode(message, compact.Rung.FULL), compact.carried(message, compact.Rung.FULL).left_out
    for rung in (compact.Rung.CORE, compact.Rung.LINE):
        if not budget.octets or len(made.octets()) <= budget.octets:
            break
        shorter = compact.encode(message, rung)
        if len(shorter.body) < len(made.body):
            made, left_out = shorter, compact.carried(message, rung).left_out
    return Rendition("compact", radio_text(message).text, made.octets(), COMPACT, left_out)
