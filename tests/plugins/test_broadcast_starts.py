"""A start makes room for itself before it leaves; whoever ends it in that time ends it for good, and the far end never hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from fenghuo import Outcome, Permanent, Reached, Scope, Withdrawn
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action
from fenghuo_adapters.broadcast_terminal_framing import Frame
from fenghuo_broadcast.conformance_terminal import CLOSE, OPEN
from fenghuo_broadcast.terminal_channel import TerminalChannel
from tests.peers.platform_simulator import PlatformSimulator
from tests.plugins.broadcast_fakes import FakeContext, FakeJob, FullNotes, Listening, settings_for
from tests.plugins.broadcast_values import alert
from tests.plugins.test_broadcast_terminal import TERMINAL, Sounding, living
from tests.plugins.test_broadcast_terminal import settings_for as terminal_settings
from tests.scale import PATIENCE_S

ENDED = Permanent(Scope.MESSAGE, "stopped-before-it-began")


class Slow(Sounding):
    """Answers no command to close anything until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Frame] | None = []

    def _send(self, frame: Frame) -> None:
        if self.held is not None and frame.operation == CLOSE:
            self.held.append(frame)
        else:
            super()._send(frame)

    async def closes(self, count: int = 1) -> None:
        """So many commands to close have come."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.of(CLOSE)) < count:
                await asyncio.sleep(0.01)

    def go_on(self) -> None:
        held, self.held = self.held, None
        for frame in held or ():
            super()._send(frame)


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    peer = Slow()
    async with peer.listening():
        try:
            yield peer
        finally:
            await peer.hang_up()


@asynccontextmanager
async def making_room(slow: Slow, start: Message, **context: Any) -> AsyncIterator[tuple[TerminalChannel, asyncio.Task[Outcome]]]:
    """Yellow sounds; a start closes it first, and waits for the answer to that."""
    async with living(FakeContext(terminal_settings(slow, answer_s=15.0), **context)) as (channel, _):
        await channel.send(_job(alert(colour="Yellow", headline="黄色")))
        starting = asyncio.create_task(channel.send(_job(start)))
        await slow.closes()
        yield channel, starting


@pytest.mark.parametrize("changes", [{"id": "m-other"}, {"revision": 2, "action": Action.UPDATE}])
async def test_a_cancel_of_a_start_that_makes_room_ends_it(slow: Slow, changes: dict[str, Any]) -> None:
    """A more severe one, and an Update: neither sounds after its Cancel, which says that it was carried out."""
    start = _said(**changes)
    async with making_room(slow, start) as (channel, starting):
        stopping = asyncio.create_task(channel.send(_job(_said(**{**changes, "action": Action.CANCEL, "revision": 3}))))
        if start.revision == 2:  # what it replaces may sound still: a stop of its own goes for that
            await slow.closes(2)
        slow.go_on()
        assert isinstance(await stopping, Reached)
        assert await starting == ENDED
        assert 1 == len(slow.of(OPEN))
        assert {*slow.of(OPEN)} == {*slow.of(CLOSE)}


async def test_what_never_began_gets_no_stop(slow: Slow) -> None:
    """The Cancel goes for nothing that the terminal never heard of, nor does a second one."""
    async with making_room(slow, _said(id="m-other")) as (channel, starting):
        cancel = _said(id="m-other", action=Action.CANCEL, revision=2)
        assert isinstance(await channel.send(_job(cancel)), Reached)
        slow.go_on()
        assert await starting == ENDED
        assert await channel.send(_job(cancel)) == Permanent(Scope.RECIPIENT, "nothing-to-stop")
        assert 1 == len(slow.of(CLOSE))


@pytest.mark.peer
async def test_an_update_that_is_cancelled_before_it_leaves_never_does() -> None:
    """The platform has ended the first text for it; the second is on our disk, and not on the line."""
    async with PlatformSimulator() as platform, Listening(FakeContext(settings_for(platform.port, timeout_s=15.0, connect_s=10.0))) as it:
        await it.channel.send(FakeJob(alert()))
        update = Held(_said(revision=2, action=Action.UPDATE))
        starting = asyncio.create_task(it.channel.send(update))
        await update.waits.wait()
        assert isinstance(await it.channel.send(FakeJob(_said(revision=3, action=Action.CANCEL))), Reached)
        update.goes_on.set()
        assert await starting == ENDED
        other = await it.channel.send(FakeJob(_said(id="m-other")))  # whatever left before it would be seen before it
        assert isinstance(other, Reached)
        await platform.wait("sounds", ebmid=other.refs[0])
        assert 2 == len(platform.of("start"))


async def test_what_is_withdrawn_before_it_leaves_never_does(slow: Slow) -> None:
    """The core does not want it any more: it certainly did not sound, also where the disk is too full to forget its number."""
    notes = FullNotes()
    async with living(FakeContext(terminal_settings(slow, answer_s=15.0), notes=notes)) as (channel, _):
        job = Held(alert(), address=TERMINAL, refusal=Withdrawn("met elsewhere"))
        starting = asyncio.create_task(channel.send(job))
        await job.waits.wait()
        notes.is_full = True
        job.goes_on.set()
        assert await starting == ENDED
        assert [] == slow.of(OPEN)


async def test_a_cancel_goes_for_what_the_delivery_started_before(slow: Slow) -> None:
    """Its second start is on its way; its first may sound."""
    slow.go_on()
    async with living(FakeContext(terminal_settings(slow, answer_s=15.0))) as (channel, _):
        await channel.send(_job(alert(), token="twice"))
        again = Held(alert(), address=TERMINAL, token="twice")
        starting = asyncio.create_task(channel.send(again))
        await again.waits.wait()
        assert isinstance(await channel.send(_job(_said(action=Action.CANCEL, revision=2))), Reached)
        again.goes_on.set()
        assert await starting == ENDED
        assert 1 == len(slow.of(OPEN))
        assert slow.of(OPEN) == slow.of(CLOSE)


async def test_what_is_on_its_way_counts_by_its_severity(slow: Slow) -> None:
    """Red comes while orange makes room: orange waits for its end. Yellow comes while red makes room: it waits, too."""
    slow.go_on()
    async with living(FakeContext(terminal_settings(slow, answer_s=15.0))) as (channel, _):
        orange, red = Held(_said(id="m-orange", colour="Orange"), address=TERMINAL), Held(_said(id="m-red"), address=TERMINAL)
        starting = [asyncio.create_task(channel.send(job)) for job in (orange, red)]
        await asyncio.gather(orange.waits.wait(), red.waits.wait())
        yellow = await channel.send(_job(_said(id="m-yellow", colour="Yellow")))
        orange.goes_on.set()
        red.goes_on.set()
        first, second = await asyncio.gather(*starting)
        assert ["more-severe-sounds"] * 2 == [getattr(outcome, "code", "") for outcome in (first, yellow)]
        assert isinstance(second, Reached)
        assert [*second.refs] == slow.of(OPEN)


class Held(FakeJob):
    """Its emission waits for its turn, which comes, or is refused."""

    def __init__(self, message: Message, *, refusal: Withdrawn | None = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.waits, self.goes_on, self._refusal = asyncio.Event(), asyncio.Event(), refusal

    async def turn(self) -> None:
        self.waits.set()
        async with asyncio.timeout(PATIENCE_S):
            await self.goes_on.wait()
        if self._refusal is not None:
            raise self._refusal


def _job(message: Message, **more: Any) -> FakeJob:
    return FakeJob(message, address=TERMINAL, **more)


def _said(**changes: Any) -> Message:
    """The red alert with these words, or this identity."""
    identity = {key: changes.pop(key) for key in ("id", "revision") if key in changes}
    return msgspec.structs.replace(alert(**changes), **identity)
