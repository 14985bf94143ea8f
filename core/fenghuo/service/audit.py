"""Keeps the audit's heads in a second place, and compares them with the chain at start.

A head is signed 60 s after the first news, or after 100 records. Nothing wakes while nothing happens. Source: security.md §6.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

import structlog

from fenghuo.clock import Clock
from fenghuo.errors import FenghuoError
from fenghuo.model.audit import SYSTEM, By
from fenghuo.service.audit_heads import RESTORE, Head, Report, Signer, cut_tails, examined, open_signer, restorations
from fenghuo.service.audit_places import PLACE_S, FilePlace, Place
from fenghuo.store.audit import Break, Deed
from fenghuo.store.store import Store
from fenghuo.store.tables import AUDIT
from fenghuo.store.transaction import Tx

__all__ = ["LOCAL", "AuditKeeper"]

LOCAL = "audit.heads"
"""Heads in the state folder itself: they find an edit by whoever has only the database, and are a copy for the other places."""

REST_S = 0.5
"""After the start: loading the ciphers takes 30 ms of processor from whoever waits for the doors and the first old message."""
EVERY_S = 60.0
EVERY_RECORDS = 100

log = structlog.stdlib.get_logger("fenghuo.audit")


class AuditKeeper:
    """Signs heads while the daemon runs. `places`: beside the one in the state folder."""

    def __init__(self, store: Store, clock: Clock, places: Sequence[Place] = ()) -> None:
        self._store = store
        self._clock = clock
        self._local = FilePlace(store.folder / LOCAL)
        self._places: tuple[Place, ...] = (self._local, *places)
        self._down: set[str] = set()
        self._signed = store.audited.mark
        self._signer: Signer | None = None

    def record(self, deed: Deed, by: By) -> None:
        """Write a deed that changes nothing else: a refused command, a start."""
        self._store.submit(lambda tx: tx.audit(deed, by=by)).add_done_callback(_complain)

    async def compare(self, *, rest_s: float = 0.0) -> tuple[Break, ...]:
        """What the heads of the last run say against the chain as it is now; each is an alarm. `rest_s`: before they are verified."""
        last = self._store.audited.mark
        found = await asyncio.to_thread(self._last_heads)
        rows = [await self._store.sound(AUDIT, head.seq) for head in found]
        hashes = {row.seq: row.hash for row in rows if row is not None}
        await asyncio.sleep(rest_s if found else 0.0)
        public = (await asyncio.to_thread(self._open)).public if found else ""
        wrong = tuple(cut_tails(found, hashes, last=last, key=public))
        if wrong:  # a restore may explain it; looking for one goes over the whole audit
            told = restorations(await self._store.find(AUDIT, "action = ? ORDER BY seq", RESTORE), key=public)
            wrong = tuple(cut_tails(found, hashes, last=last, key=public, restored=told))
        for one in wrong:
            log.critical("the audit was changed", record=one.seq, cause=one.reason)
        if wrong:
            await self._store.run(_alarms(wrong))
        return wrong

    async def run(self) -> None:
        """Compare once, then sign and put away, until cancelled."""
        await self.compare(rest_s=REST_S)
        while True:
            await self._store.audited.wait(self._signed)
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._store.audited.wait(self._signed + EVERY_RECORDS - 1)
            except TimeoutError:
                pass  # a minute with news is enough
            await self.put()

    async def put(self) -> None:
        """Sign the chain as it stands, and give the head to every place. A place that fails is named once and tried again next time."""
        chain = self._store.chain
        if chain.seq <= self._signed:
            return
        signer = await asyncio.to_thread(self._open)
        head = signer.head(chain, int(self._clock.time() * 1000))
        self._signed = head.seq
        for place in self._places:
            try:
                async with asyncio.timeout(PLACE_S):
                    await asyncio.to_thread(place.put, head)
            except OSError as error:  # a timeout is one
                self._failed(place, error)
            else:
                self._came_back(place)

    def fails(self, place: str) -> bool:
        """Whether heads could not be put away there the last time."""
        return place in self._down

    async def stop(self) -> None:
        """The last record of this process, and its head."""
        await self._store.run(lambda tx: tx.audit(Deed.of("stop", "node"), by=SYSTEM))
        await self.put()

    async def verify(self) -> Report:
        """The whole chain, and the heads in the state folder."""
        every = json.loads(str(await self._store.scalar("SELECT json_group_array(seq) FROM audit")))
        rows = await self._store.find(AUDIT, "ORDER BY seq")
        heads = await asyncio.to_thread(self._local.heads)
        public = (await asyncio.to_thread(self._open)).public if heads else ""
        return examined(rows, heads, key=public, damaged=set(every) - {row.seq for row in rows})

    def _last_heads(self) -> list[Head]:
        """The newest head of each place that can be read back."""
        found: list[Head] = []
        for place in self._places:
            try:
                found += place.heads()[-1:] if isinstance(place, FilePlace) else []
            except (OSError, FenghuoError) as error:
                log.error("heads of the audit cannot be read", place=place.name, cause=str(error))
        return found

    def _open(self) -> Signer:
        if self._signer is None:
            self._signer = open_signer(self._store.folder)
        return self._signer

    def _failed(self, place: Place, error: OSError) -> None:
        if place.name not in self._down:
            self._down.add(place.name)
            log.error("a place for the audit's heads fails", place=place.name, cause=str(error) or "no answer in time")
            self._store.submit(_place_alarm(place.name, str(error))).add_done_callback(_complain)

    def _came_back(self, place: Place) -> None:
        if place.name in self._down:
            self._down.discard(place.name)
            log.info("a place for the audit's heads works again", place=place.name)
            self._store.submit(_place_back(place.name)).add_done_callback(_complain)


def _alarms(wrong: Sequence[Break]) -> Callable[[Tx], None]:
    def tell(tx: Tx) -> None:
        for one in wrong:
            tx.event("alarm.audit", f"audit/{one.seq}", record=one.seq, cause=one.reason)

    return tell


def _place_alarm(name: str, cause: str) -> Callable[[Tx], None]:
    return lambda tx: tx.event("alarm.audit_place", f"audit/{name}", place=name, cause=cause)


def _place_back(name: str) -> Callable[[Tx], None]:
    return lambda tx: tx.event("audit.place_back", f"audit/{name}", place=name)


def _complain(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("a record of the audit was not written", cause=str(error))
