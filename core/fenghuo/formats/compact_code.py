"""The rung of figures: a fixed record of 22 octets, and words behind it only for what no figure says. Source: docs/compact-frame.md §6.

With the head octet it is 23 octets, sealed 38: what always passes. Area and what to do are in it or in the words, never lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil, log

import msgspec

from fenghuo.errors import FrameError
from fenghuo.formats.cap_words import SEVERITIES
from fenghuo.formats.compact_area import AREAS, CHINESE_SYSTEMS, from_bcd, is_area_code, to_bcd
from fenghuo.formats.compact_content import Envelope
from fenghuo.formats.compact_event import CODED_ACTIONS, COLOURS, LANGUAGE_FIELD, event_number, event_of
from fenghuo.formats.compact_fields import Record, Sink, Source, Text
from fenghuo.formats.compact_time import MINUTE_BITS, from_minutes, to_minutes
from fenghuo.model.message import AffectedArea, Circle, Content, Geocode, Info

__all__ = ["NO_INFO", "as_figures", "put_figures", "take_figures"]

NO_INFO = 7
"""Severity of a message that says nothing but what it does to an earlier one."""

_UNTOLD, _CIRCLE = 0, 3
_SYSTEMS = CHINESE_SYSTEMS[:2]
_END_BITS = 15
_MAX_ENDS = (1 << _END_BITS) - 1
_LAT_STEPS, _LON_STEPS = (1 << 20) - 1, (1 << 21) - 1
_RADIUS_KM, _RADIUS_GROWTH, _RADIUS_STEPS = 0.1, 1.13, 127

# A step of latitude is 19 m and one of longitude at most 19 m: the circle grows by half of both, so that nothing falls out.
_CELL_KM = 0.02
_MINUTE = timedelta(minutes=1)


class _Words(msgspec.Struct, frozen=True):
    """What the figures cannot say."""

    language: str = "zh-CN"
    event: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    note: str = ""
    areas: tuple[AffectedArea, ...] = ()


_WORDS = Record(
    _Words,
    _Words(),
    (
        ("language", LANGUAGE_FIELD),
        ("event", Text()),
        ("headline", Text()),
        ("description", Text()),
        ("instruction", Text()),
        ("note", Text()),
        ("areas", AREAS),
    ),
)


def as_figures(line: Content, ends_at: float, code: str) -> tuple[Content, float]:
    """A content of the rung LINE, and when it ends (UTC seconds), as the figures say it: whole minutes, known actions, one area.

    `code`: the event's, as event_code() found it before the line was shortened.
    """
    sent = from_minutes(to_minutes(line.sent))
    ends = sent + _ends(sent.timestamp(), ends_at) * _MINUTE
    infos = (_said(line.infos[0], ends, code),) if line.infos else ()
    return msgspec.structs.replace(line, sent=sent, infos=infos, needed=None, deadline_s=None), ends.timestamp()


def _said(info: Info, ends: datetime, code: str) -> Info:
    event, codes = event_of(event_number(code)) if code else (info.event, ())
    said = Info(
        event=event,
        event_codes=codes,
        response_types=tuple(word for word in CODED_ACTIONS if word in info.response_types),
        severity=info.severity if info.severity in SEVERITIES else "Unknown",
        colour=info.colour if info.colour in COLOURS else "",
        expires=ends,
        headline=info.headline,
        description=info.description,
        instruction=info.instruction,
        areas=tuple(_settled(area) for area in info.areas) if len(info.areas) == 1 else info.areas,
    )
    return said if _words(said, "") == _Words() else msgspec.structs.replace(said, language=info.language)


def put_figures(sink: Sink, said: Content, ends_at: float, words: int) -> None:
    """Write what as_figures() gave: sent 25 · ends 15 · event 16 · colour 3 · severity 3 · actions 8 · form 2 · area 48 · words 1."""
    info = said.infos[0] if said.infos else None
    spoken = _words(info, said.note)
    bits = sink.bits
    bits.put(to_minutes(said.sent), MINUTE_BITS)
    bits.put(_ends(said.sent.timestamp(), ends_at), _END_BITS)
    bits.put(event_number(info.event_codes[0].value) if info and info.event_codes else 0, 16)
    bits.put(COLOURS.index(info.colour) if info else 0, 3)
    bits.put(SEVERITIES.index(info.severity) if info else NO_INFO, 3)
    bits.put(sum(1 << at for at, word in enumerate(CODED_ACTIONS) if info and word in info.response_types), 8)
    form, place = (_place(info.areas) if info else None) or (_UNTOLD, 0)
    bits.put(form, 2)
    bits.put(place, 48)
    bits.put(int(spoken != _Words()), 1)
    if spoken != _Words():
        sink.speak(words)
        _WORDS.put(sink, spoken)


def take_figures(source: Source) -> tuple[Envelope, float]:
    """What put_figures() wrote: the content without its head, and when it ends (UTC seconds). Raises: FrameError."""
    bits = source.bits
    sent = from_minutes(bits.take(MINUTE_BITS))
    ends = sent + bits.take(_END_BITS) * _MINUTE
    event, codes = event_of(bits.take(16))
    colour, severity, actions = bits.take(3), bits.take(3), bits.take(8)
    areas = _areas(bits.take(2), bits.take(48))
    spoken = _Words()
    if bits.take(1):
        source.listen()
        spoken = _WORDS.take(source)
    if colour >= len(COLOURS) or len(SEVERITIES) <= severity < NO_INFO:
        raise FrameError(f"colour {colour} and severity {severity} are not known", code="bad-value")
    if severity == NO_INFO:
        return Envelope(sent=sent, note=spoken.note), ends.timestamp()
    info = Info(
        language=spoken.language,
        event=event or spoken.event,
        event_codes=codes,
        response_types=tuple(word for at, word in enumerate(CODED_ACTIONS) if actions >> at & 1),
        severity=SEVERITIES[severity],
        colour=COLOURS[colour],
        expires=ends,
        headline=spoken.headline,
        description=spoken.description,
        instruction=spoken.instruction,
        areas=areas or spoken.areas,
    )
    return Envelope(sent=sent, note=spoken.note, infos=(info,)), ends.timestamp()


def _ends(sent_at: float, ends_at: float) -> int:
    """Whole minutes after `sent`, up to the next one; 22 days is the furthest that can be said."""
    return max(0, min(_MAX_ENDS, ceil((ends_at - sent_at) / 60)))


def _words(info: Info | None, note: str) -> _Words:
    """What of a content no figure says. The language goes with words and with nothing else."""
    if info is None:
        return _Words(note=note)
    spoken = _Words(
        event="" if info.event_codes else info.event,
        headline=info.headline,
        description=info.description,
        instruction=info.instruction,
        note=note,
        areas=() if _place(info.areas) else info.areas,
    )
    return spoken if spoken == _Words() else msgspec.structs.replace(spoken, language=info.language)


def _place(areas: tuple[AffectedArea, ...]) -> tuple[int, int] | None:
    """Form and 48 bits of one area that figures can say: one code of ours alone, or one circle alone. None for any other."""
    if len(areas) != 1 or areas[0].description:
        return None
    area = areas[0]
    if len(area.geocodes) == 1 and not area.circles:
        (code,) = area.geocodes
        return (1 + _SYSTEMS.index(code.system), to_bcd(code.value)) if code.system in _SYSTEMS and is_area_code(code.value) else None
    return (_CIRCLE, _packed(area.circles[0])) if len(area.circles) == 1 and not area.geocodes else None


def _areas(form: int, place: int) -> tuple[AffectedArea, ...]:
    if form == _UNTOLD:
        if place:
            raise FrameError("an area without its form", code="bad-area")
        return ()
    if form == _CIRCLE:
        return (AffectedArea("", circles=(_unpacked(place),)),)
    return (AffectedArea("", geocodes=(Geocode(_SYSTEMS[form - 1], from_bcd(place)),)),)


def _packed(circle: Circle) -> int:
    """A circle in 48 bits: latitude 20, longitude 21, radius 7 (0.1 km × 1.13^n), never smaller than it was."""
    latitude = round((circle.centre[0] + 90) / 180 * _LAT_STEPS)
    longitude = round((circle.centre[1] + 180) / 360 * _LON_STEPS)
    place = latitude << 28 | longitude << 7
    # One that these bits mean already is itself; any other grows by the cell that its centre may have moved in.
    same = place | _step(circle.radius_km, round)
    return same if _unpacked(same) == circle else place | _step(circle.radius_km + _CELL_KM, ceil)


def _step(radius_km: float, whole: Callable[[float], int]) -> int:
    steps = log(max(radius_km, _RADIUS_KM) / _RADIUS_KM, _RADIUS_GROWTH)
    return min(whole(steps), _RADIUS_STEPS)


def _unpacked(place: int) -> Circle:
    latitude = round((place >> 28) / _LAT_STEPS * 180 - 90, 4)
    longitude = round((place >> 7 & _LON_STEPS) / _LON_STEPS * 360 - 180, 4)
    return Circle((latitude, longitude), round(_RADIUS_KM * _RADIUS_GROWTH ** (place & _RADIUS_STEPS), 2))


def _settled(area: AffectedArea) -> AffectedArea:
    """An area as figures say it: a lone circle becomes the one that its 48 bits mean."""
    place = _place((area,))
    return _areas(*place)[0] if place else area
