"""The core's side of the port for sirens: a context, an emission, and a channel that looks at its sirens until the test ends."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from fenghuo import Estimate, Inbound, InboundKind, Notes, Priority, Rendition, Token, Traffic, Withdrawn
from fenghuo.clock import SystemClock
from fenghuo.plugin.context import HostedChannelContext, LoneNotes
from fenghuo_siren import SirenSettings
from fenghuo_siren.channel import SirenChannel
from fenghuo_siren.rendition import SOUND, STOP
from tests.peers.modbus import Sirens
from tests.peers.modbus_server import COIL, SENSOR, SESSION, TIMER, WATCHDOG
from tests.peers.modbus_server import STOP as STOP_INPUT
from tests.scale import PATIENCE_S

__all__ = ["Job", "Running", "report_of", "running", "settings_of"]

WIRED = {"coil": COIL, "feedback": "input", "feedback_at": SENSOR, "timer": TIMER, "timer_unit_s": 0.1, "session": SESSION}
UNWATCHED = {"timer": -1, "session": -1, "only_we_end": True}
DOGGED = {"timer": -1, "watchdog": WATCHDOG}
STOPPABLE = {"stop_input": STOP_INPUT}


def settings_of(there: Sirens, **more: Any) -> SirenSettings:
    """Four sirens at a cabinet, armed now, with short waits."""
    base: dict[str, Any] = {
        "sirens": ("1/1", "1/2", "2/1", "3/1"),
        "port": there.port,
        **WIRED,
        "sound_s": 5.0,
        "max_on_s": 10.0,
        "answer_s": 0.5,
        "feedback_s": 0.5,
        "watch_s": 0.1,
        "reopen_max_s": 0.2,
        "armed": datetime.now(UTC),
    }
    return SirenSettings(**{**base, **more})


async def _on() -> None:
    """Nobody is more urgent."""


@dataclass
class Emission:
    """A licence. `on_turn`: what happens while the channel lets others pass."""

    payload: Rendition
    token: Token
    n: int = 1
    validity_s: float = 600.0
    number: int = 1
    is_withdrawn: bool = False
    on_turn: Callable[[], Awaitable[None]] = _on

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        await self.on_turn()
        if self.is_withdrawn:
            raise Withdrawn("cancelled")


class Job:
    """One delivery of the message `about`. `stop`: it is a Cancel."""

    is_last = False

    def __init__(self, address: str, token: str = "t-1", *, n: int = 1, stop: bool = False, about: str = "M") -> None:
        data = (STOP if stop else SOUND) + f" {about}".encode()
        self.address, self.address_kind = address, "siren"
        self.priority, self.traffic = Priority.P0, Traffic.ACTUAL
        self.size, self.deadline = len(data), asyncio.get_running_loop().time() + 30.0
        self.emission = Emission(Rendition("siren", "鸣响警报", data), Token(token), n)
        self.begun = 0

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[Emission]:
        self.begun += 1
        yield self.emission


@dataclass
class Running:
    """A channel in use, and what it handed over; `vouched`: how often its sensors spoke for it; `strains`: why it may not carry."""

    channel: SirenChannel
    told: list[tuple[bool, str]]
    strains: list[str]
    heard: list[Inbound] = field(default_factory=list)
    vouched: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def inbound(self) -> Inbound:
        """The next thing it hands over, within seconds."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.heard:
                self.came.clear()
                await self.came.wait()
        return self.heard.pop(0)

    async def listen(self) -> None:
        async for thing in self.channel.inbound():
            self.vouched += thing.kind is InboundKind.HEARD
            if thing.kind is not InboundKind.HEARD:
                self.heard.append(thing)
            self.came.set()


@contextlib.asynccontextmanager
async def running(settings: SirenSettings, *, notes: Notes | None = None) -> AsyncIterator[Running]:
    """A channel from start to stop."""
    told: list[tuple[bool, str]] = []
    strains: list[str] = []
    ctx = HostedChannelContext(
        "sirens",
        settings,
        SystemClock(),
        lambda path: path,
        lambda up, why: told.append((up, why)),
        random=random.Random(1),
        notes=notes or LoneNotes(),
        on_strain=strains.append,
    )
    run = Running(SirenChannel(ctx), told, strains)
    await run.channel.start()
    ear = asyncio.create_task(run.listen())
    try:
        yield run
    finally:
        await run.channel.stop(asyncio.get_running_loop().time() + 2.0)
        await ear


def report_of(inbound: Inbound) -> dict[str, Any]:
    """A message of the channel's own, as intake reads it."""
    read: dict[str, Any] = msgspec.json.decode(inbound.raw)
    return read
