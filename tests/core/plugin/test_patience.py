"""How long an instance rests between two tries on virtual time: on battery, switched off, and when somebody wants it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

from fenghuo import AuthFailed, NotReady
from fenghuo.plugin.patience import EAGER, NONE, THRIFTY
from tests.core.plugin.test_supervisor import Record, tell
from tests.core.plugin.virtual import LoopClock

HOUR_S = 3600.0
ABSENT = tuple(NotReady("no such device") for _ in range(2_000))


def told(record: Record, story: Callable[[], Awaitable[None]]) -> None:
    """The story of one supervisor that runs, in virtual seconds from zero."""

    async def whole() -> None:
        task = asyncio.create_task(record.running.run())
        await story()
        await record.running.stop(LoopClock().monotonic() + 5)
        await task

    tell(whole)


def tries(record: Record, since: float, until: float = math.inf) -> int:
    return sum(since <= at < until for at in record.starts)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_on_battery_an_absent_device_is_tried_a_few_times_an_hour_and_soon_when_the_mains_are_back() -> None:
    """Four hours of it are less than forty tries, where the mains would have paid for three hundred; a minute after them it is tried."""
    record = Record(*ABSENT)
    record.patience = THRIFTY

    async def story() -> None:
        await asyncio.sleep(HOUR_S)
        began = now()
        await asyncio.sleep(4 * HOUR_S)
        assert 16 <= tries(record, began) < 40
        record.patience, back = EAGER, now()
        record.running.look()
        await asyncio.sleep(60.0)
        assert tries(record, back)

    told(record, story)


def test_what_is_switched_off_knocks_at_no_door_and_is_tried_at_once_when_it_is_switched_on() -> None:
    """Nothing for a day; whoever knocks for something urgent meanwhile is not heard; then the first try comes in that very moment."""
    record = Record(*ABSENT)

    async def story() -> None:
        await asyncio.sleep(120.0)
        record.patience = NONE
        record.running.look()
        await asyncio.sleep(60.0)
        off = now()
        record.running.knock()
        await asyncio.sleep(24 * HOUR_S)
        assert 0 == tries(record, off)
        record.patience, on = EAGER, now()
        record.running.look()
        await asyncio.sleep(0.001)
        assert 1 == tries(record, on)

    told(record, story)


def test_what_is_urgent_ends_a_long_rest_and_knocks_no_faster_than_a_try_every_five_seconds() -> None:
    """Two hundred knocks in a minute are twelve tries; one knock after a quiet minute is a try at once."""
    record = Record(*ABSENT)
    record.patience = THRIFTY

    async def story() -> None:
        await asyncio.sleep(HOUR_S)
        before = tries(record, 0.0)
        record.running.knock()
        await asyncio.sleep(0.001)
        assert before + 1 <= tries(record, 0.0) <= before + 2
        began = now()
        for _ in range(200):
            record.running.knock()
            await asyncio.sleep(0.3)
        assert 8 <= tries(record, began) <= 13

    told(record, story)


def test_a_refused_password_is_not_tried_more_often_for_anything_urgent() -> None:
    """Knocking every few seconds gets an account locked."""
    record = Record(*(AuthFailed("no") for _ in range(100)))

    async def story() -> None:
        await asyncio.sleep(1.0)
        for _ in range(50):
            record.running.knock()
            await asyncio.sleep(1.0)
        assert 1 == len(record.starts)

    told(record, story)


def test_a_channel_that_has_lost_its_far_end_is_let_go_on_battery_and_kept_on_mains() -> None:
    """Its own loop would dial every few seconds: it is stopped after a minute, and made anew at our pace. One that comes back stays."""
    record = Record()

    async def story() -> None:
        await asyncio.sleep(1.0)
        say = record.contexts[-1].health
        say(False, "lost")
        await asyncio.sleep(HOUR_S)
        assert (1, 0) == (len(record.starts), record.stops)
        record.patience = THRIFTY
        say(True, "back")
        record.running.look()
        await asyncio.sleep(HOUR_S)
        say(False, "lost")
        await asyncio.sleep(59.0)
        say(True, "back")
        await asyncio.sleep(HOUR_S)
        assert (1, 0) == (len(record.starts), record.stops)
        say(False, "lost")
        await asyncio.sleep(61.0)
        assert 1 == record.stops
        assert (False, "not ready: its far end is gone, and it is let go to save power") in record.health
        await asyncio.sleep(60.0)
        assert (2, True) == (len(record.starts), record.running.channel is not None)

    told(record, story)
