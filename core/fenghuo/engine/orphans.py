"""Receipts that nobody can name yet, kept until an outcome names them or makes it certain that none will."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from fenghuo.plugin.ports import Inbound

__all__ = ["ORPHANS", "Orphans", "Stored"]

ORPHANS = 10_000
"""Receipts that wait; beyond them the oldest are forgotten, and a restart finds them in the inbox."""

_Place = tuple[str, str]
"""A channel, and a name or an address over it."""


class Stored(msgspec.Struct, frozen=True):
    """An inbound thing whose raw row is committed as `inbox`, at `at` (UTC seconds). `is_seen`: what it shows of its channel is known."""

    channel: str
    inbound: Inbound
    inbox: int
    at: float
    is_seen: bool = False


class Orphans:
    """By name and by address. A receipt of several names leaves under all of them; a name may have several receipts: of stages, or of
    the people on a page."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[int, Stored] = OrderedDict()
        self._by_name: dict[_Place, dict[int, Stored]] = {}
        self._by_address: dict[_Place, dict[int, Stored]] = {}

    def add(self, stored: Stored) -> None:
        self._waiting[stored.inbox] = stored
        for name in _names(stored):
            self._by_name.setdefault((stored.channel, name), {})[stored.inbox] = stored
        if stored.inbound.address:
            self._by_address.setdefault((stored.channel, stored.inbound.address), {})[stored.inbox] = stored
        while len(self._waiting) > ORPHANS:
            self.drop(next(iter(self._waiting.values())))

    def named(self, channel: str, name: str) -> list[Stored]:
        """The receipts that wait for this name, oldest first; they wait no longer."""
        found = list(self._by_name.get((channel, name), {}).values())
        for stored in found:
            self.drop(stored)
        return found

    def at(self, channel: str, address: str) -> list[Stored]:
        """All that wait for a name and came from this address, oldest first."""
        return list(self._by_address.get((channel, address), {}).values())

    def of(self, channel: str) -> list[Stored]:
        """All that wait for a name and came over this channel, oldest first."""
        here = (waiting for (name, _), by_inbox in self._by_address.items() if name == channel for waiting in by_inbox.values())
        return sorted(here, key=lambda stored: stored.inbox)

    def waits(self, stored: Stored) -> bool:
        """Whether it has found no emission yet."""
        return stored.inbox in self._waiting

    def drop(self, stored: Stored) -> bool:
        """It has found its emission; False: it had before."""
        waited = self._waiting.pop(stored.inbox, None)
        for name in _names(stored):
            _leave(self._by_name, (stored.channel, name), stored.inbox)
        _leave(self._by_address, (stored.channel, stored.inbound.address), stored.inbox)
        return waited is not None


def _leave(index: dict[_Place, dict[int, Stored]], place: _Place, inbox: int) -> None:
    here = index.get(place, {})
    here.pop(inbox, None)
    if not here:
        index.pop(place, None)


def _names(stored: Stored) -> tuple[str, ...]:
    return (stored.inbound.ref, *stored.inbound.alternate_refs)
