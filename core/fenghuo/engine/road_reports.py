"""What is reported of roads, and how each segment stands by it at an instant. Pure.

A report that is over leaves its segment unknown, and never open: only a fresh word opens it again. While a person's word on a thing holds,
no machine's word on it counts; of words that count, the worst does, and a cut by one feed alone is a doubt: a cut refuses orders.
Source: domain.md §3.10.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from fenghuo.model.road import Layer, RoadMap, RoadReport, SegmentState

__all__ = ["AS_MAPPED", "FEED", "LONGEST_S", "PERSON", "Standing", "layer_subject", "next_over", "standings", "taken", "wind_reports"]

PERSON = "person:"
"""How the source of a person's word begins: where a person says that a way is open, whatever was said of it before is settled."""
FEED = "source:"
"""How the source of a program's word begins; a sensor's is what it measured."""
LONGEST_S = 366 * 86_400.0
"""So long a word holds at the most, whatever end a program or a sensor gives it: no end at all cannot be written down."""
WORST_LAST = list(SegmentState)


class Standing(msgspec.Struct, frozen=True):
    """How a segment stands. `factor`: of its usual speed; `source`, `reason`: whose word it is, empty where the map speaks; `is_over`:
    that word is over, and nobody has said more."""

    state: SegmentState = SegmentState.OPEN
    factor: float = 1.0
    source: str = ""
    reason: str = ""
    is_over: bool = False


AS_MAPPED = Standing()
"""Of a segment that nobody has reported on: as its map says."""


def layer_subject(layer: Layer) -> str:
    """What a report on a whole layer is about."""
    return f"layer:{layer.value}"


def taken(reports: Iterable[RoadReport], new: RoadReport) -> tuple[RoadReport, ...]:
    """The reports with a new one: it replaces what its source said of the same thing. A person's "open" settles what all others said."""
    settles = new.state is SegmentState.OPEN and new.source.startswith(PERSON)
    rest = [one for one in reports if one.subject != new.subject or not (settles or one.source == new.source)]
    return (*rest, new)


def standings(road_map: RoadMap, reports: Iterable[RoadReport], now: float) -> Mapping[str, Standing]:
    """Every segment that does not stand as mapped, by id; of its own reports and those of its layer the worse counts."""
    by_subject: dict[str, list[RoadReport]] = {}
    for report in reports:
        by_subject.setdefault(report.subject, []).append(report)
    of_layer = {layer: _standing(by_subject.get(layer_subject(layer), ()), now) for layer in Layer}
    found: dict[str, Standing] = {}
    for segment in road_map.segments if by_subject else ():
        standing = _worse(_standing(by_subject.get(segment.id, ()), now), of_layer[segment.layer])
        if standing is not AS_MAPPED:
            found[segment.id] = standing
    return found


def next_over(reports: Iterable[RoadReport], now: float) -> float | None:
    """When the first of what still holds is over, UTC seconds."""
    return min((one.expires_at for one in reports if now < one.expires_at < math.inf), default=None)


def wind_reports(road_map: RoadMap, wind_ms: float, *, source: str, at: float, expires_at: float) -> tuple[RoadReport, ...]:
    """What a wind does to every layer that has a limit, and to segments that have a lower one of their own."""
    limits = [(layer_subject(layer), terms.max_wind_ms) for layer, terms in road_map.terms_of.items()]
    limits += [(segment.id, segment.max_wind_ms) for segment in road_map.segments]
    found: list[RoadReport] = []
    for subject, limit in limits:
        if limit is not None:
            state, reason = (SegmentState.CUT, f"wind {wind_ms:g} m/s") if wind_ms > limit else (SegmentState.OPEN, "")
            found.append(RoadReport(subject, state, source, at, expires_at, reason=reason))
    return tuple(found)


def _standing(reports: Iterable[RoadReport], now: float) -> Standing:
    said = [one for one in reports if now < one.expires_at or not one.settles]
    fresh = [one for one in said if now < one.expires_at]
    fresh = [one for one in fresh if one.source.startswith(PERSON)] or fresh
    if fresh:
        worst = max(fresh, key=lambda one: (WORST_LAST.index(one.state), -one.factor, one.at))
        if {one.source for one in fresh if one.state is SegmentState.CUT} == {worst.source} and worst.source.startswith(FEED):
            says = f"{worst.source} alone says that it is cut" + (f": {worst.reason}" if worst.reason else "")
            return Standing(SegmentState.UNKNOWN, 1.0, worst.source, says)
        return Standing(worst.state, worst.factor if worst.state is SegmentState.RESTRICTED else 1.0, worst.source, worst.reason)
    if said:
        last = max(said, key=lambda one: one.expires_at)
        return Standing(SegmentState.UNKNOWN, 1.0, last.source, f"it was {last.state.value}, and that word is over", is_over=True)
    return AS_MAPPED


def _worse(one: Standing, other: Standing) -> Standing:
    return max(one, other, key=lambda standing: (WORST_LAST.index(standing.state), -standing.factor))
