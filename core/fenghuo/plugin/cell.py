"""A channel in a process of its own, as the core sees it: a Channel like any other, that cannot hurt the node.

What it may do to its own process ends that process and nothing else: it hangs, blocks, eats memory, exits, floods, or goes on after it was
cancelled. Then the supervisor makes a fresh one, as after any failure; an emission that was under way is one of which nobody knows.
Source: plugins.md, Supervision (isolation tiers).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from fenghuo.errors import Denied, NotReady
from fenghuo.model.delivery import AttemptRef, Outcome, Paged
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.cell_values import Job, Licence, Made
from fenghuo.plugin.cell_wire import LARGEST, CellWire
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

__all__ = ["MEMORY", "CellChannel", "celled"]

MEMORY = 512 << 20
"""Octets that such a process may use unless the settings say otherwise."""
PING_S, PONG_S = 2.0, 5.0
"""It is asked whether it still lives so often, and has so long to say so. A loop that stands for longer is killed."""
CALL_S = 10.0
STOP_S = 2.0
UNTAKEN = 32
ESTIMATES = 256


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
    """One life of one channel and of its process."""

    def __init__(self, ctx: ChannelContext, type_id: str, memory: int = MEMORY) -> None:
        self._ctx = ctx
        self._type, self._memory = type_id, memory
        self._wire: CellWire | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._under_way: dict[int, _Licensed] = {}
        self._heard: asyncio.Queue[Inbound] = asyncio.Queue(UNTAKEN)
        self._estimates: dict[tuple[str, int, int, str], Estimate] = {}
        self._remark = ""
        self._killed = ""
        self._fault: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            isolated = ("-I",) if sys.flags.isolated else ()
            command = (sys.executable, *isolated, "-m", "fenghuo.plugin.cell_child", str(theirs.fileno()), str(os.getpid()))
            kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH", "TZ", "HOME")}
            self._process = await asyncio.create_subprocess_exec(
                *command,
                pass_fds=(theirs.fileno(),),
                env=kept,
                start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=LARGEST)
        self._wire = CellWire(reader, writer, self._handlers(), on_stubborn=self._kill)
        self._spawn(self._wire.run())
        await self._ask("make", self._made())
        await self._ask("start", timeout_s=None)  # the supervisor has a limit of its own
        self._spawn(self._watch())

    async def stop(self, deadline: float) -> None:
        """It is asked to be silent, and ended: afterwards there is nobody who could send."""
        within_s = max(0.0, min(STOP_S, deadline - self._ctx.clock.monotonic()))
        if self._wire is not None and not self._wire.ended.done():
            with contextlib.suppress(Exception):  # whatever it says, it is ended
                await self._wire.ask("stop", within_s, timeout_s=within_s)
        await self._end("it was stopped")

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        """What the cell has said of one as large; until it has, what is usual. It is asked meanwhile."""
        key = (payload.form, len(payload.text), len(payload.data), address)
        known = self._estimates.get(key)
        if known is None and self._wire is not None and not self._wire.ended.done() and len(self._tasks) < UNTAKEN:
            self._spawn(self._learn(key, payload, address))
        return known or Estimate()

    async def send(self, job: SendJob) -> Outcome:
        found: Outcome = msgspec.convert(await self._carried("send", job, _job_of(job)), Outcome)
        return found

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        said = await self._carried("send_page", page, _page_of(page))
        found: Outcome | Paged = msgspec.convert(said, Paged if isinstance(said, Mapping) and "outcome" in said else Outcome)
        return found

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        found = msgspec.msgpack.decode(await self._ask("query", ref))
        return Unsupported() if found is None else msgspec.convert(found, Outcome)

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        return CancelResult(msgspec.msgpack.decode(await self._ask("cancel", ref)))

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        return None if msgspec.msgpack.decode(await self._ask("acknowledge", ref, int(level), text, traffic.value)) else Unsupported()

    async def tally(self, ref: str, level: Evidence, addresses: Collection[str], *, traffic: Traffic) -> Unsupported | None:
        return Unsupported()

    async def measure(self, address: str, body: bytes) -> Unsupported | None:
        return None if msgspec.msgpack.decode(await self._ask("measure", address, body)) else Unsupported()

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        return msgspec.msgpack.decode(await self._ask("probe", budget, timeout_s=budget.timeout_s + CALL_S), type=ProbeResult)

    def remark(self) -> str:
        return self._remark

    async def inbound(self) -> AsyncIterator[Inbound]:
        """Until the cell says that it hears nothing more, or is gone. Raises: LinkBroken: with what became of it."""
        while True:
            coming = asyncio.ensure_future(self._heard.get())
            either: set[asyncio.Future[Any]] = {coming, self._fault}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                yield coming.result()
                continue
            coming.cancel()
            if self._fault.result():
                raise CellEnded(self._fault.result())
            return

    async def set_power(self, level: PowerLevel) -> None:
        await self._ask("power", level.value)

    # The line.

    def _made(self) -> Made:
        settings = self._ctx.settings
        named = {name: getattr(settings, name) for name in settings.__struct_fields__ if name.endswith("_file")}
        secrets = {path: self._ctx.secret(path) for path in named.values() if path}
        return Made(self._type, self._ctx.name, msgspec.msgpack.encode(settings), secrets, self._memory)

    def _handlers(self) -> dict[str, Any]:
        return {
            "begin": self._begin,
            "turn": self._turn,
            "book": self._book,
            "heard": self._hear,
            "recall": self._ctx.notes.recall,
            "keep": self._ctx.notes.keep,
            "armed": self._armed,
            "health": _plain(self._ctx.health),
            "strained": _plain(self._ctx.strained),
            "reopened": _plain(self._ctx.reopened),
            "deaf": self._deaf,
        }

    async def _ask(self, do: str, *args: Any, timeout_s: float | None = CALL_S) -> msgspec.Raw:
        if self._wire is None:
            raise NotReady("its process was not started")
        return await self._wire.ask(do, *args, timeout_s=timeout_s)

    async def _carried(self, do: str, job: SendJob | SendPage, view: Job) -> Any:
        """One emission: the cell asks for the licence, and it lasts until the cell has answered."""
        number = next(self._numbers)
        licensed = self._under_way[number] = _Licensed(job)
        asking = asyncio.ensure_future(self._ask(do, msgspec.structs.replace(view, number=number), timeout_s=None))
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
            await self._ask("ack", number)

        async def refuse(code: str) -> None:
            await self._ask("refuse", number, code)

        await self._heard.put(inbound_of(msgspec.convert(fields, Heard), ack, refuse if is_refusable else None))

    async def _armed(self, why_off: str, at: Any) -> None:
        await self._ctx.armed(why_off, msgspec.convert(at, datetime | None))

    async def _deaf(self, fault: str) -> None:
        if not self._fault.done():
            self._fault.set_result(fault)

    async def _learn(self, key: tuple[str, int, int, str], payload: Rendition, address: str) -> None:
        with contextlib.suppress(Exception):  # an estimate is no reason to end anything
            found = msgspec.msgpack.decode(await self._ask("estimate", payload, address), type=Estimate)
            if len(self._estimates) >= ESTIMATES:
                self._estimates.clear()
            self._estimates[key] = found

    # Its life.

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        """Ask whether it lives; whoever does not say so in time is killed."""
        wire = self._wire
        while wire is not None and not wire.ended.done():
            try:
                self._remark = str(msgspec.msgpack.decode(await wire.ask("ping", timeout_s=PONG_S)))
                await asyncio.wait({wire.ended}, timeout=PING_S)
            except Exception as fault:  # noqa: BLE001  # any of them means that it does not live
                self._kill(f"it did not answer within {PONG_S:g} s" if not wire.ended.done() else str(fault))
                break
        if wire is not None:
            await self._end(await wire.ended)

    def _kill(self, reason: str) -> None:
        """End the whole of it, with whatever it has started."""
        self._killed = self._killed or reason
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _end(self, reason: str) -> None:
        process = self._process
        self._kill(reason)
        if process is not None:
            await process.wait()
        if self._wire is not None:
            await self._wire.close(self._killed)
        if not self._fault.done():
            self._fault.set_result(f"{self._killed}; its process is over")
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()


class CellEnded(Exception):
    """The process of a channel is gone by its own doing: a crash, by which the supervisor counts."""


def celled(kind: ChannelType, memory: int = MEMORY) -> ChannelType:
    """The same type, each of its channels in a process of its own."""
    return msgspec.structs.replace(kind, factory=lambda ctx: CellChannel(ctx, kind.id, memory))


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
