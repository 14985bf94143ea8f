"""Since when a delivery or a page stands where it should stand no longer: one reckoning for both looks of the minute."""

from __future__ import annotations

from fenghuo.engine.channels import ChannelBoard
from fenghuo.model.delivery import Delivery, DeliveryState
from fenghuo.store.records import PageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, PAGE_ATTEMPT

__all__ = ["due_since"]


async def due_since(row: Delivery | PageRow, *, store: Store, board: ChannelBoard) -> float:
    """When it should have moved on, UTC seconds."""
    if row.state is not DeliveryState.EMITTING:
        return row.not_before if row.state is DeliveryState.READY or row.until is None else row.until
    begun = await _begun_at(row, store)
    instance = board.get(row.channel)
    return begun + (instance.capabilities.attempt_s if instance else 0.0)


async def _begun_at(row: Delivery | PageRow, store: Store) -> float:
    if isinstance(row, PageRow):
        page = await store.sound(PAGE_ATTEMPT, row.token, row.tries)
        return page.at if page else 0.0
    attempt = await store.sound(ATTEMPT, row.token, row.tries)
    return attempt.at if attempt else 0.0
