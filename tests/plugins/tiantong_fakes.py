"""The core's side of the port for a satellite terminal, on virtual time: a clock that is the loop's, a job, and a slow terminal."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import structlog

from fenghuo import Inbound, Priority, Rendition, Token, Traffic
from fenghuo.clock import Clock, SystemClock
from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_tiantong import TiantongSettings, capabilities
from fenghuo_tiantong.channel import TiantongChannel
from fenghuo_tiantong.conformance import SimulatedTerminal
from tests.plugins.ear import Ear
from tests.plugins.sms_fakes import FakeEmission, FakeNotes
from tests.plugins.unasked import Unasked

__all__ = ["EPOCH", "Far", "VirtualContext", "VirtualJob", "on_virtual_time", "started", "stopped"]

EPOCH = 1_795_514_700.0
T = TypeVar("T")


def on_virtual_time(scenario: Coroutine[Any, Any, T]) -> T:
    """Run it where hours take no time."""
    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        return runner.run(scenario)


def loop_clock() -> Clock:
    """Virtual seconds, and UTC that runs with them."""
    loop = asyncio.get_running_loop()
    return SystemClock(wall=lambda: EPOCH + loop.time(), monotonic=loop.time)


@dataclass
class VirtualContext(Unasked):
    """A channel context that remembers what was said of health."""

    settings: TiantongSettings
    password: str = ""
    name: str = "tt-1"
    clock: Clock = field(default_factory=loop_clock)
    random: random.Random = field(default_factory=lambda: random.Random(1))
    log: structlog.stdlib.BoundLogger = field(default_factory=structlog.stdlib.get_logger)
    told: list[tuple[bool, str]] = field(default_factory=list)
    link: Any = None
    notes: FakeNotes = field(default_factory=FakeNotes)
    blobs: Any = None

    def secret(self, path: str) -> str:
        return self.password

    def health(self, up: bool, reason: str) -> None:
        self.told.append((up, reason))

    def strained(self, reason: str) -> None:
        """Nothing here is ever strained."""


class VirtualJob:
    """One delivery; `begun` counts the licences that were opened."""

    is_last = False

    def __init__(self, address: str, text: str, settings: TiantongSettings) -> None:
        self.address, self.address_kind = address, "satphone"
        self.priority, self.traffic = Priority.P0, Traffic.ACTUAL
        self.size = len(text.encode())
        self.deadline = asyncio.get_running_loop().time() + capabilities(settings).attempt_s
        self.begun = 0
        self._emission = FakeEmission(Rendition("satellite", text, text.encode()), Token("t-1"))

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeEmission]:
        self.begun += 1
        yield self._emission


class Far(SimulatedTerminal):
    """Takes `takes_s` for each submission, and answers nothing else meanwhile, as a modem does that sends."""

    def __init__(self, takes_s: float = 0.0) -> None:
        super().__init__()
        self.takes_s = takes_s
        self.now = lambda: EPOCH + asyncio.get_running_loop().time()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, free_at = asyncio.get_running_loop(), 0.0

        def put(octets: bytes) -> None:
            nonlocal free_at
            free_at = max(free_at, loop.time()) + (self.takes_s if b"+CMGS:" in octets else 0.0)
            loop.call_at(free_at, writer.write, octets)

        host = self.modem.host(put)
        try:
            while octets := await reader.read(4096):
                host.feed(octets)
        finally:
            host.gone()


async def started(far: Far, **more: object) -> tuple[TiantongChannel, VirtualContext, list[Inbound], Ear]:
    """A channel at this terminal with the settings as shipped, and what it hears."""
    settings = msgspec.structs.replace(TiantongSettings(device=f"tcp://127.0.0.1:{far.port}"), **more)
    ctx = VirtualContext(settings)
    channel = TiantongChannel(ctx)
    await channel.start()
    ear = Ear(channel)
    return channel, ctx, ear.heard, ear


async def stopped(channel: TiantongChannel, ear: Ear) -> None:
    await channel.stop(asyncio.get_running_loop().time() + 1.0)
    await ear.end()
