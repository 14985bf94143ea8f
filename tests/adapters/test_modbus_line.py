"""A Modbus master on a line: one question at a time, urgent ones first, and never the answer to another one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fenghuo.errors import LinkBroken, LinkClosed, LinkTimeout
from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_adapters.modbus_framing import Answer, Function, Request, Rtu, Tcp
from fenghuo_adapters.modbus_line import ModbusLine, ModbusRefused, Urgency
from fenghuo_adapters.tcp_line import TcpLine
from tests.scale import PATIENCE_S

Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def unit(serve: Serve, *, answer_s: float = PATIENCE_S) -> AsyncIterator[ModbusLine]:
    """A line to a unit that does this with each question."""

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while octets := await reader.read(512):
                await serve(octets, writer)
        writer.close()

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    line = ModbusLine(TcpLine("127.0.0.1", server.sockets[0].getsockname()[1]), Tcp(), answer_s=answer_s)
    try:
        yield line
    finally:
        await line.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.02)


def coil(at: int) -> Request:
    return Request(1, Function.WRITE_COIL, at, values=(1,))


async def echoes(octets: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(octets)


async def test_an_answer_is_read_and_the_line_stays_open() -> None:
    """For the next question."""
    async with unit(echoes) as line:
        assert not line.is_open
        await line.ask(coil(1))
        await line.ask(coil(2))
        assert line.is_open


async def test_whoever_stops_something_goes_before_whoever_looks() -> None:
    """However many wait."""
    order: list[int] = []

    async def slow(octets: bytes, writer: asyncio.StreamWriter) -> None:
        order.append(octets[9])
        await asyncio.sleep(0.02)
        writer.write(octets)

    async with unit(slow) as line:
        looks = [asyncio.create_task(line.ask(coil(number))) for number in range(5)]
        await asyncio.sleep(0.01)
        await line.ask(coil(99), urgency=Urgency.STOP)
        await asyncio.gather(*looks)
    assert [0, 99, 1, 2, 3, 4] == order


@pytest.mark.parametrize("answers_s", [0.02, 0.6], ids=["quick", "slow"])
def test_a_stop_on_a_serial_line_waits_a_tenth_of_a_second_for_an_echo_and_no_longer(answers_s: float) -> None:
    """On virtual time, by the clock of the unit: behind an echo that comes soon, and beside one that does not; each question has its own
    answer, and the stop is said again, since of what was said beside nobody awaits the answer."""
    heard: list[tuple[float, bytes]] = []

    async def scenario() -> float:
        loop = asyncio.get_running_loop()

        async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while octets := await reader.read(512):
                heard.append((loop.time(), octets))
                loop.call_later(answers_s, writer.write, octets)
            writer.close()

        server = await asyncio.start_server(taken, "127.0.0.1", 0)
        line = ModbusLine(TcpLine("127.0.0.1", server.sockets[0].getsockname()[1]), Rtu(), answer_s=5.0, gap_s=0.004)
        start = asyncio.create_task(line.ask(coil(1)))
        while not heard:
            await asyncio.sleep(0.001)
        meant_at, off = loop.time(), Request(1, Function.WRITE_COIL, 1, values=(0,))
        line.interject(off)
        assert [Answer(), Answer()] == [await start, await line.ask(off, urgency=Urgency.STOP)]
        await line.close()
        server.close()
        return meant_at

    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        meant_at = runner.run(scenario())
    stops = 1 if answers_s < 0.1 else 2
    assert [0xFF00, *[0] * stops] == [int.from_bytes(octets[4:6], "big") for _, octets in heard]
    assert heard[1][0] - meant_at <= 0.15, "half of the 200 ms is the channel's"


def test_silence_is_a_time_out_and_the_line_is_opened_anew() -> None:
    """An answer that comes later belongs to nobody."""
    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        runner.run(silence())


async def silence() -> None:
    asked = 0

    async def first_is_lost(octets: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            writer.write(octets)

    async with unit(first_is_lost, answer_s=0.05) as line:
        with pytest.raises(LinkTimeout, match=r"unit 1 on tcp .* did not answer within 0\.05 s"):
            await line.ask(coil(1))
        assert not line.is_open
        await line.ask(coil(2))


@pytest.mark.parametrize(("code", "is_certain"), [(2, True), (3, True), (6, True), (10, True), (4, False), (5, False), (11, False)])
async def test_a_refusal_says_whether_anything_was_done(code: int, is_certain: bool) -> None:
    """A gateway that heard nothing of its unit does not know."""

    async def refuses(octets: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(octets[:4] + bytes((0, 3, octets[6], octets[7] | 0x80, code)))

    async with unit(refuses) as line:
        with pytest.raises(ModbusRefused) as refused:
            await line.ask(coil(1))
        assert (code, is_certain) == (refused.value.code, refused.value.is_certain)
        assert line.is_open


async def test_a_cut_line_is_broken_and_a_closed_one_closed() -> None:
    """The world's doing and ours have different names."""

    async def cuts(octets: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with unit(cuts) as line:
        with pytest.raises(LinkBroken):
            await line.ask(coil(1))
        await line.close()
        with pytest.raises(LinkClosed):
            await line.ask(coil(1))


async def test_what_is_not_modbus_breaks_the_line() -> None:
    """Another service on that port."""

    async def chatters(octets: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with unit(chatters) as line:
        with pytest.raises(LinkBroken, match="no MBAP head"):
            await line.ask(coil(1))


async def test_who_gives_up_waiting_keeps_nobody_from_their_turn() -> None:
    """Neither before the turn has come nor in the middle of it."""

    async def slow(octets: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.03)
        writer.write(octets)

    async with unit(slow) as line:
        tasks = [asyncio.create_task(line.ask(coil(number))) for number in range(4)]
        await asyncio.sleep(0.01)
        for task in tasks[:3]:
            task.cancel()
        await asyncio.gather(*tasks[:3], return_exceptions=True)
        await tasks[3]
