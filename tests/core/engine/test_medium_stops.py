"""A Cancel for a device that makes a noise leaves while the start that it ends is still under way; words keep their order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine.medium import Medium
from fenghuo.model.delivery import Delivery
from fenghuo.model.message import MessageId
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Doubt, Emission
from tests.core.engine.house import CAPABILITIES, House, opened
from tests.core.engine.test_medium import medium
from tests.core.engine.values import NOW, delivery


class Waiting:
    """Every start of a channel waits for its outcome until the test lets it go on; a Cancel has its own at once."""

    def __init__(self, house: House) -> None:
        self.has_answered = asyncio.Event()
        house.channel["a"].during = self._emitted

    async def _emitted(self, emission: Emission) -> None:
        if "取消" not in emission.payload.text:
            await self.has_answered.wait()


@pytest.mark.parametrize(("doubt", "texts"), [(Doubt.ACTUATOR, ["响", "取消"]), (Doubt.QUERYABLE, ["响"])])
async def test_a_stop_is_not_kept_behind_the_start_that_it_ends(tmp_path: Path, doubt: Doubt, texts: list[str]) -> None:
    """The far end has begun and is slow to say so: its stop is in its hands before; what takes words back comes after them, as ever."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], doubt=doubt)) as house:
        waiting = Waiting(house)
        start = await house.order("wang", text="响", priority="P0", via=["a"], signers=("anna", "bert"))
        await house.order("wang", text="取消", action="Cancel", reference=start.id, priority="P0", signers=("anna", "bert"))
        assert texts == [_word(mail.text) for mail in house.sent]
        waiting.has_answered.set()
        await house.settle()
        assert ["响", "取消"] == [_word(mail.text) for mail in house.sent]


def test_a_stop_passes_what_is_under_way_and_nothing_passes_a_stop() -> None:
    """A start that comes after it waits for its outcome, and stops of several messages wait for none of each other."""
    queue = medium()
    start, stop, other, later = (_one(key, message) for key, message in ((1, "m1"), (2, "m1"), (3, "m2"), (4, "m3")))
    _put(queue, start)
    assert start == queue.take()
    _put(queue, stop, is_stop=True)
    _put(queue, other, is_stop=True)
    assert [stop, other] == [queue.take(), queue.take()]
    _put(queue, later)
    assert (None, [later]) == (queue.take(), queue.done(start))
    _put(queue, later)
    assert (None, [later]) == (queue.take(), queue.done(stop))
    _put(queue, later)
    assert (None, [later]) == (queue.take(), queue.done(other))
    _put(queue, later)
    assert later == queue.take()


def test_starts_leave_room_for_stops() -> None:
    """Every place of the channel is taken by a start that has no answer yet; stops go first, as many again, and no more."""
    queue = medium(concurrency=2)
    for key in (1, 2, 3):
        _put(queue, _one(key, "m1", address=f"address-{key}"))
    assert [1, 2, None] == [one and one.id for one in (queue.take(), queue.take(), queue.take())]
    for key in (4, 5, 6):
        _put(queue, _one(key, "m2", address=f"address-{key}"), is_stop=True)
    assert [4, 5, None] == [one and one.id for one in (queue.take(), queue.take(), queue.take())]
    queue.done(_one(4, "m2", address="address-4"))
    queue.done(_one(1, "m1", address="address-1"))
    assert [6, 3, None] == [one and one.id for one in (queue.take(), queue.take(), queue.take())]


def test_where_one_speaks_at_a_time_a_stop_waits_its_turn() -> None:
    """Half-duplex: it would be nobody's gain to talk into what is on the air, which ends by itself when it is withdrawn."""
    queue = medium(half_duplex=True)
    start, stop = _one(1, "m1"), _one(2, "m1")
    _put(queue, start)
    assert start == queue.take()
    _put(queue, stop, is_stop=True)
    assert (None, []) == (queue.take(), queue.done(start))
    assert stop == queue.take()


class Air:
    """What a medium has in flight, and what went, in its order. No rule of who waits for whom may be broken at any moment."""

    def __init__(self) -> None:
        self.queue = medium()
        self.stops: set[int] = set()
        self.known: dict[int, Delivery] = {}
        self.went: list[int] = []
        self._on_air: list[Delivery] = []

    def put(self, one: Delivery, *, is_stop: bool) -> None:
        self.known[one.id] = one
        self.stops |= {one.id} if is_stop else set()
        _put(self.queue, one, is_stop=is_stop)
        self._pump()

    def end(self, at: int) -> bool:
        """One of those in flight is over; whether there was one."""
        over = self._on_air.pop(at) if self._on_air else None
        for waiting in self.queue.done(over) if over is not None else ():
            _put(self.queue, waiting, is_stop=waiting.id in self.stops)
        self._pump()
        return over is not None

    def _pump(self) -> None:
        while (one := self.queue.take()) is not None:
            assert not self._keeps_back(one)
            self._on_air.append(one)
            self.went.append(one.id)
        assert all(self._keeps_back(self.known[key]) for key in self.queue.held())

    def _keeps_back(self, one: Delivery) -> list[Delivery]:
        """What is in flight and must be over before this one goes."""
        beside = [other for other in self._on_air if _way(other) == _way(one)]
        return [other for other in beside if other.id in self.stops and other.message == one.message] if one.id in self.stops else beside


STEPS = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 2), st.integers(1, 3), st.sampled_from([Priority.P0, Priority.P2])))


@given(STEPS)
def test_a_stop_waits_for_stops_of_its_message_alone(steps: list[tuple[bool, bool, int, int, Priority]]) -> None:
    """Whatever comes, in whatever order: everything else has its address alone, each goes once, and none is left."""
    air = Air()
    for key, (is_end, is_stop, address, message, priority) in enumerate(steps, 1):
        if not (is_end and air.end(0)):
            air.put(_one(key, f"m{message}", address=f"address-{address}", priority=priority), is_stop=is_stop)
    while air.end(-1):
        continue
    assert (sorted(air.known), set()) == (sorted(air.went), air.queue.held())


def _put(queue: Medium, one: Delivery, *, is_stop: bool = False) -> None:
    queue.put(one, now=NOW, deadline=NOW + 300, is_stop=is_stop)


def _one(key: int, message: str, *, address: str = "pole", priority: Priority = Priority.P0) -> Delivery:
    return delivery(key, message=MessageId(message), address=address, priority=priority)


def _way(one: Delivery) -> tuple[str, Priority]:
    return one.address, one.priority


def _word(text: str) -> str:
    return "取消" if "取消" in text else "响"
