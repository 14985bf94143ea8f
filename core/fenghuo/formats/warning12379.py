"""The 12379 dialect in: shaped like CAP and not CAP. Its colours, codes and metres become ours; its list of methods is kept as hints.

Source: wire-formats.md §4.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from lxml import etree

from fenghuo.errors import CapError
from fenghuo.formats.cap_envelope import (
    MAX_INFOS,
    action_of,
    fact,
    fact_instant,
    fact_word,
    references_of,
    refuse_masses,
    refuse_nested,
    refuse_placeholder,
    traffic_of,
)
from fenghuo.formats.cap_geometry import read_circle, read_polygon
from fenghuo.formats.cap_info import MAX_AREAS, MAX_GEOCODES, InfoReader
from fenghuo.formats.cap_notes import Notes
from fenghuo.formats.cap_part import Part
from fenghuo.formats.cap_values import note_offset, octets_in, read_instant, word_in
from fenghuo.formats.cap_words import URGENCIES
from fenghuo.formats.ring_mending import mend_rings
from fenghuo.formats.verdicts import SourceDefaults
from fenghuo.formats.warning12379_words import COLOUR_WORDS, COLOURS, EVENTS, WORDS, category_of
from fenghuo.formats.xml_gate import element_name
from fenghuo.model.message import AffectedArea, Circle, Content, Geocode, Info, Parameter, Resource, Ring, Scope
from fenghuo.model.traffic import Kind

__all__ = ["CODES", "read_12379"]

CODES = "CPEAS Geographic Code"
"""The dialect names no system: its twelve digits are GB/T 2260 and six more, what the national feed calls by this name (§4.3)."""

INNER = "Inner"
NORMAL_TIME = "time-form"
METRES = 1_000.0
_JOINERS = str.maketrans("，、；;", ",,,,")


def read_12379(alert: etree._Element, notes: Notes, defaults: SourceDefaults) -> Content:
    """The content of one alert of the dialect; what was repaired or found goes to `notes`. Raises: CapError, as read_cap."""
    namespace, name = element_name(alert)
    refuse_nested(alert)
    part = Part(alert, "/alert", notes, namespace, words=WORDS)
    traffic = traffic_of(part, name)
    if "scope" in part:
        fact_word(part, "scope", ("Public",))
    # A triple names the unit as it calls itself, and never by the code that is its sender here; the identifier begins with that.
    references = tuple(msgspec.structs.replace(one, sender="") for one in references_of(part, defaults, bare=True))
    hints = tuple(_hints(part))
    infos = tuple(_InfoReader(one, defaults).info() for one in part.parts("info", MAX_INFOS))
    refuse_masses(infos)
    infos = mend_rings(infos, notes)
    infos = tuple(msgspec.structs.replace(info, parameters=(*hints, *info.parameters)) for info in infos)
    is_inner = part.text("secClassification") == INNER
    content = Content(
        kind=Kind.ALERT,
        action=action_of(part, references, infos),
        traffic=traffic,
        sender=_sender(part),
        identifier=fact(part, "identifier"),
        sent=fact_instant(part, "sendTime", defaults, usual=NORMAL_TIME),
        scope=Scope.RESTRICTED if is_inner else Scope.PUBLIC,
        restriction="内部" if is_inner else "",
        note=part.text("note"),
        source=part.text("sender"),
        references=references,
        infos=infos,
    )
    refuse_placeholder(traffic, notes)
    return content


def _sender(part: Part) -> str:
    """The unit's code, which is the same in every message, where its name may be written in many ways. Both must be there."""
    fact(part, "sender")
    code = fact(part, "senderCode")
    if not (code.isascii() and code.isdigit() and len(code) in (11, 14)):
        part.notes.find("invalid-characters", f"/alert/senderCode is {code[:40]!r}, not 14 (or 11) digits")
    return code


def _hints(part: Part) -> Iterator[Parameter]:
    """How the issuer wishes it to be said, by method: our rules still decide."""
    yield Parameter("senderName", part.text("sender"))
    for code in part.parts("code"):
        for method in code.parts("method"):
            name = method.text("methodName")
            if name:
                yield Parameter(f"method:{name}", method.text("message"))


class _InfoReader(InfoReader):
    """Reads one info of the dialect."""

    def info(self) -> Info:
        part = self._part
        code = self._event()
        colour = self._colour()
        if not code:
            self._notes.find("invalid-sequence", f"{part.path}/eventType is missing")
        return Info(
            language=part.text("language") or "zh-CN",
            categories=(category_of(code),),
            event=EVENTS.get(code, code),
            urgency=word_in(part, "urgency", URGENCIES),
            severity=COLOURS[colour],
            certainty=self._certainty(),
            colour="" if colour == "Unknown" else colour,
            event_codes=(Geocode("12379", code),) if code else (),
            effective=self._when("effective"),
            onset=self._when("onset"),
            expires=self._when("expires"),
            sender_name=part.text("senderName"),
            headline=self._shown(part, "headline"),
            description=self._shown(part, "description"),
            instruction=self._shown(part, "instruction"),
            web=part.text("web"),
            resources=tuple(_resource(one) for one in part.parts("resource")),
            areas=tuple(self._place(one) for one in part.parts("area", MAX_AREAS)),
        )

    def _colour(self) -> str:
        """Severity is a colour here, in whatever words."""
        if (said := self._part.text("severity")) in COLOUR_WORDS:
            self._notes.repair("alias-value", self._part.where("severity"))
            return COLOUR_WORDS[said]
        return word_in(self._part, "severity", tuple(COLOURS))

    def _event(self) -> str:
        """The code of the event, whose letter is a capital."""
        code = self._part.text("eventType")
        if code != code.upper():
            self._notes.repair("alias-value", self._part.where("eventType"))
        return code.upper()

    def _when(self, name: str) -> datetime | None:
        """An instant with a space in it, which is the normal form; an empty one is absent."""
        text = self._part.text(name)
        if not text:
            return None
        at, repair = read_instant(text, chinese=bool(self._defaults.chinese))
        where = self._part.where(name)
        if at is None:
            self._notes.repair("unreadable-time", where)
            self._notes.find("time-order", f"{where} is {text[:40]!r}, not an instant")
        elif repair and repair != NORMAL_TIME:
            self._notes.repair(repair, where)
        note_offset(text, where, self._notes)
        return at

    def _place(self, part: Part) -> AffectedArea:
        rings: list[Ring] = []
        for text, path in part.texts("polygon"):
            rings += read_polygon(self._filled_in(text, path), path, self._notes) if text else ()
        circles = [read_circle(self._filled_in(text, path), path, self._notes) for text, path in part.texts("circle") if text]
        return AffectedArea(
            description=self._shown(part, "areaDesc"),
            polygons=tuple(rings),
            circles=tuple(Circle(circle.centre, circle.radius_km / METRES) for circle in circles if circle),
            geocodes=self._listed_codes(part),
        )

    def _listed_codes(self, part: Part) -> tuple[Geocode, ...]:
        """Codes joined by commas, which is the normal form; each once."""
        system = self._defaults.geocode_systems.get(CODES, CODES)
        codes: list[Geocode] = []
        for text, path in part.texts("geocode"):
            said = self._filled_in(text, path)
            joined = said.translate(_JOINERS)
            values = [value.strip() for value in joined.split(",")]
            if joined != said:
                self._notes.repair("geocode-split", path)
            codes += [Geocode(system, self._code(value, path)) for value in values if value]
        if len(codes) > MAX_GEOCODES:
            raise CapError(f"one area has {len(codes)} codes; at most {MAX_GEOCODES} are taken", code="limit", where=part.path)
        unique = tuple(dict.fromkeys(codes))
        if len(unique) != len(codes):
            self._notes.repair("geocode-repeat", part.where("geocode"))
        return unique


def _resource(part: Part) -> Resource:
    """An attachment: a file beside the message, named by its description."""
    return Resource(description=part.text("resourceDesc"), size=octets_in(part, "size"), digest=part.text("digest") or None)
