"""A store that hears its own events, so that what they raise and end is in it, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.engine.alarm_kinds import Catalogue, load_catalogue
from fenghuo.engine.alarms import acked
from fenghuo.engine.alarms_kept import Annunciator, open_alarm, told
from fenghuo.model.alarm import Alarm
from fenghuo.store import Store, StoreSettings, Tx
from fenghuo.store.committer import Follow
from fenghuo.store.tables import ALARM
from tests.core.store.rows import SMALL, StillClock

__all__ = ["CATALOGUE", "Kept", "hearing", "kept"]

CATALOGUE = load_catalogue()


class Kept:
    """A store that hears its own events."""

    def __init__(self, store: Store, clock: StillClock, annunciator: Annunciator) -> None:
        self.store, self.clock, self.annunciator = store, clock, annunciator

    async def tell(self, kind: str, subject: str, **body: Any) -> None:
        await self.store.run(lambda tx: tx.event(kind, subject, **body))

    async def ack(self, number: int) -> None:
        def job(tx: Tx) -> None:
            before = open_alarm(tx, number)
            told(tx, before, acked(before, "li", tx.now, kind=self.annunciator.kind_of(before)))

        await self.store.run(job)

    async def alarms(self) -> list[Alarm]:
        return await self.store.find(ALARM, "ORDER BY id")

    async def told(self) -> list[tuple[str, str]]:
        return [(one.type, one.subject) for one in await self.store.events.read(0, 1_000) if one.type.startswith("alarms.")]


def hearing(follow: Follow) -> StoreSettings:
    return msgspec.structs.replace(SMALL, follow=follow)


@asynccontextmanager
async def kept(folder: Path, catalogue: Catalogue = CATALOGUE) -> AsyncIterator[Kept]:
    clock, annunciator = StillClock(), Annunciator(catalogue)
    store = await Store.open(folder, clock=clock, node="taicang", settings=hearing(annunciator.hear))
    try:
        yield Kept(store, clock, annunciator)
    finally:
        await store.close()
