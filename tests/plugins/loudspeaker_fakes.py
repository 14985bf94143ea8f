"""The core's side of the port for loudspeakers: a context, an emission whose turn may be used, and a channel in use."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fenghuo import Estimate, Notes, Priority, Rendition, Token, Traffic
from fenghuo.clock import SystemClock
from fenghuo.plugin.context import HostedChannelContext, LoneNotes
from fenghuo_broadcast.loudspeaker_channel import LoudspeakerChannel
from fenghuo_broadcast.loudspeaker_settings import LoudspeakerSettings
from tests.peers.rtp import GROUP, PORT

__all__ = ["SPEAKER", "Job", "running", "settings_of"]

SPEAKER = f"{GROUP}:{PORT}"


def settings_of(**more: Any) -> LoudspeakerSettings:
    """One group on loopback, armed now, never quiet."""
    base: dict[str, Any] = {
        "speakers": (SPEAKER,),
        "interface": "127.0.0.1",
        "hops": 1,
        "quiet_hours": (),
        "armed": datetime.now(UTC),
    }
    return LoudspeakerSettings(**{**base, **more})


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
    on_turn: Callable[[], Awaitable[None]] = _on
    turns: int = 0
    cost: Estimate | None = None

    def book(self, cost: Estimate) -> None:
        self.cost = cost

    async def turn(self) -> None:
        self.turns += 1
        await self.on_turn()


class Job:
    """One delivery; `level` as the renderer puts it into the media type."""

    is_last = False

    def __init__(self, text: str, token: str = "t-1", *, address: str = SPEAKER, level: int = 1, priority: Priority = Priority.P1) -> None:
        self.address, self.address_kind = address, "loudspeaker"
        self.priority, self.traffic = priority, Traffic.ACTUAL
        self.size, self.deadline = len(text.encode()), asyncio.get_running_loop().time() + 60.0
        media_type = f"text/plain; charset=utf-8; level={level}"
        self.emission = Emission(Rendition("loudspeaker", text, text.encode(), media_type), Token(token))
        self.begun = 0
        self.on_begin: Callable[[], Awaitable[None]] = _on

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[Emission]:
        self.begun += 1
        await self.on_begin()
        yield self.emission


@contextlib.asynccontextmanager
async def running(settings: LoudspeakerSettings, *, notes: Notes | None = None) -> AsyncIterator[LoudspeakerChannel]:
    """A channel from start to stop."""
    ctx = HostedChannelContext(
        "speakers", settings, SystemClock(), lambda path: path, lambda up, why: None, random=random.Random(), notes=notes or LoneNotes()
    )
    channel = LoudspeakerChannel(ctx)
    try:
        await channel.start()
        yield channel
    finally:
        await channel.stop(asyncio.get_running_loop().time() + 2.0)
