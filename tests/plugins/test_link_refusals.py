"""What a far end does not take: it is never at DEVICE, its sender hears why, and an older far end is told in words that it knows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import msgspec
import pytest

from fenghuo import Evidence, Inbound, InboundKind, Outcome, Permanent, Reached, Rendition, Scope, Traffic
from fenghuo.formats import compact
from fenghuo.link import Delivered, FrameKind, Head
from fenghuo.link.faults import plain_body
from fenghuo.model.traffic import Kind
from fenghuo.plugin.context import LoneNotes
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_adapters.kiss_framing import KissFrame
from fenghuo_narrowband.link_channel import LinkChannel
from fenghuo_narrowband.link_reading import Heard, inbound_of
from tests.core.formats import compact_values
from tests.plugins.link_fakes import LinkJob, MemoryDisk, an_order
from tests.plugins.link_stations import LIMIT_S, TOWN, Air, sent, station

ORDER = an_order("沿江人员立即转移")
UNKNOWN = "unknown-dictionary"


@dataclass
class Core:
    """Behind one channel: takes what `why_not` says nothing against, keeps all that it hears."""

    why_not: Callable[[bytes], str] = lambda raw: ""
    got: list[bytes] = field(default_factory=list)
    heard: list[Inbound] = field(default_factory=list)

    async def run(self, channel: LinkChannel) -> None:
        async for thing in channel.inbound():
            self.heard.append(thing)
            why = self.why_not(thing.raw) if thing.kind is InboundKind.MESSAGE else ""
            if why and thing.refuse is not None:
                await thing.refuse(why)
                continue
            self.got += [thing.raw] if thing.kind is InboundKind.MESSAGE else []
            await thing.ack()

    def of(self, kind: InboundKind) -> list[Inbound]:
        return [thing for thing in self.heard if thing.kind is kind]


def without_words(raw: bytes) -> str:
    """As a core of an older release: it reads what needs no dictionary."""
    return "" if raw == plain_body(raw) else UNKNOWN


@contextlib.asynccontextmanager
async def core_of(channel: LinkChannel, core: Core) -> AsyncIterator[None]:
    task = asyncio.create_task(core.run(channel))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def pair(
    air: Air, town: Core, notes: LoneNotes | None = None, disks: tuple[MemoryDisk, MemoryDisk] | None = None
) -> AsyncIterator[tuple[LinkChannel, Core]]:
    """The head and its core; the town's core is given."""
    above, (here, there) = Core(), disks or (MemoryDisk(), MemoryDisk())
    ends = station(air, 1, [11], here, notes=notes), station(air, 11, [1], there)
    async with ends[0] as head, ends[1] as far, core_of(head, above), core_of(far, town):
        yield head, above


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not is_so():
            await asyncio.sleep(0.01)


def test_the_order_of_these_tests_needs_a_dictionary() -> None:
    """Or nothing here would be tested."""
    assert UNKNOWN == without_words(ORDER.data)


async def test_who_lacks_the_dictionary_is_told_without_one() -> None:
    """It is at DEVICE when that has come, and what follows goes so at once; nobody is alarmed."""
    town, notes = Core(without_words), LoneNotes()
    async with Air() as air, pair(air, town, notes) as (head, above):
        outcome = await sent(head, LinkJob(TOWN, ORDER))
        assert (Evidence.DEVICE, [plain_body(ORDER.data)]) == (isinstance(outcome, Reached) and outcome.level, town.got)
        assert 2 == len(town.of(InboundKind.MESSAGE))
        await sent(head, LinkJob(TOWN, an_order("原地待命")))
        assert (3, 2) == (len(town.of(InboundKind.MESSAGE)), len(town.got))
        assert {InboundKind.HEARD} == {thing.kind for thing in above.heard}
    again = Core(without_words)
    async with Air() as air, pair(air, again, notes) as (head, _):
        await sent(head, LinkJob(TOWN, ORDER))
        assert 1 == len(again.of(InboundKind.MESSAGE))


@pytest.mark.parametrize(("why", "code"), [("truncated", "unreadable"), ("key-conflict", "refused"), ("expired", "expired")])
async def test_what_a_far_end_does_not_take_has_failed_there(why: str, code: str) -> None:
    """Its ladder goes on, a person is told, and nothing more of it is to be said at either end."""
    town, disks = Core(lambda raw: why), (MemoryDisk(), MemoryDisk())
    async with Air() as air, pair(air, town, disks=disks) as (head, above):
        assert Permanent(Scope.MESSAGE, code) == await sent(head, LinkJob(TOWN, ORDER))
        await until(lambda: above.of(InboundKind.TURNED_DOWN))
        (alarm,) = above.of(InboundKind.TURNED_DOWN)
        assert (TOWN, True, True) == (alarm.address, code in alarm.text, why in alarm.text)
        assert [] == above.of(InboundKind.RECEIPT)
        await until(lambda: not any(disk.outgoing for disk in disks))
        await until(lambda: all(incoming.done for disk in disks for incoming in disk.incoming.values()))


async def test_an_exercise_under_the_seal_of_the_real_thing_is_shown_to_nobody() -> None:
    """Nor is it at DEVICE: it is kept, refused, and answered."""
    exercise = compact.Frame.from_octets(ORDER.data)
    forged = Rendition("compact", "?", msgspec.structs.replace(exercise, traffic=Traffic.EXERCISE).octets())
    town = Core()
    async with Air() as air, pair(air, town) as (head, _):
        assert Permanent(Scope.MESSAGE, "wrong_traffic") == await sent(head, LinkJob(TOWN, forged))
        assert ([InboundKind.REFUSED], []) == ([thing.kind for thing in town.heard if thing.kind is not InboundKind.HEARD], town.got)


async def test_one_of_a_group_that_does_not_take_it_keeps_it_from_nobody() -> None:
    """The others are at DEVICE by the same call; that one has failed."""
    towns = [11, 12]
    cores = {11: Core(), 12: Core(lambda raw: "key-conflict")}
    async with contextlib.AsyncExitStack() as stack:
        air = await stack.enter_async_context(Air())
        head = await stack.enter_async_context(station(air, 1, towns, members=towns))
        await stack.enter_async_context(core_of(head, Core()))
        for code in towns:
            far = await stack.enter_async_context(station(air, code, [1], members=towns))
            await stack.enter_async_context(core_of(far, cores[code]))
        taken, refused = await asyncio.gather(*(sent(head, LinkJob(f"BJ1T{code}", ORDER)) for code in towns))
    assert isinstance(taken, Reached)
    assert (Evidence.DEVICE, Permanent(Scope.MESSAGE, "refused")) == (taken.level, refused)


async def test_a_refusal_outlives_a_kill_of_the_far_end() -> None:
    """It was decided and not heard; after the restart the head hears it, and never that it is held."""
    disk, town = MemoryDisk(), Core(lambda raw: "key-conflict")
    async with Air() as air, station(air, 1, [11]) as head, core_of(head, Core()):
        async with station(air, 11, [1], disk) as far, core_of(far, town):
            job: asyncio.Task[Outcome] = asyncio.create_task(head.send(LinkJob(TOWN, ORDER)))
            await until(lambda: town.of(InboundKind.MESSAGE))
            air.is_deaf = True
            await until(lambda: disk.outgoing)
        air.is_deaf = False
        async with station(air, 11, [1], disk) as far, core_of(far, town), asyncio.timeout(LIMIT_S):
            assert Permanent(Scope.MESSAGE, "refused") == await job
            await until(lambda: not disk.outgoing)
            await until(lambda: all(incoming.done for incoming in disk.incoming.values()))


async def test_a_refusal_that_nobody_waits_for_is_a_receipt_as_well() -> None:
    """The head gave up meanwhile: a person is told, and the core finds the delivery by its name."""
    town = Core(lambda raw: "key-conflict")
    above = Core()
    async with Air() as air, station(air, 1, [11]) as head, station(air, 11, [1]) as far:
        job = asyncio.create_task(head.send(LinkJob(TOWN, ORDER)))
        heard = far.inbound()
        async with asyncio.timeout(LIMIT_S):
            thing = await anext(heard)
            while thing.kind is not InboundKind.MESSAGE:
                thing = await anext(heard)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        assert thing.refuse is not None
        async with core_of(head, above), core_of(far, town):
            await thing.refuse("key-conflict")
            await until(lambda: above.of(InboundKind.RECEIPT))
        (receipt,) = above.of(InboundKind.RECEIPT)
        assert (Permanent(Scope.MESSAGE, "refused"), thing.ref.partition("/")[2]) == (receipt.failure, receipt.ref.partition("/")[2])
        assert 1 == len(above.of(InboundKind.TURNED_DOWN))


async def test_forged_frames_are_alarmed_once() -> None:
    """Ten in a minute are noise; with the eleventh a person is told, and not again with each that follows."""
    town = Core()
    async with Air() as air, pair(air, town) as (head, _):
        for number in range(30):
            forged = Head(Traffic.ACTUAL, FrameKind.COMMAND, 11, 1, number).encode() + bytes(20)
            frame = UiFrame(Address.parse("FHLINK"), Address.parse("BJ1X"), forged)
            air.say(KissFrame(frame.encode()).encode())
        assert isinstance(await sent(head, LinkJob(TOWN, ORDER)), Reached)
        assert ["BJ1T1"] == [thing.address for thing in town.of(InboundKind.HOSTILE)]


async def test_a_report_that_is_sealed_as_a_command_is_refused() -> None:
    """No kind passes for another: a command is an alert or an order, and nothing else."""
    body = compact.encode(compact_values.message(compact_values.order(kind=Kind.REPORT)), compact.Rung.FULL).octets()

    async def unused(_: str = "") -> None:
        raise AssertionError("nobody acks here")

    found = [
        inbound_of(Delivered(1, 11, 7, "lane", kind, Traffic.ACTUAL, body), Heard("BJ1CMD", (), unused, unused))[0].kind
        for kind in (FrameKind.COMMAND, FrameKind.DISPATCH, FrameKind.REPORT)
    ]
    assert [InboundKind.REFUSED, InboundKind.REFUSED, InboundKind.MESSAGE] == found
