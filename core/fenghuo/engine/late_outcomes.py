"""What became of an emission, said by its channel once more, by our token: after the outcome, or before it where the two cross."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec

from fenghuo.engine.book import Book
from fenghuo.engine.facts import ChannelObserved, Facts, Settled
from fenghuo.engine.health import Sign
from fenghuo.engine.late import Late, raise_late
from fenghuo.engine.names import put_name, rows_of
from fenghuo.engine.orphans import Stored
from fenghuo.model.delivery import Attempt, Reached, Token, outcome_text
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT
from fenghuo.store.transaction import Tx

__all__ = ["LateOutcomes"]

CROSSING = 1_000
"""Emissions on the air whose late outcome was faster than their outcome; beyond them the oldest are forgotten until a restart."""


class LateOutcomes:
    """An outcome that comes late is a fact of its own attempt, whatever has been tried since; one that is early waits for the doubt."""

    def __init__(self, facts: Facts, book: Book, store: Store) -> None:
        self._facts = facts
        self._book = book
        self._store = store
        self._crossing: OrderedDict[tuple[str, Token], Stored] = OrderedDict()
        self.on_page: Callable[[Stored], Awaitable[bool]] = _of_no_page

    async def take(self, stored: Stored) -> None:
        """Find its attempt, and tell the loop. What is over keeps its end, and has the name. No channel knows what became of an emission of
        another one."""
        inbound = stored.inbound
        if inbound.token is None or inbound.outcome is None or await self.on_page(stored):
            return
        # Without a number it is of the newest that had begun when it came: a restart may read it when another has begun since.
        order = "ORDER BY n = ? DESC, at <= ? DESC, n DESC LIMIT 1"
        found = await self._store.find(ATTEMPT, f"token = ? AND channel = ? {order}", inbound.token, stored.channel, inbound.n, stored.at)
        delivery = self._book.delivery(found[0].delivery) if found else None
        if not found or (delivery is not None and delivery.id in self._book.on_air and delivery.tries == found[0].n):
            self._wait(inbound.token, stored)
        elif delivery is not None:
            self._facts.put(Settled(delivery.id, found[0].n, inbound.outcome, stored.at, begun=True))
        elif isinstance(inbound.outcome, Reached):
            await self._name(found[0], inbound.outcome, stored)

    async def _name(self, attempt: Attempt, outcome: Reached, stored: Stored) -> None:
        """Nobody waits for this emission any more; a report may still come for it, or be there."""

        def job(tx: Tx) -> None:
            for row in rows_of(attempt.channel, attempt.token, attempt.n, outcome):
                put_name(tx, row)
            tx.update(ATTEMPT, msgspec.structs.replace(attempt, outcome=outcome_text(outcome), outcome_at=stored.at))

        await self._store.run(job)
        if not stored.is_seen:
            self._facts.put(ChannelObserved(stored.channel, Sign.SENT, began_at=attempt.at))
        await raise_late(self._store, Late(stored.channel, stored.inbox, stored.at, outcome.level, delivery=attempt.delivery))
        for ref in outcome.refs:
            self._book.on_named(attempt.channel, ref, attempt.delivery)

    def _wait(self, token: Token, stored: Stored) -> None:
        self._crossing[(stored.channel, token)] = stored
        while len(self._crossing) > CROSSING:
            self._crossing.popitem(last=False)

    def crossed(self, channel: str, token: Token) -> Stored | None:
        """An emission has its outcome: what came before it, and waits no longer."""
        return self._crossing.pop((channel, token), None)


async def _of_no_page(stored: Stored) -> bool:
    """Until the fan-outs are wired in."""
    return False
