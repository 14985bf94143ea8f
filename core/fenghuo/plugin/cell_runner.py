"""A source or a sensor in a process of its own, as the core sees it: it runs until it fails, and can do nothing but hand things in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from fenghuo.errors import LinkBroken
from fenghuo.model.delivery import Refused
from fenghuo.plugin.cell_process import CellEnded, CellProcess
from fenghuo.plugin.cell_values import Family, Made, Terms
from fenghuo.plugin.host import PluginHost
from fenghuo.plugin.ports import Hints, Observation, Sensor, SensorContext, SensorType, Source, SourceContext, SourceType

__all__ = ["CellSensor", "CellSource", "sensed", "sourced"]

ACCEPTS_AT_ONCE = 8
"""Of one source under way in intake: one that floods waits for its own, and not in the way of others."""


class _CellRun:
    """One life of one instance and of its process."""

    def __init__(self, made: Made, handlers: dict[str, Any]) -> None:
        self._process = CellProcess(made, handlers)

    async def run(self) -> None:
        """Raises: CellEnded; whatever its own run() raised."""
        try:
            await self._process.start()
            await self._process.ask("run", timeout_s=None)
        except LinkBroken as gone:
            raise CellEnded(self._process.fault.result() if self._process.fault.done() else str(gone)) from gone
        finally:
            await self._process.end("it was stopped")


class CellSource(_CellRun):
    """Fills Source."""

    def __init__(self, ctx: SourceContext, module: str, type_id: str, terms: Terms) -> None:
        self._ctx = ctx
        self._room = asyncio.Semaphore(ACCEPTS_AT_ONCE)
        made = Made(module, Family.SOURCE, type_id, ctx.name, msgspec.msgpack.encode(ctx.settings), {}, terms)
        super().__init__(made, {"accept": self._accept})

    async def _accept(self, raw: bytes, hints: dict[str, Any]) -> tuple[bool, Any]:
        own = msgspec.structs.replace(msgspec.convert(hints, Hints), source="")  # it speaks in its own name alone
        async with self._room:
            found = await self._ctx.accept(raw, own)
        return isinstance(found, Refused), found


class CellSensor(_CellRun):
    """Fills Sensor."""

    def __init__(self, ctx: SensorContext, module: str, type_id: str, terms: Terms) -> None:
        self._ctx = ctx
        made = Made(module, Family.SENSOR, type_id, ctx.name, msgspec.msgpack.encode(ctx.settings), {}, terms)
        super().__init__(made, {"observe": self._observe})

    async def _observe(self, observation: dict[str, Any]) -> None:
        self._ctx.observe(msgspec.convert(observation, Observation))


def sourced(host: PluginHost, kind: SourceType, ctx: SourceContext, terms: Terms | None) -> Callable[[], Source]:
    """What makes a life of a source, in the loop or, with `terms`, in a process of its own. Raises: ConfigError."""
    if terms is not None:
        return partial(CellSource, ctx, host.module(kind), kind.id, terms)
    return partial(host.in_loop(kind).factory, ctx)


def sensed(host: PluginHost, kind: SensorType, ctx: SensorContext, terms: Terms | None) -> Callable[[], Sensor]:
    """The same of a sensor."""
    if terms is not None:
        return partial(CellSensor, ctx, host.module(kind), kind.id, terms)
    return partial(host.in_loop(kind).factory, ctx)
