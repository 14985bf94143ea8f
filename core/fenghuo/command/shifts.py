"""Who is on duty (值班) in which role and until when, and when nobody would be: the roster as a CSV file, and its gaps. Pure.

Source: domain.md §3.3, "a duty gap (no person for a required role in the next 12 h) is an alarm".
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence

import msgspec

from fenghuo.formats.csv_table import Fault, Row, Sheet, read_table
from fenghuo.store.records_people import ShiftRow, ShiftState

__all__ = ["COLUMNS", "FILE", "LONGEST_S", "ROLES", "Gap", "gaps", "of_role", "read_roster", "shift_id"]

ROLES = (
    "duty_officer",
    "duty_chief",
    "duty_leader",
    "general_commander",
    "special_commander",
    "scene_commander",
    "liaison",
    "disaster_informant",
    "first_responder",
    "grid_officer",
    "team_leader",
    "depot_keeper",
    "shelter_keeper",
    "approver",
    "evaluator",
)
"""值班员, 值班长, 带班领导 and those they work with. Source: domain.md §3.3."""
FILE = "roster.csv"
COLUMNS = ("person", "role", "from", "until", "post", "areas")
REQUIRED = ("person", "role", "from", "until")
LONGEST_S = 26 * 3600.0
"""A day and the time that a late relief takes: more is a slip of the date."""


class Gap(msgspec.Struct, frozen=True):
    """Nobody is on duty in a role from `since` to `until`, UTC seconds."""

    role: str
    since: float
    until: float


def shift_id(person: str, role: str, post: str, since: float) -> str:
    """One name for one planned shift, so that a roster that is imported twice has it once."""
    return hashlib.sha256(f"{person}\n{role}\n{post}\n{since:.0f}".encode()).hexdigest()[:12]


def read_roster(text: str | bytes, people: Collection[str]) -> tuple[tuple[ShiftRow, ...], tuple[Fault, ...]]:
    """The shifts of a roster and everything wrong with it; unsound rows are left out. `people`: who has an account."""
    faults: list[Fault] = []
    rows = read_table(Sheet(FILE, COLUMNS, REQUIRED, faults), text) or []
    found = [(row, shift) for row in rows if (shift := _shift(row, people)) is not None]
    for place, (row, one) in enumerate(found):
        if any(_is_twice(one, other) for _, other in found[:place]):
            row.fault("from", f"overlaps another shift of {one.person} as {one.role}")
    return tuple(shift for row, shift in found if row.is_sound), tuple(faults)


def _shift(row: Row, people: Collection[str]) -> ShiftRow | None:
    person, role, post = row.text("person", required=True), row.text("role", required=True), row.text("post")
    since, until = row.instant("from"), row.instant("until")
    areas = tuple(str(area) for area in (row.area("areas", item) for item in row.items("areas")) if area is not None)
    if person and person not in people:
        row.fault("person", "has no account; fenghuo user add makes one")
    if role and role not in ROLES:
        row.fault("role", f"is no role of duty; they are {', '.join(ROLES)}")
    if since is None or until is None:
        row.fault("from" if since is None else "until", "must not be empty")
        return None
    if not 0 < until - since <= LONGEST_S:
        row.fault("until", f"must be after from, and at most {LONGEST_S / 3600:.0f} h after it")
    return ShiftRow(shift_id(person, role, post, since), person, role, post, areas, since, until) if row.is_sound else None


def _is_twice(one: ShiftRow, other: ShiftRow) -> bool:
    is_same = (one.person, one.role, one.post) == (other.person, other.role, other.post)
    return is_same and one.since < other.until and other.since < one.until


def of_role(shifts: Iterable[ShiftRow], role: str) -> list[ShiftRow]:
    """The shifts in a role that are not over."""
    return [one for one in shifts if one.role == role and one.state is not ShiftState.OVER]


def gaps(shifts: Iterable[ShiftRow], role: str, *, now: float, horizon_s: float, grace_s: float) -> tuple[Gap, ...]:
    """When nobody has this role from now on, for `horizon_s`. Whoever should have begun more than `grace_s` ago and did not is nobody;
    whoever is on stays until the planned end, and now in any case."""
    covered = sorted(span for one in of_role(shifts, role) if (span := _span(one, now, grace_s)) is not None)
    return tuple(Gap(role, since, until) for since, until in _open(covered, now, now + horizon_s))


def _span(one: ShiftRow, now: float, grace_s: float) -> tuple[float, float] | None:
    if one.state is ShiftState.ON:
        return min(one.began_at, now), max(one.until, now)
    return (min(one.since, now) if one.since <= now else one.since, one.until) if one.since + grace_s > now else None


def _open(covered: Sequence[tuple[float, float]], start: float, end: float) -> Iterable[tuple[float, float]]:
    at = start
    for since, until in covered:
        if since > at:
            yield at, min(since, end)
        at = max(at, until)
        if at >= end:
            return
    if at < end or (at == start and not covered):
        yield at, end
