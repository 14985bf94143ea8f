"""Carries attachments over one path, a chunk at a time, each from where the far end says that it stands: tus 1.0, core and creation.

Nothing of it delays a text, and nothing is begun that the budget does not cover. What breaks off goes on by itself: after a wait, or
as soon as anything else has crossed the path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import msgspec

from fenghuo import ChannelContext, FenghuoError, FrameError, LinkError, NotFound, NotReady, Withdrawn
from fenghuo_adapters import tus_framing as tus
from fenghuo_adapters.bound_http import BoundHttp
from fenghuo_adapters.bound_http_framing import Answer, Request
from fenghuo_vsat.parcels import Parcel, Parcels
from fenghuo_vsat.precedence import Precedence
from fenghuo_vsat.settings import HttpSettings

__all__ = ["Courier"]

FIRST_WAIT_S = 2.0
"""After a first failure; it doubles up to `probe_longest_s`, since a link that flaps is back sooner than one that is gone."""


class _Wait(msgspec.Struct, frozen=True):
    """A parcel that did not get on: tried again at `until` (monotonic), after that in twice `seconds`; `is_path`: the link was at fault."""

    until: float
    seconds: float
    is_path: bool


class Courier:
    """From start() to stop(). `http`: connections of its own, over the same budget."""

    def __init__(self, ctx: ChannelContext, http: BoundHttp, precedence: Precedence) -> None:
        settings: HttpSettings = ctx.settings
        self._ctx = ctx
        self._http = http
        self._precedence = precedence
        self._chunk = settings.chunk_octets
        self._longest_s = settings.probe_longest_s
        self._parcels = Parcels(ctx)
        self._waits: dict[str, _Wait] = {}
        self._confirmed: dict[str, int] = {}
        self._news = asyncio.Event()
        self._at_work: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what an earlier process left. Raises: StoreError."""
        await self._parcels.recall()
        self._at_work = asyncio.create_task(self._work(), name=f"attachments of {self._ctx.name}")

    async def stop(self) -> None:
        """Idempotent; the far end keeps what it has."""
        self._http.close()
        at_work, self._at_work = self._at_work, None
        if at_work is not None:
            at_work.cancel()
            await asyncio.wait([at_work])

    async def take(self, parcels: list[Parcel]) -> None:
        """On the disk when it returns. Raises: StoreError."""
        await self._parcels.add(parcels)
        self._news.set()

    def path_proven(self) -> None:
        """Something has crossed: whoever waits for the link need not wait any longer."""
        for name in [name for name, wait in self._waits.items() if wait.is_path]:
            self._waits[name] = msgspec.structs.replace(self._waits[name], until=0.0)
            self._news.set()

    def reset(self) -> None:
        """The interface has gone: what is under way is given up now."""
        self._http.reset()

    def settle(self) -> None:
        """Count what its quiet connections cost since they were used."""
        self._http.settle()

    def said(self) -> str:
        """How far it is, for an operator; empty when everything is there."""
        waiting = self._parcels.waiting()
        if not waiting:
            return ""
        part = self._confirmed.get(waiting[0].name, 0) / waiting[0].attachment.size
        if len(waiting) == 1:
            return f"an attachment is on its way, {part:.0%} there"
        return f"{len(waiting)} attachments are on their way, the first {part:.0%} there"

    # The work.

    async def _work(self) -> None:
        """For ever."""
        while True:
            self._news.clear()
            parcel = self._next()
            if parcel is None:
                await self._rest()
            else:
                await self._try(parcel)

    def _next(self) -> Parcel | None:
        now = self._ctx.clock.monotonic()
        return next((one for one in self._parcels.waiting() if one.name not in self._waits or self._waits[one.name].until <= now), None)

    async def _rest(self) -> None:
        """Until there is news, or the first wait is over."""
        ends = [wait.until for wait in self._waits.values()]
        try:
            async with asyncio.timeout(max(0.0, min(ends) - self._ctx.clock.monotonic()) if ends else None):
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
            await self._noted(self._parcels.drop(parcel), ends=parcel)
        except tus.Gone as gone:
            self._later(parcel, gone)
            await self._noted(self._parcels.put(msgspec.structs.replace(parcel, place="")))
        except FenghuoError as failure:
            self._later(parcel, failure)
        except Exception as fault:  # noqa: BLE001  # one attachment and a mistake of ours must not keep back all others
            self._ctx.log.error("attachment failed", **_about(parcel), cause=repr(fault))
            self._later(parcel, fault)

    async def _carry(self, parcel: Parcel) -> None:
        """Raises: LinkError, tus errors, and what Blobs.read() raises."""
        size = parcel.attachment.size
        parcel, offset = await self._begun(parcel)
        self._confirmed[parcel.name] = offset
        while offset < size:
            octets = await self._ctx.blobs.read(parcel.attachment, offset, self._chunk)
            answer = await self._ask(tus.patching(parcel.place, offset, octets))
            reached = tus.confirmed(answer, size)
            if reached <= offset:
                raise FrameError(f"the far end took nothing and stays at {reached} of {size} octets", code="no-progress")
            offset = self._confirmed[parcel.name] = reached
            self._waits.pop(parcel.name, None)
            if offset < size and self._is_overtaken(parcel):
                return
        await self._parcels.put(msgspec.structs.replace(parcel, is_done=True))
        self._forget(parcel)
        self._ctx.log.info("attachment arrived", **_about(parcel))

    async def _begun(self, parcel: Parcel) -> tuple[Parcel, int]:
        """The parcel with the place of its upload, and how much of it is there."""
        size = parcel.attachment.size
        if parcel.place:
            return parcel, tus.confirmed(await self._ask(tus.asking(parcel.place)), size)
        answer = await self._ask(tus.creating(parcel.to, size, _metadata(parcel)))
        placed = msgspec.structs.replace(parcel, place=tus.made(answer, parcel.to))
        await self._parcels.put(placed)
        return placed, 0

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
        self._waits[parcel.name] = _Wait(self._ctx.clock.monotonic() + wait_s, seconds, isinstance(failure, LinkError))
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
    return {**known, "message": of.message, "revision": str(of.revision), "traffic": parcel.traffic}
