"""What the signals about one axis of one place are worth, second by second."""

from __future__ import annotations

from fenghuo.engine.modes_axis import ENTER_S, LEAVE_S, AxisState, heard, next_at, settled
from fenghuo.model.mode import Axis, Signal

NETWORK = AxisState(Axis.NETWORK, "320585105000")
POWER = AxisState(Axis.POWER, "")


def says(state: AxisState, mode: str, *, by: str, at: float, holds_s: float = 1e9) -> AxisState:
    """The state after a word of a source."""
    return heard(state, Signal(state.axis, state.place, mode, by, at, at + holds_s), at)


def test_two_sources_enter_a_worse_mode_after_half_a_minute() -> None:
    """Not one, however long and often it says so; and what is next due is told."""
    one = says(says(NETWORK, "isolated", by="probe", at=0.0), "isolated", by="probe", at=500.0)
    assert ("unknown", None) == (settled(one, 5000.0).mode, {**one.holding}.get("isolated"))
    two = says(one, "isolated", by="feed", at=1000.0)
    assert ("unknown", 1000.0 + ENTER_S) == (two.mode, next_at(two))
    assert "unknown" == settled(two, 1029.9).mode
    entered = settled(two, 1030.0)
    assert ("isolated", 1030.0, ("feed: isolated", "probe: isolated")) == (entered.mode, entered.since, entered.why)


def test_two_that_differ_agree_on_the_milder() -> None:
    """Both say that it is at least degraded."""
    state = says(says(NETWORK, "isolated", by="probe", at=0.0), "degraded", by="feed", at=0.0)
    assert "degraded" == settled(state, 30.0).mode


def test_a_word_that_is_taken_back_begins_the_half_minute_anew() -> None:
    """A flap of 20 s enters nothing."""
    state = says(says(NETWORK, "isolated", by="probe", at=0.0), "isolated", by="feed", at=0.0)
    state = says(says(state, "full", by="feed", at=20.0), "isolated", by="feed", at=25.0)
    assert "unknown" == settled(state, 54.9).mode
    assert "isolated" == settled(state, 55.0).mode


def test_what_measures_needs_no_second_on_the_power_axis_alone() -> None:
    """A UPS knows that it runs on battery; it has to hold its word all the same. A person's or a feed's word about power needs another.
    What our own channels show is enough for the network, where one way is all there ever was, and what others say of it never is."""
    assert ("unknown", "battery_full") == tuple(
        settled(says(POWER, "battery_full", by="sensor:ups1", at=0.0), at).mode for at in (29.9, 30.0)
    )
    assert "unknown" == settled(says(POWER, "battery_full", by="feed", at=0.0), 1e6).mode
    assert "unknown" == settled(says(NETWORK, "degraded", by="sensor:probe", at=0.0), 1e6).mode
    alone = says(NETWORK, "isolated", by="health", at=0.0)
    assert ("unknown", "isolated") == (settled(alone, 29.9).mode, settled(alone, 30.0).mode)


def test_a_good_mode_that_nobody_says_any_more_is_unknown_at_once() -> None:
    """Not when all are silent alone: also when the only word is a worse one, however much that still lacks. While another says that it is
    fine, fine it is."""
    full = says(says(NETWORK, "full", by="health", at=0.0), "isolated", by="feed", at=10.0)
    assert "full" == settled(full, 1000.0).mode
    lost = says(full, "degraded", by="health", at=1000.0)
    assert ["unknown", "unknown", "degraded"] == [lost.mode, settled(lost, 1029.9).mode, settled(lost, 1030.0).mode]
    assert ("unknown", "full") == (
        (doubt := says(lost, "unknown", by="feed", at=1005.0)).mode,
        says(doubt, "full", by="health", at=1010.0).mode,
    )
    road = says(AxisState(Axis.ROAD, "x"), "open", by="roads", at=0.0)
    assert "unknown" == settled(says(road, "cut", by="roads", at=5.0), 1e6).mode


def test_a_battery_that_sinks_is_entered_step_by_step() -> None:
    """The half minute of a mode runs from when it was first at least so bad."""
    state = says(POWER, "battery_full", by="sensor:ups1", at=0.0)
    state = says(state, "battery_save", by="sensor:ups1", at=20.0)
    after = settled(state, 30.0)
    assert ["battery_full", "battery_full", "battery_save"] == [after.mode, settled(after, 49.9).mode, settled(after, 50.0).mode]


def test_the_good_end_is_left_and_reached_again_only_after_ten_clean_minutes() -> None:
    """One word in between that it is as bad as ever, of one source alone, and they begin anew."""
    state = settled(says(POWER, "battery_full", by="sensor:ups1", at=0.0), 30.0)
    state = says(state, "grid", by="sensor:ups1", at=100.0)
    assert ("battery_full", 100.0 + LEAVE_S) == (settled(state, 699.9).mode, next_at(state))
    again = says(says(state, "battery_full", by="sensor:ups2", at=650.0), "grid", by="sensor:ups2", at=660.0)
    assert ["battery_full", "battery_full", "grid"] == [settled(again, at).mode for at in (700.0, 1259.9, 1260.0)]


def test_it_is_left_for_the_worst_that_anybody_still_says() -> None:
    """Degraded for all ten minutes, whatever the other says."""
    state = says(says(NETWORK, "isolated", by="health", at=0.0), "isolated", by="feed", at=0.0)
    state = says(says(settled(state, 30.0), "degraded", by="health", at=60.0), "full", by="feed", at=60.0)
    assert ("isolated", "degraded") == (settled(state, 659.0).mode, settled(state, 660.0).mode)


def test_silence_is_unknown_and_never_the_good_end() -> None:
    """Mains of which nobody speaks any more are not mains; a battery of which nobody speaks is not back on mains."""
    fine = says(POWER, "grid", by="sensor:ups1", at=0.0, holds_s=60.0)
    assert ("grid", 60.0) == (fine.mode, next_at(fine))
    assert ("unknown", True) == (settled(fine, 60.0).mode, settled(fine, 60.0).is_stale)
    dark = settled(says(POWER, "battery_min", by="sensor:ups1", at=0.0, holds_s=60.0), 30.0)
    assert ("battery_min", True) == (settled(dark, 1e6).mode, settled(dark, 1e6).is_stale)
    assert None is next_at(settled(dark, 1e6))


def test_silence_breaks_the_ten_minutes() -> None:
    """What was said to be fine and is not said any more is nothing to leave by."""
    state = settled(says(POWER, "battery_full", by="sensor:ups1", at=0.0), 30.0)
    state = settled(says(state, "grid", by="sensor:ups1", at=100.0, holds_s=60.0), 160.0)
    state = says(state, "grid", by="sensor:ups1", at=200.0)
    assert ("battery_full", "grid") == (settled(state, 799.0).mode, settled(state, 800.0).mode)


def test_from_unknown_one_word_is_fine_unless_another_says_otherwise() -> None:
    """And while they differ nothing is due."""
    assert "full" == says(NETWORK, "full", by="health", at=0.0).mode
    doubted = says(says(NETWORK, "degraded", by="feed", at=0.0), "full", by="health", at=1.0, holds_s=9.0)
    assert ("unknown", 10.0) == (settled(doubted, 9.0).mode, next_at(doubted))


def test_an_older_word_of_a_source_changes_nothing_and_unknown_takes_its_word_back() -> None:
    """Reports from a narrow link come in any order."""
    state = says(POWER, "battery_full", by="sensor:ups1", at=10.0)
    late = heard(state, Signal(Axis.POWER, "", "grid", "sensor:ups1", 5.0, 1e9), 12.0)
    assert "battery_full" == settled(late, 40.0).mode
    assert {} == says(state, "unknown", by="sensor:ups1", at=20.0).holding


def test_mains_that_come_back_for_seconds_are_none() -> None:
    """Twenty-five seconds on battery and five on mains, again and again: the half minute is full at the second cut, and nothing else is
    told for an hour; mains that stay for twenty seconds begin it anew."""
    state, modes = says(POWER, "grid", by="sensor:ups", at=0.0), []
    for cut in range(30, 3_630, 30):
        state = says(state, "battery_save", by="sensor:ups", at=float(cut))
        state = settled(state, cut + 24.9)
        modes.append(state.mode)
        state = says(state, "grid", by="sensor:ups", at=cut + 25.0)
    assert ["unknown", *["battery_save"] * 119] == modes
    long = says(says(POWER, "battery_save", by="sensor:ups", at=0.0), "grid", by="sensor:ups", at=25.0)
    again = says(long, "battery_save", by="sensor:ups", at=45.0)
    assert ["unknown", "battery_save"] == [settled(again, at).mode for at in (74.9, 75.0)]
