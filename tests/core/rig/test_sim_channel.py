"""The channel over a simulated bearer: real sockets on both sides."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fenghuo.clock import SystemClock
from fenghuo.errors import NotReady
from fenghuo.model.delivery import AttemptRef, Reached, Scope, Token, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.context import HostedChannelContext
from fenghuo.plugin.ports import Inbound, InboundKind, ProbeBudget
from fenghuo.rig.sim_channel import SimChannel
from fenghuo.rig.sim_settings import SimSettings
from fenghuo.rig.sites import Sites, SitesSettings
from tests.plugins.sms_fakes import FakeJob
from tests.scale import PATIENCE_S


class Line:
    """A channel, what it hears, what it says of its health, and the bearer at the other end."""

    def __init__(self, path: Path) -> None:
        self.health: list[tuple[bool, str]] = []
        context = HostedChannelContext(
            name="sim",
            settings=SimSettings(socket=str(path), retry_s=0.25),
            clock=SystemClock(),
            secrets=str,
            on_health=lambda up, reason: self.health.append((up, reason)),
            random=random.Random(1),
        )
        self.channel = SimChannel(context)
        self.heard: asyncio.Queue[Inbound | BaseException] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.channel.start()
        self._listening = asyncio.create_task(self._listen())

    async def next(self) -> Inbound | BaseException:
        async with asyncio.timeout(PATIENCE_S):
            return await self.heard.get()

    async def stop(self) -> None:
        await self.channel.stop(0.0)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            async for inbound in self.channel.inbound():
                self.heard.put_nowait(inbound)
        except ConnectionError as error:
            self.heard.put_nowait(error)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def line(folder: Path) -> AsyncIterator[Line]:
    """A channel over a bearer at which everybody confirms and answers at once."""
    path = folder / "bearer.sock"
    bearer = asyncio.create_task(Sites(SitesSettings(latency_s=0.001, answers=1.0, answer_s=0.001)).serve(path))
    made = Line(path)
    await until(path.exists)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
        bearer.cancel()
        await asyncio.gather(bearer, return_exceptions=True)


async def test_a_text_is_accepted_received_and_answered(tmp_path: Path) -> None:
    """The outcome names the emission as its receipt will; the answer comes from the address, not from the emission."""
    async with line(tmp_path) as there:
        assert Reached(Evidence.ACCEPTED, ("t-1/1",)) == await there.channel.send(FakeJob("+8613800000001", "到岗 #0017"))
        receipt, answer = await there.next(), await there.next()
        assert isinstance(receipt, Inbound)
        assert isinstance(answer, Inbound)
        assert (InboundKind.RECEIPT, "t-1/1", Evidence.DEVICE) == (receipt.kind, receipt.ref, receipt.level)
        assert (InboundKind.ANSWER, "", None, "收到#0017") == (answer.kind, answer.ref, answer.level, answer.text)
        assert {("msisdn", "+8613800000001")} == {(one.address_kind, one.address) for one in (receipt, answer)}
        await receipt.ack()


async def test_a_radio_s_address_is_a_callsign(tmp_path: Path) -> None:
    """What does not begin with a plus is none of a telephone."""
    async with line(tmp_path) as there:
        await there.channel.send(FakeJob("BJ1WANG", "到岗"))
        receipt = await there.next()
        assert isinstance(receipt, Inbound)
        assert "callsign" == receipt.address_kind


async def test_an_absent_bearer_is_not_ready(tmp_path: Path) -> None:
    """With the time after which it is tried again; nothing is sent meanwhile, without a licence."""
    there = Line(tmp_path / "none.sock")
    with pytest.raises(NotReady, match="is gone") as absent:
        await there.channel.start()
    job = FakeJob("+8613800000001")
    assert (0.25, Transient(Scope.CHANNEL, "bearer-gone")) == (absent.value.retry_after_s, await there.channel.send(job))
    assert (0, False) == (job.begun, (await there.channel.probe(ProbeBudget())).answered)


async def test_a_bearer_that_dies_is_told_at_once(tmp_path: Path) -> None:
    """Killed in mid-air: health goes down, what is under way is unknown, and inbound ends so that the channel is started anew."""
    path = tmp_path / "bearer.sock"
    command = (sys.executable, "-m", "fenghuo.rig.sites", str(path), "--airtime_s=30")
    bearer = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    there = Line(path)
    try:
        await until(path.exists)
        await there.start()
        assert (await there.channel.probe(ProbeBudget())).answered
        job = FakeJob("+8613800000001")
        sending = asyncio.create_task(there.channel.send(job))
        await until(lambda: job.begun == 1)
        bearer.kill()
        async with asyncio.timeout(PATIENCE_S):
            assert Unknown("ConnectionResetError") == await sending
        assert isinstance(await there.next(), ConnectionResetError)
        assert [(False, "the simulated bearer went away")] == there.health
        assert Transient(Scope.CHANNEL, "bearer-gone") == await there.channel.send(job)
    finally:
        await there.stop()
        await bearer.wait()


async def test_stop_may_come_twice_and_ends_the_line(tmp_path: Path) -> None:
    """And nothing is sent afterwards."""
    async with line(tmp_path) as there:
        await there.channel.stop(0.0)
        await there.channel.stop(0.0)
        assert Transient(Scope.CHANNEL, "bearer-gone") == await there.channel.send(FakeJob("+8613800000001"))


async def test_a_bearer_remembers_nothing(tmp_path: Path) -> None:
    """A question about the past stays unknown."""
    async with line(tmp_path) as there:
        assert Unknown("a simulated bearer remembers nothing") == await there.channel.query(AttemptRef(Token("t"), 1, "+86138"))
