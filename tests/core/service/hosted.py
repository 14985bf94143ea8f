"""A node with real supervisors and a plugin of four small parts, for tests of what hosts them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fenghuo import Capabilities, ChannelType, Evidence, FrontType, PluginInfo, SensorType, SourceType, hookimpl
from fenghuo.model.delivery import Accepted, Reached, Refused
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.ports import (
    ChannelContext,
    FrontContext,
    Hints,
    Observation,
    SendJob,
    SensorContext,
    SimpleChannel,
    SourceContext,
)
from fenghuo.service.desk import Desk
from fenghuo.service.hosting import Hosting
from fenghuo.service.settings import Settings, load
from tests.core.engine.house import RULES, House, opened
from tests.scale import PATIENCE_S

__all__ = ["CHANNEL_C", "Bringing", "Carrying", "Hosted", "Mounts", "Nothing", "Parts", "Seeing", "Showing", "hosted", "settings"]

CHANNEL_C = '[channels.c]\ntype = "test.channel"\nrisk_groups = ["roof"]\n'


class Nothing(msgspec.Struct, frozen=True):
    """Parts without settings."""


class Parts:
    """A plugin and everything that its instances did. `held`: what a front waits for before it has started."""

    __name__ = "parts"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.claims = Evidence.DEVICE
        self.ended: list[str] = []
        self.answers: list[Accepted | Refused] = []
        self.contexts: list[ChannelContext] = []
        self.brings: list[tuple[bytes, Hints]] = []
        self.sees: list[Observation] = []
        self.held = asyncio.Event()
        self.held.set()

    @hookimpl
    def fenghuo_plugin(self) -> PluginInfo:
        return PluginInfo("parts", "1.0")

    @hookimpl
    def fenghuo_channel_types(self) -> Sequence[ChannelType]:
        ability = Capabilities("sms", Evidence.DEVICE)
        return [ChannelType("test.channel", Nothing, lambda _: ability, ("msisdn",), self._channel)]

    @hookimpl
    def fenghuo_source_types(self) -> Sequence[SourceType]:
        return [SourceType("test.source", Nothing, lambda ctx: Bringing(self, ctx))]

    @hookimpl
    def fenghuo_sensor_types(self) -> Sequence[SensorType]:
        return [SensorType("test.sensor", Nothing, lambda ctx: Seeing(self, ctx))]

    @hookimpl
    def fenghuo_front_types(self) -> Sequence[FrontType]:
        return [FrontType("test.front", Nothing, lambda ctx: Showing(self, ctx))]

    def _channel(self, ctx: ChannelContext) -> SimpleChannel:
        self.contexts.append(ctx)
        return Carrying(self)


class Carrying(SimpleChannel):
    """Reaches everybody's device at once."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def send(self, job: SendJob) -> Reached:
        async with job.begin() as emission:
            self.parts.sent.append(emission.payload.text)
        return Reached(self.parts.claims)

    async def stop(self, deadline: float) -> None:
        self.parts.ended.append("channel")


class Bringing:
    """Brings what the test has for it, and then waits."""

    def __init__(self, parts: Parts, ctx: SourceContext) -> None:
        self.parts, self.ctx = parts, ctx

    async def run(self) -> None:
        for raw, hints in self.parts.brings:
            self.parts.answers.append(await self.ctx.accept(raw, hints))
        await asyncio.Event().wait()


class Seeing:
    """Sees what the test has for it."""

    def __init__(self, parts: Parts, ctx: SensorContext) -> None:
        self.parts, self.ctx = parts, ctx

    async def run(self) -> None:
        for observation in self.parts.sees:
            self.ctx.observe(observation)
        await asyncio.Event().wait()


class Showing:
    """Mounts itself."""

    def __init__(self, parts: Parts, ctx: FrontContext) -> None:
        self.parts, self.ctx = parts, ctx

    async def start(self) -> None:
        await self.parts.held.wait()
        self.ctx.web.mount("/test", self)

    async def stop(self, deadline: float) -> None:
        self.parts.ended.append("front")


class Mounts:
    """Stands for the web port."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def mount(self, path: str, app: Any) -> None:
        self.paths.append(path)


class Hosted:
    """A house without channels of its own, and the instances of the settings in it."""

    def __init__(self, house: House, hosting: Hosting, parts: Parts) -> None:
        self.house, self.hosting, self.parts = house, hosting, parts
        self.desk = Desk()
        self.web = Mounts()

    def start(self, *, web: bool = True) -> None:
        self.hosting.start(self.desk, self.house.store.events, self.web if web else None)
        self.hosting.start_channels()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0)
                await self.house.settle()


def settings(folder: Path, text: str, parts: Parts) -> Settings:
    (folder / "rules.toml").write_text("")
    (folder / "fenghuo.toml").write_text('[node]\nname = "node"\n' + text, encoding="utf-8")
    return load(folder / "fenghuo.toml", load_plugins([parts]), environment={})


@contextlib.asynccontextmanager
async def hosted(folder: Path, text: str = CHANNEL_C, *, parts: Parts | None = None, exercise: bool = False) -> AsyncIterator[Hosted]:
    """Instances as `text` wants them, on the board and not yet started; silent at the end."""
    brought = parts or Parts()
    read = await asyncio.to_thread(settings, folder, text, brought)
    async with opened(folder, rules=RULES.replace('"a"', '"c"'), up=False) as house:
        hosting = Hosting(read, load_plugins([brought]), house.room, exercise=exercise)
        await hosting.add_channels(house.store)
        there = Hosted(house, hosting, brought)
        try:
            yield there
        finally:
            await hosting.stop(time.monotonic() + 2.0)
