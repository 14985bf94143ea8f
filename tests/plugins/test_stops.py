"""From a Cancel to silence it is a fifth of a second, on virtual time and by the clock of whoever falls silent: sirens, the terminals of
broadcast, the platform; with a line that is kept waiting, and with a start that nobody has answered yet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest
from aiohttp import web

from fenghuo import SimpleChannel
from fenghuo.model.traffic import Action
from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_adapters.broadcast_terminal_framing import REQUEST, Frame
from fenghuo_broadcast.conformance import SimulatedPlatform
from fenghuo_broadcast.conformance_terminal import CLOSE, OPEN, SimulatedAdapter
from tests.plugins import test_broadcast_terminal as terminals
from tests.plugins.broadcast_fakes import FakeContext, FakeJob, Listening
from tests.plugins.broadcast_fakes import settings_for as platform_settings
from tests.plugins.broadcast_values import alert
from tests.plugins.siren_bench import bench, settings_at
from tests.plugins.siren_fakes import Job, running

SILENT_WITHIN_S = 0.2


class Ends:
    """What a far end saw: `started`, and first `stopped_at`, by its clock. It answers no start until `answers` is set."""

    def __init__(self) -> None:
        self.started, self.stopped, self.answers = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.stopped_at = 0.0

    def stops(self) -> None:
        if not self.stopped.is_set():  # one that overtakes its start is said again
            self.stopped_at = asyncio.get_running_loop().time()
            self.stopped.set()


class SlowPlatform(SimulatedPlatform):
    """Takes its time to answer a start."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = Ends()

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        octets, before = await request.read(), set(self._stopped)
        answer = await super().take(request)
        if self._stopped != before:
            self.ends.stops()
        elif b"EBMStateRequest" not in octets and self._played and not self.ends.started.is_set():
            self.ends.started.set()
            await self.ends.answers.wait()
        return answer


class SlowAdapter(SimulatedAdapter):
    """Its terminals sound at once, and their answer to that is long on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = Ends()

    def _took(self, frame: Frame) -> None:
        if frame.kind == REQUEST and frame.operation == CLOSE:
            self.ends.stops()
        if frame.kind == REQUEST and frame.operation == OPEN and not self.ends.started.is_set():
            self._sounds(frame)
            self.ends.started.set()
            return
        super()._took(frame)


@contextlib.asynccontextmanager
async def platform() -> AsyncIterator[tuple[SimpleChannel, Ends]]:
    peer = SlowPlatform()
    runner = web.ServerRunner(web.Server(peer.take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Listening(FakeContext(platform_settings(runner.addresses[0][1], timeout_s=15.0))) as it:
        yield it.channel, peer.ends
    await runner.cleanup()


@contextlib.asynccontextmanager
async def terminal() -> AsyncIterator[tuple[SimpleChannel, Ends]]:
    peer = SlowAdapter()
    async with peer.listening():
        async with terminals.living(FakeContext(terminals.settings_for(peer, answer_s=15.0))) as (channel, _):
            yield channel, peer.ends
        await peer.hang_up()


@pytest.mark.parametrize("far_end", [platform, terminal])
def test_broadcast_is_silent_also_while_its_start_has_no_answer(
    far_end: Callable[[], contextlib.AbstractAsyncContextManager[tuple[SimpleChannel, Ends]]],
) -> None:
    """It sounds, and what says so is on its way; the stop goes before that."""

    async def scenario() -> float:
        async with far_end() as (channel, ends):
            start = asyncio.create_task(channel.send(FakeJob(alert())))
            await within(20.0, ends.started.wait())
            meant_at = asyncio.get_running_loop().time()
            stop = asyncio.create_task(channel.send(FakeJob(alert(action=Action.CANCEL))))
            await within(20.0, ends.stopped.wait())
            assert not start.done()
            ends.answers.set()
            await asyncio.gather(start, stop)
            return ends.stopped_at - meant_at

    assert on_virtual_time(scenario()) <= SILENT_WITHIN_S


@pytest.mark.parametrize("answer_s", [0.5, 20.0])
def test_a_siren_is_silent_also_while_another_unit_keeps_the_line_waiting(answer_s: float) -> None:
    """A look at a unit that does not answer is under way, and takes far longer than the stop may."""

    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        async with bench() as there, running(settings_at(there, answer_s=answer_s, sound_s=100.0, max_on_s=200.0)) as run:
            await run.channel.send(Job("1/1"))
            there.hung.add(2)
            asked = len(there.asked)
            await there.until(lambda: there.asked[asked:] and there.asked[-1][0] == 2)
            meant_at = loop.time()
            stop = asyncio.create_task(run.channel.send(Job("1/1", "t-2", stop=True)))
            await there.until(lambda: not there.coils[1, 0])
            await stop
            return next(at for at, *_, on in there.writes if not on) - meant_at

    assert on_virtual_time(scenario()) <= SILENT_WITHIN_S


async def within(seconds: float, happens: Awaitable[Any]) -> None:
    async with asyncio.timeout(seconds):
        await happens


def on_virtual_time(scenario: Coroutine[Any, Any, float]) -> float:
    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        return runner.run(scenario)
