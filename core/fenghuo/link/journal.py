"""Collects what a station must have on the disk, and says whether all of it is."""

from __future__ import annotations

from fenghuo.link.events import Changes
from fenghuo.link.parcels import Incoming, Key, Outgoing
from fenghuo.link.seal import Kept

__all__ = ["Journal"]


class Journal:
    """The newest state of each thing counts. `is_clean`: nothing waits, and what was handed out was committed."""

    def __init__(self) -> None:
        self._windows: dict[str, Kept] = {}
        self._outgoing: dict[tuple[int, int], Outgoing | None] = {}
        self._incoming: dict[Key, Incoming | None] = {}
        self._handed_out = False

    @property
    def is_clean(self) -> bool:
        return not (self._handed_out or self._windows or self._outgoing or self._incoming)

    def window(self, kept: Kept) -> None:
        self._windows[kept.lane] = kept

    def outgoing(self, outgoing: Outgoing, *, gone: bool = False) -> None:
        self._outgoing[(outgoing.parcel.destination, outgoing.transfer)] = None if gone else outgoing

    def incoming(self, incoming: Incoming) -> None:
        self._incoming[incoming.key] = incoming

    def forget(self, key: Key) -> None:
        self._incoming[key] = None

    def take(self) -> Changes:
        """All that waits; commit it, then call committed()."""
        changes = Changes(
            tuple(self._windows.values()),
            tuple(state for state in self._outgoing.values() if state is not None),
            tuple(state for state in self._incoming.values() if state is not None),
            tuple(key for key, state in self._outgoing.items() if state is None),
            tuple(key for key, state in self._incoming.items() if state is None),
        )
        self._windows, self._outgoing, self._incoming = {}, {}, {}
        self._handed_out = self._handed_out or bool(changes)
        return changes

    def committed(self) -> None:
        self._handed_out = False
