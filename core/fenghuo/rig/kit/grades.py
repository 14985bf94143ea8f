"""Checks, their grades, and the grade a channel earns by what was shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from fenghuo.plugin.grading import Grade

__all__ = ["Grade", "Verdict", "Went", "grade_of", "table"]


class Went(StrEnum):
    """How a check went. INAPPLICABLE: the channel has nothing of the kind; UNSHOWN: it has, and this far end cannot show it;
    UNRUN: nobody tried."""

    PASSED = "passed"
    FAILED = "failed"
    INAPPLICABLE = "inapplicable"
    UNSHOWN = "unshown"
    UNRUN = "unrun"


class Verdict(msgspec.Struct, frozen=True):
    """One check of one channel against one far end; `why`: a sentence unless it passed."""

    check: str
    grade: Grade
    went: Went
    why: str = ""


def grade_of(verdicts: Sequence[Verdict]) -> Grade:
    """The highest grade of which, and of those below, nothing failed and nothing was left unshown or unrun."""
    open_ones = [verdict.grade for verdict in verdicts if verdict.went not in (Went.PASSED, Went.INAPPLICABLE)]
    if not verdicts:
        return Grade.NONE
    return Grade(min(open_ones, default=Grade.PLATINUM + 1) - 1)


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
