"""The process of one channel: makes it from what the core sends, and carries out what the core asks. Started by cell.py, never by hand.

It has the plugin's code and what its own settings name, and nothing of the node: no store, no keys of others, no other channel.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import os
import random
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

import msgspec

from fenghuo.clock import Clock, SystemClock
from fenghuo.errors import ConfigError, LinkBroken, NotReady
from fenghuo.model.delivery import AttemptRef, Outcome
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.cell_values import Job, Licence, Made
from fenghuo.plugin.cell_wire import LARGEST, CellWire
from fenghuo.plugin.context import NoBlobs, plugin_log
from fenghuo.plugin.heard import heard_of
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.ports import Blobs, Channel, Estimate, Notes, PowerLevel, ProbeBudget, Recalled, Unsupported
from fenghuo.plugin.signing import Signer
from fenghuo.plugin.values import Inbound

__all__ = ["main"]

AT_ONCE = 32
"""Things that came in and were not taken yet; more wait with the peer."""
PR_SET_PDEATHSIG = 1
"""Source: prctl(2); a loop that stands would never see that the core has hung up."""
REMEMBERED = 1024
"""Taken and neither acked nor refused: one that is older was dropped by the core, and its far end says it again."""


class CellNotes:
    """The channel's own memory, in the core's store."""

    def __init__(self, wire: CellWire) -> None:
        self._wire = wire

    async def recall(self) -> Recalled:
        return msgspec.msgpack.decode(await self._wire.ask("recall"), type=Recalled)

    async def keep(self, values: Mapping[str, str | None]) -> None:
        await self._wire.ask("keep", dict(values))


class CellContext:
    """What a channel is given here. What only the core's own process has is said to be missing, in a sentence."""

    def __init__(self, made: Made, settings: Any, wire: CellWire) -> None:
        self.name, self.settings = made.name, settings
        self.clock: Clock = SystemClock()
        self.random: random.Random = random.SystemRandom()
        self.log = plugin_log("channel", made.name)
        self.notes: Notes = CellNotes(wire)
        self.blobs: Blobs = NoBlobs()
        self._secrets = made.secrets
        self._wire = wire

    @property
    def link(self) -> Any:
        raise ConfigError("the narrow link is not lent to a channel in a process of its own")

    def shared(self, name: str, make: Callable[[Notes], Any]) -> Any:
        return make(self.notes)

    def secret(self, path: str) -> str:
        if path not in self._secrets:
            raise ConfigError(f"{path!r} is no secret that a setting of this channel names; its key must end in _file")
        return self._secrets[path]

    def health(self, up: bool, reason: str) -> None:
        self._wire.tell("health", up, reason)

    async def signer(self, provider: str, key: str) -> Signer:
        raise NotReady("keys are not lent to a channel in a process of its own")

    async def armed(self, why_off: str, at: datetime | None) -> None:
        await self._wire.ask("armed", why_off, at)

    def strained(self, reason: str) -> None:
        self._wire.tell("strained", reason)

    def reopened(self) -> None:
        self._wire.tell("reopened")

    def no_way(self, address: str) -> str:
        """The map is the core's; it asks before the job comes here."""
        return ""


class CellEmission:
    """A licence that the core has given."""

    def __init__(self, wire: CellWire, job: Job, licence: Licence) -> None:
        self.token, self.n, self.payload = licence.token, licence.n, licence.payload
        self.validity_s, self.number = licence.validity_s, licence.number
        self._wire, self._job = wire, job

    def book(self, cost: Estimate) -> None:
        self._wire.tell("book", self._job.number, cost)

    async def turn(self) -> None:
        await self._wire.ask("turn", self._job.number)


class CellJob:
    """A SendJob and SendPage whose licence is asked of the core."""

    def __init__(self, wire: CellWire, job: Job) -> None:
        self.address, self.address_kind, self.size = job.address, job.address_kind, job.size
        self.priority, self.traffic, self.is_last = job.priority, job.traffic, job.is_last
        self.addresses: Sequence[str] = job.addresses
        self.number, self.pages = job.page, job.pages
        self.deadline = SystemClock().monotonic() + job.within_s
        self._wire, self._job = wire, job

    def begin(self) -> CellBegin:
        return CellBegin(self._wire, self._job)


class CellBegin:
    """`async with job.begin() as emission`: the attempt is on the core's disk when it gives the emission."""

    def __init__(self, wire: CellWire, job: Job) -> None:
        self._wire, self._job = wire, job

    async def __aenter__(self) -> CellEmission:
        raw = await self._wire.ask("begin", self._job.number)
        return CellEmission(self._wire, self._job, msgspec.msgpack.decode(raw, type=Licence))

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """The core ends its licence when send() is answered."""


class Cell:
    """The channel, and what the core may ask of it."""

    def __init__(self) -> None:
        self.wire: CellWire
        self._channel: Channel
        self._ear: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._unacked: dict[int, Inbound] = {}

    def handlers(self) -> dict[str, Callable[..., Any]]:
        names = (
            "make",
            "start",
            "stop",
            "estimate",
            "send",
            "send_page",
            "query",
            "cancel",
            "acknowledge",
            "measure",
            "probe",
            "power",
            "ping",
        )
        return {name: getattr(self, name) for name in names} | {"ack": self._acked, "refuse": self._refused}

    async def make(self, raw: dict[str, Any]) -> None:
        made = msgspec.convert(raw, Made)
        _, kind = load_plugins().channel_types[made.type]
        resource.setrlimit(resource.RLIMIT_AS, (made.memory, made.memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        settings = msgspec.msgpack.decode(made.settings, type=kind.settings)
        self._channel = kind.factory(CellContext(made, settings, self.wire))

    async def start(self) -> None:
        await self._channel.start()
        self._ear = asyncio.create_task(self._listen())

    async def stop(self, within_s: float) -> None:
        await self._channel.stop(SystemClock().monotonic() + within_s)

    async def estimate(self, payload: dict[str, Any], address: str) -> Any:
        return self._channel.estimate(msgspec.convert(payload, Rendition), address)

    async def send(self, job: dict[str, Any]) -> Any:
        return await self._channel.send(CellJob(self.wire, msgspec.convert(job, Job)))

    async def send_page(self, job: dict[str, Any]) -> Any:
        return await self._channel.send_page(CellJob(self.wire, msgspec.convert(job, Job)))

    async def query(self, ref: dict[str, Any]) -> Any:
        return _or_nothing(await self._channel.query(msgspec.convert(ref, AttemptRef)))

    async def cancel(self, ref: dict[str, Any]) -> Any:
        return (await self._channel.cancel(msgspec.convert(ref, AttemptRef))).value

    async def acknowledge(self, ref: str, level: int, text: str, traffic: str) -> Any:
        return await self._channel.acknowledge(ref, Evidence(level), text=text, traffic=Traffic(traffic)) is None

    async def measure(self, address: str, body: bytes) -> Any:
        return await self._channel.measure(address, body) is None

    async def probe(self, budget: dict[str, Any]) -> Any:
        return await self._channel.probe(msgspec.convert(budget, ProbeBudget))

    async def power(self, level: str) -> None:
        await self._channel.set_power(PowerLevel(level))

    async def ping(self) -> str:
        return self._channel.remark()

    async def _listen(self) -> None:
        room = asyncio.Semaphore(AT_ONCE)
        handing: set[asyncio.Task[None]] = set()
        try:
            async for inbound in self._channel.inbound():
                await room.acquire()
                task = asyncio.create_task(self._hand_over(inbound))
                handing.add(task)
                task.add_done_callback(handing.discard)
                task.add_done_callback(lambda _: room.release())
            self.wire.tell("deaf", "")
        except Exception as fault:  # noqa: BLE001  # the core starts the channel anew, as it does in its own process
            self.wire.tell("deaf", f"{type(fault).__name__}: {fault}")

    async def _hand_over(self, inbound: Inbound) -> None:
        number = next(self._numbers)
        self._unacked[number] = inbound
        self._unacked.pop(number - REMEMBERED, None)
        with contextlib.suppress(LinkBroken):  # the core has hung up: this process is at its end
            await self.wire.ask("heard", number, heard_of(inbound), inbound.refuse is not None)

    async def _acked(self, number: int) -> None:
        await self._unacked.pop(number).ack()

    async def _refused(self, number: int, code: str) -> None:
        refuse = self._unacked.pop(number).refuse
        if refuse is not None:
            await refuse(code)


def _or_nothing(found: Outcome | Unsupported) -> Outcome | None:
    return None if isinstance(found, Unsupported) else found


async def _serve(line: socket.socket) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=line, limit=LARGEST)
    cell = Cell()
    cell.wire = CellWire(reader, writer, cell.handlers())
    await cell.wire.run()


def main() -> None:
    """Serve the core on the descriptor that it has given, until it hangs up or is gone; then nothing of this process is left."""
    core = int(sys.argv[2])
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != core:  # it was gone before we asked to be told
        os._exit(0)
    line = socket.socket(fileno=int(sys.argv[1]))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(line))
    os._exit(0)


if __name__ == "__main__":
    main()
