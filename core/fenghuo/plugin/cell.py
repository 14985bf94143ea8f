"""A channel in a process of its own, as the core sees it: a Channel like any other, that cannot hurt the node.

What it may do to its own process ends that process and nothing else: it hangs, blocks, eats memory, exits, floods, or goes on after it was
cancelled. Then the supervisor makes a fresh one, as after any failure; an emission that was under way is one of which nobody knows.
Source: plugins.md, Supervision (isolation tiers).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from fenghuo.errors import ConfigError, Denied
from fenghuo.model.attachment import Attachment
from fenghuo.model.delivery import AttemptRef, Outcome, Paged
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.cell_pace import Pace
from fenghuo.plugin.cell_process import CALL_S, CellEnded, CellProcess
from fenghuo.plugin.cell_values import Family, Job, Licence, Made, Terms
from fenghuo.plugin.heard import Heard, inbound_of
from fenghuo.plugin.ports import (
    CancelResult,
    ChannelContext,
    ChannelType,
    Emission,
    Estimate,
    Inbound,
    PowerLevel,
    ProbeBudget,
    ProbeResult,
    SendJob,
    SendPage,
    Unsupported,
)

__all__ = ["CellChannel", "celled", "secrets_of"]

UNTAKEN = 32
ESTIMATES = 256
SAID_AGAIN_S = 1.0
HEARD_BURST, HEARD_A_SECOND, HEARD_OCTETS = 250.0, 250.0, 1024
"""Things of up to so many octets that may come in at once, and each second after that; a larger one counts as several. Each is a row on the
disk, and the disk is everybody's: a flood of 2,000 a second with 4 KiB each held up every other channel for seconds."""
LARGEST_READ = 1 << 20
"""Octets of an attachment at once, however many were asked for."""


class _Licensed:
    """An emission under way in the cell: what it may ask of the core."""

    def __init__(self, job: SendJob | SendPage) -> None:
        self.job = job
        self.wanted: asyncio.Event = asyncio.Event()
        self.given: asyncio.Future[Emission] = asyncio.get_running_loop().create_future()

    async def begin(self) -> Licence:
        self.wanted.set()
        emission = await asyncio.shield(self.given)
        return Licence(emission.token, emission.n, emission.payload, emission.validity_s, emission.number)


class CellChannel:
    """One life of one channel and of its process. What the settings name is read and the process is there only from start() on."""

    def __init__(self, ctx: ChannelContext, module: str, kind: ChannelType, terms: Terms) -> None:
        self._ctx = ctx
        self._hears = kind.capabilities(ctx.settings).inbound
        self._deaf: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._numbers = itertools.count(1)
        self._under_way: dict[int, _Licensed] = {}
        self._heard: asyncio.Queue[Inbound] = asyncio.Queue(UNTAKEN)
        self._estimates: dict[tuple[str, int, int, str], Estimate] = {}
        self._pace = Pace(HEARD_BURST, HEARD_A_SECOND)
        self._said, self._said_at = (False, ""), -math.inf
        settings = msgspec.msgpack.encode(ctx.settings)
        made = Made(module, Family.CHANNEL, kind.id, ctx.name, settings, secrets_of(ctx.settings, ctx.secret), terms)
        self._process = CellProcess(made, self._handlers())

    async def start(self) -> None:
        await self._process.start()
        await self._process.demand("start", timeout_s=None)  # the supervisor has a limit of its own

    async def stop(self, deadline: float) -> None:
        await self._process.stop(deadline - self._ctx.clock.monotonic())

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        """What the cell has said of one as large; until it has, what is usual. It is asked meanwhile."""
        key = (payload.form, len(payload.text), len(payload.data), address)
        known = self._estimates.get(key)
        if known is None and self._process.is_open and self._process.under_way < UNTAKEN:
            self._process.spawn(self._learn(key, payload, address))
        return known or Estimate()

    async def send(self, job: SendJob) -> Outcome:
        found: Outcome = msgspec.convert(await self._carried("send", job, _job_of(job)), Outcome)
        return found

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        said = await self._carried("send_page", page, _page_of(page))
        found: Outcome | Paged = msgspec.convert(said, Paged if isinstance(said, Mapping) and "outcome" in said else Outcome)
        return found

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        found = msgspec.msgpack.decode(await self._process.ask("query", ref))
        return Unsupported() if found is None else msgspec.convert(found, Outcome)

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        return CancelResult(msgspec.msgpack.decode(await self._process.ask("cancel", ref)))

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        return (
            None if msgspec.msgpack.decode(await self._process.ask("acknowledge", ref, int(level), text, traffic.value)) else Unsupported()
        )

    async def tally(self, ref: str, level: Evidence, addresses: Collection[str], *, traffic: Traffic) -> Unsupported | None:
        return Unsupported()

    async def measure(self, address: str, body: bytes) -> Unsupported | None:
        return None if msgspec.msgpack.decode(await self._process.ask("measure", address, body)) else Unsupported()

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        return msgspec.msgpack.decode(await self._process.ask("probe", budget, timeout_s=budget.timeout_s + CALL_S), type=ProbeResult)

    def remark(self) -> str:
        return self._process.remark

    async def inbound(self) -> AsyncIterator[Inbound]:
        """Until the cell says that it hears nothing more, or is gone. Raises: CellEnded: with what became of it."""
        ends: set[asyncio.Future[Any]] = {self._process.fault, self._deaf}
        while True:
            coming = asyncio.ensure_future(self._heard.get())
            await asyncio.wait({coming, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                yield coming.result()
                continue
            coming.cancel()
            fault = (self._process.fault if self._process.fault.done() else self._deaf).result()
            if fault:
                raise CellEnded(fault)
            return

    async def set_power(self, level: PowerLevel) -> None:
        await self._process.ask("power", level.value)

    # The line.

    def _handlers(self) -> dict[str, Any]:
        return {
            "begin": self._begin,
            "turn": self._turn,
            "book": self._book,
            "heard": self._hear,
            "recall": self._ctx.notes.recall,
            "keep": self._ctx.notes.keep,
            "armed": self._armed,
            "health": self._health,
            "strained": _plain(self._ctx.strained),
            "reopened": _plain(self._ctx.reopened),
            "deaf": self._hush,
            "read": self._read,
            "thumbnail": self._thumbnail,
            "given_up": self._give_up,
        }

    async def _carried(self, do: str, job: SendJob | SendPage, view: Job) -> Any:
        """One emission: the cell asks for the licence, and it lasts until the cell has answered."""
        number = next(self._numbers)
        licensed = self._under_way[number] = _Licensed(job)
        asking = asyncio.ensure_future(self._process.ask(do, msgspec.structs.replace(view, number=number), timeout_s=None))
        wanting = asyncio.ensure_future(licensed.wanted.wait())
        try:
            await asyncio.wait({asking, wanting}, return_when=asyncio.FIRST_COMPLETED)
            if not licensed.wanted.is_set():
                return msgspec.msgpack.decode(await asking)
            try:
                async with job.begin() as emission:
                    licensed.given.set_result(emission)
                    return msgspec.msgpack.decode(await asking)
            except Denied as refusal:
                if not licensed.given.done():
                    licensed.given.set_exception(refusal)
                    licensed.given.exception()  # whether the cell still asks or not
                raise
        finally:
            self._under_way.pop(number, None)
            wanting.cancel()
            asking.cancel()
            await asyncio.wait({asking, wanting})

    async def _begin(self, number: int) -> Licence:
        return await self._under_way[number].begin()

    async def _turn(self, number: int) -> None:
        await self._under_way[number].given.result().turn()

    async def _book(self, number: int, cost: dict[str, Any]) -> None:
        self._under_way[number].given.result().book(msgspec.convert(cost, Estimate))

    async def _hear(self, number: int, fields: dict[str, Any], is_refusable: bool) -> None:
        async def ack() -> None:
            await self._process.ask("ack", number)

        async def refuse(code: str) -> None:
            await self._process.ask("refuse", number, code)

        inbound = inbound_of(msgspec.convert(fields, Heard), ack, refuse if is_refusable else None)
        await self._pace.take(max(1.0, len(inbound.raw) / HEARD_OCTETS))
        await self._heard.put(inbound)

    async def _health(self, up: bool, reason: str) -> None:
        """The same again within a second says nothing new, and each costs a commit."""
        now, said = self._ctx.clock.monotonic(), (up, reason)
        if said != self._said or now - self._said_at >= SAID_AGAIN_S:
            self._said, self._said_at = said, now
            self._ctx.health(up, reason)

    async def _armed(self, why_off: str, at: Any) -> None:
        await self._ctx.armed(why_off, msgspec.convert(at, datetime | None))

    async def _hush(self, fault: str) -> None:
        """Its ear is closed: the end of whoever is there to hear, and of nobody else unless it broke."""
        if (self._hears or fault) and not self._deaf.done():
            self._deaf.set_result(fault)

    async def _read(self, attachment: dict[str, Any], offset: int, octets: int) -> bytes:
        return await self._ctx.blobs.read(msgspec.convert(attachment, Attachment), offset, min(octets, LARGEST_READ))

    async def _thumbnail(self, attachment: dict[str, Any]) -> Attachment | None:
        return await self._ctx.blobs.thumbnail(msgspec.convert(attachment, Attachment))

    async def _give_up(self, attachment: dict[str, Any], to: str, reason: str) -> None:
        await self._ctx.blobs.given_up(msgspec.convert(attachment, Attachment), to, reason)

    async def _learn(self, key: tuple[str, int, int, str], payload: Rendition, address: str) -> None:
        with contextlib.suppress(Exception):  # an estimate is no reason to end anything
            found = msgspec.msgpack.decode(await self._process.ask("estimate", payload, address), type=Estimate)
            if len(self._estimates) >= ESTIMATES:
                self._estimates.clear()
            self._estimates[key] = found


def celled(kind: ChannelType, module: str, terms: Terms) -> ChannelType:
    """The same type, each of its channels in a process of its own, where `module` is imported."""
    return msgspec.structs.replace(kind, factory=lambda ctx: CellChannel(ctx, module, kind, terms))


def secrets_of(settings: Any, secret: Callable[[str], str]) -> dict[str, str]:
    """The texts of the files that the settings name by keys that end in _file, by how they name them; what is no text, the process reads
    itself."""
    found: dict[str, str] = {}
    for name in settings.__struct_fields__:
        path = getattr(settings, name) if name.endswith("_file") else None
        if isinstance(path, str) and path:
            with contextlib.suppress(ConfigError):
                found[path] = secret(path)
    return found


def _plain(call: Any) -> Any:
    async def called(*args: Any) -> None:
        call(*args)

    return called


def _job_of(job: SendJob) -> Job:
    within_s = job.deadline - asyncio.get_running_loop().time()
    return Job(0, job.address, job.address_kind, job.priority, job.traffic, job.size, within_s, is_last=job.is_last)


def _page_of(page: SendPage) -> Job:
    within_s = page.deadline - asyncio.get_running_loop().time()
    shape = Job(0, "", page.address_kind, page.priority, page.traffic, page.size, within_s)
    return msgspec.structs.replace(shape, addresses=tuple(page.addresses), page=page.number, pages=page.pages)
