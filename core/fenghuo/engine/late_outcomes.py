"""What became of an emission, said by its channel once more, by our token: after the outcome, or before it where the two cross."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from fenghuo.engine.book import Book
from fenghuo.engine.facts import Facts, Settled
from fenghuo.engine.orphans import Stored
from fenghuo.model.delivery import Token
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT

__all__ = ["LateOutcomes"]

CROSSING = 1_000
"""Emissions on the air whose late outcome was faster than their outcome; beyond them the oldest are forgotten until a restart."""


class LateOutcomes:
    """An outcome that comes late is a fact of its own attempt, whatever has been tried since; one that is early waits for the doubt."""

    def __init__(self, facts: Facts, book: Book, store: Store) -> None:
        self._facts = facts
        self._book = book
        self._store = store
        self._crossing: OrderedDict[Token, Stored] = OrderedDict()
        self.on_page: Callable[[Stored], Awaitable[bool]] = _of_no_page

    async def take(self, stored: Stored) -> None:
        """Find its attempt, and tell the loop. What is over stays as it is."""
        inbound = stored.inbound
        if inbound.token is None or inbound.outcome is None or await self.on_page(stored):
            return
        # Without a number it is of the newest that had begun when it came: a restart may read it when another has begun since.
        order = "ORDER BY n = ? DESC, at <= ? DESC, n DESC LIMIT 1"
        found = await self._store.find(ATTEMPT, f"token = ? {order}", inbound.token, inbound.n, stored.at)
        delivery = self._book.delivery(found[0].delivery) if found else None
        if not found or (delivery is not None and delivery.id in self._book.on_air and delivery.tries == found[0].n):
            self._wait(inbound.token, stored)
        elif delivery is not None:
            self._facts.put(Settled(delivery.id, found[0].n, inbound.outcome, stored.at, begun=True))

    def _wait(self, token: Token, stored: Stored) -> None:
        self._crossing[token] = stored
        while len(self._crossing) > CROSSING:
            self._crossing.popitem(last=False)

    def crossed(self, token: Token) -> Stored | None:
        """An emission has its outcome: what came before it, and waits no longer."""
        return self._crossing.pop(token, None)


async def _of_no_page(stored: Stored) -> bool:
    """Until the fan-outs are wired in."""
    return False
