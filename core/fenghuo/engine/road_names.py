"""What people call a segment, a layer or a place, found on the map; what is not clear is a sentence that lists what it may be. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from fenghuo.engine.road_reports import layer_subject
from fenghuo.errors import FormatError
from fenghuo.formats.table_reading import near
from fenghuo.model.road import Layer, RoadMap, RoadPlace, Segment

__all__ = ["label_of", "layers_of", "place_named", "subject_named"]

LAYERS = {layer.value: layer for layer in Layer}


def subject_named(road_map: RoadMap, text: str) -> str:
    """The subject of a report: a segment by id, by its name (沙鹿公路) or by its ends (沙溪-璜泾), or a whole layer (`air`). Raises:
    FormatError."""
    if text in LAYERS:
        return layer_subject(LAYERS[text])
    found = [one for one in road_map.segments if text == one.id] or [one for one in road_map.segments if _is_called(road_map, one, text)]
    if len(found) == 1:
        return found[0].id
    if found:
        choice = "; ".join(f"{one.id} is {road_map.label(one)}" for one in found)
        raise _bad("segment", f"{text!r} is {len(found)} segments, give the id of one: {choice}")
    known = {one.name or one.id for one in road_map.segments} | set(LAYERS)
    raise _bad("segment", f"{text!r} is no segment and no layer of the map of roads{near(text, known)}")


def place_named(road_map: RoadMap, text: str, where: str = "place") -> RoadPlace:
    """A place by its id, its name (璜泾, 璜泾镇) or its area. Raises: FormatError."""
    for place in road_map.places:
        if text in (place.id, place.name, str(place.area), f"{place.name}镇", f"{place.name}街道"):
            return place
    raise _bad(where, f"{text!r} is no place of the map of roads{near(text, [place.name for place in road_map.places])}")


def layers_of(words: Iterable[str]) -> frozenset[Layer]:
    """Layers by their words; on foot one may always go. Raises: FormatError."""
    wanted = list(words)
    if unknown := [word for word in wanted if word not in LAYERS]:
        raise _bad("by", f"{unknown[0]!r} is no layer; it must be one of {', '.join(LAYERS)}")
    return frozenset({LAYERS[word] for word in wanted} | {Layer.FOOT})


def label_of(road_map: RoadMap, subject: str) -> str:
    """What a report is about, as people know it."""
    segment = road_map.segment_by_id.get(subject)
    return road_map.label(segment) if segment is not None else f"all of {subject.removeprefix('layer:')}"


def _is_called(road_map: RoadMap, segment: Segment, text: str) -> bool:
    a, b = (road_map.place_by_id[end] for end in (segment.a, segment.b))
    pairs = {f"{one}-{other}" for one, other in ((a.name, b.name), (b.name, a.name), (a.id, b.id), (b.id, a.id))}
    return text == segment.name or text in pairs


def _bad(where: str, says: str) -> FormatError:
    return FormatError(f"{where}: {says}", code="bad-argument", where=where)
