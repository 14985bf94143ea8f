"""The process of one instance of a plugin: makes it from what the core sends, and carries out what the core asks. See cell_process.py.

It has the plugin's code and what its own settings name, and nothing of the node: no store, no keys of others, no other instance.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from fenghuo.clock import SystemClock
from fenghuo.errors import ConfigError, LinkBroken
from fenghuo.model.delivery import AttemptRef, Outcome
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.cell_confinement import belong_to, confine
from fenghuo.plugin.cell_given import CellContext, CellJob, CellSensorContext, CellSourceContext
from fenghuo.plugin.cell_values import Family, Job, Made
from fenghuo.plugin.cell_wire import LARGEST, CellWire
from fenghuo.plugin.heard import heard_of
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.ports import Channel, PowerLevel, ProbeBudget, Sensor, SimpleChannel, Source, Unsupported
from fenghuo.plugin.values import Inbound

__all__ = ["main", "serve"]

AT_ONCE = 32
"""Things that came in and were not taken yet; more wait with the peer."""
REMEMBERED = 1024
"""Taken and neither acked nor refused: one that is older was dropped by the core, and its far end says it again."""


class Cell:
    """The instance, and what the core may ask of it."""

    def __init__(self) -> None:
        self.wire: CellWire
        self._channel: Channel = SimpleChannel()  # until one is made, and beside a source or sensor
        self._runs: Source | Sensor
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
            "run",
        )
        return {name: getattr(self, name) for name in names} | {"ack": self._acked, "refuse": self._refused}

    async def make(self, raw: dict[str, Any]) -> None:
        """The plugin's own code is read here, and by nobody before."""
        made = msgspec.convert(raw, Made)
        confine(made.terms)
        kind, context = _kind_of(made)
        thing = kind.factory(context(made, msgspec.msgpack.decode(made.settings, type=kind.settings), self.wire))
        if made.family == Family.CHANNEL:
            self._channel = thing
        else:
            self._runs = thing

    async def run(self) -> None:
        """The whole life of a source or sensor."""
        await self._runs.run()

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


def _kind_of(made: Made) -> tuple[Any, Callable[..., Any]]:
    """The type that the plugin brings, and what its instances are given. Raises: ConfigError: it was set aside, or brings no such type."""
    host = load_plugins([importlib.import_module(made.module)])
    types, context = {
        Family.CHANNEL: (host.channel_types, CellContext),
        Family.SOURCE: (host.source_types, CellSourceContext),
        Family.SENSOR: (host.sensor_types, CellSensorContext),
    }[made.family]
    if made.type not in types:
        raise ConfigError(f"{made.module} brings no {made.family} {made.type!r}" + "".join(f": {fault}" for fault in host.faults))
    return types[made.type][1], context


async def serve(line: socket.socket) -> None:
    """Serve the core until it hangs up; then nothing of this process is left, whatever the plugin still does."""
    reader, writer = await asyncio.open_unix_connection(sock=line, limit=LARGEST)
    cell = Cell()
    cell.wire = CellWire(reader, writer, cell.handlers())
    await cell.wire.run()
    os._exit(0)


def main() -> None:
    """Serve the core on the descriptor that it has given."""
    belong_to(int(sys.argv[2]))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
