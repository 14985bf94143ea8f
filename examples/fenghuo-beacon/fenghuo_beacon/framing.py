"""The lines between a node and the controller of its boards: UTF-8, words apart by one space, a text last."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LONGEST", "Event", "read_event", "show"]

LONGEST = 2000
"""Octets of a text that a board takes; it scrolls."""


class Event(NamedTuple):
    """What the controller says unasked. `number`: what to acknowledge it by; `what`: SHOWN or DARK; `ref`: of which text."""

    number: str
    what: str
    ref: str


def show(ref: str, board: str, text: str) -> bytes:
    """Show this text on a board; `ref` comes back with everything that is said of it."""
    return f"SHOW {ref} {board} {' '.join(text.split())}\n".encode()


def read_event(line: bytes) -> Event | None:
    """One line of the controller, None for whatever is no event."""
    words = line.decode(errors="replace").split()
    if len(words) != 4 or words[0] != "EVENT" or words[2] not in {"SHOWN", "DARK"}:
        return None
    return Event(words[1], words[2], words[3])
