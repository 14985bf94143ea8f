"""Which far ends lack the dictionary that we write with: they are spoken to without one, also after a restart, for a day each time.

Source: docs/compact-frame.md §4.
"""

from __future__ import annotations

from collections.abc import Callable

from fenghuo import Notes

__all__ = ["LACKING_S", "Words"]

LACKING_S = 86_400.0
"""So long nothing is said in words that a far end said not to know; then it may have been given a newer release."""
_PREFIX = "plain."


class Words:
    """By the callsign of the post. `recall()` first; `now`: UTC seconds."""

    def __init__(self, notes: Notes, now: Callable[[], float]) -> None:
        self._notes = notes
        self._now = now
        self._until: dict[str, float] = {}

    async def recall(self) -> None:
        """What was noted before the start. Raises: StoreError."""
        said = (await self._notes.recall()).values
        self._until = {name.removeprefix(_PREFIX): float(until) for name, until in said.items() if name.startswith(_PREFIX)}

    def is_lacking(self, call: str) -> bool:
        return self._now() < self._until.get(call, 0.0)

    def heard(self, call: str) -> None:
        """It says that it lacks them; from now on it is spoken to without."""
        self._until[call] = self._now() + LACKING_S

    async def keep(self, call: str) -> None:
        """What was heard of it is on the disk when this returns. Raises: StoreError."""
        await self._notes.keep({f"{_PREFIX}{call}": f"{self._until[call]:.0f}"})
