"""A clock that is wrong at the start, and one that jumps: nothing expires by it, nothing waits for it, nothing goes twice."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.clock import ClockQuality, SystemClock, instant
from fenghuo.engine.timekeeping import AHEAD_S, Jumps, is_credible
from fenghuo.model.delivery import Accepted, DeliveryState, ObjectiveState, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import InboundKind
from fenghuo.store.tables import AUDIT, MESSAGE
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW
from tests.core.store.rows import StillClock, open_store

S = DeliveryState
YEARS_S = 10 * 365 * 86_400.0
WRONG = {"1970": 0.0, "an hour behind": NOW - 3600, "ten years ahead": NOW + YEARS_S}
FREE, NTP = ClockQuality.FREERUN, ClockQuality.NTP


@pytest.mark.parametrize(
    ("now", "quality", "expected"),
    [
        (NOW - 2, NTP, True),
        (NOW - 3, NTP, False),
        (NOW - 3, FREE, False),
        (NOW + YEARS_S, NTP, True),
        (NOW + AHEAD_S, FREE, True),
        (NOW + AHEAD_S + 1, FREE, False),
        (NOW + YEARS_S, ClockQuality.GNSS, True),
    ],
)
def test_a_clock_is_believed_that_can_be_right(now: float, quality: ClockQuality, expected: bool) -> None:
    """Behind what is on the disk none is; far ahead only one that has a source."""
    assert expected == is_credible(now, NOW, quality)


@pytest.mark.parametrize("wall", WRONG.values(), ids=WRONG)
async def test_nothing_ends_and_nothing_goes_twice_by_a_clock_that_is_wrong_at_the_start(tmp_path: Path, wall: float) -> None:
    """What was open is open, what had left is not sent again, and what was to be tried again in a moment is."""
    async with opened(tmp_path) as house:
        await house.order("huang", via=["a"])
        house.channel["a"].outcomes.append(Transient(Scope.MESSAGE, "busy", 60.0))
        await house.order("li", via=["a"])
        before = len(house.sent)
    async with opened(tmp_path, clock=StillClock(wall, grade=FREE)) as again:
        assert (NOW, FREE) == (again.clock.now, again.clock.quality())
        assert ([ObjectiveState.OPEN] * 2, []) == ([one.state for one in await again.objectives()], again.sent)
        await again.later(61)
        assert (2, 1) == (before, len(again.sent))


@pytest.mark.parametrize("wall", WRONG.values(), ids=WRONG)
async def test_a_person_hears_of_a_clock_that_is_not_believed(tmp_path: Path, wall: float) -> None:
    """Once at that start, with what it says; the audit has it too, and what follows is marked as told by a clock that runs free."""
    async with opened(tmp_path) as house:
        await house.order("huang", via=["a"])
    async with opened(tmp_path, clock=StillClock(wall, grade=FREE)) as again:
        assert [wall - NOW] == [told["step_s"] for told in await again.events("alarm.clock")]
        (record,) = [row for row in await again.store.find(AUDIT) if row.action == "clock"]
        assert ("freerun", int(NOW * 1000)) == (record.clock, record.at_ms)


async def test_an_emission_that_was_cut_off_is_resolved_although_the_clock_is_wrong(tmp_path: Path) -> None:
    """Its window is counted from the newest instant that is known: no timer waits until 2036 or hangs in 1970."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("huang", via=["a"], priority="P1")
        assert [S.IN_DOUBT] == [one.state for one in await house.deliveries("huang")]
    async with opened(tmp_path, clock=StillClock(0.0)) as again:
        await again.later(3)
        assert [True] == ["重发" in mail.text for mail in again.sent]


async def test_what_comes_in_while_the_clock_is_not_believed_goes_out(tmp_path: Path) -> None:
    """It is from the future for us, and the present for everybody else: an alert does not wait for a person over that."""
    async with opened(tmp_path) as house:
        await house.order("huang", via=["a"])
    async with opened(tmp_path, clock=StillClock(0.0)) as again:
        answer = await _order_of(again, NOW + 7200)
        assert ("active", 1) == (answer.state, len(again.sent))


@pytest.mark.parametrize(
    ("grade", "proven", "state", "sent"),
    [(FREE, True, "active", 1), (FREE, False, "expired", 0), (NTP, True, "expired", 0)],
)
async def test_what_a_sealed_link_took_is_over_by_no_clock_that_nobody_vouches_for(
    tmp_path: Path, grade: ClockQuality, proven: bool, state: str, sent: int
) -> None:
    """Our clock is three days ahead of the sender's, who hears that we have it: it is shown, for as long as it was to live."""
    said, over = (instant(NOW - 3 * 86_400 + s).isoformat() for s in (0, 7200))
    raw = msgspec.json.encode({"to": ["huang"], "text": "撤离", "sent": said, "expires": over, "via": ["a"]})
    async with opened(tmp_path, clock=StillClock(NOW, grade=grade)) as house:
        await house.hear("r", InboundKind.MESSAGE, raw=raw, ref="7", address="BJ1WANG", proven=proven, is_above=proven)
        (row,) = await house.store.find(MESSAGE)
        assert (state, sent) == (row.state, len(house.sent))
        assert (NOW + 7200 if sent else NOW - 3 * 86_400 + 7200) == row.expires_at


async def test_the_next_start_with_a_clock_that_is_right_ends_what_has_expired(tmp_path: Path) -> None:
    """No word is needed: it lies after all that is on the disk, and is believed."""
    async with opened(tmp_path) as house:
        await house.order("huang", via=["a"], expires_s=3600)
    async with opened(tmp_path, clock=StillClock(0.0)):
        pass
    async with opened(tmp_path, clock=StillClock(NOW + 7200, grade=FREE)) as again:
        assert (NOW + 7200, 1) == (again.clock.now, len(await again.events("alarm.clock")))
        assert [ObjectiveState.MISSED] == [one.state for one in await again.objectives()]


def test_a_clock_that_goes_on_from_the_disk_keeps_its_pace() -> None:
    """From the instant it is given, second by second, wherever the wall clock stands or jumps."""
    wall, monotonic = [0.0], [50.0]
    clock = SystemClock(wall=lambda: wall[0], monotonic=lambda: monotonic[0])
    clock.resume(NOW, FREE)
    wall[0], monotonic[0] = YEARS_S, 60.0
    assert (NOW + 10, FREE, YEARS_S - NOW - 10) == (clock.time(), clock.quality(), clock.jump_s())


@pytest.mark.parametrize(("steps", "told"), [((0.0, 1.9), []), ((0.0, 3.0, 3.0), [3.0]), ((-9.0, 0.0, 5.0, 4.0), [9.0, 5.0])])
async def test_a_step_of_the_wall_clock_is_told_once(tmp_path: Path, steps: tuple[float, ...], told: list[float]) -> None:
    """Beyond two seconds, by event and audit; where the wall clock stood at the start is no step."""
    store, clock = await open_store(tmp_path), StillClock()
    clock.jump = steps[0]
    jumps = Jumps(clock, store)
    for off_s in steps[1:]:
        clock.jump = off_s
        jumps.look()
    await store.run(lambda tx: None)
    records = [row for row in await store.find(AUDIT) if row.action == "jumped"]
    await store.close()
    assert told == [float(row.detail.split('"step_s":')[1].split(",")[0]) for row in records]


async def _order_of(house: House, sent: float) -> Accepted:
    return await house.order("li", via=["a"], sent=instant(sent).isoformat(), needed=Evidence.DEVICE.name)
