"""What is decided without any device: the text of a board, and how the number of one is written."""

from __future__ import annotations

import re

from fenghuo import Budget, Message, Rendition
from fenghuo.formats.renditions import sms_text

__all__ = ["board_number", "board_text", "masked"]

NUMBER = re.compile(r"[1-9][0-9]{0,3}")


def board_text(message: Message, budget: Budget) -> Rendition:
    """One line, the same for the same message and budget: what a short message would say, without line breaks."""
    text = sms_text(message, budget)
    line = " ".join(text.text.split())
    return Rendition("board", line, line.encode(), left_out=text.left_out)


def board_number(address: str) -> str:
    """The number of a board, from 1 to 9999. Raises: ValueError."""
    number = address.strip().lstrip("0")
    if not NUMBER.fullmatch(number):
        raise ValueError(f"{address!r} is no board; a number from 1 to 9999 is")
    return number


def masked(address: str) -> str:
    """Where a board hangs is no secret."""
    return address
