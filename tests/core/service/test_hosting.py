"""Plugin instances of a node, from settings to silence: a real engine, real supervisors, and a plugin of four small parts."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from fenghuo import Capabilities, ChannelType, Evidence, FrontType, PluginInfo, Priority, SensorType, SourceType, Traffic, hookimpl
from fenghuo.link import Caps, Changes, Disk, KeyRing, SoftwareKeys
from fenghuo.model.delivery import Accepted, Reached, Refused
from fenghuo.model.situation import Admin, Health
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.ports import (
    Actor,
    ChannelContext,
    FrontContext,
    Hints,
    Observation,
    SendJob,
    SensorContext,
    SimpleChannel,
    SourceContext,
)
from fenghuo.plugin.supervisor import ChannelSupervisor
from fenghuo.service.desk import Desk
from fenghuo.service.hosting import Hosting
from fenghuo.service.settings import Settings, load
from fenghuo.service.tending import Tending
from fenghuo.store.records import ChannelRow
from fenghuo.store.tables import CHANNEL
from tests.core.engine.house import RULES, House, opened
from tests.core.engine.values import NOW
from tests.core.service.manned import cap
from tests.scale import TIMEOUT_SCALE

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
        async with asyncio.timeout(10 * TIMEOUT_SCALE):
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


async def test_a_channel_of_the_settings_carries_orders(tmp_path: Path) -> None:
    """It stands on the board from the beginning, comes up off the boot path, and an order goes out by it."""
    async with hosted(tmp_path) as there:
        instance = there.house.room.board.get("c")
        assert instance is not None
        assert ("test.channel", ("roof",), "c", ("msisdn",)) == (
            instance.type_id,
            instance.risk_groups,
            instance.medium,
            instance.address_kinds,
        )
        there.start()
        await there.until(lambda: instance.health.state is Health.UP)
        await there.house.order("wang")
        await there.until(lambda: bool(there.parts.sent))
        assert "立即到岗" in there.parts.sent[0]


async def test_a_channel_that_claims_more_than_it_declares_is_a_fault_of_its_plugin(tmp_path: Path) -> None:
    """Told once by an alarm, however often it does it."""
    async with hosted(tmp_path) as there:
        there.parts.claims = Evidence.HUMAN
        there.start()
        await there.until(lambda: bool(there.parts.contexts))
        for _ in range(2):
            await there.house.order("wang")
        await there.until(lambda: len(there.parts.sent) == 2)
        await there.house.settle()
        told = await there.house.events("alarm.plugin_fault")
        assert ["c claims HUMAN and declares no more than DEVICE; it counts as DEVICE"] == [event["message"] for event in told]


async def test_what_an_operator_decided_outlives_the_process(tmp_path: Path) -> None:
    """A channel that was disabled is disabled at the next start, with the reason that was given."""
    async with hosted(tmp_path) as there:
        await there.house.store.run(lambda tx: tx.put(CHANNEL, ChannelRow("c", Admin.DISABLED, "root", "维修", NOW)))
    async with hosted(tmp_path) as there:
        instance = there.house.room.board.get("c")
        assert instance is not None
        assert (Admin.DISABLED, "维修") == (instance.admin, instance.admin_reason)


async def test_an_exercise_carries_nothing_actual(tmp_path: Path) -> None:
    """Whatever the settings allow: the real thing cannot leave a process that was started for a drill."""
    async with hosted(tmp_path, exercise=True) as there:
        instance = there.house.room.board.get("c")
        assert instance is not None
        assert {Traffic.EXERCISE, Traffic.SYSTEM, Traffic.TEST} == set(instance.view().traffic)


async def test_a_channel_tells_its_health_by_facts_alone(tmp_path: Path) -> None:
    """Up and down as the plugin says it."""
    async with hosted(tmp_path) as there:
        there.start()
        await there.until(lambda: bool(there.parts.contexts))
        there.parts.contexts[0].health(False, "the mast fell")
        await there.until(lambda: there.house.room.board.situation().channel["c"].health is Health.DOWN)


async def test_a_secret_is_read_relative_to_the_settings(tmp_path: Path) -> None:
    """By the name that stands in the settings."""
    (tmp_path / "radio.secret").write_text("hush\n")
    async with hosted(tmp_path) as there:
        there.start()
        await there.until(lambda: bool(there.parts.contexts))
        assert "hush" == await asyncio.to_thread(there.parts.contexts[0].secret, "radio.secret")


async def test_a_source_brings_alerts_in_and_hears_after_the_commit(tmp_path: Path) -> None:
    """In the name of the instance; it speaks for no traffic of its own, so a person looks at what it brings."""
    parts = Parts()
    parts.brings = [(cap().encode(), Hints()), (b"<!DOCTYPE a><a/>", Hints())]
    async with hosted(tmp_path, '[sources.met]\ntype = "test.source"\n', parts=parts) as there:
        there.start()
        await there.until(lambda: len(parts.answers) == 2)
        good, bad = parts.answers
        assert isinstance(good, Accepted)
        assert isinstance(bad, Refused)
        assert ("held", False) == (good.state, next(one for one in good.verdicts if one.check == "authority").ok)
        assert "met" == (await there.house.events("message.held"))[0]["source"]


async def test_what_a_sensor_sees_is_an_event(tmp_path: Path) -> None:
    """With what, how much and in which unit, under the name of the instance."""
    parts = Parts()
    parts.sees = [Observation("mains_v", 228.0, "V", 1.0, 60.0)]
    async with hosted(tmp_path, '[sensors.ups]\ntype = "test.sensor"\n', parts=parts) as there:
        there.start()
        await there.until(lambda: there.house.store.events.head > 0)
        assert [{"what": "mains_v", "value": "228.0", "unit": "V"}] == await there.house.events("sensor.observed")


async def test_a_front_mounts_itself(tmp_path: Path) -> None:
    """And is waited for before the port opens; without a web port none is started."""
    front = '[fronts.page]\ntype = "test.front"\n'
    async with hosted(tmp_path, front) as there:
        there.start()
        await there.hosting.fronts_started()
        assert ["/test"] == there.web.paths
    async with hosted(tmp_path, front) as there:
        there.start(web=False)
        await there.hosting.fronts_started()
        assert [] == there.web.paths


async def test_a_front_that_cannot_start_delays_nobody_for_long(tmp_path: Path) -> None:
    """Its name is logged, and the node goes on."""
    parts = Parts()
    parts.held.clear()
    async with hosted(tmp_path, '[fronts.page]\ntype = "test.front"\n', parts=parts) as there:
        there.start()
        with capture_logs() as logs:
            await there.hosting.fronts_started()
        assert [("a front did not start in time", ["page"])] == [(line["event"], line["fronts"]) for line in logs]


async def test_stop_means_silence_everywhere(tmp_path: Path) -> None:
    """Channels and fronts are stopped, and no task is left."""
    text = CHANNEL_C + '[fronts.page]\ntype = "test.front"\n[sources.met]\ntype = "test.source"\n'
    async with hosted(tmp_path, text) as there:
        there.start()
        await there.hosting.fronts_started()
        await there.until(lambda: bool(there.parts.contexts))
        await there.hosting.stop(time.monotonic() + 2.0)
        assert ["channel", "front"] == sorted(there.parts.ended)


async def test_a_supervisor_that_ends_is_told_and_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a fault of ours and not of its plugin: the channel comes up all the same."""
    run, faults = ChannelSupervisor.run, [TypeError("a fault of ours")]

    async def once(self: ChannelSupervisor) -> None:
        if faults:
            raise faults.pop()
        await run(self)

    monkeypatch.setattr(ChannelSupervisor, "run", once)
    monkeypatch.setattr("fenghuo.service.hosting.Tending", partial(Tending, rest_s=0.001))
    with capture_logs() as logs:
        async with hosted(tmp_path) as there:
            there.start()
            await there.until(lambda: bool(there.parts.contexts))
            assert 1 == len(await there.house.events("alarm.task_ended"))
    assert ["c"] == [line["task"] for line in logs if line["event"] == "a task ended"]


async def test_a_plugin_that_was_set_aside_is_logged(tmp_path: Path) -> None:
    """By its name and with the cause; the others work."""

    class Broken:
        __name__ = "broken"

    host = load_plugins([Broken(), Parts()])
    read = await asyncio.to_thread(settings, tmp_path, "", Parts())
    async with opened(tmp_path, up=False) as house:
        hosting = Hosting(read, host, house.room)
        await hosting.add_channels(house.store)
        with capture_logs() as logs:
            hosting.start(Desk(), house.store.events, None)
            hosting.start_channels()
        assert [("plugin set aside", "broken")] == [(line["event"], line["plugin"]) for line in logs]


async def test_the_spool_speaks_in_the_name_of_its_token(tmp_path: Path) -> None:
    """As a source, through the desk like everybody."""
    async with hosted(tmp_path) as there:
        asked: list[tuple[Actor, dict[str, Any]]] = []

        async def submit_all(actor: Actor, args: Any) -> tuple[Accepted, ...]:
            asked.append((actor, dict(args)))
            return ()

        there.desk.add({"alert.submit_all": submit_all})
        assert () == await there.hosting.spooled(there.desk)(b"<alert/>", Hints(source="spool", key="k"))
        assert [(Actor("spool", ("source",), "spool"), {"raw": b"<alert/>", "key": "k", "media_type": ""})] == asked


async def test_channels_on_one_medium_share_its_airtime(tmp_path: Path) -> None:
    """What one of them spends the other has spent too; a third, elsewhere, has its own."""
    text = CHANNEL_C + "".join(f'[channels.{name}]\ntype = "test.channel"\nmedium = "145.825"\n' for name in ("d", "e"))
    async with hosted(tmp_path, text) as there:
        there.start()
        await there.until(lambda: len(there.parts.contexts) == 3)
        ledgers = {ctx.name: ctx.link.ledger(Caps()) for ctx in there.parts.contexts}
    ledgers["d"].spend(60.0, 0.0)
    assert {"c": 0.0, "d": 0.1, "e": 0.1} == {name: ledger.used(1.0) for name, ledger in ledgers.items()}


async def spoken_s(there: Hosted) -> float:
    """Frames of a second as long as the medium of the channel allows, in one moment."""
    await there.until(lambda: bool(there.parts.contexts))
    memory: Disk = there.parts.contexts[0].link
    await memory.recall(KeyRing(1, SoftwareKeys({}), ()))
    ledger, seconds = memory.ledger(Caps(hard=0.1, soft=0.1, reserve=0.0)), 0.0
    now = await there.house.store.run(lambda tx: tx.now)
    while ledger.open_at(1.0, now, Priority.P0) <= now and seconds < 30.0:
        ledger.expect()
        if (aired := ledger.wanted()) is not None:
            await memory.keep(Changes(aired=aired))
            ledger.reserved(aired)
        ledger.spend(1.0, now)
        seconds += 1.0
    return seconds


async def test_the_airtime_of_a_medium_outlives_the_daemon(tmp_path: Path) -> None:
    """I7: three lives within one span say together what one may, less what the ends of two had reserved and not said."""
    said = list[float]()
    for _ in range(3):
        async with hosted(tmp_path) as there:
            there.start()
            said.append(await spoken_s(there))
    assert 30.0 == said[0]
    assert 45.0 < sum(said) <= 60.0
