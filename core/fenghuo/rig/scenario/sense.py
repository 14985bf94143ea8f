"""What of a line can never be true, or never false: events that nothing tells, labels of the wrong step, odd targets. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

from fenghuo.formats.table_reading import near, shown
from fenghuo.model.event_types import EVENT_TYPES
from fenghuo.model.message import MessageState
from fenghuo.rig.scenario.schema import Do, Line, Measure, Step

__all__ = ["line_sense"]

BRINGING = (Do.ALERT, Do.UPDATE, Do.CANCEL, Do.ORDER, Do.REPEAT, Do.FROM_POST, Do.NOTE)
"""Steps under whose label a message is known; a note stands for what the node says by itself."""
REFUSABLE = (*BRINGING, Do.SIGN, Do.ASK, Do.LOG_IN, Do.COVERAGE, Do.DISABLE, Do.ENABLE)
SAYING = (Do.FROM_POST,)
ASKING: Mapping[Measure, tuple[Do, ...]] = {Measure.ANSWER: (Do.ASK, Do.SIGN, Do.LOG_IN, Do.RECONCILE), Measure.COVERAGE: (Do.COVERAGE,)}
OF_POSTS = (Measure.TAKEN_S, Measure.PIECES, Measure.CHARACTERS, Measure.SAID)
OF_PICTURES = (Measure.THUMBNAIL_S, Measure.PICTURE_S, Measure.PICTURE_OCTETS, Measure.PICTURE_AGAIN)
WORDS: Mapping[Measure, Collection[str]] = {
    Measure.OBJECTIVE: ("MET", "MISSED", "WAIVED"),
    Measure.STATE: tuple(MessageState),
}
MIXED = (Measure.ANSWER, Measure.COVERAGE, Measure.LATER)
"""Measures whose kind depends on what is asked."""


def line_sense(line: Line, labels: Mapping[str, Step]) -> Iterator[tuple[str, str]]:
    """Key and sentence of everything in a line that makes no sense."""
    for key in ("event", "from_event"):
        name = getattr(line, key)
        if name and name not in EVENT_TYPES:
            yield key, f"is {shown(name)}, which nothing tells{_meant(name)}"
    yield from _labels(line, labels)
    yield from _targets(line)


def _meant(event: str) -> str:
    """The nearest event, or where all of them stand: there are too many for a sentence."""
    hint = near(event, EVENT_TYPES)
    return hint if "did you mean" in hint else "; all of them stand in docs/reference/events.md"


def _labels(line: Line, labels: Mapping[str, Step]) -> Iterator[tuple[str, str]]:
    """Labels of steps that cannot have what is asked of them."""
    wanted = REFUSABLE if line.measure is Measure.REFUSED else SAYING if line.measure in OF_POSTS else BRINGING
    step = labels.get(line.message)
    if step is not None and step.do not in wanted:
        yield "message", f'is {shown(line.message)}, a step that does "{step.do}"; it must be the label of one that does {_or(wanted)}'
    if step is not None and line.measure in OF_PICTURES and step.picture_octets is None:
        yield "message", f"is {shown(line.message)}, which brings no picture; its step must have picture_octets"
    asked, step = ASKING.get(line.measure, ()), labels.get(line.at)
    if step is not None and asked and step.do not in asked:
        yield "at", f'is {shown(line.at)}, a step that does "{step.do}"; it must be the label of one that does {_or(asked)}'


def _targets(line: Line) -> Iterator[tuple[str, str]]:
    for key in ("at_most", "at_least", "within"):
        value = getattr(line, key)
        if value is not None and not math.isfinite(value):
            yield key, f"is {shown(value)}; it must be a number"
    if line.at_most is not None and line.at_least is not None and line.at_least > line.at_most:
        yield "at_least", f"is {line.at_least:g}, and at_most is {line.at_most:g}; nothing is both"
    if line.within and not isinstance(line.equals, float):
        yield "within", f"is {line.within:g} without a number in equals; it says how far from that the measured one may be"
    if line.measure not in MIXED:
        yield from _kinds(line)


def _kinds(line: Line) -> Iterator[tuple[str, str]]:
    """Targets of another kind than what is measured."""
    words = WORDS.get(line.measure)
    is_number = words is None and line.measure not in (Measure.REFUSED, Measure.HELD)
    for key in ("at_most", "at_least"):
        if getattr(line, key) is not None and not is_number:
            yield key, f'is {getattr(line, key):g}; measure = "{line.measure}" is no number, and takes equals'
    if line.equals is None:
        return
    if is_number and (not isinstance(line.equals, float) or isinstance(line.equals, bool) or not math.isfinite(line.equals)):
        yield "equals", f'is {shown(line.equals)}; measure = "{line.measure}" is a number'
    elif line.measure is Measure.HELD and not isinstance(line.equals, bool):
        yield "equals", f'is {shown(line.equals)}; measure = "held" is true or false'
    elif line.measure is Measure.REFUSED and not isinstance(line.equals, str):
        yield "equals", f'is {shown(line.equals)}; measure = "refused" is a text: a code, or "not refused"'
    elif words is not None and not _is_of(line.equals, words):
        yield "equals", f"is {shown(line.equals)}; it must be of {', '.join(words)}, several joined by +"


def _is_of(value: float | str | bool, words: Collection[str]) -> bool:
    return isinstance(value, str) and all(part in words for part in value.split("+"))


def _or(steps: Collection[Do]) -> str:
    *some, last = steps
    return f"{', '.join(some)} or {last}" if some else str(last)
