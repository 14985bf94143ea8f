"""The radio channel through a base station and a mobile one, on virtual time: by whom each frame goes, and what is said of that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import msgspec
import pytest

from fenghuo import Aired, Priority, ProbeBudget, Scope, Transient, Unknown
from fenghuo.clock import SystemClock
from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_adapters.kiss_framing import Command, KissDecoder, KissFrame
from fenghuo_narrowband.channel import RadioChannel
from tests.plugins.narrowband_fakes import FakeContext, FakeJob, settings_for

BASE, VAN = "BJ1BS4", "BJ1VAN"
GONE, BY_VAN = f"{BASE} is not heard (direct_mode), and no relay is", f"{BASE} is not heard (direct_mode): {VAN} relays"


def on_virtual_time(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it where a silence of minutes takes no time."""
    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        runner.run(scenario())


class Hill:
    """A channel that runs and the air around its TNC. `on`: the digipeaters that are on the air; `said`: every frame of ours as it was
    sent, `by(VAN)` those that one was to repeat, without questions."""

    def __init__(self) -> None:
        self.on = {BASE}
        self.said: list[UiFrame] = []
        self._tnc: asyncio.StreamWriter | None = None
        self.port = 0

    def by(self, call: str) -> list[str]:
        return [frame.info.decode() for frame in self.said if frame.path[0] == Address(call) and not frame.info.startswith(b"PATH")]

    @property
    def questions(self) -> list[str]:
        return [str(frame.path[0]) for frame in self.said if frame.info.startswith(b"PATH")]

    def heard(self, frame: UiFrame) -> None:
        """The TNC hears it."""
        assert self._tnc is not None
        self._tnc.write(KissFrame(frame.encode()).encode())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tnc, decoder = writer, KissDecoder()
        while data := await reader.read(4096):
            for frame in decoder.feed(data):
                if frame.command == Command.DATA:
                    self.said.append(UiFrame.decode(frame.data))
                    asyncio.get_running_loop().call_later(0.5, self._repeat, self.said[-1])

    def _repeat(self, frame: UiFrame) -> None:
        if frame.path and str(frame.path[0]) in self.on:
            self.heard(msgspec.structs.replace(frame, repeated=1))


@contextlib.asynccontextmanager
async def hill(*, air: Any = None, **more: object) -> AsyncIterator[tuple[Hill, RadioChannel, FakeContext]]:
    around = Hill()
    server = await asyncio.start_server(around.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    base: dict[str, object] = {"path": (BASE,), "relays": (VAN,), "steady_s": 60.0, "quiet_s": 0.0}
    settings = settings_for(port, **(base | more))
    ctx = FakeContext(settings, clock=SystemClock(monotonic=asyncio.get_running_loop().time))
    channel = RadioChannel(ctx, air)
    await channel.start()
    ear = asyncio.create_task(listen(channel))
    await asyncio.sleep(0.1)  # until the TNC has taken the line
    try:
        yield around, channel, ctx
    finally:
        await channel.stop(0.0)
        await ear
        server.close()


async def listen(channel: RadioChannel) -> None:
    async for _ in channel.inbound():
        pass


def job(text: str, priority: Priority = Priority.P1) -> FakeJob:
    made = FakeJob("BJ1V21", text)
    made.priority = priority
    return made


def test_what_the_base_station_was_heard_to_repeat_is_aired() -> None:
    """AIRED and no more: a digipeater keeps nothing; nothing is asked meanwhile."""

    async def scenario() -> None:
        async with hill() as (around, channel, ctx):
            assert Aired(("BJ1V21/0123",)) == await channel.send(job("甲"))
            assert (["甲"], []) == (around.by(BASE), around.questions)
            assert ("", []) == (channel.remark(), ctx.strains)

    on_virtual_time(scenario)


def test_a_repetition_that_noise_took_leaves_a_doubt_and_the_base_station_in_use() -> None:
    """Asked once more it answers: the frame may have been heard, and nobody else carries us."""

    async def scenario() -> None:
        async with hill() as (around, channel, ctx):
            around.on = set()
            asyncio.get_running_loop().call_later(5.0, around.on.add, BASE)
            assert Unknown(f"{BASE} was not heard to repeat it") == await channel.send(job("甲"))
            assert [BASE] * len(around.questions) == around.questions
            assert ([True], "") == ([up for up, _ in ctx.told], channel.remark())
            assert Aired(("BJ1V21/0123",)) == await channel.send(job("乙"))

    on_virtual_time(scenario)


class SpentAir:
    """A medium whose airtime orders may have and questions may not."""

    async def open(self) -> None:
        """There is nothing to read."""

    async def turn(self, *_: object, **__: object) -> None:
        """Whatever is urgent enough has it."""

    async def may_ask(self, seconds: float) -> bool:
        return False


def test_a_base_station_that_there_was_no_air_to_ask_is_not_given_up() -> None:
    """One repetition was lost: that is a doubt about one order, and nothing is known of who is there."""

    async def scenario() -> None:
        async with hill(air=SpentAir(), relays=()) as (around, channel, ctx):
            around.on.clear()
            assert Unknown(f"{BASE} was not heard to repeat it") == await channel.send(job("甲"))
            around.on.add(BASE)
            assert Aired(("BJ1V21/0123",)) == await channel.send(job("乙"))
            assert ([], []) == (around.questions, [reason for up, reason in ctx.told if not up])

    on_virtual_time(scenario)


def test_a_base_station_that_is_gone_is_an_outage_and_a_van_that_is_heard_ends_it() -> None:
    """The first order is a doubt, later ones do not leave, and an urgent one asks everybody first; then all go by the van."""

    async def scenario() -> None:
        async with hill() as (around, channel, ctx):
            around.on = set()
            assert isinstance(await channel.send(job("甲")), Unknown)
            assert ((False, GONE), GONE) == (ctx.told[-1], channel.remark())
            waits, urgent = job("乙"), job("丙", Priority.P0)
            assert Transient(Scope.CHANNEL, "no-repeater", 0.0) == await channel.send(waits)
            asked = len(around.questions)
            assert Transient(Scope.CHANNEL, "no-repeater", 0.0) == await channel.send(urgent)
            assert {BASE, VAN} == set(around.questions[asked:])
            assert 0 == waits.begun + urgent.begun
            around.on = {VAN}
            around.heard(UiFrame(Address("BEACON"), Address(VAN), b"on the air"))
            await asyncio.sleep(0.1)
            assert ((True, BY_VAN), BY_VAN) == (ctx.told[-1], channel.remark())
            assert Aired(("BJ1V21/0123",)) == await channel.send(waits)
            assert ["乙"] == around.by(VAN)

    on_virtual_time(scenario)


def test_a_van_that_is_known_takes_over_at_once_and_is_a_strain() -> None:
    """The base station falls silent while the van is there: no outage; another channel goes first where there is one."""

    async def scenario() -> None:
        async with hill() as (around, channel, ctx):
            around.on = {VAN}
            around.heard(UiFrame(Address("BEACON"), Address(VAN), b"on the air"))
            assert isinstance(await channel.send(job("甲")), Unknown)
            assert ([True], [BY_VAN]) == ([up for up, _ in ctx.told], ctx.strains)
            assert Aired(("BJ1V21/0123",)) == await channel.send(job("甲, 重发"))
            assert ["甲, 重发"] == around.by(VAN)

    on_virtual_time(scenario)


def test_the_base_station_is_asked_for_now_and_then_and_taken_back_once_it_is_steady() -> None:
    """Not before `steady_s` after it was lost, by a question before an order that can wait, and never before an urgent one."""

    async def scenario() -> None:
        async with hill() as (around, channel, _):
            around.on = {VAN}
            around.heard(UiFrame(Address("BEACON"), Address(VAN), b"on the air"))
            await channel.send(job("甲"))
            around.on = {BASE, VAN}
            around.heard(UiFrame(Address("BJ1CMD"), Address("BJ1V9"), b"x", path=(Address(BASE),), repeated=1))
            await asyncio.sleep(30.0)
            assert f"{BASE} is back, and not steady yet: {VAN} relays" == channel.remark()
            await channel.send(job("乙", Priority.P3))
            await asyncio.sleep(31.0)
            await channel.send(job("丙"))
            assert (["乙"], ["甲", "丙"], "") == (around.by(VAN), around.by(BASE), channel.remark())
            around.on = {VAN}
            await channel.send(job("丁"))
            around.on = {BASE, VAN}
            await asyncio.sleep(61.0)
            asked = len(around.questions)
            await channel.send(job("戊"))
            assert asked == len(around.questions)
            await channel.send(job("己", Priority.P3))
            assert [BASE] == around.questions[asked:]
            assert (["乙", "戊"], "己") == (around.by(VAN), around.by(BASE)[-1])

    on_virtual_time(scenario)


def test_a_probe_finds_whoever_is_there() -> None:
    """While nobody carries us it asks all, as its time allows; it proves the air and not only the TNC."""

    async def scenario() -> None:
        async with hill() as (around, channel, ctx):
            around.on = set()
            await channel.send(job("甲"))
            assert not (await channel.probe(ProbeBudget(timeout_s=10.0))).answered
            around.on = {VAN}
            found = await channel.probe(ProbeBudget(timeout_s=10.0))
            assert (True, BY_VAN, (True, BY_VAN)) == (found.answered, found.detail, ctx.told[-1])
            assert (await channel.probe(ProbeBudget(timeout_s=10.0))).answered
            assert VAN == around.questions[-1]

    on_virtual_time(scenario)


def test_room_is_left_for_whoever_answers_through_the_digipeater() -> None:
    """Silence until the station is heard, and no longer; whoever is not heard costs `quiet_s`."""

    async def scenario() -> None:
        async with hill(quiet_s=8.0) as (around, channel, ctx):
            receipt = UiFrame(Address("BJ1CMD"), Address("BJ1V21"), b"DEV 0123", path=(Address(BASE),), repeated=1)
            asyncio.get_running_loop().call_later(2.0, around.heard, receipt)
            began = ctx.clock.monotonic()
            await channel.send(job("甲"))
            heard_after = ctx.clock.monotonic() - began
            await channel.send(job("乙"))
            assert heard_after == pytest.approx(2.0, abs=0.1)
            assert ctx.clock.monotonic() - began - heard_after == pytest.approx(8.5, abs=0.1)

    on_virtual_time(scenario)


@pytest.mark.parametrize("priority", [Priority.P0, Priority.P3])
def test_without_a_base_station_nothing_is_asked(priority: Priority) -> None:
    """Frames without a path are nobody's to repeat."""

    async def scenario() -> None:
        async with hill(path=(), relays=()) as (around, channel, ctx):
            assert Aired(("BJ1V21/0123",)) == await channel.send(job("甲", priority))
            await asyncio.sleep(0.1)
            assert ([()], "", [True]) == ([frame.path for frame in around.said], channel.remark(), [up for up, _ in ctx.told])

    on_virtual_time(scenario)
