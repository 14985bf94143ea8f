"""The line to a gateway that answers when it is told to, over UDP on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable

import pytest

from fenghuo.errors import LinkTimeout
from fenghuo_adapters.hrnp_framing import Frame, Operation
from fenghuo_adapters.hrnp_line import Heard, HrnpLine, LineTerms
from tests.scale import TIMEOUT_SCALE

PATIENCE_S = 40.0 * TIMEOUT_SCALE


class Gateway(asyncio.DatagramProtocol):
    """Accepts a CONNECT at once, or, `holding`, when accept() is called; counts them in `connects`."""

    def __init__(self) -> None:
        self.holding = False
        self.connects = 0
        self.port = 0
        self.frames: list[Frame] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._news = asyncio.Event()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # an endpoint's is one
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._peer = addr
        frame = Frame.decode(data)
        self.frames.append(frame)
        if frame.operation is Operation.CONNECT:
            self.connects += 1
            if not self.holding:
                self.accept()
        self._news.set()

    def accept(self) -> None:
        self.say(Frame(Operation.ACCEPT, source=0x10, destination=0x21))

    def say(self, frame: Frame) -> None:
        assert self._transport is not None
        self._transport.sendto(frame.encode(), self._peer)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._news.clear()
                await self._news.wait()


class Owner:
    """Of a line: what it was told and what it heard."""

    def __init__(self) -> None:
        self.told: list[tuple[bool, str]] = []
        self.heard: list[Heard] = []
        self._news = asyncio.Event()

    def take(self, heard: Heard) -> None:
        self.heard.append(heard)
        self._news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()

    def state(self, up: bool, reason: str) -> None:
        self.told.append((up, reason))


@contextlib.asynccontextmanager
async def line(*, ack_s: float = 30.0, heartbeat_s: float = 30.0) -> AsyncIterator[tuple[HrnpLine, Gateway, Owner]]:
    loop = asyncio.get_running_loop()
    transport, gateway = await loop.create_datagram_endpoint(Gateway, local_addr=("127.0.0.1", 0))
    owner = Owner()
    terms = LineTerms("127.0.0.1", gateway.port, ack_s=ack_s, heartbeat_s=heartbeat_s)
    made = HrnpLine(terms, random.Random(1), on_state=owner.state, on_heard=owner.take)
    await made.start()
    try:
        yield made, gateway, owner
    finally:
        await made.stop()
        transport.close()


async def test_all_who_ask_at_once_share_one_connect_and_its_answer() -> None:
    """A gateway answers one CONNECT once: nobody takes the answer from another who waits."""
    async with line() as (made, gateway, _):
        gateway.holding = True
        first = asyncio.create_task(made.ask(within_s=PATIENCE_S))
        await gateway.until(lambda: gateway.connects == 2)
        second = asyncio.create_task(made.ask(within_s=PATIENCE_S))
        await asyncio.sleep(0)
        gateway.accept()
        await asyncio.wait_for(asyncio.gather(first, second), PATIENCE_S / 2)
        assert 2 == gateway.connects


async def test_a_probe_beside_a_heartbeat_does_not_end_the_line() -> None:
    """The heartbeat asks first, the probe after it, and the gateway answers once."""
    async with line(heartbeat_s=0.05) as (made, gateway, owner):
        gateway.holding = True
        await gateway.until(lambda: gateway.connects == 2)
        probe = asyncio.create_task(made.ask(within_s=PATIENCE_S))
        await asyncio.sleep(0)
        gateway.holding = False
        gateway.accept()
        await asyncio.wait_for(probe, PATIENCE_S / 2)
        before = gateway.connects
        await gateway.until(lambda: gateway.connects > before)  # the line's next heartbeat: the one before has had its answer
        assert [True] == [up for up, _ in owner.told]


async def test_who_gives_up_leaves_the_others_waiting() -> None:
    """And whoever asks after all have given up says CONNECT at once."""
    async with line() as (made, gateway, _):
        gateway.holding = True
        patient = asyncio.create_task(made.ask(within_s=PATIENCE_S))
        with pytest.raises(LinkTimeout, match="did not answer a CONNECT"):
            await made.ask(within_s=0.01)
        gateway.accept()
        await patient
        with pytest.raises(LinkTimeout):
            await made.ask(within_s=0.01)
        gateway.holding = False
        await made.ask(within_s=PATIENCE_S)


async def test_a_connect_that_was_lost_is_said_again() -> None:
    """Every ack_s, until the answer."""
    async with line(ack_s=0.02) as (made, gateway, _):
        gateway.holding = True
        asking = asyncio.create_task(made.ask(within_s=PATIENCE_S))
        await gateway.until(lambda: gateway.connects >= 4)
        gateway.accept()
        assert await asking > 0.02


async def test_a_packet_is_a_copy_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said again at once it is acknowledged again; long after, a gateway that has begun anew means something new by the same octets."""
    packet = Frame(Operation.DATA, 1, b"the same octets", source=0x10)

    def acknowledged() -> int:
        return sum(frame.operation is Operation.DATA_ACK for frame in gateway.frames)

    async with line() as (_, gateway, owner):
        gateway.say(packet)
        await owner.until(1)
        owner.heard[0].acknowledge()
        gateway.say(packet)
        await gateway.until(lambda: acknowledged() == 2)
        assert 1 == len(owner.heard)
        monkeypatch.setattr("fenghuo_adapters.hrnp_line.COPY_S", 0.0)
        gateway.say(packet)
        await owner.until(2)
