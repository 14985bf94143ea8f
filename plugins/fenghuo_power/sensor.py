"""Reads a power source at its pace, hands over what it says, and tells the log once that it is lost and once that it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fenghuo import LinkError, SensorContext
from fenghuo_power.reading import Reading, observations
from fenghuo_power.settings import Pace

__all__ = ["Look", "PowerSensor"]

SHARE = 1 / 60
Look = Callable[[], Awaitable[Reading]]
"""One reading, in its own deadline. Raises: LinkError: nobody can say."""


class PowerSensor:
    """`look` is asked at `pace`. What cannot be read is unknown at once, and never its last value."""

    def __init__(self, ctx: SensorContext, look: Look, pace: Pace) -> None:
        self._ctx = ctx
        self._look = look
        self._pace = pace
        self._is_lost = False
        self._cut_at: float | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            reading = await self._read()
            wait_s = self._wait_s(reading)
            holds_s = self._pace.stale_after_s + wait_s - self._pace.period_s
            for observation in observations(reading, self._ctx.clock.time(), holds_s):
                self._ctx.observe(observation)
            await asyncio.sleep(wait_s)

    def _wait_s(self, reading: Reading) -> float:
        """On battery a sixtieth of the time since the cut: the curve is dense while nobody knows it, and costs little once it is long."""
        now = self._ctx.clock.monotonic()
        if reading.state != "battery":
            self._cut_at = None
        elif self._cut_at is None:
            self._cut_at = now
        on_battery_s = 0.0 if self._cut_at is None else now - self._cut_at
        return max(self._pace.period_s, min(on_battery_s * SHARE, self._pace.longest_s))

    async def _read(self) -> Reading:
        try:
            reading = await self._look()
        except LinkError as lost:
            if not self._is_lost:
                self._ctx.log.error("a power source cannot be read", cause=str(lost))
            self._is_lost = True
            return Reading("unknown", cause=str(lost))
        if self._is_lost:
            self._ctx.log.info("a power source is read again", state=reading.state)
        self._is_lost = False
        return reading
