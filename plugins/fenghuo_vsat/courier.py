"""Carries attachments over one path, a chunk at a time, each from where the far end says that it stands: tus 1.0, core and creation.

Nothing of it delays a text, and nothing is begun that the budget does not cover. What breaks off goes on by itself: after a wait, as
soon as anything else has crossed the path, or over another path to the same far end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

import msgspec

from fenghuo import ChannelContext, FenghuoError, FrameError, LinkError, NotFound, NotReady, Priority, Withdrawn
from fenghuo_adapters import tus_framing as tus
from fenghuo_adapters.bound_http import Turn
from fenghuo_adapters.bound_http_framing import Answer, Request
from fenghuo_vsat.allowance import Allowance
from fenghuo_vsat.depot import Depot
from fenghuo_vsat.parcels import Parcel, Parcels
from fenghuo_vsat.precedence import Precedence
from fenghuo_vsat.settings import HttpSettings

__all__ = ["Courier"]

FIRST_WAIT_S = 2.0
"""After a first failure; it doubles up to `probe_longest_s`, since a link that flaps is back sooner than one that is gone."""


FAILURES = 2
"""One after the other, and a path is taken for dead: another one may go on. A single one is a connection that was lost."""


class _Wait(msgspec.Struct, frozen=True):
    """A parcel that did not get on: tried again at `until` (monotonic), after that in twice `seconds`; `is_path`: the link was at fault,
    for the `failures`-th time."""

    until: float
    seconds: float
    is_path: bool
    failures: int = 1


class Http(Protocol):
    """Of a BoundHttp what a courier needs."""

    async def line(self, url: str) -> Any:
        """A connection. Raises: LinkError."""

    async def exchange(self, line: Any, request: Request, *, turn: Turn | None = None) -> Answer:
        """Raises: LinkError; what the far end has is then open."""

    def settle(self) -> None: ...

    def reset(self) -> None: ...

    def close(self) -> None: ...


class Courier:
    """From start() to stop(). `http`: connections of its own, over the same budget; `depot`: what there is to carry."""

    def __init__(self, ctx: ChannelContext, http: Http, precedence: Precedence, depot: Depot) -> None:
        settings: HttpSettings = ctx.settings
        self._ctx = ctx
        self._http = http
        self._precedence = precedence
        self._chunk = settings.chunk_octets
        self._longest_s = settings.probe_longest_s
        self._to, self._share = settings.uploads_to, settings.attachments_share
        self._depot = depot
        self._allowance = Allowance(ctx, settings.attachments_mb_a_day)
        self._is_cut = False
        self._waits: dict[str, _Wait] = {}
        self._confirmed: dict[str, int] = {}
        self._news = asyncio.Event()
        self._at_work: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what an earlier process left. Raises: StoreError."""
        await self._depot.open()
        if self._share:
            await self._depot.adopt(self._ctx.name, Parcels(self._ctx.notes, self._ctx.clock.time), self._share)
        await self._allowance.open()
        self._depot.join(self._ctx.name, self._news.set)
        self._at_work = asyncio.create_task(self._work(), name=f"attachments of {self._ctx.name}")

    async def stop(self) -> None:
        """Idempotent; the far end keeps what it has."""
        self._http.close()
        self._depot.leave(self._ctx.name)
        at_work, self._at_work = self._at_work, None
        if at_work is not None:
            at_work.cancel()
            await asyncio.wait([at_work])

    async def take(self, parcels: list[Parcel]) -> None:
        """On the disk when it returns. Raises: StoreError."""
        await self._depot.add([msgspec.structs.replace(one, carrier=self._ctx.name) for one in parcels])

    def path_proven(self) -> None:
        """Something has crossed: whoever waits for the link need not wait any longer."""
        self._is_cut = False
        for name in [name for name, wait in self._waits.items() if wait.is_path]:
            self._waits[name] = msgspec.structs.replace(self._waits[name], until=0.0)
            self._news.set()

    def reset(self) -> None:
        """The interface has gone: what is under way is given up now."""
        self._is_cut = True
        self._http.reset()

    def settle(self) -> None:
        """Count what its quiet connections cost since they were used."""
        self._http.settle()

    def said(self) -> str:
        """How far it is, for an operator; empty when everything is there."""
        waiting = self._depot.carried(self._ctx.name)
        if not waiting:
            return ""
        part = self._confirmed.get(waiting[0].name, 0) / waiting[0].attachment.size
        spent = ", today's budget for them is spent" if self._allowance.is_spent else ""
        if len(waiting) == 1:
            return f"an attachment is on its way, {part:.0%} there{spent}"
        return f"{len(waiting)} attachments are on their way, the first {part:.0%} there{spent}"

    # The work.

    async def _work(self) -> None:
        """For ever."""
        while True:
            self._news.clear()
            parcel = self._next()
            if parcel is None:
                await self._rest()
            else:
                with self._depot.in_hand(self._ctx.name, parcel):
                    await self._try(parcel)

    def _next(self) -> Parcel | None:
        now = self._ctx.clock.monotonic()
        waiting = self._depot.waiting(self._ctx.name)
        return next((one for one in waiting if one.name not in self._waits or self._waits[one.name].until <= now), None)

    async def _rest(self) -> None:
        """Until there is news, or the first wait is over."""
        now = self._ctx.clock.monotonic()
        mine = {one.name for one in self._depot.waiting(self._ctx.name)}
        ends = [wait.until for name, wait in self._waits.items() if name in mine]
        falls_to_us = self._depot.looks_again_at(self._ctx.name)
        ends += [] if falls_to_us is None else [falls_to_us]
        try:
            async with asyncio.timeout(max(0.0, min(ends) - now) if ends else None):
                await self._news.wait()
        except TimeoutError:
            return

    async def _try(self, parcel: Parcel) -> None:
        try:
            if parcel.until <= self._ctx.clock.time():
                raise Withdrawn("the message has expired")
            await self._carry(parcel)
        except (Withdrawn, NotFound, tus.Declined) as end:
            self._later(parcel, end)
            self._ctx.log.warning("attachment left out", **_about(parcel), cause=str(end))
            if not isinstance(end, Withdrawn):  # whoever sent it believes that it goes with its text
                await self._noted(self._ctx.blobs.given_up(parcel.attachment, parcel.to, str(end)))
            await self._noted(self._depot.drop(parcel), ends=parcel)
        except tus.Gone as gone:
            self._later(parcel, gone)
            await self._noted(self._depot.put(msgspec.structs.replace(parcel, place="")))
        except FenghuoError as failure:
            self._later(parcel, failure)
        except Exception as fault:  # noqa: BLE001  # one attachment and a mistake of ours must not keep back all others
            self._ctx.log.error("attachment failed", **_about(parcel), cause=repr(fault))
            self._later(parcel, fault)

    async def _carry(self, parcel: Parcel) -> None:
        """Raises: LinkError, tus errors, and what Blobs.read() raises."""
        size = parcel.attachment.size
        self._allowance.room()
        parcel, offset = await self._begun(parcel)
        self._confirmed[parcel.name] = offset
        while offset < size:
            octets = await self._ctx.blobs.read(parcel.attachment, offset, self._allowance.room(self._chunk))
            await self._allowance.spend(len(octets))
            answer = await self._ask(tus.patching(parcel.place, offset, octets))
            reached = tus.confirmed(answer, size)
            if reached <= offset:
                raise FrameError(f"the far end took nothing and stays at {reached} of {size} octets", code="no-progress")
            offset = self._confirmed[parcel.name] = reached
            self._waits.pop(parcel.name, None)
            self._depot.goes_on(self._ctx.name, parcel)
            if offset < size and self._is_overtaken(parcel):
                return
        await self._depot.put(msgspec.structs.replace(parcel, is_done=True))
        self._forget(parcel)
        self._ctx.log.info("attachment arrived", **_about(parcel))

    async def _begun(self, parcel: Parcel) -> tuple[Parcel, int]:
        """The parcel with the place of its upload, and how much of it is there."""
        size, mine = parcel.attachment.size, self._mine(parcel)
        if mine != parcel:  # nothing of it may be told the far end by a way that may not carry it
            await self._ctx.blobs.read(parcel.attachment, 0, 0)
        if not mine.place:
            answer = await self._ask(tus.creating(mine.to, size, _metadata(mine)))
            placed = msgspec.structs.replace(mine, place=tus.made(answer, mine.to))
            await self._depot.put(placed)
            return placed, 0
        offset = tus.confirmed(await self._ask(tus.asking(mine.place)), size)
        if mine != parcel:
            await self._depot.put(mine)
            self._ctx.log.warning("attachment changes its way", **_about(mine), before=parcel.carrier, confirmed=offset, octets=size)
        return mine, offset

    def _mine(self, parcel: Parcel) -> Parcel:
        """As this way reaches it. What another way began is routine here: it waits behind all that is this way's own, but for a small copy,
        which is all that many a recipient sees of a picture."""
        if not parcel.share or parcel.carrier == self._ctx.name:
            return parcel
        place = tus.elsewhere(parcel.place, parcel.to, self._to) if parcel.place else ""
        priority = int(Priority.P4) if parcel.carrier and not parcel.attachment.thumbnail_of else parcel.priority
        return msgspec.structs.replace(parcel, carrier=self._ctx.name, to=self._to, place=place, priority=priority)

    def _is_overtaken(self, parcel: Parcel) -> bool:
        """Whether a more urgent one has come meanwhile; this one goes on after it."""
        first = self._next()
        return first is not None and first.priority < parcel.priority

    async def _ask(self, request: Request) -> Answer:
        """Raises: LinkError."""
        await self._precedence.clear()
        line = await self._http.line(request.url)
        return await self._http.exchange(line, request, turn=self._precedence.clear)

    def _later(self, parcel: Parcel, failure: Exception) -> None:
        before = self._waits.get(parcel.name)
        seconds = FIRST_WAIT_S if before is None else min(self._longest_s, 2 * before.seconds)
        if isinstance(failure, NotReady):
            seconds = failure.retry_after_s
        wait_s = seconds * self._ctx.random.uniform(0.75, 1.25)
        is_path = isinstance(failure, LinkError)
        failures = 1 + (before.failures if is_path and before is not None and before.is_path else 0)
        self._waits[parcel.name] = _Wait(self._ctx.clock.monotonic() + wait_s, seconds, is_path, failures)
        if isinstance(failure, NotReady) or (is_path and (self._is_cut or failures >= FAILURES)):
            self._depot.stuck(self._ctx.name, parcel)
        self._ctx.log.info("attachment waits", **_about(parcel), cause=str(failure), seconds=round(wait_s, 1))

    async def _noted(self, change: Coroutine[None, None, None], *, ends: Parcel | None = None) -> None:
        """What cannot be noted now is found out again when the parcel is tried again. `ends`: whose wait is over with it."""
        try:
            await change
        except FenghuoError as failure:
            self._ctx.log.error("what became of an attachment cannot be noted", cause=str(failure))
            return
        if ends is not None:
            self._forget(ends)

    def _forget(self, parcel: Parcel) -> None:
        self._waits.pop(parcel.name, None)
        self._confirmed.pop(parcel.name, None)


def _about(parcel: Parcel) -> dict[str, str]:
    return {"message": parcel.attachment.message, "digest": parcel.attachment.digest, "to": parcel.to}


def _metadata(parcel: Parcel) -> dict[str, str]:
    of = parcel.attachment
    known = {"filename": of.name, "filetype": of.media_type, "sha256": of.digest}
    known |= {"thumbnail_of": of.thumbnail_of} if of.thumbnail_of else {}
    return {**known, "message": of.message, "revision": str(of.revision), "traffic": parcel.traffic}
