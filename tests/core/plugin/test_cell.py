"""Instances in processes of their own: what they hand in, what they may use, and that whoever counts on one hears of its end."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import msgspec
import pytest

from fenghuo.clock import SystemClock
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId
from fenghuo.plugin import cell_process
from fenghuo.plugin.cell import CellChannel
from fenghuo.plugin.cell_process import CellEnded
from fenghuo.plugin.cell_runner import CellSensor, CellSource
from fenghuo.plugin.cell_values import Terms
from fenghuo.plugin.cell_wire import CellFault
from fenghuo.plugin.context import HostedChannelContext, HostedSensorContext, HostedSourceContext
from fenghuo.plugin.ports import Capabilities, ChannelType, Hints, Observation, ProbeBudget, SimpleChannel
from tests.peers.site import install
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.may_block("a process is started"), pytest.mark.timeout(120)]

LAMP = '''
"""What a test asks for by the setting `how`."""
import asyncio
import os
import time

import msgspec

from fenghuo import Capabilities, ChannelType, Evidence, Hints, Observation, PluginInfo, ProbeResult, SensorType, SimpleChannel, SourceType
from fenghuo import hookimpl


class Settings(msgspec.Struct, frozen=True):
    how: str = ""


class Lamp(SimpleChannel):
    def __init__(self, ctx):
        self.how = ctx.settings.how

    async def start(self):
        if self.how == "blocks":
            time.sleep(600)
        if self.how == "exits":
            asyncio.get_running_loop().call_later(0.1, os._exit, 3)
        if self.how == "spins":
            self.spin = asyncio.create_task(self.spins())

    async def spins(self):
        while True:
            await asyncio.sleep(0)

    async def probe(self, budget):
        files = []
        try:
            while True:
                files.append(open("/dev/null"))
        except OSError as refusal:
            files.clear()
            return ProbeResult(True, detail=os.strerror(refusal.errno))


class Seen:
    def __init__(self, ctx):
        self.ctx = ctx

    async def run(self):
        accepted = await self.ctx.accept(b"seen", Hints(media_type="text/plain", source="somebody else", key="k"))
        refused = await self.ctx.accept(b"nothing", Hints())
        raise RuntimeError(f"{accepted.state} {refused.code}")


class Light:
    def __init__(self, ctx):
        self.ctx = ctx

    async def run(self):
        self.ctx.observe(Observation("light", 0.5, "lx", 100.0, 60.0))
        await asyncio.Event().wait()


@hookimpl
def fenghuo_plugin():
    return PluginInfo("lamp", "1.0")


@hookimpl
def fenghuo_channel_types():
    return [ChannelType("lamp.letters", Settings, lambda settings: Capabilities("lamp", Evidence.AIRED), ("lamp",), Lamp)]


@hookimpl
def fenghuo_source_types():
    return [SourceType("lamp.seen", Settings, Seen)]


@hookimpl
def fenghuo_sensor_types():
    return [SensorType("lamp.light", Settings, Light)]
'''


class Settings(msgspec.Struct, frozen=True):
    """As the plugin has them."""

    how: str = ""


KIND = ChannelType("lamp.letters", Settings, lambda _: Capabilities("lamp", Evidence.AIRED), ("lamp",), lambda ctx: SimpleChannel())


@pytest.fixture(autouse=True)
def lamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin is where a process of its own looks for it."""
    monkeypatch.setenv("PYTHONPATH", install(tmp_path, "lamp", LAMP), prepend=":")


def channel(how: str, terms: Terms | None = None) -> CellChannel:
    ctx = HostedChannelContext("a", Settings(how), SystemClock(), str, lambda up, reason: None, random.Random(1))
    return CellChannel(ctx, "fenghuo_lamp", KIND, terms or Terms())


async def end_of(one: CellChannel) -> str:
    """What the supervisor hears, who listens to every channel."""
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(CellEnded) as ended:
            await anext(one.inbound())
    await one.stop(0.0)
    return str(ended.value)


async def test_whoever_counts_on_a_channel_that_only_sends_hears_of_its_end() -> None:
    """Its ear is closed from the beginning, which is no end; that its process is gone is one."""
    one = channel("exits")
    await one.start()
    assert "its process ended; its process is over" == await end_of(one)


async def test_a_start_that_blocks_is_ended_like_a_send_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_process, "PONG_S", 0.5)
    one = channel("blocks")
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(CellEnded, match=r"it did not answer within 0.5 s; its process is over"):
            await one.start()
    await one.stop(0.0)


async def test_whoever_takes_more_of_the_processor_than_it_may_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers every question meanwhile."""
    monkeypatch.setattr(cell_process, "PING_S", 0.05)
    monkeypatch.setattr(cell_process, "CPU_WINDOW_S", 0.5)
    one = channel("spins", Terms(cpu_share=0.01))
    await one.start()
    assert (await end_of(one)).startswith("it used more than 1% of a processor for 0.5 s")


async def test_it_may_open_so_many_files_and_no_more() -> None:
    one = channel("")
    await one.start()
    assert "Too many open files" == (await one.probe(ProbeBudget(timeout_s=PATIENCE_S))).detail
    await one.stop(0.0)


async def test_a_source_hands_in_what_it_reads_in_its_own_name() -> None:
    """It is told what became of it; whatever it raises ends its run, and nothing of it is left."""
    taken: list[tuple[str, bytes, Hints]] = []

    async def accept(name: str, raw: bytes, hints: Hints) -> Accepted | Refused:
        taken.append((name, raw, hints))
        return Accepted(MessageId("M"), 1, "active") if len(taken) == 1 else Refused(7, "empty", "nothing in it")

    ctx = HostedSourceContext("eye", Settings(), SystemClock(), accept)
    with pytest.raises(CellFault, match="RuntimeError: active empty"):
        await CellSource(ctx, "fenghuo_lamp", "lamp.seen", Terms()).run()
    assert [("eye", b"seen", Hints("text/plain", "", "k")), ("eye", b"nothing", Hints())] == taken


async def test_a_sensor_tells_what_it_sees_until_it_is_ended() -> None:
    told: asyncio.Queue[tuple[str, Observation]] = asyncio.Queue()
    ctx = HostedSensorContext("light", Settings(), SystemClock(), lambda name, seen: told.put_nowait((name, seen)))
    running = asyncio.create_task(CellSensor(ctx, "fenghuo_lamp", "lamp.light", Terms()).run())
    async with asyncio.timeout(PATIENCE_S):
        assert ("light", Observation("light", 0.5, "lx", 100.0, 60.0)) == await told.get()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
