"""Checks, their grades, and the grade a channel earns by what was shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from fenghuo.model.evidence import Evidence
from fenghuo.plugin.grading import Grade

__all__ = ["Figures", "Grade", "Verdict", "Went", "figures_of", "grade_of", "table"]


class Went(StrEnum):
    """How a check went. INAPPLICABLE: the channel has nothing of the kind; UNSHOWN: it has, and this far end cannot show it;
    UNRUN: nobody tried."""

    PASSED = "passed"
    FAILED = "failed"
    INAPPLICABLE = "inapplicable"
    UNSHOWN = "unshown"
    UNRUN = "unrun"


class Figures(msgspec.Struct, frozen=True):
    """What was measured beside the verdict. `evidence`: the highest that a delivery reached; `kills`: of the node; `duplicates`: second
    emissions that arrived, each marked; `estimate_error`: the largest of estimate(), as a share of what it took, `booked_error`: of what
    was booked, None: not measured; `measured`: what the far end has measured of it."""

    evidence: Evidence = Evidence.STORED
    kills: int = 0
    duplicates: int = 0
    estimate_error: float | None = None
    booked_error: float | None = None
    measured: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """One check of one channel against one far end; `why`: a sentence unless it passed."""

    check: str
    grade: Grade
    went: Went
    why: str = ""
    figures: Figures = Figures()


def grade_of(verdicts: Sequence[Verdict]) -> Grade:
    """The highest grade of which, and of those below, nothing failed and nothing was left unshown or unrun."""
    open_ones = [verdict.grade for verdict in verdicts if verdict.went not in (Went.PASSED, Went.INAPPLICABLE)]
    if not verdicts:
        return Grade.NONE
    return Grade(min(open_ones, default=Grade.PLATINUM + 1) - 1)


def figures_of(verdicts: Sequence[Verdict]) -> Figures:
    """Over all checks: duplicates count where the node was killed, for a bad line alone may cost one too."""
    found = [verdict.figures for verdict in verdicts]
    killed = [one for one in found if one.kills]
    errors = [one.estimate_error for one in found if one.estimate_error is not None]
    booked = [one.booked_error for one in found if one.booked_error is not None]
    return Figures(
        evidence=max((one.evidence for one in found), default=Evidence.STORED),
        kills=sum(one.kills for one in killed),
        duplicates=sum(one.duplicates for one in killed),
        estimate_error=max(errors, default=None),
        booked_error=max(booked, default=None),
        measured=tuple(dict.fromkeys(name for one in found for name in one.measured)),
    )


def table(rows: Sequence[tuple[str, str, str]], verdicts: Sequence[Sequence[Verdict]]) -> list[str]:
    """Lines for the terminal: each `(plugin, peer, version)` of `rows` with its grade, then what keeps it from the next."""
    head = ("plugin", "peer", "version", "grade", "what keeps it from more")
    body = [(*row, grade_of(found).name.lower(), _gap(found)) for row, found in zip(rows, verdicts, strict=True)]
    widths = [max(len(line[column]) for line in (head, *body)) for column in range(4)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[4]]).rstrip() for line in (head, *body)
    ]


def _gap(verdicts: Sequence[Verdict]) -> str:
    by_grade = sorted(verdicts, key=lambda verdict: verdict.grade)
    words = [f"failed: {verdict.check}" for verdict in by_grade if verdict.went is Went.FAILED]
    words += [f"not shown: {verdict.check}" for verdict in by_grade if verdict.went is Went.UNSHOWN]
    unrun = sum(verdict.went is Went.UNRUN for verdict in verdicts)
    return "; ".join([*words, *([f"{unrun} not run"] if unrun else [])])
