"""The radio channel against two real TNCs joined by audio, judged by what the second one hands over as ax253 reads it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenghuo import Aired, Evidence, Inbound, InboundKind, Unknown
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_adapters.kiss_framing import KissFrame
from fenghuo_adapters.kiss_line import KissLine, Pauses
from fenghuo_adapters.tcp_line import TcpLine
from fenghuo_narrowband.channel import RadioChannel
from tests.peers.direwolf import Duo
from tests.peers.pty_bridge import PtyBridge
from tests.plugins.narrowband_fakes import FakeContext, FakeJob, settings_for
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.timeout(60)]

LIMIT_S = 40.0 * TIMEOUT_SCALE
RULE = "船只由镇政府统一调度，不得自行下水。"
LONG = f"【演练】请沿江各村于18时前转移全部危险区群众，完成后报数。{RULE * 10} 收到请回复 收到#0123【演练】"


@pytest.fixture
async def duo() -> AsyncIterator[Duo]:
    async with Duo(baud=9600) as pair:
        yield pair


@contextlib.asynccontextmanager
async def channel_on(duo: Duo, **more: object) -> AsyncIterator[tuple[RadioChannel, FakeContext]]:
    air: dict[str, object] = {"bitrate": float(duo.baud), "txdelay_ms": 50, "txtail_ms": 30, "persistence": 255, "full_duplex": True}
    ctx = FakeContext(settings_for(duo.near.port, **(air | more)))
    channel = RadioChannel(ctx)
    await channel.start()
    try:
        yield channel, ctx
    finally:
        await channel.stop(0.0)


async def first(channel: RadioChannel, kind: InboundKind) -> Inbound:
    async with asyncio.timeout(LIMIT_S):
        async for thing in channel.inbound():
            if thing.kind is kind:
                return thing
    raise AssertionError(f"the channel ended without a {kind}")


async def answers_of(channel: RadioChannel, count: int) -> list[tuple[str, str]]:
    """Who answered what, until there are `count` answers."""
    found: list[tuple[str, str]] = []
    inbound = channel.inbound()
    async with asyncio.timeout(LIMIT_S):
        while len(found) < count:
            thing = await anext(inbound)
            found += [(thing.address, thing.text)] if thing.kind is InboundKind.ANSWER else []
    return found


async def down(ctx: FakeContext) -> None:
    async with asyncio.timeout(LIMIT_S):
        while ctx.told[-1][0]:
            await asyncio.sleep(0.01)


async def up_again(ctx: FakeContext) -> None:
    async with asyncio.timeout(LIMIT_S):
        while [up for up, _ in ctx.told] != [True, False, True]:
            await asyncio.sleep(0.02)


async def test_six_of_six_both_ways(duo: Duo) -> None:
    """Three orders there, three answers back."""
    async with channel_on(duo) as (channel, _):
        for number in range(1, 4):
            text = f"第{number}号命令 #{number:04d}"
            assert Aired((f"BJ1VAN/{number:04d}",)) == await channel.send(FakeJob("BJ1VAN", text, number=number))
            heard = await duo.far.heard(lambda frame, text=text: frame.text == text)  # type: ignore[misc]  # binds the loop's value
            assert ("BJ1CMD", "BJ1VAN") == (heard.source, heard.dest)
            await duo.far.say(f"收到#{number:04d}", "BJ1CMD")
        assert [("BJ1VAN", f"收到#{number:04d}") for number in range(1, 4)] == await answers_of(channel, 3)


async def test_a_group_hears_one_emission(duo: Duo) -> None:
    """One frame on the air for everybody."""
    async with channel_on(duo) as (channel, _):
        await channel.send(FakeJob("BJ1GRP", "全体注意 #0123"))
        await duo.far.heard(lambda frame: frame.dest == "BJ1GRP")
        assert ["全体注意 #0123"] == [frame.text for frame in duo.far.received]


async def test_a_long_order_arrives_in_readable_frames(duo: Duo) -> None:
    """Each frame is whole UTF-8, numbered, and marked as an exercise."""
    async with channel_on(duo) as (channel, _):
        await channel.send(FakeJob("BJ1VAN", LONG))
        await duo.far.heard(lambda frame: frame.text.startswith("(4/4)"))
        texts = [frame.info.decode() for frame in duo.far.received]
        assert [f"({part}/4)#0123 【演练】" for part in range(1, 5)] == [text[:15] for text in texts]
        assert texts[-1].endswith("收到#0123【演练】")


async def test_a_station_answers_by_itself_and_by_hand(duo: Duo) -> None:
    """The terminal's receipt is DEVICE, the person's answer is theirs; the answer comes from the called station."""
    duo.far.answer = duo.far.device = 1.0
    async with channel_on(duo) as (channel, _):
        await channel.send(FakeJob("BJ1VAN-7", "请转移 #0123"))
        receipt = await first(channel, InboundKind.RECEIPT)
        answer = await first(channel, InboundKind.ANSWER)
        assert ("BJ1VAN-7/0123", Evidence.DEVICE) == (receipt.ref, receipt.level)
        assert ("BJ1VAN-7", "收到#0123") == (answer.address, answer.text)


async def test_all_256_values_cross_the_air(duo: Duo) -> None:
    """KISS escapes, bit stuffing and check sum lose nothing."""
    states: list[bool] = []
    pauses = Pauses(0.1, 1.0, random.Random(1))
    line = KissLine(TcpLine("127.0.0.1", duo.near.port), on_state=lambda up, _: states.append(up), pauses=pauses)
    await line.start()
    try:
        await line.write(KissFrame(UiFrame(Address("BJ1VAN"), Address("BJ1CMD"), bytes(range(256))).encode()))
        assert bytes(range(256)) == (await duo.far.heard(lambda frame: len(frame.info) > 0)).info
        await duo.far.say(bytes(range(255, -1, -1)), "BJ1CMD")
        async with asyncio.timeout(LIMIT_S):
            got = await anext(line.frames())
        assert bytes(range(255, -1, -1)) == UiFrame.decode(got.data).info
    finally:
        await line.stop()


async def test_a_tnc_killed_while_it_sends_leaves_the_order_in_doubt_and_is_taken_up_again(duo: Duo) -> None:
    """After the restart the next order arrives."""
    async with channel_on(duo, txdelay_ms=2000) as (channel, ctx):
        sending = asyncio.create_task(channel.send(FakeJob("BJ1VAN", "第一 #0001", number=1)))
        await asyncio.sleep(0.1)
        await duo.near.kill()
        assert isinstance(await sending, Unknown)
        await duo.near.start()
        await up_again(ctx)
        for _ in range(3):  # the first frame after a start may be lost on the air
            await channel.send(FakeJob("BJ1VAN", "第二 #0002", number=2))
        await duo.far.heard(lambda frame: frame.text == "第二 #0002")


async def test_over_a_serial_device_that_is_unplugged_and_put_back(duo: Duo, tmp_path: Path) -> None:
    """The same channel on a pty: an order, an outage, an order."""
    async with PtyBridge(tmp_path / "tnc", duo.near.port) as cable:
        serial = {"driver": "serial", "device": str(cable.device), "baud": 115200}
        async with channel_on(duo, **serial) as (channel, ctx):
            await channel.send(FakeJob("BJ1VAN", "第一 #0001", number=1))
            await duo.far.heard(lambda frame: frame.text == "第一 #0001")
            await duo.far.say("收到#0001", "BJ1CMD")
            assert "收到#0001" == (await first(channel, InboundKind.ANSWER)).text
            await cable.unplug()
            await down(ctx)
            await cable.plug()
            await up_again(ctx)
            await channel.send(FakeJob("BJ1VAN", "第二 #0002", number=2))
            await duo.far.heard(lambda frame: frame.text == "第二 #0002")


@pytest.mark.soak  # seventeen seconds of real air; the failover test puts as many on the radio
async def test_two_hundred_orders_are_on_the_air_in_half_a_minute() -> None:
    """At 38400 bit/s; each arrives once, and every station that was called is answered for."""
    async with Duo(baud=38400) as duo, channel_on(duo, txdelay_ms=30) as (channel, _):
        duo.far.answer = 1.0
        began = time.monotonic()
        for index in range(200):
            await channel.send(FakeJob(f"T{index}", f"请沿江各村于18时前转移全部危险区群众 #{index + 1:04d}", number=index + 1))
        await duo.far.heard(lambda frame: frame.dest == "T199")
        assert [f"T{index}" for index in range(200)] == [frame.dest for frame in duo.far.received]
        assert {f"T{index}" for index in range(200)} == {who for who, _ in await answers_of(channel, 200)}
        assert time.monotonic() - began < 40 * TIMEOUT_SCALE
