"""What holds for each place: sensed, or declared by a person, who outranks what is sensed until it expires."""

from __future__ import annotations

import pytest

from fenghuo.engine.modes import NODE, Change, Declared, Modes, Stand
from fenghuo.errors import FormatError, NotFound
from fenghuo.model.mode import WORST, Axis, Signal
from tests.core.store.rows import StillClock

TOWN, VILLAGE = "320585105000", "320585105201"


class Watched:
    """Modes with a clock that is set by hand, and what they told."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.modes = Modes(self.clock)
        self.told: list[Change] = []
        self.modes.on_change = self.told.extend

    def battery(self, mode: str, *, holds_s: float = 1e6) -> None:
        now = self.clock.time()
        self.modes.signal(Signal(Axis.POWER, NODE, mode, "sensor:ups1", now, now + holds_s))

    def declare(self, axis: Axis, mode: str, place: str = NODE, for_s: float = 3600.0) -> None:
        now = self.clock.time()
        self.modes.declare(Declared(axis, place, mode, "duty1", "the line is cut", now, now + for_s))

    def passes(self, seconds: float) -> None:
        self.clock.now += seconds
        self.modes.look()


def test_a_change_is_told_once_and_only_when_it_is_due() -> None:
    """Not for each word of the sensor."""
    watched = Watched()
    for _ in range(5):
        watched.battery("battery_full")
        watched.passes(10.0)
    assert [("unknown", "battery_full")] == [(one.before.mode, one.after.mode) for one in watched.told]
    assert ("battery_full", False, "battery_full") == _shown(watched.modes.stand(Axis.POWER))


def test_a_declared_mode_outranks_the_sensed_one_until_it_expires() -> None:
    """What is sensed meanwhile is shown beside it, and holds from that second on."""
    watched = Watched()
    watched.battery("battery_save")
    watched.passes(30.0)
    watched.declare(Axis.POWER, "grid", for_s=60.0)
    assert ("grid", True, "battery_save") == _shown(watched.modes.stand(Axis.POWER))
    assert watched.clock.time() + 60.0 == watched.modes.next_at()
    watched.passes(60.0)
    assert ("battery_save", False, "battery_save") == _shown(watched.modes.stand(Axis.POWER))
    assert ["battery_save", "grid", "battery_save"] == [one.after.mode for one in watched.told]


def test_a_person_ends_what_was_declared_and_nothing_else() -> None:
    """Where nothing was declared, that is said."""
    watched = Watched()
    watched.declare(Axis.ROAD, "cut", TOWN)
    watched.modes.end(Axis.ROAD, TOWN)
    assert "unknown" == watched.modes.stand(Axis.ROAD, TOWN).mode
    with pytest.raises(NotFound, match=r"nobody has declared road of 320585105000; `fenghuo mode ls` shows what holds"):
        watched.modes.end(Axis.ROAD, TOWN)


def test_a_person_forgets_a_bad_mode_of_which_nobody_says_anything_any_more() -> None:
    """The sensor was taken away; while it speaks, nobody but itself ends it."""
    watched = Watched()
    watched.battery("battery_min", holds_s=60.0)
    watched.passes(30.0)
    with pytest.raises(NotFound):
        watched.modes.end(Axis.POWER, NODE)
    watched.passes(30.0)
    watched.modes.end(Axis.POWER, NODE)
    assert ("unknown", False, "unknown") == _shown(watched.modes.stand(Axis.POWER))


def test_a_mode_that_the_axis_has_not_is_refused_with_its_source() -> None:
    """A bug of a sensor is told, and changes nothing."""
    watched = Watched()
    with pytest.raises(FormatError, match=r"road has no mode 'isolated'; said by roads"):
        watched.modes.signal(Signal(Axis.ROAD, TOWN, "isolated", "roads", 0.0, 1e9))
    assert () == watched.modes.stands()


def test_all_three_at_their_worst_hold_also_where_a_part_holds_for_all_around() -> None:
    """三无: the village lies in the town, and not the other way round."""
    watched = Watched()
    for axis, place in ((Axis.POWER, VILLAGE), (Axis.NETWORK, TOWN), (Axis.ROAD, VILLAGE)):
        assert frozenset() == watched.modes.lost(_lies_in)
        watched.declare(axis, WORST[axis], place)
    assert {VILLAGE} == watched.modes.lost(_lies_in)


def test_what_is_kept_is_taken_back_without_its_signals() -> None:
    """A bad mode stays until it is said to be over; a declaration that expired meanwhile has ended, and is told."""
    watched, later = Watched(), Watched()
    watched.battery("battery_min")
    watched.passes(30.0)
    watched.declare(Axis.NETWORK, "isolated", for_s=50.0)
    later.clock.now += 1000.0
    later.modes.take_back(*watched.modes.kept())
    assert ("battery_min", False, "battery_min") == _shown(later.modes.stand(Axis.POWER))
    assert later.modes.stand(Axis.POWER).is_stale
    assert [("isolated", "unknown")] == [(one.before.mode, one.after.mode) for one in later.told]


def _shown(stand: Stand) -> tuple[str, bool, str]:
    return (stand.mode, stand.is_declared, stand.sensed)


def _lies_in(outer: str, inner: str) -> bool:
    return inner.startswith(outer.rstrip("0"))
