"""Counts what goes to each recipient, so that a gap is seen. Pure."""

from __future__ import annotations

__all__ = ["Sequences"]


class Sequences:
    """Counts what went to each recipient, from 1, since the stream began."""

    def __init__(self, began_at: float) -> None:
        self.stream = f"{int(began_at * 1000):x}"
        """UTC milliseconds in hexadecimal: a later stream sorts behind an earlier one."""
        self._last: dict[str, int] = {}

    def next(self, recipient: str) -> int:
        self._last[recipient] = self._last.get(recipient, 0) + 1
        return self._last[recipient]
