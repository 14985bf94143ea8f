"""Supervision of one instance on virtual time: starts, retries, the pump, quarantine, stop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from fenghuo import (
    AuthFailed,
    Capabilities,
    ChannelContext,
    ChannelType,
    Evidence,
    Inbound,
    InboundKind,
    NotReady,
    SimpleChannel,
)
from fenghuo.plugin.patience import EAGER
from fenghuo.plugin.supervisor import ChannelSupervisor, FrontSupervisor, SourceSupervisor, Wiring
from tests.core.plugin.virtual import LoopClock, run
from tests.scale import PATIENCE_S


class Nothing(msgspec.Struct, frozen=True):
    """A channel without settings."""


class Scripted(SimpleChannel):
    """Starts as its script says: an exception to raise, None to come up, or a number of seconds to hang."""

    def __init__(self, ctx: ChannelContext, record: Record) -> None:
        self.ctx = ctx
        self.record = record

    async def start(self) -> None:
        self.record.starts.append(asyncio.get_running_loop().time())
        act = self.record.script.pop(0) if self.record.script else None
        if isinstance(act, float):
            await asyncio.sleep(act)
        elif isinstance(act, Exception):
            raise act

    async def stop(self, deadline: float) -> None:
        self.record.stops += 1

    async def inbound(self) -> AsyncIterator[Inbound]:
        for item in self.record.inbound:
            if isinstance(item, Exception):
                raise item
            yield item
        if self.record.keeps_listening:
            await asyncio.Event().wait()


class Record:
    """What a story did, and what its channel is to do."""

    def __init__(self, *script: object, inbound: tuple[object, ...] = (), listens: bool = True) -> None:
        self.script: list[Any] = list(script)
        self.inbound: tuple[Any, ...] = inbound
        self.keeps_listening = listens
        self.starts: list[float] = []
        self.stops = 0
        self.health: list[tuple[bool, str]] = []
        self.faults: list[str] = []
        self.taken: list[bytes] = []
        self.contexts: list[ChannelContext] = []
        self.patience = EAGER
        self.running = self.supervisor()

    def supervisor(self, *, can_hear: bool = True) -> ChannelSupervisor:
        capabilities = Capabilities("text", Evidence.AIRED, inbound=can_hear)
        kind = ChannelType("test", Nothing, lambda _: capabilities, ("url",), self.make)
        wiring = Wiring(
            clock=LoopClock(),
            secrets=lambda path: f"content of {path}",
            on_health=lambda _, up, reason: self.health.append((up, reason)),
            on_inbound=self.take,
            on_fault=lambda _, text: self.faults.append(text),
            patience=lambda _: self.patience,
        )
        return ChannelSupervisor("radio", kind, Nothing(), wiring, chance=random.Random(7))

    def make(self, ctx: ChannelContext) -> Scripted:
        self.contexts.append(ctx)
        return Scripted(ctx, self)

    async def take(self, name: str, inbound: Inbound) -> None:
        if inbound.raw == b"bad":
            raise ValueError("cannot be read")
        self.taken.append(inbound.raw)
        await inbound.ack()


def came_in(raw: bytes) -> Inbound:
    async def ack() -> None:
        return None

    return Inbound(InboundKind.MESSAGE, raw, ack)


def tell(story: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await story()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert set() == others, "a task was left behind"

    run(whole)


async def lived(supervisor: Any, seconds: float) -> None:
    """Run a supervisor for so long, then stop it."""
    task = asyncio.create_task(supervisor.run())
    await asyncio.sleep(seconds)
    await supervisor.stop(asyncio.get_running_loop().time() + 5)
    await task


def test_a_channel_that_starts_is_up_and_there() -> None:
    """Once started, health is up and the object is given out; after stop it is gone and stopped once."""

    async def story() -> None:
        record = Record()
        supervisor = record.supervisor()
        task = asyncio.create_task(supervisor.run())
        await asyncio.sleep(1)
        assert isinstance(supervisor.channel, Scripted)
        await supervisor.stop(asyncio.get_running_loop().time() + 5)
        await task
        assert supervisor.channel is None
        assert [(True, "started")] == record.health
        assert 1 == record.stops

    tell(story)


def test_a_device_that_is_absent_is_tried_again_with_jitter() -> None:
    """NotReady is no crash: a fresh object is made after 5 to 60 seconds, and up is said once it starts."""

    async def story() -> None:
        record = Record(*(NotReady("no such device") for _ in range(8)))
        supervisor = record.supervisor()
        await lived(supervisor, 600)
        waits = [after - before for before, after in zip(record.starts, record.starts[1:], strict=False)]
        assert 9 == len(record.starts)
        assert all(5 <= wait <= 60 for wait in waits)
        assert len(set(waits)) > 1
        assert [(False, "not ready: no such device")] * 8 + [(True, "started")] == record.health
        assert 0 == supervisor.crashes

    tell(story)


def test_wrong_credentials_are_not_knocked_with() -> None:
    """AuthFailed waits a minute at least, so that no account is locked by us."""

    async def story() -> None:
        record = Record(AuthFailed("bad password"), AuthFailed("bad password"))
        await lived(record.supervisor(), 2000)
        assert all(after - before >= 60 for before, after in zip(record.starts, record.starts[1:], strict=False))
        assert (False, "refused by the far end: bad password") == record.health[0]

    tell(story)


def test_a_start_that_hangs_has_a_limit() -> None:
    """A start past 30 seconds is given up, and the next object starts."""

    async def story() -> None:
        record = Record(1e6)
        await lived(record.supervisor(), 120)
        assert (False, "not ready: it did not start within 30 s") == record.health[0]
        assert (True, "started") == record.health[-1]

    tell(story)


def test_what_comes_in_is_taken_in_order_and_a_bad_one_stops_nothing() -> None:
    """An inbound that the core cannot take is counted; the next ones are still taken."""

    async def story() -> None:
        record = Record(inbound=(came_in(b"1"), came_in(b"bad"), came_in(b"2")))
        supervisor = record.supervisor()
        await lived(supervisor, 10)
        assert [b"1", b"2"] == record.taken
        assert 1 == supervisor.inbound_faults
        assert 1 == len(record.starts)

    tell(story)


def test_an_ear_that_breaks_restarts_the_channel() -> None:
    """An exception of the iterator is a crash: down, stopped, and a fresh object started."""

    async def story() -> None:
        record = Record(inbound=(RuntimeError("parser"),))
        supervisor = record.supervisor()
        task = asyncio.create_task(supervisor.run())
        await asyncio.sleep(1)
        assert [(True, "started"), (False, "RuntimeError: parser")] == record.health
        record.inbound = ()
        await asyncio.sleep(100)
        assert (2, 1, 1) == (len(record.starts), record.stops, supervisor.crashes)
        await supervisor.stop(asyncio.get_running_loop().time() + 5)
        await task

    tell(story)


def test_five_crashes_in_ten_minutes_quarantine_it_until_a_person_looks() -> None:
    """After the fifth crash nothing is tried any more and an alarm is told; retry_now lifts it."""

    async def story() -> None:
        record = Record(*(RuntimeError("bug") for _ in range(5)))
        supervisor = record.supervisor()
        task = asyncio.create_task(supervisor.run())
        await asyncio.sleep(3600)
        assert supervisor.is_quarantined
        assert 5 == len(record.starts)
        assert ["radio is quarantined after five crashes in ten minutes; the last: RuntimeError: bug"] == record.faults
        supervisor.retry_now()
        await asyncio.sleep(1)
        assert supervisor.channel is not None
        await supervisor.stop(asyncio.get_running_loop().time() + 5)
        await task

    tell(story)


def test_a_channel_that_only_sends_may_have_nothing_to_say() -> None:
    """SimpleChannel's inbound ends at once, which is no crash; of a channel that can hear it is one."""

    async def story() -> None:
        silent = Record(listens=False)
        await lived(silent.supervisor(can_hear=False), 1000)
        assert [(True, "started")] == silent.health
        deaf = Record(listens=False)
        await lived(deaf.supervisor(can_hear=True), 4)
        assert (False, "Ended: its inbound came to an end by itself") == deaf.health[-1]

    tell(story)


def test_a_channel_speaks_for_itself_until_it_is_dropped() -> None:
    """ctx.health reaches the core at once; an object that was stopped has no say any more."""

    async def story() -> None:
        record = Record()
        supervisor = record.supervisor()
        task = asyncio.create_task(supervisor.run())
        await asyncio.sleep(1)
        record.contexts[0].health(False, "device gone")
        assert (False, "device gone") == record.health[-1]
        assert "content of a" == record.contexts[0].secret("a")
        await supervisor.stop(asyncio.get_running_loop().time() + 5)
        await task
        record.contexts[0].health(True, "back")
        assert (False, "device gone") == record.health[-1]

    tell(story)


def test_a_stop_that_hangs_does_not_hold_the_daemon() -> None:
    """A plugin's stop() gets until the deadline and no longer."""

    class Stuck(Scripted):
        async def stop(self, deadline: float) -> None:
            await asyncio.sleep(1e6)

    async def story() -> None:
        record = Record()
        record.make = lambda ctx: Stuck(ctx, record)  # type: ignore[method-assign]  # this story's own channel
        supervisor = record.supervisor()
        task = asyncio.create_task(supervisor.run())
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        await supervisor.stop(began + 3)
        await task
        assert 3 == asyncio.get_running_loop().time() - began

    tell(story)


def test_stop_before_and_after_run_does_nothing_more() -> None:
    """Stopping is idempotent, and an instance stopped before it ran never starts."""

    async def story() -> None:
        record = Record()
        supervisor = record.supervisor()
        await supervisor.stop(asyncio.get_running_loop().time() + 5)
        await supervisor.stop(asyncio.get_running_loop().time() + 5)
        await supervisor.run()
        assert [] == record.starts

    tell(story)


def test_cancelling_run_stops_the_channel() -> None:
    """A daemon that cancels the task leaves no channel open."""

    async def story() -> None:
        record = Record()
        task = asyncio.create_task(record.supervisor().run())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        assert 1 == record.stops

    tell(story)


def test_a_source_that_ends_is_run_again() -> None:
    """A source lives until it is stopped; an end or an exception of its own is a crash with a retry."""
    runs: list[float] = []

    class Feed:
        async def run(self) -> None:
            runs.append(asyncio.get_running_loop().time())
            if len(runs) > 2:
                await asyncio.Event().wait()

    async def story() -> None:
        supervisor = SourceSupervisor("feed", Feed, clock=LoopClock(), on_fault=lambda *_: None, chance=random.Random(1))
        await lived(supervisor, 300)
        assert (3, 2) == (len(runs), supervisor.crashes)

    tell(story)


def test_a_front_is_started_and_stopped() -> None:
    """`started` is set once the front serves, and it is stopped with the daemon's deadline."""
    stopped: list[float] = []

    class Page:
        async def start(self) -> None:
            return None

        async def stop(self, deadline: float) -> None:
            stopped.append(deadline)

    async def story() -> None:
        supervisor = FrontSupervisor("page", Page, clock=LoopClock(), on_fault=lambda *_: None)
        task = asyncio.create_task(supervisor.run())
        await asyncio.wait_for(supervisor.started.wait(), PATIENCE_S)
        deadline = asyncio.get_running_loop().time() + 5
        await supervisor.stop(deadline)
        await task
        assert [deadline] == stopped

    tell(story)
