"""When a flood begins, what it marks, and for how long there was one."""

from __future__ import annotations

import msgspec

from fenghuo.engine.alarm_floods import WINDOW_S, flood_of, spans
from fenghuo.model.alarm import Alarm, AlarmPriority
from fenghuo.model.traffic import Traffic


def alarms(number: int, flood: int = 0) -> list[Alarm]:
    one = Alarm(1, "alarm.flood", "source/x", Traffic.ACTUAL, AlarmPriority.LOW, 0.0, 0.0, 1, flood=flood)
    return [msgspec.structs.replace(one, id=ident) for ident in range(1, number + 1)]


def test_ten_in_ten_minutes_are_none_and_eleven_are_a_flood_of_all_of_them() -> None:
    """The first of the eleven is what it came from, as far as that can be seen."""
    assert (0, []) == flood_of(alarms(10))
    first, marked = flood_of(alarms(11))
    assert (1, list(range(1, 12))) == (first, [one.id for one in marked])


def test_a_flood_goes_on_down_to_five_and_is_over_below() -> None:
    """Whoever comes while it goes on is of it; a lull ends it, and the next begins a count of its own."""
    assert (7, [5]) == ((found := flood_of([*alarms(4, flood=7), alarms(5)[-1]]))[0], [one.id for one in found[1]])
    assert (0, []) == flood_of([*alarms(3, flood=7), alarms(4)[-1]])


def test_the_share_of_time_in_a_flood_is_counted_from_its_eleventh_to_its_end() -> None:
    """Eleven a second apart: from the eleventh, at 10 s, until fewer than five are within ten minutes, when the seventh leaves at 606 s."""
    calls = [float(at) for at in range(11)]
    assert (WINDOW_S + 6.0) - 10.0 == spans(calls, 0.0, 3_600.0)
    assert (WINDOW_S + 6.0) - 300.0 == spans(calls, 300.0, 3_600.0)
    assert 0.0 == spans(calls[:10], 0.0, 3_600.0)
