"""What a monitoring system asks: one line, its exit code, and figures behind a bar.

Source: Nagios Plugins Development Guidelines: OK 0, WARNING 1, CRITICAL 2, UNKNOWN 3; `'label'=value[unit];warn;crit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import msgspec

__all__ = ["Figure", "Grade", "Judged", "certificates", "channels", "clock", "disk", "line", "probe", "queue", "worst"]

JUMP_WARN_S, JUMP_CRIT_S = 1.0, 60.0


class Grade(IntEnum):
    """How bad it is; also the exit code."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class Figure(msgspec.Struct, frozen=True):
    """A number with its limits, None where it has none; `is_least`: below them it is bad, not from them on."""

    label: str
    value: float
    unit: str = ""
    warn: float | None = None
    crit: float | None = None
    is_least: bool = False

    @property
    def grade(self) -> Grade:
        if self.is_least:
            low = next(
                (grade for grade, limit in ((Grade.CRITICAL, self.crit), (Grade.WARNING, self.warn)) if _below(self.value, limit)), None
            )
            return low or Grade.OK
        if self.crit is not None and self.value >= self.crit:
            return Grade.CRITICAL
        return Grade.WARNING if self.warn is not None and self.value >= self.warn else Grade.OK

    def __str__(self) -> str:
        colon = ":" if self.is_least else ""
        limits = "".join(f";{'' if limit is None else format(limit, 'g') + colon}" for limit in (self.warn, self.crit))
        return f"{self.label}={self.value:g}{self.unit}{limits}".rstrip(";")


class Judged(msgspec.Struct, frozen=True):
    """What one check found."""

    grade: Grade
    says: str
    figures: tuple[Figure, ...] = ()


def channels(rows: Sequence[Mapping[str, Any]], name: str = "") -> Judged:
    """Every channel that should work, or the one named: some down is a warning, all down or the named one is critical."""
    known = [row for row in rows if not name or row["name"] == name]
    if name and not known:
        return Judged(Grade.UNKNOWN, f"there is no channel {name!r}; there are {', '.join(row['name'] for row in rows) or 'none'}")
    asked = [row for row in known if row["admin"] == "enabled"]
    down = [row for row in asked if row["health"] == "down"]
    shaky = [row for row in asked if row["health"] == "suspect" or (row["health"] == "unknown" and row["since"] is None)]
    figures = (Figure("channels", len(asked)), Figure("down", len(down)))
    if not asked:
        return Judged(Grade.WARNING, "no channel is enabled: nobody can be reached", figures)
    if down and (name or len(down) == len(asked)):
        return Judged(Grade.CRITICAL, f"down: {', '.join(row['name'] for row in down)}", figures)
    if down or shaky:
        parts = [f"{row['name']} {row['health']}" for row in (*down, *shaky)]
        return Judged(Grade.WARNING, ", ".join(parts), figures)
    return Judged(Grade.OK, f"{len(asked)} channels work", figures)


def queue(status: Mapping[str, Any], warn: float, crit: float) -> Judged:
    """What waits, and what nobody knows to have left; a node that accepts nothing is critical."""
    waiting = Figure("queued", status["queued"], "", warn, crit)
    doubts = Figure("in_doubt", status["in_doubt"], "", 1)
    figures = (waiting, doubts, Figure("open_objectives", status["open_objectives"]), Figure("in_flight", status["in_flight"]))
    if not status["accepting"]:
        return Judged(Grade.CRITICAL, "nothing is accepted: no room, or not started", figures)
    says = f"{status['queued']} queued, {status['in_doubt']} in doubt"
    return Judged(max(waiting.grade, doubts.grade), says, figures)


def clock(status: Mapping[str, Any]) -> Judged:
    """Whether anything sets the clock, and how far it jumped since the start."""
    jump = Figure("jump", abs(status["clock_jump_s"]), "s", JUMP_WARN_S, JUMP_CRIT_S)
    is_alone = status["clock_quality"] == "freerun"
    says = f"clock {status['clock_quality']}, jumped {status['clock_jump_s']:g} s since the start"
    return Judged(max(jump.grade, Grade.WARNING if is_alone else Grade.OK), says, (jump,))


def probe(status: Mapping[str, Any]) -> Judged:
    """Whether the node's own probe comes back: one that was missed is a warning, two or none for as long are critical."""
    own = status.get("self_probe")
    if own is None or own["state"] == "off":
        return Judged(Grade.OK, "no self-probe is made")
    latency = () if own["latency_s"] is None else (Figure("probe_latency", own["latency_s"], "s"),)
    figures = (Figure("probe_age", own["age_s"], "s", None, own["limit_s"]), Figure("probe_missed", own["missed"], "", 1, 2), *latency)
    if own["state"] == "resting":
        return Judged(Grade.OK, "the self-probe rests on battery", latency)
    grade = max(figure.grade for figure in figures)
    if grade is Grade.OK:
        took = f", back in {1000 * own['latency_s']:.0f} ms" if latency else ", none made yet"
        return Judged(grade, f"self-probe {own['state']}{took}", figures)
    why = f": {own['why']}" if own["why"] else ""
    return Judged(grade, f"self-probe not back for {own['age_s']:.0f} s, {own['missed']} missed{why}", figures)


def certificates(status: Mapping[str, Any], warn: float, crit: float) -> Judged:
    """How many days are left of each certificate that the node shows or checks others by; one that cannot be read is critical."""
    known = status.get("certificates") or []
    broken = [one for one in known if one["days"] is None]
    figures = tuple(Figure(one["name"], one["days"], "", warn, crit, is_least=True) for one in known if one["days"] is not None)
    if not known:
        return Judged(Grade.OK, "no certificate is used")
    if broken:
        return Judged(Grade.CRITICAL, "; ".join(f"{one['name']}: {one['fault']}" for one in broken), figures)
    soonest = min(figures, key=lambda one: one.value)
    says = (
        f"{soonest.label} ends in {soonest.value:g} days"
        if soonest.value >= 0
        else f"{soonest.label} is over since {-soonest.value:g} days"
    )
    return Judged(max(one.grade for one in figures), says, figures)


def disk(free: int, total: int, warn: float, crit: float) -> Judged:
    """How full the disk of the state folder is, percent."""
    used = Figure("used", round(100 * (1 - free / total), 1), "%", warn, crit)
    return Judged(used.grade, f"{free / (1 << 30):.1f} GiB free of {total / (1 << 30):.1f}", (used, Figure("free", free, "B")))


def worst(found: Sequence[Judged]) -> Judged:
    """Several checks as one: the worst of them speaks first. UNKNOWN is worse than a warning and less than critical."""
    order = {Grade.OK: 0, Grade.WARNING: 1, Grade.UNKNOWN: 2, Grade.CRITICAL: 3}
    ordered = sorted(found, key=lambda one: -order[one.grade])
    return Judged(ordered[0].grade, "; ".join(one.says for one in ordered), tuple(figure for one in found for figure in one.figures))


def line(topic: str, judged: Judged) -> str:
    """The one line."""
    head = f"FENGHUO{' ' + topic.upper() if topic else ''} {judged.grade.name} - {judged.says}".replace("|", "/").replace("\n", " ")
    return f"{head} | {' '.join(map(str, judged.figures))}" if judged.figures else head


def _below(value: float, limit: float | None) -> bool:
    return limit is not None and value < limit
