"""Verbs of the desk about roads, water and air: what is reported, who can be reached how soon, what everything hangs on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from fenghuo.clock import seconds
from fenghuo.engine.road_names import label_of, layers_of, place_named, subject_named
from fenghuo.engine.road_reports import LONGEST_S, PERSON
from fenghuo.errors import FormatError, NotAllowed
from fenghuo.model.road import Layer, RoadMap, RoadReport, SegmentState
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.roads import RoadKeeper

__all__ = ["RoadVerbs"]

USUAL_S, SHORTEST_S = 86_400.0, 60.0
LONGEST_TEXT = 500


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`segment`: a segment by id, name (沙鹿公路) or ends (沙溪-璜泾), or a layer (`air`); `factor`: of the usual speed, where it is
    restricted; `until`: RFC 3339, or `for_s`: seconds from now for which this word holds; afterwards it is unknown."""

    segment: str
    state: SegmentState
    factor: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    until: str = ""
    for_s: float | None = None
    reason: str = ""


class Reach(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where and where to, by these layers; `start` empty: from the nearest base; `by` empty: by all."""

    to: str
    start: str = ""
    by: tuple[str, ...] = ()


class Bridges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which layer."""

    layer: Layer = Layer.ROAD


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where the vehicle comes, from the nearest base if empty; how far its station reaches; by what it goes beside the road; `every`:
    for whoever waits, not only those whom no working channel can reach."""

    start: str = ""
    radius_km: Annotated[float, msgspec.Meta(gt=0, le=200)] = 10.0
    by: tuple[str, ...] = ()
    every: bool = False


class RoadVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, keeper: RoadKeeper, room: EngineRoom) -> None:
        self._desk = desk
        self._keeper = keeper
        self._room = room

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "road.report": self.report,
            "road.ls": self.ls,
            "road.reach": self.reach,
            "road.isolated": self.isolated,
            "road.bridges": self.bridges,
            "road.place": self.place,
        }

    async def report(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Take a word; what follows from it is told in the same commit. Raises: FormatError: it names nothing on the map, or its times make
        no sense; NotFound: no map; NotAllowed: whoever speaks for some areas speaks for no road elsewhere."""
        wanted, watch = msgspec.convert(args, Report), self._keeper.here
        now = watch.clock.time()
        source = f"{PERSON if 'operator' in actor.rights else 'source:'}{actor.name}"
        subject = subject_named(watch.roads.map, wanted.segment)
        self._check_area(actor, watch.roads.map, subject)
        is_endless = not wanted.until and wanted.for_s is None
        settles = is_endless and wanted.state is SegmentState.OPEN and source.startswith(PERSON)
        report = RoadReport(subject, wanted.state, source, now, _until(wanted, now), *_rest(wanted), settles)
        await watch.report(report)
        return {"subject": report.subject, **watch.answers.standing(report.subject), "isolated": watch.answers.isolated()}

    def _check_area(self, actor: Actor, road_map: RoadMap, subject: str) -> None:
        own = self._desk.origin(actor).areas
        segment = road_map.segment_by_id.get(subject)
        ends = [road_map.place_by_id[end].area for end in (segment.a, segment.b)] if segment is not None else []
        if own and not any(one.covers(area) for one in own for area in ends if area is not None):
            raise NotAllowed(f"{actor.name} speaks for {', '.join(map(str, own))} alone, and not for {label_of(road_map, subject)}")

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that is reported, and the map that it is about."""
        return self._keeper.here.answers.reported()

    async def reach(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """When somebody can be there. Raises: FormatError: no such place or layer."""
        wanted, watch = msgspec.convert(args, Reach), self._keeper.here
        start = place_named(watch.roads.map, wanted.start, "start").id if wanted.start else ""
        place = place_named(watch.roads.map, wanted.to, "to").id
        return watch.answers.reach(start, place, layers_of(wanted.by) if wanted.by else None)

    async def isolated(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every place that is not surely reached overland, the worst first."""
        return self._keeper.here.answers.isolated()

    async def bridges(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Segments whose loss would cut some place off within their layer."""
        return self._keeper.here.answers.bridges(msgspec.convert(args, Bridges).layer)

    async def place(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Where to send the mobile base station. Raises: FormatError: no such place or layer."""
        wanted = msgspec.convert(args, Place)
        return self._keeper.here.placing(self._room, start=wanted.start, radius_km=wanted.radius_km, by=wanted.by, every=wanted.every)


def _rest(wanted: Report) -> tuple[float, str]:
    if (wanted.factor is not None) != (wanted.state is SegmentState.RESTRICTED):
        raise _bad("factor", "a restricted segment has a factor, as 0.5 for half the usual speed, and no other has one")
    if len(wanted.reason) > LONGEST_TEXT:
        raise _bad("reason", f"{len(wanted.reason)} characters; a reason has at most {LONGEST_TEXT}")
    return wanted.factor or 1.0, wanted.reason


def _until(wanted: Report, now: float) -> float:
    """When the word is over."""
    if wanted.until and wanted.for_s is not None:
        raise _bad("until", "give until or for_s, not both")
    if not wanted.until and wanted.for_s is None:
        return now + USUAL_S
    until = _instant(wanted.until) if wanted.until else now + (wanted.for_s or 0.0)
    if not now + SHORTEST_S <= until <= now + LONGEST_S:
        raise _bad("until" if wanted.until else "for_s", "a word holds for a minute at least and a year at most, from now on")
    return until


def _instant(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as refusal:
        raise _bad("until", f"{text!r} is no time; write it as 2026-11-26T20:00:00+08:00") from refusal
    if at.tzinfo is None:
        raise _bad("until", f"{text!r} has no time zone; write it as 2026-11-26T20:00:00+08:00")
    return seconds(at)


def _bad(where: str, says: str) -> FormatError:
    return FormatError(f"{where}: {says}", code="bad-argument", where=where)
