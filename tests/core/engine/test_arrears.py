"""After an outage what is new goes first, and what has waited takes at most a quarter of the time of its medium."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo.engine.arrears import OUTAGE_S, RETURN_S, SHARE, Arrears, Waiting, is_in_arrears
from fenghuo.engine.health import ChannelHealth, Sign, observed
from fenghuo.model.delivery import Reached
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Capabilities, Emission
from fenghuo.service.showing import rfc3339
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW, delivery

AIR_S = 6.0
"""Three fragments of two seconds."""
RADIO = Capabilities(form="radio", evidence_max=Evidence.AIRED, half_duplex=True, repeat_safe=True)
BY_RADIO = """
[ladders.radio]
[[ladders.radio.rungs]]
channels = ["r"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
needed = "AIRED"
deadline_s = 36000
ladder = "radio"
"""


def returned(out_s: float = OUTAGE_S) -> ChannelHealth:
    """A channel that comes back now."""
    return observed(observed(ChannelHealth(state=Health.UP, since=1.0), Sign.LOCAL_DOWN, NOW - out_s), Sign.LOCAL_UP, NOW)


def test_what_was_planned_before_the_return_is_in_arrears_unless_it_is_urgent_or_the_outage_was_a_flap() -> None:
    """And for so long after it; later it is a retry like any other."""
    back = returned()
    rows = [
        (Priority.P2, NOW - 1.0, back, NOW, True),
        (Priority.P4, NOW - 1.0, back, NOW + RETURN_S - 1.0, True),
        (Priority.P0, NOW - 1.0, back, NOW, False),
        (Priority.P1, NOW - 1.0, back, NOW, False),
        (Priority.P2, NOW, back, NOW, False),
        (Priority.P2, NOW - 1.0, back, NOW + RETURN_S, False),
        (Priority.P2, NOW - 1.0, returned(OUTAGE_S - 1.0), NOW, False),
        (Priority.P2, NOW - 1.0, ChannelHealth(state=Health.UP), NOW, False),
    ]
    for priority, opened_at, health, now, expected in rows:
        assert expected is is_in_arrears(priority, opened_at, health, now), (priority, opened_at, now)


def test_elsewhere_a_quarter_of_what_may_be_under_way_is_theirs() -> None:
    """Two of eight, the most urgent and oldest first; with something new waiting one after each three of those."""
    queue = Arrears()
    for key, priority in ((1, Priority.P4), (2, Priority.P2), (3, Priority.P2), (4, Priority.P3)):
        queue.put(Waiting(NOW, 1, delivery(key, priority=priority)))
    taken = [queue.take(NOW, is_new_waiting=False, is_exclusive=False, room=8) for _ in range(3)]
    assert [2, 3, None] == [one.delivery.id if one else None for one in taken]
    queue.done(delivery(2), 1.0, NOW)
    for _ in range(3):
        assert queue.take(NOW, is_new_waiting=True, is_exclusive=False, room=8) is None, "too little that is new has gone since"
        queue.went(delivery(9))
    (fourth,) = (queue.take(NOW, is_new_waiting=True, is_exclusive=False, room=8),)
    assert (4, {1}) == (fourth.delivery.id if fourth else None, queue.held())


class Aired(msgspec.Struct, frozen=True):
    """One emission as a receiver on the frequency hears it. Seconds since the return."""

    began: float
    ended: float
    text: str


async def test_after_an_outage_the_frequency_carries_what_is_new_first_and_what_waited_for_a_quarter_of_the_time(tmp_path: Path) -> None:
    """Ten routine orders and an urgent one wait through ten minutes, one of them too long; heard at the frequency: the urgent one goes at
    once, what is new as it comes, no more than a quarter of the time is of what waited, all of it comes, and nothing that is over."""
    async with opened(tmp_path, rules=BY_RADIO, r=RADIO) as house:
        air: list[Aired] = []
        began = house.clock.now + 600.0
        hears(house, air, began)
        house.down("r")
        await house.settle()
        await house.order("wang", text="旧 过期", expires=ago(house, -300.0))
        for number in range(10):
            await house.order("wang" if number % 2 else "shuang", text=f"旧 {number}", priority="P3" if number < 2 else "P2")
        await house.order("wang", text="急", priority="P1")
        for _ in range(10):
            await house.later(60.0)
        assert [] == air
        house.up("r")
        await house.settle()
        for second in range(1200):
            house.clock.now = max(house.clock.now, began + second)
            if second in (0, 40, 80):
                await house.order("shuang", text=f"新 {second}")
            house.room.dispatcher.offer(())
            await house.settle()
        heard = [one.text.partition("#")[0] for one in air]
        assert ("急", 14) == (heard[0], len(heard)), "each once, and nothing that is over"
        assert {"急", "新 0", "新 40", "新 80", *(f"旧 {number}" for number in range(10))} == set(heard)
        old = [one for one in air if one.text.startswith("旧")]
        assert all(one.text.startswith(("旧 0", "旧 1")) for one in old[-2:]), "what is less urgent waits for the rest"
        for one in old[1:]:
            share = sum(other.ended - other.began for other in old if other.ended <= one.began) / (one.began - old[0].began)
            assert share <= SHARE + 1e-9
        waits = [one.began - int(one.text[2:].partition("#")[0]) for one in air if one.text.startswith("新")]
        assert max(waits) <= 2 * AIR_S, "at most behind one of them"
        assert 1 == len(await house.events("alarm.objective_missed")), "whoever sent it is told"


def hears(house: House, air: list[Aired], began: float) -> None:
    """Every emission takes its time, which passes for everybody."""

    async def takes(emission: Emission) -> None:
        at = house.clock.now - began
        house.clock.now += AIR_S
        air.append(Aired(at, house.clock.now - began, emission.payload.text))

    house.channel["r"].during = takes
    house.channel["r"].outcomes.extend([Reached(Evidence.AIRED)] * 20)


def ago(house: House, seconds: float) -> str:
    """An instant as our JSON takes it."""
    return rfc3339(house.clock.now - seconds) or ""
