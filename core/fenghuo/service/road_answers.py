"""What the desk answers about roads, from the roads as they are at that moment. Shapes: docs/reference/desk.md."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from fenghuo.engine.road_names import label_of
from fenghuo.engine.road_outlook import interval, sentence
from fenghuo.engine.road_reports import AS_MAPPED
from fenghuo.engine.roads import EVERY_WAY, Arrival
from fenghuo.model.road import Layer, RoadReport, Segment
from fenghuo.service.showing import rfc3339

if TYPE_CHECKING:
    from fenghuo.service.road_watch import RoadWatch

__all__ = ["RoadAnswers", "arrival_view"]


class RoadAnswers:
    """Reads a watch; changes nothing."""

    def __init__(self, watch: RoadWatch) -> None:
        self._watch = watch

    def reported(self) -> dict[str, Any]:
        """`road.ls`."""
        road_map = self._watch.roads.map
        of_rows = (*(one.provenance for one in road_map.places), *(one.provenance for one in road_map.segments))
        return {
            "map": road_map.digest,
            "places": len(road_map.places),
            "segments": len(road_map.segments),
            "unverified": sum(not one.verified for one in (*of_rows, *(terms.provenance for terms in road_map.layers))),
            "reports": [self._report(one) for one in sorted(self._watch.reports, key=lambda one: (one.subject, one.at))],
        }

    def standing(self, subject: str) -> dict[str, Any]:
        """How a segment stands by all that is said of it; a layer by its first segment."""
        roads = self._watch.roads
        segment = next((one.id for one in roads.map.segments if subject in (one.id, f"layer:{one.layer.value}")), subject)
        found = roads.standing_of.get(segment, AS_MAPPED)
        return {"name": label_of(roads.map, subject), "state": found.state.value, "factor": found.factor, "source": found.source}

    def reach(self, start: str, place: str, layers: Collection[Layer] | None) -> dict[str, Any]:
        """`road.reach`; `start` empty: from the nearest base."""
        roads = self._watch.roads
        arrival = roads.reach((start,) if start else roads.bases, place, layers or EVERY_WAY)
        by = sorted(layer.value for layer in layers or EVERY_WAY)
        return {
            "from": start or (arrival.legs[0].start if arrival.legs else ""),
            "to": place,
            "by": by,
            **arrival_view(arrival, roads.map.label),
        }

    def isolated(self) -> list[dict[str, Any]]:
        """`road.isolated`."""
        roads = self._watch.roads
        return [
            {
                "place": found.place,
                "name": roads.map.place_by_id[found.place].name,
                "others": [roads.map.place_by_id[one].name for one in found.others],
                "people": sum(roads.map.place_by_id[one].people for one in (found.place, *found.others)),
                "reach": found.reach.name.lower(),
                "overland": interval(found.overland),
                "without_air": interval(found.without_air),
                "by_all": interval(found.by_all),
                "says": sentence(roads, found),
            }
            for found in self._watch.outlooks()
        ]

    def bridges(self, layer: Layer) -> list[dict[str, Any]]:
        """`road.bridges`."""
        roads = self._watch.roads
        return [{"segment": one.id, "name": roads.map.label(one)} for one in roads.bridges(layer)]

    def _report(self, report: RoadReport) -> dict[str, Any]:
        return {
            "subject": report.subject,
            "name": label_of(self._watch.roads.map, report.subject),
            "state": report.state.value,
            "factor": report.factor,
            "source": report.source,
            "at": rfc3339(report.at),
            "until": rfc3339(report.expires_at) if math.isfinite(report.expires_at) else None,
            "holds": self._watch.clock.time() < report.expires_at,
            "reason": report.reason,
        }


def arrival_view(arrival: Arrival, label: Callable[[Segment], str]) -> dict[str, Any]:
    """An arrival as JSON."""
    return {
        "earliest_min": _rounded(arrival.earliest_min),
        "latest_min": _rounded(arrival.latest_min),
        "says": interval(arrival),
        "layers": [layer.value for layer in arrival.layers],
        "legs": [
            {"segment": leg.segment.id, "name": label(leg.segment), "from": leg.start, "to": leg.end, "minutes": _rounded(leg.minutes)}
            for leg in arrival.legs
        ],
    }


def _rounded(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 1)
