"""An octet for each recipient of a page: what is known of them. Pure: packed marks in, packed marks out.

The low three bits are the evidence, which never falls (I3); the others say why nothing more will come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fenghuo.model.delivery import Outcome, Paged, Permanent, Reached, Unknown
from fenghuo.model.evidence import Evidence

__all__ = [
    "DOUBT",
    "FAILED",
    "NOT_MEANT",
    "after",
    "count",
    "doubtful",
    "due",
    "given_up",
    "has_doubt",
    "highest",
    "how_many_may",
    "may_have",
    "meant",
    "raised",
]

EVIDENCE, FAILED, DOUBT, NOT_MEANT = 0x07, 0x08, 0x10, 0x20
"""Evidence; refused for good; emitted, and nobody knows whether it left; on the page, and not addressed."""

_VALUES = 64
_ARE_DUE = frozenset((0, DOUBT))
_GIVEN_UP = bytes(value | FAILED if value in _ARE_DUE else value for value in range(_VALUES))


def meant(size: int, places: Iterable[int]) -> bytes:
    """Marks of a page of which only these places are addressed."""
    marks = bytearray((NOT_MEANT,)) * size
    for place in places:
        marks[place] = 0
    return bytes(marks)


def due(marks: bytes) -> Sequence[int]:
    """The places to which the page has still to go."""
    if not marks.strip(b"\0"):
        return range(len(marks))
    return [place for place, mark in enumerate(marks) if mark in _ARE_DUE]


def doubtful(marks: bytes) -> list[int]:
    """The places of which nobody knows, also where it was given up."""
    return [place for place, mark in enumerate(marks) if mark & DOUBT]


def may_have(marks: bytes, *, on_air: bool) -> list[int]:
    """The places that got it, or may have. `on_air`: an emission to all that were due has no outcome."""
    return [place for place, mark in enumerate(marks) if mark & (EVIDENCE | DOUBT) or (on_air and mark == 0)]


def how_many_may(marks: bytes, *, on_air: bool) -> int:
    """How many places may_have() would name, without naming them: this is asked of a thousand pages at once."""
    return sum(marks.count(value) for value in set(marks) if value & (EVIDENCE | DOUBT) or (on_air and value == 0))


def has_doubt(marks: bytes) -> bool:
    """Whether of some place nobody knows, and it may still be resolved."""
    return DOUBT in marks


def given_up(marks: bytes) -> bytes:
    """Marks when nothing more is tried: whatever was still due has failed."""
    return marks.translate(_GIVEN_UP + bytes(256 - _VALUES))


def after(marks: bytes, places: Sequence[int], outcome: Outcome | Paged) -> bytes:
    """Marks after an emission to `places`."""
    whole, but = (outcome.outcome, outcome.but) if isinstance(outcome, Paged) else (outcome, ())
    if not but and len(places) == len(marks) and not marks.strip(b"\0"):
        return bytes((_after(0, whole),)) * len(marks)
    changed = bytearray(marks)
    for place in places:
        changed[place] = _after(changed[place], whole)
    for index, other in but:
        if 0 <= index < len(places):
            place = places[index]
            changed[place] = _after(marks[place], other)
    return bytes(changed)


def raised(marks: bytes, places: Iterable[int], level: Evidence | None, *, is_refused: bool) -> bytes:
    """Marks after a receipt for these places; a receipt settles a doubt, and one that comes late still raises what is known."""
    changed = bytearray(marks)
    for place in places:
        mark = changed[place]
        if level is not None and level > mark & EVIDENCE:
            changed[place] = level
        elif is_refused and not mark & FAILED:
            changed[place] = (mark & ~DOUBT) | FAILED
    return bytes(changed)


def count(marks: bytes, needed: Evidence) -> tuple[int, int, int]:
    """How many are meant, how many of them have what is needed, and how many will not get it."""
    size, met, ended = len(marks), 0, 0
    for value in set(marks):
        many = marks.count(value)
        if value & NOT_MEANT:
            size -= many
        elif value & EVIDENCE >= needed:
            met += many
        elif value & FAILED:
            ended += many
    return size, met, ended


def highest(marks: bytes) -> Evidence:
    """The most that anybody on the page has."""
    return Evidence(max((value & EVIDENCE for value in set(marks)), default=0))


def _after(mark: int, outcome: Outcome) -> int:
    """One mark after an emission; a transient failure leaves it due."""
    match outcome:
        case Reached(level=level):
            return max(mark & EVIDENCE, level) | mark & FAILED  # a refusal may be faster
        case Permanent():
            return (mark & ~DOUBT) | FAILED
        case Unknown():
            return mark | DOUBT if mark in _ARE_DUE else mark
        case _:
            return mark & ~DOUBT
