"""A post's own notes on virtual time: on its disk until the other end has them, whatever happens in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, cast

from fenghuo import Priority, Traffic
from fenghuo.clock import SystemClock
from fenghuo.link import Delivered, Ending, Event, Finished, FrameKind, Parcel
from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_adapters.ax25_framing import UiFrame
from fenghuo_adapters.kiss_framing import KissFrame
from fenghuo_narrowband.link_cargo import Cargo
from fenghuo_narrowband.link_keys import ring_of
from fenghuo_narrowband.link_post import NOTE, NOTE_RETRY_S, LinkPost
from tests.plugins.link_fakes import HEAD, LinkContext, MemoryDisk, settings_of

EPOCH = 1_795_514_700.0
DAY_S, TOWN = 86_400.0, 11


def on_virtual_time(scenario: Coroutine[Any, Any, None]) -> None:
    """Run it where a day takes no time."""
    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        runner.run(scenario)


class Wire:
    """Stands for the TNC of one end: up, and whatever is written is heard by `ear`, if there is one."""

    def __init__(self) -> None:
        self.is_up, self.said = True, 0
        self.ear: Callable[[UiFrame], None] | None = None

    async def write(self, frame: KissFrame) -> None:
        self.said += 1
        if self.ear is not None:
            self.ear(UiFrame.decode(frame.data))


class End:
    """A post that runs: what it told, and its disk."""

    def __init__(self, code: int, other: int, disk: MemoryDisk) -> None:
        loop = asyncio.get_running_loop()
        clock = SystemClock(wall=lambda: EPOCH + loop.time(), monotonic=loop.time)
        self.told: list[Event] = []
        self.wire, self.disk = Wire(), disk
        self._context = LinkContext(settings_of(code, [other], configure_tnc=False), disk, clock=clock)

    async def start(self) -> None:
        ring = ring_of(self._context.settings, self._context.secret)
        line, memory = cast(Any, self.wire), await self.disk.recall(ring)  # stands for a KissLine
        self.post = LinkPost(self._context, ring, line, memory=memory, cargo=Cargo({}), on_event=self._on_event)
        await self.post.reserve()

    def _on_event(self, event: Event) -> None:
        self.told.append(event)
        if isinstance(event, Delivered):
            self.post.station.taken(event)
            self.post.wake()

    def endings(self) -> list[Ending]:
        return [event.ending for event in self.told if isinstance(event, Finished)]

    def bodies(self) -> list[bytes]:
        return [event.body for event in self.told if isinstance(event, Delivered)]


@contextlib.asynccontextmanager
async def running(code: int, other: int, disk: MemoryDisk) -> AsyncIterator[End]:
    """Until it is killed: nothing is put away."""
    end = End(code, other, disk)
    await end.start()
    task = asyncio.create_task(end.post.run())
    try:
        yield end
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(is_so: Callable[[], bool], limit_s: float) -> None:
    async with asyncio.timeout(limit_s):
        while not is_so():
            await asyncio.sleep(limit_s / 5000)


def a_note(end: End, life_s: float = DAY_S) -> Parcel:
    return Parcel(HEAD, FrameKind.REPLY, Traffic.ACTUAL, Priority.P1, b"HUMAN", end.post.now() + life_s, f"{NOTE}BJ1T1/1.1.1/5")


def test_a_note_that_nobody_answered_for_outlives_a_kill() -> None:
    """The head is off the air until the link gives up; the post is killed in the pause, and the next one says it, to be heard once."""

    async def scenario() -> None:
        disk = MemoryDisk()
        async with running(TOWN, HEAD, disk) as town:
            await town.post.note(a_note(town))
            assert 1 == len(disk.outgoing)
            await until(lambda: bool(town.endings()), 3600.0)
            assert ([Ending.SILENT], 1) == (town.endings(), len(disk.outgoing))
        async with running(TOWN, HEAD, disk) as town, running(HEAD, TOWN, MemoryDisk()) as head:
            town.wire.ear, head.wire.ear = head.post.hear, town.post.hear
            await until(lambda: not disk.outgoing, 3600.0)
            assert ([Ending.HELD], [b"HUMAN"]) == (town.endings(), head.bodies())

    on_virtual_time(scenario())


def test_a_note_is_said_again_until_the_other_end_has_it() -> None:
    """Nobody was killed: after each pause it goes on under its own number."""

    async def scenario() -> None:
        disk = MemoryDisk()
        async with running(TOWN, HEAD, disk) as town, running(HEAD, TOWN, MemoryDisk()) as head:
            await town.post.note(a_note(town))
            transfers = set(disk.outgoing)
            await until(lambda: len(town.endings()) == 2, 7200.0)
            assert [Ending.SILENT] * 2 == town.endings()
            said = town.wire.said
            await asyncio.sleep(NOTE_RETRY_S / 2)
            assert (said, transfers) == (town.wire.said, set(disk.outgoing))
            town.wire.ear, head.wire.ear = head.post.hear, town.post.hear
            await town.post.note(a_note(town))  # a person keys it once more: it is no second note, and no pause is waited for
            await until(lambda: not disk.outgoing, NOTE_RETRY_S / 2)
            assert [b"HUMAN"] == head.bodies()

    on_virtual_time(scenario())


def test_a_note_that_is_over_leaves_the_disk() -> None:
    """Whoever is silent for a day is told nothing any more."""

    async def scenario() -> None:
        async with running(TOWN, HEAD, MemoryDisk()) as town:
            await town.post.note(a_note(town))
            await until(lambda: not town.disk.outgoing, 2 * DAY_S)
            assert (Ending.EXPIRED, {Ending.SILENT}) == (town.endings()[-1], set(town.endings()[:-1]))

    on_virtual_time(scenario())
