"""The line between the core and a channel's own process: what either side may do to it, and what the other makes of that."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
import pytest

from fenghuo.errors import Denied, LinkBroken, LinkTimeout, NotReady
from fenghuo.plugin.cell_wire import AT_ONCE, LARGEST, CellFault, CellWire, Handler
from tests.scale import PATIENCE_S

ASKS = msgspec.msgpack.encode(["q", 1, "hang", []])


async def end(line: socket.socket, handlers: Mapping[str, Handler], stubborn: list[str]) -> tuple[CellWire, asyncio.Task[None]]:
    reader, writer = await asyncio.open_unix_connection(sock=line, limit=LARGEST)
    wire = CellWire(reader, writer, handlers, on_stubborn=stubborn.append, cancel_s=0.05)
    return wire, asyncio.create_task(wire.run())


@asynccontextmanager
async def both(**handlers: Handler) -> AsyncIterator[tuple[CellWire, CellWire, list[str]]]:
    """(who asks, who has the handlers, what was told of stubborn ones)."""
    one, other = socket.socketpair()
    stubborn: list[str] = []
    (near, reading), (far, listening) = await end(one, {}, stubborn), await end(other, handlers, [])
    try:
        yield near, far, stubborn
    finally:
        await near.close("over")
        await far.close("over")
        await asyncio.gather(reading, listening)


@asynccontextmanager
async def alone(**handlers: Handler) -> AsyncIterator[tuple[CellWire, asyncio.StreamReader, asyncio.StreamWriter]]:
    """An end whose other end is in the test's hand, octet by octet."""
    one, other = socket.socketpair()
    wire, reading = await end(one, handlers, [])
    reader, writer = await asyncio.open_unix_connection(sock=other)
    try:
        yield wire, reader, writer
    finally:
        writer.close()
        await wire.close("over")
        await reading


async def hang() -> None:
    await asyncio.Event().wait()


async def test_what_was_asked_is_answered_and_what_was_raised_is_raised() -> None:
    """An error of ours comes through as itself, with its words and its wait; any other by its name."""

    async def add(one: int, other: int) -> int:
        return one + other

    async def later() -> None:
        raise NotReady("no device", retry_after_s=7.0)

    async def no() -> None:
        raise Denied("withdrawn")

    async def broken() -> None:
        raise ValueError("a fault")

    async with both(add=add, later=later, no=no, broken=broken) as (near, _, _):
        assert 5 == msgspec.msgpack.decode(await near.ask("add", 2, 3))
        with pytest.raises(NotReady, match="no device") as refusal:
            await near.ask("later")
        assert 7.0 == refusal.value.retry_after_s
        with pytest.raises(Denied, match="withdrawn"):
            await near.ask("no")
        with pytest.raises(CellFault, match="ValueError: a fault"):
            await near.ask("broken")


async def test_whoever_waits_hears_that_the_line_has_ended() -> None:
    async with both(hang=hang) as (near, far, _):
        asking = asyncio.create_task(near.ask("hang"))
        await asyncio.sleep(0)
        await far.close("over")
        with pytest.raises(LinkBroken, match="its process ended"):
            await asking
        with pytest.raises(LinkBroken):
            await near.ask("hang")


async def test_what_takes_too_long_is_cancelled_at_the_other_side() -> None:
    """Whoever ends then is not stubborn."""
    cancelled = asyncio.Event()

    async def slow() -> None:
        try:
            await hang()
        finally:
            cancelled.set()

    async with both(slow=slow) as (near, _, stubborn):
        with pytest.raises(LinkTimeout):
            await near.ask("slow", timeout_s=0.01)
        async with asyncio.timeout(PATIENCE_S):
            await cancelled.wait()
        await asyncio.sleep(0.1)
        assert [] == stubborn


async def test_whoever_swallows_its_cancellation_is_told_of() -> None:
    over = asyncio.Event()

    async def swallows() -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    async with both(swallows=swallows) as (near, _, stubborn):
        with pytest.raises(LinkTimeout):
            await near.ask("swallows", timeout_s=0.01)
        async with asyncio.timeout(PATIENCE_S):
            while not stubborn:
                await asyncio.sleep(0.01)
        assert ["swallows went on for 0.05 s after it was cancelled"] == stubborn
        over.set()


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        ((LARGEST + 1).to_bytes(4, "big"), f"it sent a frame of {LARGEST + 1} octets; {LARGEST} fit"),
        (b"\0\0\0\1\xc1", "it sent what cannot be read"),
        (b"\0\0\0\2\x91\xa1", "it sent what cannot be read"),
        ((len(ASKS).to_bytes(4, "big") + ASKS) * (AT_ONCE + 1), f"it asks {AT_ONCE} things at once"),
    ],
    ids=["too long", "no msgpack", "cut", "too much at once"],
)
async def test_what_must_not_come_ends_the_line(octets: bytes, says: str) -> None:
    async with alone(hang=hang) as (wire, _, writer):
        writer.write(octets)
        async with asyncio.timeout(PATIENCE_S):
            assert (await wire.ended).startswith(says)


async def test_a_flood_is_read_no_faster_than_it_may_come() -> None:
    """Four thousand frames at once take more than a second of the loop's time, and the loop goes on meanwhile."""
    count = 0

    async def heard() -> None:
        nonlocal count
        count += 1

    frame = msgspec.msgpack.encode(["q", 0, "heard", []])
    async with alone(heard=heard) as (_, _, writer):
        began = asyncio.get_running_loop().time()
        writer.write((len(frame).to_bytes(4, "big") + frame) * 4_000)
        async with asyncio.timeout(PATIENCE_S):
            while count < 4_000:
                await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() - began > 1.0
