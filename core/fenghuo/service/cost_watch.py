"""Holds what a message has really cost against the ceiling that people signed: whoever signed for so much hears when it is more.

What is booked with an emission is what its channel counts, an estimate until it knows better; the ceiling is a part of the envelope. What
costs more than was signed goes on: nobody is left untold for money, and a person decides.
Source: security.md §3, rule 3 (ceilings); delivery.md, Release.
"""

from __future__ import annotations

from typing import Any

from fenghuo.engine.book import Book
from fenghuo.model.delivery import Token
from fenghuo.model.event import Event
from fenghuo.model.message import MessageId
from fenghuo.service.booked import bookings
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE
from fenghuo.store.transaction import Tx

__all__ = ["CostWatch"]

PAID = frozenset({"delivery.emitting", "delivery.booked", "page.emitting"})
OVER = frozenset({"message.cancelled", "message.complete", "message.expired", "message.superseded"})
BATCH = 500
Revision = tuple[MessageId, int]


class _Account:
    """Of one revision, in fen. An attempt is counted once, by what was said of it last."""

    def __init__(self, ceiling: float) -> None:
        self.ceiling = ceiling
        self.spent = 0.0
        self.is_told = False
        self._by_attempt: dict[tuple[Token, int], float] = {}

    def book(self, attempt: tuple[Token, int], fee: float) -> None:
        self.spent += fee - self._by_attempt.get(attempt, 0.0)
        self._by_attempt[attempt] = fee

    @property
    def is_beyond(self) -> bool:
        """By more than what a sum of floats makes of the same."""
        return self.spent > self.ceiling + 0.001


class CostWatch:
    """Keeps an account of each message in force for which people have signed."""

    def __init__(self, book: Book, store: Store) -> None:
        self._book = book
        self._store = store
        self._accounts: dict[Revision, _Account] = {}

    async def run(self) -> None:
        """For ever; it sleeps until something is sent."""
        at = self._store.events.head
        await self._begin()
        while True:
            await self._store.events.wait(at)
            for event in await self._store.events.read(at, BATCH):
                at = event.seq
                await self._hear(event)

    async def _begin(self) -> None:
        """What was spent before this start."""
        for key in [key for key, entry in self._book.messages.items() if entry.bound is not None and entry.is_released]:
            account, row = self._account(key), await self._store.get(MESSAGE, *key)
            if account is None or row is None:
                continue
            for attempt, one in (await bookings(self._store, row)).items():
                account.book(attempt, float(one.figures.get("fee_fen", 0.0)))
            await self._look(key, account)

    async def _hear(self, event: Event) -> None:
        if event.type in OVER:
            self._accounts.pop((MessageId(event.subject.partition("/")[2]), int(str(event.body.get("revision", 0)))), None)
        elif event.type in PAID and (fee := _fee(event.body)) is not None:
            key = (MessageId(str(event.body["message"])), int(str(event.body["revision"])))
            account = self._account(key)
            if account is not None:
                account.book((Token(str(event.body["token"])), int(str(event.body["n"]))), fee)
                await self._look(key, account)

    def _account(self, key: Revision) -> _Account | None:
        """None: nobody signed for it, and no ceiling was set."""
        entry = self._book.messages.get(key)
        if key not in self._accounts and entry is not None and entry.bound is not None:
            self._accounts[key] = _Account(entry.bound.ceilings.cost_fen)
        return self._accounts.get(key)

    async def _look(self, key: Revision, account: _Account) -> None:
        """Once for each message: a person hears, with both figures."""
        if account.is_told or not account.is_beyond:
            return
        account.is_told = True
        figures = {"ceiling_fen": round(account.ceiling, 3), "spent_fen": round(account.spent, 3)}

        def tell(tx: Tx) -> None:
            tx.event("alarm.cost_exceeded", f"message/{key[0]}", revision=key[1], **figures)

        await self._store.run(tell)


def _fee(body: Any) -> float | None:
    """Fen of an emission; None: nothing was said of it."""
    booked = body.get("booked")
    return float(booked.get("fee_fen", 0.0)) if isinstance(booked, dict) else None
