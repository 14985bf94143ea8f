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
    said, made = compact.compact(message, compact.Rung.FULL)
    for rung in (compact.Rung.CORE, compact.Rung.LINE):
        if not budget.octets or len(made.octets()) <= budget.octets:
            break
        less, shorter = compact.compact(message, rung)
        if len(shorter.body) < len(made.body):
            said, made = less, shorter
    return Rendition("compact", radio_text(message).text, made.octets(), COMPACT, said.left_out)
