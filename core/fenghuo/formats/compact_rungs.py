"""What is said of a message at each rung, and what is left out. Source: wire-formats.md §9 and §10; docs/compact-frame.md §5.

Never left out at any rung: whether it is real, what it does to what was said before, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, ceil, cos, radians, sin, sqrt

import msgspec

from fenghuo.formats.compact_area import CHINESE_SYSTEMS, rounded
from fenghuo.formats.compact_frame import Rung
from fenghuo.formats.wording import told_infos
from fenghuo.model.message import AffectedArea, Circle, Content, Info, Message, Point
from fenghuo.model.traffic import Kind

__all__ = ["LEFT_OUT", "at_rung", "enclosing"]

LEFT_OUT = ("languages", "description", "instruction", "headline", "areas", "issuer", "details", "envelope")
"""What a rung may leave out, by name; the order is the format."""

_EARTH_KM = 6371.0088
_DETAILS = ("categories", "audience", "web", "contact", "parameters", "resources", "event_codes")
_ENVELOPE = ("sender", "identifier", "scope", "restriction", "addresses", "codes", "source", "references", "incidents", "to", "via")


def at_rung(message: Message, rung: Rung, *, whole: bool = False) -> tuple[Content, tuple[str, ...]]:
    """The content as this rung says it (FULL, CORE, LINE), and the names of what it leaves out.

    `whole`: FULL with parameters too, which machines want and no reader: compact() asks for them where they fit.
    """
    content = message.content
    if rung is Rung.FULL:
        infos = tuple(_full(info, whole=whole) for info in content.infos)
        return msgspec.structs.replace(content, infos=infos), ("details",) if not whole and any(
            info.parameters for info in content.infos
        ) else ()
    infos = told_infos(message)
    said = tuple(_info_at(info, content.kind, rung) for info in infos)
    short = Content(
        kind=content.kind,
        action=content.action,
        traffic=content.traffic,
        sender="",
        identifier="",
        sent=content.sent,
        note="" if said else content.note,
        needed=content.needed,
        deadline_s=content.deadline_s,
        infos=said,
    )
    return short, _left_out(content, short, infos)


def _info_at(info: Info, kind: Kind, rung: Rung) -> Info:
    """One info, shortened. The text of an order is what is to be done, so it stays whole."""
    is_core = rung is Rung.CORE
    headline = info.headline if is_core or not info.event or kind is not Kind.ALERT else ""
    says_what_to_do = info.instruction or info.response_types
    return Info(
        language=info.language,
        event=info.event,
        response_types=info.response_types,
        urgency=info.urgency if is_core else "Unknown",
        severity=info.severity,
        certainty=info.certainty if is_core else "Unknown",
        colour=info.colour,
        onset=info.onset,
        expires=info.expires,
        sender_name=info.sender_name if is_core else "",
        headline=headline or (info.headline if not says_what_to_do else ""),
        description=info.description if kind is not Kind.ALERT else "",
        instruction=info.instruction if _needs_words(info, rung) else "",
        areas=tuple(_area_at(area, rung) for area in info.areas),
    )


def _needs_words(info: Info, rung: Rung) -> bool:
    """Whether what to do is said in words: always at CORE, and at LINE where no code says it."""
    return rung is Rung.CORE or not any(word != "None" for word in info.response_types)


def _area_at(area: AffectedArea, rung: Rung) -> AffectedArea:
    """An area by our own codes; else by its name, at CORE with a circle around it; else by codes of others; else by that circle."""
    ours = tuple(code for code in area.geocodes if code.system in CHINESE_SYSTEMS)
    name = area.description if rung is Rung.CORE or not ours else ""
    if ours:
        return AffectedArea(name, geocodes=ours)
    around = enclosing(area)
    circles = (around,) if around else ()
    if name:
        return AffectedArea(name, circles=circles if rung is Rung.CORE else ())
    return AffectedArea("", geocodes=area.geocodes) if area.geocodes else AffectedArea("", circles=circles)


def _full(info: Info, *, whole: bool) -> Info:
    areas = tuple(_to_precision(area) for area in info.areas)
    return msgspec.structs.replace(info, areas=areas, parameters=info.parameters if whole else ())


def _to_precision(area: AffectedArea) -> AffectedArea:
    return msgspec.structs.replace(area, polygons=tuple(rounded(ring) for ring in area.polygons))


def _left_out(content: Content, short: Content, infos: Sequence[Info]) -> tuple[str, ...]:
    """Names of what the short content does not say."""
    missing = {"envelope"} if any(getattr(content, name) != getattr(short, name) for name in _ENVELOPE) else set()
    if len(content.infos) > len(infos):
        missing.add("languages")
    for info, said in zip(infos, short.infos, strict=True):
        missing |= {name for name in ("description", "instruction", "headline", "areas") if getattr(info, name) != getattr(said, name)}
        missing |= {"issuer"} if info.sender_name != said.sender_name else set()
        missing |= {"details"} if any(getattr(info, name) for name in _DETAILS) else set()
    return tuple(name for name in LEFT_OUT if name in missing)


def enclosing(area: AffectedArea) -> Circle | None:
    """The circle around all rings and circles of an area: centre to a thousandth of a degree, radius up to the next 0.1 km.

    Larger than the area and never smaller. None where there is no geometry. A lone circle of such figures is itself.
    """
    shapes: list[tuple[Point, float]] = [(point, 0.0) for ring in area.polygons for point in ring]
    shapes += [(circle.centre, circle.radius_km) for circle in area.circles]
    if not shapes:
        return None
    turn = 360.0 if _span([point[1] for point, _ in shapes]) > 180 else 0.0
    shapes = [((lat, lon + turn if lon < 0 else lon), radius) for (lat, lon), radius in shapes]
    centre = (_middle([point[0] for point, _ in shapes]), _middle([point[1] for point, _ in shapes]))
    reach = max(_distance_km(centre, point) + radius for point, radius in shapes)
    # 1e-6 keeps a radius that is whole tenths from being raised by the last bit of the arithmetic.
    return Circle((centre[0], round(centre[1] - 360.0, 3) if centre[1] > 180 else centre[1]), ceil(reach * 10 - 1e-6) / 10)


def _span(values: Sequence[float]) -> float:
    return max(values) - min(values)


def _middle(values: Sequence[float]) -> float:
    return round((max(values) + min(values)) / 2, 3)


def _distance_km(one: Point, two: Point) -> float:
    """Along the great circle, on a sphere."""
    lat_one, lat_two = radians(one[0]), radians(two[0])
    half = sin((lat_two - lat_one) / 2) ** 2 + cos(lat_one) * cos(lat_two) * sin(radians(two[1] - one[1]) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))
