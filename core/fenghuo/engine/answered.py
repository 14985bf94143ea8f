"""Which delivery a person's answer is about, of what is open."""

from __future__ import annotations

from fenghuo.engine.answers import Named
from fenghuo.engine.book import Book, OpenTarget
from fenghuo.engine.departed import that_may_have_left
from fenghuo.model.delivery import Delivery
from fenghuo.store.store import Store

__all__ = ["answered"]


async def answered(book: Book, store: Store, owners: tuple[str, ...], said: Named, *, channel: str) -> Delivery | None:
    """The delivery that an answer is about: of the newest objective of which anything may have reached its sender, the one on the
    answer's own channel if there is one, else the furthest. What certainly never left, nobody answers."""
    open_ones = [target for owner in owners for target in book.by_recipient.get(owner, {}).values()]
    left = await that_may_have_left(store, (key for target in open_ones for key in target.deliveries))
    began = [target for target in open_ones if not left.isdisjoint(target.deliveries)]
    meant = [target for target in began if target.objective.message.message.number in said.numbers]
    began = meant if meant or said.surely else began
    newest: OpenTarget | None = max(began, key=lambda target: target.target.objective, default=None)
    here = [delivery for key, delivery in newest.deliveries.items() if key in left] if newest is not None else []
    return max(here, key=lambda delivery: (delivery.channel == channel, delivery.evidence, delivery.id), default=None)
