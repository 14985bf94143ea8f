"""From the queue to the channel: who goes when, and what becomes of every emission that was begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from fenghuo.model.delivery import DeliveryState, Outcome, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Doubt, Emission, SendJob
from fenghuo.store.tables import ATTEMPT
from tests.core.engine.house import CAPABILITIES, FakeChannel, House, opened
from tests.scale import TIMEOUT_SCALE

S = DeliveryState
QUERYABLE = msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.QUERYABLE)
WANG, LI, HUANG = "+8613800000001", "+8613800000002", "+8613800000003"


class Gate:
    """Holds every emission of a channel in mid-air until the test lets it go on."""

    def __init__(self, house: House, channel: str = "a") -> None:
        self.open = asyncio.Event()
        self.on_air: list[str] = []
        house.channel[channel].during = self._hold

    async def _hold(self, emission: Emission) -> None:
        self.on_air.append(emission.payload.text)
        await self.open.wait()


class Liar(FakeChannel):
    """Says that it emitted, and never asked."""

    async def send(self, job: SendJob) -> Outcome:
        return Reached(Evidence.DEVICE)


# Order.


async def test_one_person_gets_one_message_at_a_time_in_the_order_of_their_coming(tmp_path: Path) -> None:
    """First in, first out for each recipient and channel: three orders never overtake each other on the way to wang."""
    async with opened(tmp_path) as house:
        gate = Gate(house)
        for text in ("一", "二", "三"):
            await house.order("wang", text=text, via=["a"])
        assert ["一"] == [mail.text[0] for mail in house.sent]
        gate.open.set()
        await house.settle()
        assert ["一", "二", "三"] == [mail.text[0] for mail in house.sent]


async def test_what_stood_in_the_queue_twice_keeps_its_wait(tmp_path: Path) -> None:
    """Its channel went and came back while it waited for its turn; the far end asks for a minute's patience, and has it."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], concurrency=1)) as house:
        gate = Gate(house)
        await house.order("wang", via=["a"])
        await house.order("li", via=["a"])
        house.down("a")
        await house.settle()
        house.up("a")
        await house.settle()
        house.channel["a"].outcomes.extend([Reached(Evidence.ACCEPTED), Transient(Scope.RECIPIENT, "busy", retry_after_s=60.0)])
        gate.open.set()
        await house.settle()
        for _ in range(10):
            await _again(house, 5.0)
        assert [1] == [mail.n for mail in house.sent if mail.address == LI]
        await _again(house, 11.0)
        assert [1, 2] == [mail.n for mail in house.sent if mail.address == LI]


async def _again(house: House, seconds: float) -> None:
    await house.later(seconds)
    house.room.dispatcher.offer(())  # its own timer runs on the loop's clock, which stands still here
    await house.settle()


async def test_one_person_who_is_slow_holds_up_nobody_else(tmp_path: Path) -> None:
    """wang's first is in the air; li and huang get theirs."""
    async with opened(tmp_path) as house:
        Gate(house)
        await house.order("wang", via=["a"])
        await house.order("wang", "li", "huang", via=["a"])
        assert [WANG, LI, HUANG] == [mail.address for mail in house.sent]
        assert (3, 1) == (house.room.dispatcher.in_flight, house.room.dispatcher.queued("a"))


async def test_a_channel_carries_as_many_at_once_as_it_says(tmp_path: Path) -> None:
    """The third waits for one of two to be through."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], concurrency=2)) as house:
        gate = Gate(house)
        await house.order("wang", "li", "huang", via=["a"])
        assert (2, 2, 1) == (len(house.sent), house.room.dispatcher.in_flight, house.room.dispatcher.queued("a"))
        gate.open.set()
        await house.settle()
        assert (3, 0, 0) == (len(house.sent), house.room.dispatcher.in_flight, house.room.dispatcher.queued("a"))


async def test_two_stations_on_one_frequency_take_turns(tmp_path: Path) -> None:
    """A half-duplex medium carries one emission, whichever instance it is of."""
    radio = msgspec.structs.replace(CAPABILITIES["r"], half_duplex=True)
    async with opened(tmp_path, r=radio, r2=radio, before=_one_frequency, rules=_ladder("r", "r2")) as house:
        first, second = Gate(house, "r"), Gate(house, "r2")
        await house.order("wang", via=["r"])
        await house.order("shuang", via=["r2"])
        assert (1, 0) == (len(first.on_air), len(second.on_air))
        first.open.set()
        await house.settle()
        assert (1, 1) == (len(first.on_air), len(second.on_air))
        second.open.set()
        await house.settle()


async def test_a_long_transfer_lets_the_urgent_one_pass_between_two_fragments(tmp_path: Path) -> None:
    """A P0 waits one fragment at most, and the transfer goes on where it was (I5)."""
    async with opened(tmp_path, r=msgspec.structs.replace(CAPABILITIES["r"], half_duplex=True)) as house:
        air: list[str] = []
        next_fragment = asyncio.Event()

        async def in_fragments(emission: Emission) -> None:
            for number in range(3):
                air.append(f"{emission.payload.text[0]}{number}")
                if emission.payload.text.startswith("慢"):
                    await next_fragment.wait()
                await emission.turn()

        house.channel["r"].during = in_fragments
        await house.order("shuang", text="慢", priority="P3", via=["r"])
        assert ["慢0"] == air
        await house.order("wang", text="急", priority="P0", via=["r"])
        assert ["慢0"] == air, "a fragment is never cut"
        next_fragment.set()
        await house.settle()
        assert ["慢0", "急0", "急1", "急2", "慢1", "慢2"] == air
        assert {1} == {mail.n for mail in house.sent}


async def test_a_slot_of_a_transfer_that_is_not_wanted_any_more_is_the_next_ones(tmp_path: Path) -> None:
    """After five above it a P3 that stood aside has the air again; it was answered meanwhile, so that the P3 behind it goes (I6)."""
    async with opened(tmp_path, r=msgspec.structs.replace(CAPABILITIES["r"], half_duplex=True)) as house:
        air: list[str] = []
        stands_aside, goes_on = asyncio.Event(), asyncio.Event()
        waits = {"慢": stands_aside, "一": goes_on}

        async def in_fragments(emission: Emission) -> None:
            air.append(emission.payload.text[0])
            if emission.payload.text[0] in waits:
                await waits[emission.payload.text[0]].wait()
            await emission.turn()

        house.channel["r"].during = in_fragments
        await house.order("shuang", text="慢", priority="P3", via=["r"])
        for number in "一二三四五六七":
            await house.order("wang", text=number, priority="P1", via=["r"])
        await house.order("wang", text="次", priority="P3", via=["r"])
        stands_aside.set()
        await house.settle()
        await house.answer("r", "BJ1SHUA")
        goes_on.set()
        await house.settle()
        assert "慢一二三四五次六七" == "".join(air)


async def test_what_was_decided_while_it_waited_in_the_queue_counts(tmp_path: Path) -> None:
    """The second order was cancelled while the first was in the air: it leaves the queue, and its channel never hears of it."""
    async with opened(tmp_path) as house:
        gate, prepared = Gate(house), []

        async def prepare() -> None:
            prepared.append(house.clock.now)

        house.channel["a"].before = prepare
        await house.order("wang", text="一", via=["a"])
        second = await house.order("wang", text="二", via=["a"])
        await house.order("everyone", text="取消", action="Cancel", reference=second.id)
        gate.open.set()
        await house.settle()
        assert (["一"], 1) == ([mail.text[0] for mail in house.sent], len(prepared))


async def test_what_was_offered_twice_goes_once(tmp_path: Path) -> None:
    """Its channel went and came while it stood in the queue, so it stands there twice: the channel prepares it once."""
    async with opened(tmp_path) as house:
        gate, prepared = Gate(house), []

        async def prepare() -> None:
            prepared.append(house.clock.now)

        house.channel["a"].before = prepare
        await house.order("wang", text="一", via=["a"])
        await house.order("wang", text="二", via=["a"])
        house.down("a")
        await house.settle()
        house.up("a")
        await house.later(1)
        gate.open.set()
        await house.settle()
        await house.later(1)
        assert (["一", "二"], 2) == ([mail.text[0] for mail in house.sent], len(prepared))


async def test_a_retry_has_its_time(tmp_path: Path) -> None:
    """The centre said "in five seconds": not before, and then by itself."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Transient(Scope.RECIPIENT, "busy", 5.0))
        await house.order("wang", via=["a"])
        await house.later(4.9)
        assert [1] == [mail.n for mail in house.sent]
        await house.later(0.1)
        assert [1, 2] == [mail.n for mail in house.sent]


async def test_the_first_copy_to_everyone_goes_before_the_second_copy_to_anyone(tmp_path: Path) -> None:
    """wang's retry is due sooner and waits longer than li's first; li is told first."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], concurrency=1)) as house:
        house.channel["a"].outcomes.append(Transient(Scope.RECIPIENT, "busy", 5.0))
        await house.order("wang", via=["a"])
        gate = Gate(house)
        await house.order("huang", via=["a"])
        await house.later(5)
        await house.order("li", via=["a"])
        gate.open.set()
        await house.settle()
        assert [(WANG, 1), (HUANG, 1), (LI, 1), (WANG, 2)] == [(mail.address, mail.n) for mail in house.sent]


# Outcomes.


@pytest.mark.may_block("the log reads source lines for a traceback, once for each such error")
async def test_an_emission_counts_when_it_had_its_licence(tmp_path: Path) -> None:
    """What was refused before the first byte was no emission."""
    async with opened(tmp_path) as house:
        house.channel["a"].before = _busy
        await house.order("wang")
        assert (1, ["r"]) == (house.room.dispatcher.sent, [mail.channel for mail in house.sent])


async def test_a_channel_that_claims_what_it_never_asked_for_is_not_believed(tmp_path: Path) -> None:
    """DEVICE without a licence: no evidence, no attempt, the way is given up and the next one goes (I2, I8)."""
    async with opened(tmp_path) as house:
        house.channel["a"] = Liar("a", house.sent)
        await house.order("wang")
        first, second = await house.deliveries()
        assert (S.FAILED, Evidence.STORED, "channel no-licence") == (first.state, first.evidence, first.reason)
        assert ["r"] == [row.channel for row in await house.store.find(ATTEMPT)]
        assert S.AWAITING is second.state


async def test_a_refusal_by_begin_is_no_fault_of_the_channel(tmp_path: Path) -> None:
    """Cancelled while it prepared: the channel did nothing wrong and stays UP."""
    async with opened(tmp_path) as house:
        ready, go = asyncio.Event(), asyncio.Event()

        async def prepare() -> None:
            ready.set()
            await go.wait()

        house.channel["a"].before = prepare
        first = await house.order("wang", via=["a"])
        await ready.wait()
        await house.order("everyone", text="取消", action="Cancel", reference=first.id)
        go.set()
        await house.settle()
        assert ([], [], Health.UP) == (house.sent, await house.store.find(ATTEMPT), _health(house))


async def test_an_emission_that_takes_too_long_is_in_doubt(tmp_path: Path) -> None:
    """It had its payload, so nobody knows what left; the medium is free again."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], attempt_s=0.5 * TIMEOUT_SCALE)) as house:
        Gate(house)
        await house.order("wang", via=["a"])
        await _until(lambda: not house.room.dispatcher.in_flight)
        await house.settle()
        (one,) = await house.deliveries()
        assert (S.IN_DOUBT, "timeout", 1) == (one.state, one.reason, one.tries)
        assert ["unknown timeout"] == [row.outcome for row in await house.store.find(ATTEMPT)]


async def test_a_channel_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    """Its supervisor has not made it yet: nothing is lost, nothing is held against it."""
    async with opened(tmp_path, before=_take_away) as house:
        await house.order("wang", via=["a"])
        assert ([], [S.READY]) == (house.sent, [one.state for one in await house.deliveries()])
        instance = house.room.board.get("a")
        assert instance is not None
        instance.channel = lambda: house.channel["a"]
        await house.settle()
        assert (1, Health.UP) == (len(house.sent), _health(house))


# Doubts.


async def test_a_stop_waits_for_what_is_in_the_air(tmp_path: Path) -> None:
    """An emission that ends in time has its outcome; nothing new is begun."""
    async with opened(tmp_path) as house:
        gate = Gate(house)
        await house.order("wang", via=["a"])
        stopping = asyncio.create_task(house.room.dispatcher.stop(house.clock.monotonic() + 60))
        await asyncio.sleep(0)
        await house.order("li", via=["a"])
        gate.open.set()
        await stopping
        await house.settle()
        assert [S.AWAITING, S.READY] == [one.state for one in await house.deliveries()]
        assert [WANG] == [mail.address for mail in house.sent]


async def test_what_does_not_end_in_time_is_left_to_the_next_start(tmp_path: Path) -> None:
    """Its attempt is on the disk without an outcome, which is what a start looks for."""
    async with opened(tmp_path) as house:
        Gate(house)
        await house.order("wang", via=["a"])
        await house.room.dispatcher.stop(house.clock.monotonic())
        assert (0, [S.EMITTING]) == (house.room.dispatcher.in_flight, [one.state for one in await house.deliveries()])
        assert [""] == [row.outcome for row in await house.store.find(ATTEMPT)]
    async with opened(tmp_path, clock=house.clock) as again:
        assert (1, [S.IN_DOUBT]) == (again.room.recovery.doubts, [one.state for one in await again.deliveries()])


async def _busy() -> None:
    raise OSError("no such device")


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.001)


def _take_away(house: House) -> None:
    instance = house.room.board.get("a")
    assert instance is not None
    instance.channel = lambda: None


def _one_frequency(house: House) -> None:
    for instance in house.room.board:
        instance.medium = "144.800"


def _ladder(*channels: str) -> str:
    rungs = "".join(f'[[ladders.all.rungs]]\nchannels = ["{name}"]\n' for name in channels)
    return f'[ladders.all]\n{rungs}[[rules]]\nname = "orders"\naudience = {{ name = "as addressed" }}\nladder = "all"\n'


def _health(house: House) -> Health:
    instance = house.room.board.get("a")
    assert instance is not None
    return instance.health.state


async def test_a_black_hole_is_asked_ever_less_often(tmp_path: Path) -> None:
    """Whatever it is given it takes without a word; ten minutes of that cost a few copies, not one for each of its silences."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.IDEMPOTENT)) as house:
        house.channel["a"].outcomes.extend(Unknown("timeout") for _ in range(100))
        await house.order("huang", via=["a"])
        times: list[int] = []
        for second in range(600):
            await house.later(1)
            times += [second] * (len(house.sent) - len(times))
        gaps = [after - before for before, after in pairwise(times)]
        assert (True, True) == (6 <= len(times) <= 16, max(gaps) > 60)
        assert 1 == len({mail.token for mail in house.sent})
