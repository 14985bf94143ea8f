"""The core's side of the port for DMR text messages, as small as it can be: a context, a job, an ear."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from fenghuo import Denied, Estimate, Priority, Rendition, Token, Traffic
from fenghuo.clock import Clock, SystemClock
from fenghuo_narrowband.hrnp_channel import HrnpChannel
from fenghuo_narrowband.hrnp_settings import HrnpSettings
from tests.peers.hrnp import HrnpGateway
from tests.plugins.ear import Ear
from tests.plugins.unasked import Unasked
from tests.scale import TIMEOUT_SCALE

__all__ = ["US", "Ear", "FakeContext", "FakeJob", "settings_for", "started"]

PATIENCE_S = 40.0 * TIMEOUT_SCALE
US = 1001


def settings_for(gateway: HrnpGateway, **more: Any) -> HrnpSettings:
    base: dict[str, Any] = {"answer_s": 0.5, "ack_s": 0.3, "connect_s": 1.0, "heartbeat_s": 0.5, "reopen_max_s": 0.3} | more
    return HrnpSettings(host="127.0.0.1", port=gateway.port, radio_id=US, **base)


@dataclass
class FakeContext(Unasked):
    """A channel context that remembers what was said of health."""

    settings: HrnpSettings
    name: str = "dmr-a"
    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=lambda: random.Random(1))
    log: structlog.stdlib.BoundLogger = field(default_factory=structlog.stdlib.get_logger)
    told: list[tuple[bool, str]] = field(default_factory=list)
    strains: list[str] = field(default_factory=list)
    link: Any = None
    notes: Any = None
    blobs: Any = None

    def secret(self, path: str) -> str:
        raise AssertionError("it has no secrets")

    def health(self, up: bool, reason: str) -> None:
        self.told.append((up, reason))

    def strained(self, reason: str) -> None:
        self.strains.append(reason)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.01)


@dataclass
class FakeEmission:
    """A licence to emit. `urgent`: what turn() raises before the second part; `between`: awaited there."""

    payload: Rendition
    token: Token
    n: int = 1
    validity_s: float = 3600.0
    number: int = 17
    urgent: Exception | None = None
    turns: int = 0
    between: Callable[[], Awaitable[None]] | None = None
    cost: Estimate | None = None

    def book(self, cost: Estimate) -> None:
        self.cost = cost

    async def turn(self) -> None:
        self.turns += 1
        if self.urgent is not None and self.turns > 1:
            raise self.urgent
        if self.between is not None and self.turns == 2:
            await self.between()


class FakeJob:
    """One delivery; `begun` counts the licences that were opened."""

    is_last = False

    def __init__(
        self,
        address: str,
        text: str = "【应急】红旗镇立即转移",
        *,
        token: str = "t-1",
        denied: Denied | None = None,
        urgent: Exception | None = None,
        between: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.address = address
        self.address_kind = "dmr"
        self.priority = Priority.P0
        self.traffic = Traffic.ACTUAL
        self.size = len(text.encode())
        self.deadline = SystemClock().monotonic() + 60.0
        self.begun = 0
        self._emission = FakeEmission(Rendition("radio", text, text.encode()), Token(token), urgent=urgent, between=between)
        self._denied = denied

    @property
    def cost(self) -> Estimate:
        """What it was booked with."""
        assert self._emission.cost is not None
        return self._emission.cost

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeEmission]:
        self.begun += 1
        if self._denied is not None:
            raise self._denied
        yield self._emission


@contextlib.asynccontextmanager
async def started(gateway: HrnpGateway, **settings: Any) -> AsyncIterator[tuple[HrnpChannel, FakeContext, Ear]]:
    ctx = FakeContext(settings_for(gateway, **settings))
    channel = HrnpChannel(ctx)
    await channel.start()
    ear = Ear(channel)
    try:
        yield channel, ctx, ear
    finally:
        await channel.stop(ctx.clock.monotonic() + 1.0)
        await ear.end()
