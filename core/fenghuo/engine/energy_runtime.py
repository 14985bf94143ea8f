"""How fast a battery really runs down: a robust line through what was read of its charge, over what its loads should have drawn. Pure.

Over planned drain, and not over time, a discharge stays one line when loads are shed, so that what was learned before a stage holds after.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec

__all__ = ["Discharge", "Fit"]

WINDOW_PCT, WINDOW_S = 15.0, 1800.0
"""What lies further back than both is forgotten: enough of the curve for a slope, little enough to follow a battery that gives in."""
MOST_POINTS = 360
"""Half an hour at 5 s; where there are more, neighbours are put together."""
DECLARED_SPREAD = 0.10
"""How far what the loads declare may be from what they draw, one sigma: until the curve says more, they count as much as this."""
USUAL_NOISE_PCT, USUAL_FOR = 0.7, 30
"""What a reading of charge is off, one sigma (whole percents alone are 0.29), until so many readings say what this battery's are."""
FLOAT_PCT, BEGAN_NOISE_PCT = 99.5, 0.25
"""A battery that stood on its float was full at the cut, and how far that may be off, one sigma; of any other one reading says little."""
JUMP_PCT = 5.0
"""A gauge that falls so far with the first reading after the cut had not known its battery before."""
TOP_PCT = 98.5
"""No reading is above 100, so that those near it are too low on the average: above this the line is not drawn through them."""
LEAST_POINTS = 10
FAR = 3.0
"""A reading further from the line than so many sigmas is set aside."""
ROUNDS = 3
SINKS_S = 5_400.0
"""So long after the cut a gauge may still be finding its battery; what bends later is the battery itself."""
SETTLES_S = 300.0
"""So soon after the cut no slope is believed against what the loads declare: the gauge still looks for its battery."""
SURE = 3.0
"""Sigmas from which a difference is none of chance."""


class Fit(msgspec.Struct, frozen=True):
    """`charge_pct` by the line, now; `scale`: percents that go for each percent of planned drain; `spread`: how far what is left may be
    wrong, as a share, two sigmas."""

    charge_pct: float
    scale: float
    spread: float


class _Point(msgspec.Struct, frozen=True):
    at: float
    drained: float
    charge_pct: float
    weight: float = 1.0


class Discharge:
    """One discharge, from the cut at `began` (seconds), when the charge was `began_pct`, None: nobody knows. `has_plan`: drain is told in
    percent; without, it is hours, and only the curve can tell."""

    def __init__(self, began: float, began_pct: float | None, *, has_plan: bool) -> None:
        self._has_plan = has_plan
        self._began = _Point(began, 0.0, began_pct) if began_pct is not None and began_pct >= FLOAT_PCT else None
        self._points: list[_Point] = []
        self._drained = 0.0
        self._since = self._at = began

    def read(self, at: float, charge_pct: float, drain_per_h: float) -> None:
        """A reading at `at`, seconds; `drain_per_h`: planned drain since the one before, percent of charge in an hour (1 without a plan).
        What is not newer than the last reading is left out."""
        if at < self._at or (at == self._at and self._points):
            return
        if self._began is not None and not self._points and self._began.charge_pct - charge_pct > JUMP_PCT:
            self._began = None
        self._drained += (at - self._at) / 3600.0 * drain_per_h
        self._at = at
        self._points.append(_Point(at, self._drained, charge_pct))
        self._forget()

    def fit(self) -> Fit | None:
        """None: the curve alone has to tell, and has not fallen far enough to be told from noise."""
        if not self._points:
            return None
        alone = _drawn(self._points, self._began, 0.0)
        if not self._has_plan:
            return _fitted(alone, self._drained)
        believed = 1.0 / DECLARED_SPREAD**2
        for late in self._later():
            ends = _drawn(late, None, 0.0)
            if self._at - self._since < SETTLES_S or (_differ(alone, ends) and not _contradicts(ends)):
                return _fitted(_drawn(late, None, believed), self._drained)
        if _contradicts(alone):
            return _fitted(alone, self._drained)
        return _fitted(_drawn(self._points, self._began, believed), self._drained)

    def _later(self) -> Iterator[list[_Point]]:
        """Readings of the later half, and of the last quarter, where they are enough. A battery sinks under its load for some
        minutes before it runs down, and a gauge that goes by voltage takes that for charge: what contradicts the loads at first and
        not later was this."""
        for share in (0.5, 0.75) if self._at - self._since < SINKS_S else ():
            late = [one for one in self._points if one.at >= self._since + share * (self._at - self._since)]
            if len(late) >= LEAST_POINTS or self._at - self._since < SETTLES_S:
                yield late

    def _forget(self) -> None:
        while len(self._points) > LEAST_POINTS and self._is_long():
            self._began = None
            del self._points[0]
        if len(self._points) > MOST_POINTS:
            half = self._points[: len(self._points) // 2]
            self._points[: len(half)] = [_together(one, other) for one, other in zip(half[::2], half[1::2], strict=False)]

    def _is_long(self) -> bool:
        """Whether the window holds without its first reading."""
        fallen = _median(self._points[1:6]) - _median(self._points[-5:])
        return fallen > WINDOW_PCT and self._at - self._points[1].at > WINDOW_S


def _drawn(points: list[_Point], began: _Point | None, prior: float) -> _Line:
    noise = USUAL_NOISE_PCT
    line = _line([*_anchor(began, noise), *points], noise, prior)
    for _ in range(ROUNDS):
        noise = _noise([abs(one.charge_pct - line.at(one.drained)) for one in points])
        held = [one for one in points if _counts(one, line, noise)]
        line = _line([*_anchor(began, noise), *held] or points, noise, prior)
    return line


def _anchor(began: _Point | None, noise: float) -> list[_Point]:
    """The charge before the cut, as so many readings as it is worth."""
    return [] if began is None else [msgspec.structs.replace(began, weight=(noise / BEGAN_NOISE_PCT) ** 2)]


class _Line(msgspec.Struct, frozen=True):
    """charge = middle − scale · (drained − centre), with the variances of both."""

    middle: float
    centre: float
    scale: float
    middle_var: float
    scale_var: float

    def at(self, drained: float) -> float:
        return self.middle - self.scale * (drained - self.centre)


def _line(points: Sequence[_Point], noise: float, prior: float) -> _Line:
    """Least squares, with a scale of 1 as one more observation of weight `prior`."""
    weight = sum(one.weight for one in points)
    centre = sum(one.weight * one.drained for one in points) / weight
    middle = sum(one.weight * one.charge_pct for one in points) / weight
    across = sum(one.weight * (one.drained - centre) ** 2 for one in points) / noise**2
    along = sum(one.weight * (one.drained - centre) * (middle - one.charge_pct) for one in points) / noise**2
    known = across + prior
    scale = (along + prior) / known if known else math.nan
    return _Line(middle, centre, scale, noise**2 / weight, 1.0 / known if known else math.inf)


def _counts(one: _Point, line: _Line, noise: float) -> bool:
    expected = line.at(one.drained)
    return abs(one.charge_pct - expected) <= FAR * noise and expected <= TOP_PCT


def _contradicts(alone: _Line) -> bool:
    """Whether the curve alone is so far from what the loads declare that their figures are simply wrong, and not a little off."""
    return abs(alone.scale - 1.0) > SURE * math.sqrt(DECLARED_SPREAD**2 + alone.scale_var)


def _differ(whole: _Line, late: _Line) -> bool:
    """Whether the slope is another one by now, and not by chance."""
    return abs(whole.scale - late.scale) > SURE * math.sqrt(whole.scale_var + late.scale_var)


def _noise(apart: Sequence[float]) -> float:
    """One sigma, by the middle one of what the readings are apart from the line: whatever a few of them say, it stands."""
    count = len(apart)
    own = 1.48 * sorted(apart)[count // 2]
    return math.sqrt((count * own**2 + USUAL_FOR * USUAL_NOISE_PCT**2) / (count + USUAL_FOR))


def _fitted(line: _Line, drained: float) -> Fit | None:
    charge = line.at(drained)
    if not line.scale > 0 or charge <= 0:
        return None if not line.scale > 0 else Fit(0.0, line.scale, 1.0)
    charge_var = line.middle_var + line.scale_var * (drained - line.centre) ** 2
    spread = 2.0 * math.sqrt(line.scale_var / line.scale**2 + charge_var / charge**2)
    return Fit(min(charge, 100.0), line.scale, spread) if spread < 1 else None


def _together(one: _Point, other: _Point) -> _Point:
    weight = one.weight + other.weight
    share = one.weight / weight
    return _Point(
        one.at * share + other.at * (1 - share),
        one.drained * share + other.drained * (1 - share),
        one.charge_pct * share + other.charge_pct * (1 - share),
        weight,
    )


def _median(points: Sequence[_Point]) -> float:
    return sorted(one.charge_pct for one in points)[len(points) // 2]
