"""The figures by which a node's alarms are judged."""

from __future__ import annotations

import msgspec

from fenghuo.engine.alarm_stats import STANDING_S, TARGETS, Source, stats
from fenghuo.model.alarm import Alarm, AlarmPriority, AlarmState, Held
from fenghuo.model.traffic import Traffic

NOW = 1_000_000.0
SINCE = NOW - 6_000.0


def alarm(number: int, at: float, priority: AlarmPriority = AlarmPriority.LOW, subject: str = "channel/a") -> Alarm:
    one = Alarm(number, "alarm.channel_down", subject, Traffic.ACTUAL, priority, at, at, number, state=AlarmState.UNACKED)
    return msgspec.structs.replace(one, raised_at=at, called_at=at, respond_by=at + 900.0)


def acked(one: Alarm, after_s: float) -> Alarm:
    return msgspec.structs.replace(one, is_acked=True, acked_at=one.called_at + after_s, state=AlarmState.ACKED)


def test_a_quiet_night_has_figures_and_no_division_by_nothing() -> None:
    """No alarm has no mix and no median."""
    found = stats([], since=SINCE, now=NOW)
    assert (0, 0.0, None, None, 0.0, False) == (
        found.alarms,
        found.in_10_min,
        found.high_pct,
        found.to_ack_s,
        found.flood_pct,
        found.is_flood,
    )
    assert {"in_10_min": 1, "flood_above": 10, "high_pct": 5, "medium_pct": 15, "low_pct": 80} == TARGETS


def test_rate_mix_median_and_what_was_late_are_of_the_window() -> None:
    """Five in ten windows; one HIGH, one MEDIUM; three were acknowledged, one of them too late, and one still waits past its time."""
    rows = [
        acked(alarm(1, SINCE + 100, AlarmPriority.HIGH), 30.0),
        acked(alarm(2, SINCE + 200, AlarmPriority.MEDIUM), 60.0),
        acked(alarm(3, SINCE + 300), 1_000.0),
        alarm(4, SINCE + 400),
        alarm(5, NOW - 10),
    ]
    found = stats(rows, since=SINCE, now=NOW)
    assert (5, 0.5, 20.0, 20.0, 60.0) == (found.alarms, found.in_10_min, found.high_pct, found.medium_pct, found.low_pct)
    assert (60.0, 2, 2) == (found.to_ack_s, found.late, found.unacked)


def test_the_worst_sources_are_those_that_came_most_often() -> None:
    """By how often each was raised, folded or not; ten of them."""
    rows = [msgspec.structs.replace(alarm(n, SINCE + n, subject=f"channel/{n:02}"), count=n) for n in range(1, 13)]
    rows.append(msgspec.structs.replace(alarm(13, SINCE + 13, subject="channel/12"), count=5))
    worst = stats(rows, since=SINCE, now=NOW).worst
    assert (10, Source("alarm.channel_down", "channel/12", alarms=2, raised=17)) == (len(worst), worst[0])


def test_what_stands_for_longer_than_a_day_is_named_whenever_it_began() -> None:
    """It is before the window, and counts in nothing else; what has returned does not stand."""
    old = alarm(1, NOW - STANDING_S - 1)
    rows = [old, msgspec.structs.replace(old, id=2, stands=False, state=AlarmState.RETURNED_UNACKED), alarm(3, NOW - STANDING_S + 1)]
    found = stats(rows, since=SINCE, now=NOW)
    assert ((1,), 0, 3) == (found.standing, found.alarms, found.unacked)


def test_what_an_exercise_raised_counts_apart() -> None:
    """And what is set aside by a person is named."""
    played = msgspec.structs.replace(alarm(1, SINCE + 1), held=Held.BY_DESIGN, state=AlarmState.SUPPRESSED)
    shelved = msgspec.structs.replace(alarm(2, SINCE + 2), held=Held.SHELVED, state=AlarmState.SHELVED)
    found = stats([played, shelved], since=SINCE, now=NOW)
    assert (1, 1, (2,), 0) == (found.suppressed, found.alarms, found.shelved, found.late)
