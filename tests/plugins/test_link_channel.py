"""The link channel on a wire of the test's own: what the core hears, what a crash leaves, what is withdrawn."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest

from fenghuo import (
    Denied,
    Evidence,
    Inbound,
    InboundKind,
    LinkError,
    NotReady,
    Permanent,
    Priority,
    ProbeBudget,
    Reached,
    Rendition,
    Scope,
    Traffic,
    Transient,
    Unsupported,
    Withdrawn,
)
from fenghuo_narrowband import link_capabilities
from fenghuo_narrowband.link_channel import LinkChannel
from tests.plugins.link_fakes import LinkContext, LinkJob, MemoryDisk, an_order, settings_of
from tests.plugins.link_stations import LIMIT_S, TOWN, Air, core_of, sent, station


async def test_a_message_is_at_device_when_the_far_core_has_it() -> None:
    """The receipt of the far disk is the outcome, named so that a person's receipt finds it."""
    order = an_order()
    async with Air() as air, station(air, 1, [11]) as head, station(air, 11, [1]) as town, core_of(town) as got:
        outcome = await sent(head, LinkJob(TOWN, order))
        assert isinstance(outcome, Reached)
        assert (Evidence.DEVICE, [order.data]) == (outcome.level, got)
        assert outcome.refs[0].startswith(f"{TOWN}/")


async def test_a_post_that_passes_on_is_no_end() -> None:
    """Its own disk is a custodian's: RELAYED, and the end's receipt is still to come."""
    settings = settings_of(1, [11], configure_tnc=False)
    relay = msgspec.structs.replace(settings.posts[TOWN], relays=True)
    async with Air() as air, station(air, 11, [1]) as town, core_of(town):
        kept = msgspec.structs.replace(settings, port=air.port, posts={TOWN: relay})
        head = LinkChannel(LinkContext(kept))
        await head.start()
        outcome = await sent(head, LinkJob(TOWN, an_order()))
        await head.stop(0.0)
    assert isinstance(outcome, Reached)
    assert Evidence.RELAYED == outcome.level


async def test_one_order_to_a_whole_group_is_one_call() -> None:
    """Ten jobs of one order to the members of a group: one parcel, an outcome for each."""
    towns = [11, 12, 13]
    async with contextlib.AsyncExitStack() as stack:
        air = await stack.enter_async_context(Air())
        head = await stack.enter_async_context(station(air, 1, towns, members=towns))
        for code in towns:
            town = await stack.enter_async_context(station(air, code, [1], members=towns))
            await stack.enter_async_context(core_of(town))
        outcomes = await asyncio.gather(*(sent(head, LinkJob(f"BJ1T{code}", an_order())) for code in towns))
        assert [Evidence.DEVICE] * 3 == [outcome.level for outcome in outcomes if isinstance(outcome, Reached)]
        assert 1 + len(towns) == air.said  # the call, and an answer in each slot


@pytest.mark.parametrize(("commands", "is_command"), [(True, True), (False, False)])
async def test_what_goes_to_a_post_with_devices_is_a_command(commands: bool, is_command: bool) -> None:
    """If the head's settings say that it has some; the core of the far end hears from whom, and that it is above."""
    settings = settings_of(1, [11], configure_tnc=False)
    posts = {TOWN: msgspec.structs.replace(settings.posts[TOWN], commands=commands)}
    heard: list[Inbound] = []

    async def core(town: LinkChannel) -> None:
        async for thing in town.inbound():
            heard.extend([thing] if thing.kind is InboundKind.MESSAGE else [])
            await thing.ack()

    async with Air() as air, station(air, 11, [1]) as town:
        head = LinkChannel(LinkContext(msgspec.structs.replace(settings, port=air.port, posts=posts)))
        await head.start()
        listening = asyncio.create_task(core(town))
        assert isinstance(await sent(head, LinkJob(TOWN, an_order())), Reached)
        await head.stop(0.0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert [(True, is_command, False)] == [(thing.is_above, thing.is_command, thing.is_shared) for thing in heard]


async def test_a_part_of_a_group_is_told_one_by_one() -> None:
    """Who is not addressed must not read it, and a group's key opens it to all members."""
    towns = [11, 12]
    async with Air() as air, station(air, 1, towns, members=towns) as head:
        one, other = station(air, 11, [1], members=towns), station(air, 12, [1], members=towns)
        async with one as addressed, other as beside, core_of(addressed) as got, core_of(beside) as overheard:
            await sent(head, LinkJob(TOWN, an_order()))
            assert (1, 0) == (len(got), len(overheard))


async def _deaf_once(air: Air, got: list[bytes]) -> None:
    """Nothing is heard from the moment at which the town has it."""
    async with asyncio.timeout(LIMIT_S):
        while not got:
            await asyncio.sleep(0)
    air.is_deaf = True


async def test_a_transfer_is_taken_up_after_a_crash() -> None:
    """The far end holds all of it; the head died before it heard so, and says nothing of it again but a poll."""
    disk, order = MemoryDisk(), an_order("所有人员立即转移。" * 20)
    async with Air() as air, station(air, 11, [1]) as town, core_of(town) as got:
        async with station(air, 1, [11], disk) as head:
            job = asyncio.create_task(sent(head, LinkJob(TOWN, order)))
            await _deaf_once(air, got)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        assert disk.outgoing
        air.is_deaf, air.said = False, 0
        async with station(air, 1, [11], disk) as head:
            outcome = await sent(head, LinkJob(TOWN, order))
        assert isinstance(outcome, Reached)
        assert (2, [order.data]) == (air.said, got)


async def test_what_is_withdrawn_is_not_said_any_more() -> None:
    """A target that was met another way: no frame of it leaves, and the core hears that it was withdrawn."""
    async with Air() as air, station(air, 1, [11]) as head:
        job = LinkJob(TOWN, an_order())
        job.emission.is_wanted = False
        with pytest.raises(Withdrawn):
            await sent(head, job)
        await asyncio.sleep(0.1)
        assert air.said == 0


async def test_what_was_denied_is_never_said() -> None:
    """Denied is the core's word and passes through."""
    async with Air() as air, station(air, 1, [11]) as head:
        with pytest.raises(Denied):
            await sent(head, LinkJob(TOWN, an_order(), denied=Withdrawn("expired")))
        assert air.said == 0


async def test_a_post_without_a_key_is_no_fault_of_the_channel() -> None:
    """Another channel must be tried, and this one stays in use."""
    async with Air() as air, station(air, 1, [11]) as head:
        assert Permanent(Scope.RECIPIENT, "no-such-post") == await sent(head, LinkJob("BJ1XXX", an_order()))


async def test_octets_that_are_no_frame_do_not_leave() -> None:
    """A rendition of another form is a fault of the message's way, not of the air."""
    async with Air() as air, station(air, 1, [11]) as head:
        outcome = await sent(head, LinkJob(TOWN, Rendition("compact", "?", b"")))
        assert isinstance(outcome, Permanent)
        assert (Scope.MESSAGE, 0) == (outcome.scope, air.said)


async def first(channel: LinkChannel, kind: InboundKind) -> Inbound:
    """The first of a kind that comes in; whatever comes is taken."""
    async with asyncio.timeout(LIMIT_S):
        async for thing in channel.inbound():
            await thing.ack()
            if thing.kind is kind:
                return thing
    raise AssertionError(f"the channel ended without a {kind}")


async def test_a_persons_receipt_names_the_message_as_both_ends_do() -> None:
    """What the town's operator acknowledges raises the very emission that the head made."""
    async with Air() as air, station(air, 1, [11]) as head, station(air, 11, [1]) as town:
        outcome, came = await asyncio.gather(sent(head, LinkJob(TOWN, an_order())), first(town, InboundKind.MESSAGE))
        await town.acknowledge(came.ref, Evidence.HUMAN, text="已到岗", traffic=Traffic.ACTUAL)
        receipt = await first(head, InboundKind.RECEIPT)
        assert isinstance(outcome, Reached)
        assert (outcome.refs[0], Evidence.HUMAN, "已到岗") == (receipt.ref, receipt.level, receipt.text)


async def test_a_line_that_is_down_sends_nothing() -> None:
    """Nothing was begun, so another channel may take it at once."""
    job = LinkJob(TOWN, an_order())
    async with Air() as air, station(air, 1, [11]) as head:
        air.hang_up()
        async with asyncio.timeout(LIMIT_S):
            await _down(head)
        assert (Transient(Scope.CHANNEL, "line-down"), 0) == (await sent(head, job), job.begun)


async def _down(channel: LinkChannel) -> None:
    """Until a probe says that the line is down."""
    with contextlib.suppress(LinkError):
        while True:
            await channel.probe(ProbeBudget())
            await asyncio.sleep(0.01)


def test_every_class_has_a_place_of_its_own() -> None:
    """A routine order under way to a post keeps no urgent one to it out of the channel."""
    assert len(Priority) <= link_capabilities(settings_of(1, [11])).concurrency


VILLAGES = ["BJ1V21", "BJ1V22"]


async def told(channel: LinkChannel, count: int) -> list[Inbound]:
    """What the core hears next, receipts only, each acknowledged."""
    found: list[Inbound] = []
    async with asyncio.timeout(LIMIT_S):
        async for thing in channel.inbound():
            await thing.ack()
            found += [thing] if thing.kind is InboundKind.RECEIPT else []
            if len(found) == count:
                break
    return found


async def test_who_is_behind_a_post_gets_what_it_is_sent() -> None:
    """One parcel for both, each at RELAYED under a name of its own; the far core has it once."""
    order = an_order()
    async with (
        Air() as air,
        station(air, 1, [11], behind=VILLAGES) as head,
        station(air, 11, [1], behind=VILLAGES) as town,
        core_of(town) as got,
    ):
        outcomes = await asyncio.gather(*(sent(head, LinkJob(call, order)) for call in VILLAGES))
        assert [order.data] == got
    assert [Evidence.RELAYED] * 2 == [outcome.level for outcome in outcomes if isinstance(outcome, Reached)]
    assert VILLAGES == [outcome.refs[0].partition("/")[0] for outcome in outcomes if isinstance(outcome, Reached)]


async def test_one_receipt_tells_of_each_who_is_behind_a_post() -> None:
    """A bit for each: first one of them, then both, which is the post's own receipt too."""
    order = an_order()
    async with Air() as air, station(air, 1, [11], behind=VILLAGES) as head, station(air, 11, [1], behind=VILLAGES) as town:
        async with core_of(town):
            outcome = await sent(head, LinkJob(VILLAGES[0], order))
        assert isinstance(outcome, Reached)
        name = outcome.refs[0].partition("/")[2]
        ref = f"BJ1T1/{name}"
        assert await town.tally(ref, Evidence.DEVICE, VILLAGES[1:], traffic=Traffic.ACTUAL) is None
        first = await told(head, 1)
        assert await town.tally(ref, Evidence.HUMAN, VILLAGES, traffic=Traffic.ACTUAL) is None
        both = await told(head, 3)
    assert [(f"BJ1V22/{name}", Evidence.DEVICE)] == [(thing.ref, thing.level) for thing in first]
    assert [(f"{call}/{name}", Evidence.HUMAN) for call in (*VILLAGES, TOWN)] == [(thing.ref, thing.level) for thing in both]


async def test_a_head_that_knows_nobody_behind_a_post_wants_no_tally() -> None:
    """The core then tells the end of the whole, as before."""
    async with Air() as air, station(air, 11, [1]) as town:
        assert await town.tally("BJ1T1/0.0.0", Evidence.DEVICE, (), traffic=Traffic.ACTUAL) is not None


AT_ONCE, USUAL = b"\xc0\x02\xff\xc0", b"\xc0\x02\x3f\xc0"


async def test_a_slot_is_not_left_to_the_modems_chance() -> None:
    """Each member tells its TNC to take the channel at once for its slot, and the usual again before it says anything else."""
    order, towns = an_order(), [11, 12]
    async with contextlib.AsyncExitStack() as stack:
        air = await stack.enter_async_context(Air())
        head = await stack.enter_async_context(station(air, 1, towns, members=towns))
        ends = [await stack.enter_async_context(station(air, code, [1], members=towns, configure_tnc=True)) for code in towns]
        for town in ends:
            await stack.enter_async_context(core_of(town))
        await asyncio.gather(*(sent(head, LinkJob(f"BJ1T{code}", order)) for code in towns))
        assert (2, 2) == (air.octets.count(USUAL), air.octets.count(AT_ONCE))
        name = "00000000.1.0"
        await ends[0].acknowledge(f"BJ1T1/{name}", Evidence.HUMAN, text="", traffic=Traffic.ACTUAL)
        (thing,) = await told(head, 1)
        assert (f"BJ1T11/{name}", 3) == (thing.ref, air.octets.count(USUAL))


async def first_said(channel: LinkChannel) -> Inbound:
    """The first thing that is more than somebody heard."""
    async with asyncio.timeout(LIMIT_S):
        async for thing in channel.inbound():
            if thing.kind is not InboundKind.HEARD:
                return thing
    raise AssertionError("the channel has ended")


async def test_what_a_post_measures_of_itself_is_heard_by_whom_it_tells_and_by_nobody_as_a_message() -> None:
    """One sealed frame that nobody answers; a post that is not known is no way, and a link that is not open says so."""
    async with Air() as air, station(air, 1, [11]) as head, station(air, 11, [1]) as town:
        assert isinstance(await town.measure("BJ1T99", b"\x01"), Unsupported)
        assert await town.measure("BJ1T1", b"\x01\x40\xc8\x00\x78") is None
        thing = await first_said(head)
        assert (InboundKind.MEASURED, TOWN, b"\x01\x40\xc8\x00\x78", True) == (thing.kind, thing.address, thing.raw, thing.proven)
        assert 1 == air.said
    closed = LinkChannel(LinkContext(settings_of(11, [1])))
    with pytest.raises(NotReady):
        await closed.measure("BJ1T1", b"\x01")
