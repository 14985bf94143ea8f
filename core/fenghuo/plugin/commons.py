"""What the instances of one plugin have in common in this process: each thing made once, by the first that asks, and kept to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fenghuo.plugin.context import LoneNotes
from fenghuo.plugin.ports import Notes

__all__ = ["Commons"]


class Commons:
    """Of all plugins. `open_notes(name)`: the durable memory that goes with a thing; an instance's own has no "/" in its name."""

    def __init__(self, open_notes: Callable[[str], Notes] = lambda name: LoneNotes()) -> None:
        self._open_notes = open_notes
        self._made: dict[str, Any] = {}

    def of(self, plugin: str, name: str, make: Callable[[Notes], Any]) -> Any:
        """The one thing of this name, whichever instance of the plugin asks."""
        key = f"{plugin}/{name}"
        if key not in self._made:
            self._made[key] = make(self._open_notes(key))
        return self._made[key]
