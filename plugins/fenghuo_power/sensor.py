"""Reads a power source at its pace, hands over what it says, and tells the log once that it is lost and once that it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fenghuo import LinkError, SensorContext
from fenghuo_power.reading import Reading, observations

__all__ = ["Look", "PowerSensor"]

Look = Callable[[], Awaitable[Reading]]
"""One reading, in its own deadline. Raises: LinkError: nobody can say."""


class PowerSensor:
    """`look` is asked every `period_s` seconds. What cannot be read is unknown at once, and never its last value."""

    def __init__(self, ctx: SensorContext, look: Look, *, period_s: float, stale_after_s: float) -> None:
        self._ctx = ctx
        self._look = look
        self._period_s = period_s
        self._stale_after_s = stale_after_s
        self._is_lost = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            reading = await self._read()
            for observation in observations(reading, self._ctx.clock.time(), self._stale_after_s):
                self._ctx.observe(observation)
            await asyncio.sleep(self._period_s)

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
