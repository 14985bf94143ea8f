"""The roster as a file, and when nobody is on duty."""

from __future__ import annotations

from typing import Any

import msgspec

from fenghuo.command.shifts import Gap, gaps, read_roster
from fenghuo.store.records_people import ShiftRow, ShiftState

HEAD = "person,role,from,until,post,areas\n"
PEOPLE = ("zhang", "li")
H = 3600.0
NOW = 1_000_000.0


def shift(since: float, until: float, **changes: Any) -> ShiftRow:
    """A planned shift of the duty officer, in hours from now."""
    plain = ShiftRow(f"s{since}", "zhang", "duty_officer", "", (), NOW + since * H, NOW + until * H)
    return msgspec.structs.replace(plain, **changes)


def found(*shifts: ShiftRow) -> list[tuple[float, float]]:
    """The gaps of the next 12 h, in hours from now; a quarter of an hour of grace."""
    told = gaps(shifts, "duty_officer", now=NOW, horizon_s=12 * H, grace_s=900.0)
    return [((gap.since - NOW) / H, (gap.until - NOW) / H) for gap in told]


def test_a_roster_is_read_and_every_fault_of_it_is_a_sentence() -> None:
    """With its line, its cell and what would be right; a sound roster has none."""
    rows, faults = read_roster(HEAD + "zhang,duty_officer,2026-11-26T08:00+08:00,2026-11-26T20:00+08:00,tc,mca:320585;mca:320583\n", PEOPLE)
    assert ((), [("zhang", "duty_officer", "tc", ("mca:320585", "mca:320583"))]) == (
        faults,
        [(r.person, r.role, r.post, r.areas) for r in rows],
    )
    bad = (
        "wang,duty_officer,2026-11-26T08:00+08:00,2026-11-26T20:00+08:00,,\n"
        "li,watchman,2026-11-26T08:00+08:00,2026-11-26T20:00+08:00,,\n"
        "li,duty_chief,2026-11-26T08:00,2026-11-26T20:00+08:00,,\n"
        "li,duty_chief,2026-11-26T08:00+08:00,2026-11-28T20:00+08:00,,\n"
        "li,duty_leader,2026-11-26T08:00+08:00,2026-11-26T20:00+08:00,,\n"
        "li,duty_leader,2026-11-26T19:00+08:00,2026-11-26T22:00+08:00,,\n"
    )
    rows, faults = read_roster(HEAD + bad, PEOPLE)
    assert ["duty_leader"] == [row.role for row in rows]
    said = " | ".join(map(str, faults))
    for part in (
        'line 2, column person: "wang" has no account',
        'line 3, column role: "watchman" is no role of duty; they are duty_officer',
        "line 4, column from",
        "line 5, column until",
        "line 7, column from",
        "overlaps another shift of li as duty_leader",
    ):
        assert part in said


def test_a_gap_is_every_time_in_which_nobody_is_on_duty() -> None:
    """Whole, between two shifts, after the last; whoever is on stays until the planned end; who has not come is nobody."""
    on = {"state": ShiftState.ON, "began_at": NOW - H}
    assert [(0, 12)] == found()
    assert [] == found(shift(-1, 6, **on), shift(6, 14))
    assert [(6, 8)] == found(shift(-1, 6, **on), shift(8, 14))
    assert [(6, 12)] == found(shift(-1, 6, **on))
    assert [(0, 8)] == found(shift(-1, 6), shift(8, 14)), "who should have begun an hour ago is not there"
    assert [(6, 12)] == found(shift(-0.1, 6)), "six minutes late is late, and not yet nobody"
    assert [(0, 12)] == found(shift(-1, 6, state=ShiftState.OVER), shift(0, 12, role="duty_leader"))
    assert [] == found(shift(-14, -1, **on), shift(0, 12)), "whoever was not relieved is still there"
    assert (Gap("duty_officer", NOW + 6 * H, NOW + 8 * H),) == gaps(
        [shift(-1, 6, **on), shift(8, 30)], "duty_officer", now=NOW, horizon_s=24 * H, grace_s=0.0
    )
