"""Airtime of a medium for readable text: no frame is keyed that its caps do not allow, over restarts too."""

from __future__ import annotations

import asyncio

from fenghuo import ChannelContext, Emission, Priority
from fenghuo.link import Caps, Changes, Disk, Ledger
from fenghuo_narrowband.airtime import AirClosed
from fenghuo_narrowband.settings import RadioSettings

__all__ = ["TextAir"]

# Whoever waits for air lets pass so often what is more urgent.
_LOOK_S = 2.0


class TextAir:
    """Asked before each frame. The clock does not jump: a wall clock that is set must not open a cap."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: RadioSettings = ctx.settings
        self._clock = ctx.clock
        self._caps = Caps(settings.span_s, settings.hard_cap, settings.soft_cap, settings.reserve)
        self._disk: Disk = ctx.link
        self._base = ctx.clock.time() - ctx.clock.monotonic()
        self._ledger: Ledger | None = None

    async def open(self) -> None:
        """Take up what the disk knows was spent. Raises: StoreError; ConfigError: another channel counts this medium by another span."""
        self._ledger = await self._disk.airtime(self._caps)

    async def turn(self, emission: Emission, seconds: float, priority: Priority, *, deadline: float) -> None:
        """Return when a frame of so many seconds may be keyed, which is then spent. `deadline`: monotonic seconds by which it must be over.
        Raises: AirClosed: not before the deadline; Withdrawn; StoreError."""
        await emission.turn()
        while (wait_s := await self._wait_s(seconds, priority)) > 0:
            if self._clock.monotonic() + wait_s + seconds > deadline:
                raise AirClosed(wait_s)
            await asyncio.sleep(min(wait_s, _LOOK_S))
            await emission.turn()
        self._open.spend(seconds, self._now())

    async def may_ask(self, seconds: float) -> bool:
        """Whether a question of so many seconds may be keyed at once, which is then spent; it finds a way for whatever waits. Raises:
        StoreError."""
        if await self._wait_s(seconds, Priority.P0) > 0:
            return False
        self._open.spend(seconds, self._now())
        return True

    async def _wait_s(self, seconds: float, priority: Priority) -> float:
        ledger, now = self._open, self._now()
        if ledger.may(seconds, now, priority):
            return 0.0
        wanted = ledger.wanted()
        if wanted is not None:  # the cap allows it, and it must stand on the disk before it is spent
            await self._disk.keep(Changes(aired=wanted))
            ledger.reserved(wanted)
        return max(0.0, ledger.open_at(seconds, now, priority) - now)

    @property
    def _open(self) -> Ledger:
        assert self._ledger is not None
        return self._ledger

    def _now(self) -> float:
        return self._base + self._clock.monotonic()
