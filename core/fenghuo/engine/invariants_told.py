"""Keeps over a restart which organisations a person was told of that break an invariant: a start is no news of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
import structlog

from fenghuo.engine.invariants import Invariants
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META

__all__ = ["keep_told"]

TOLD = "invariants.told"

log = structlog.stdlib.get_logger("fenghuo.invariants")


async def keep_told(invariants: Invariants, store: Store) -> None:
    """Take back who was told before the start, and write down who is from here on. Before the first look. What cannot be read stops no
    start: they are told again. Raises: StoreError."""
    row = await store.sound(META, TOLD)
    try:
        invariants.take_back(msgspec.json.decode(row.value, type=dict[str, list[str]]) if row is not None else {})
    except msgspec.MsgspecError as fault:
        log.warning("who was told to have no way cannot be read, and is told again", cause=str(fault))

    def keep(told: Mapping[str, Collection[str]]) -> None:
        after = MetaRow(TOLD, msgspec.json.encode({name: sorted(orgs) for name, orgs in told.items()}).decode())
        store.submit(lambda tx: tx.put(META, after))

    invariants.on_told = keep
