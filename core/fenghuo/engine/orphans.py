"""Receipts that nobody can name yet, kept until an outcome names them or makes it certain that none will."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from fenghuo.plugin.ports import Inbound

__all__ = ["ORPHANS", "Orphans", "Stored"]

ORPHANS = 10_000
"""Names that are waited for; beyond them the oldest are forgotten, and a restart finds their receipts in the inbox."""


class Stored(msgspec.Struct, frozen=True):
    """An inbound thing whose raw row is committed as `inbox`, at `at` (UTC seconds)."""

    channel: str
    inbound: Inbound
    inbox: int
    at: float


class Orphans:
    """By name and by address. A receipt of several names leaves under all of them."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[tuple[str, str], Stored] = OrderedDict()
        self._by_address: dict[tuple[str, str], dict[int, Stored]] = {}

    def add(self, stored: Stored) -> None:
        for name in _names(stored):
            self._by_name[(stored.channel, name)] = stored
        if stored.inbound.address:
            self._by_address.setdefault((stored.channel, stored.inbound.address), {})[stored.inbox] = stored
        while len(self._by_name) > ORPHANS:
            self.drop(next(iter(self._by_name.values())))

    def named(self, channel: str, name: str) -> Stored | None:
        """The receipt that waits for this name; it waits no longer."""
        stored = self._by_name.get((channel, name))
        if stored is not None:
            self.drop(stored)
        return stored

    def at(self, channel: str, address: str) -> list[Stored]:
        """All that wait for a name and came from this address, oldest first."""
        return list(self._by_address.get((channel, address), {}).values())

    def of(self, channel: str) -> list[Stored]:
        """All that wait for a name and came over this channel, oldest first."""
        here = (waiting for (name, _), by_inbox in self._by_address.items() if name == channel for waiting in by_inbox.values())
        return sorted(here, key=lambda stored: stored.inbox)

    def drop(self, stored: Stored) -> bool:
        """It has found its emission; False: it had before."""
        waited = [self._by_name.pop((stored.channel, name), None) for name in _names(stored)]
        here = self._by_address.get((stored.channel, stored.inbound.address), {})
        here.pop(stored.inbox, None)
        if not here:
            self._by_address.pop((stored.channel, stored.inbound.address), None)
        return any(waited)


def _names(stored: Stored) -> tuple[str, ...]:
    return (stored.inbound.ref, *stored.inbound.alternate_refs)
