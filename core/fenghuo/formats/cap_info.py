"""The info and area of CAP: what is said, in one language, about which places. The envelope is cap.py's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from fenghuo.errors import CapError
from fenghuo.formats.cap_geometry import read_circle, read_polygon
from fenghuo.formats.cap_part import Part
from fenghuo.formats.cap_values import decimal, has_placeholder, instant_in, known_word, octets_in, word_in
from fenghuo.formats.cap_words import CATEGORIES, CERTAINTIES, RESPONSE_TYPES, SEVERITIES, URGENCIES
from fenghuo.formats.verdicts import SourceDefaults
from fenghuo.model.message import AffectedArea, Geocode, Info, Parameter, Resource, Ring

__all__ = ["InfoReader"]

# Source of the figures: wire-formats.md §1.3, above the largest real file.
MAX_AREAS = 1_000
MAX_GEOCODES = 5_000
_COLOUR_NAMES = {"colour", "color", "预警颜色", "颜色"}
_COLOUR_IN_TEXT = re.compile(r"([红橙黄蓝])色|\b(red|orange|yellow|blue) (?:warning|alert|signal)", re.IGNORECASE)
_COLOURS = {"红": "Red", "橙": "Orange", "黄": "Yellow", "蓝": "Blue", "red": "Red", "orange": "Orange", "yellow": "Yellow", "blue": "Blue"}
_CODE_LIST = re.compile(r"[\w.-]+(?:\s?[,，]\s?[\w.-]+)+[,，]?")
_BETWEEN_CODES = re.compile(r"\s?[,，]\s?")


class InfoReader:
    """Reads one info; it knows the source's defaults, so that they need not be handed through every call."""

    def __init__(self, part: Part, defaults: SourceDefaults) -> None:
        self._part = part
        self._notes = part.notes
        self._defaults = defaults

    def info(self) -> Info:
        """The whole info, enumerated values in CAP's own words."""
        part = self._part
        parameters = tuple(Parameter(name, value) for name, value in self._pairs(part, "parameter"))
        event_codes = tuple(Geocode(name, value) for name, value in self._pairs(part, "eventCode") if value)
        headline, event = part.text("headline"), part.text("event")
        return Info(
            language=part.text("language") or "en-US",
            categories=self._categories(),
            event=event,
            response_types=self._words("responseType", RESPONSE_TYPES),
            urgency=word_in(part, "urgency", URGENCIES),
            severity=word_in(part, "severity", SEVERITIES),
            certainty=self._certainty(),
            colour=_colour(parameters, event_codes, headline, event),
            audience=part.text("audience"),
            event_codes=event_codes,
            effective=self._instant("effective"),
            onset=self._instant("onset"),
            expires=self._instant("expires"),
            sender_name=part.text("senderName"),
            headline=self._shown(part, "headline"),
            description=self._shown(part, "description"),
            instruction=self._shown(part, "instruction"),
            web=part.text("web"),
            contact=part.text("contact"),
            parameters=parameters,
            resources=tuple(_resource(one) for one in part.parts("resource")),
            areas=tuple(self._area(one) for one in part.parts("area", MAX_AREAS)),
        )

    def _instant(self, name: str) -> datetime | None:
        return instant_in(self._part, name, chinese=bool(self._defaults.chinese))

    def _shown(self, part: Part, name: str) -> str:
        """A text that the public sees."""
        return self._filled_in(part.text(name), part.where(name))

    def _filled_in(self, text: str, path: str) -> str:
        """The text as it is; template text in it is a finding, and for an actual message the end."""
        if has_placeholder(text):
            self._notes.find("placeholder", f"{path} holds {text[:40]!r}")
        return text

    def _words(self, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
        """Words of a repeated element; strangers are dropped with a finding."""
        self._part.note_padding(name)
        words = (known_word(text, path, allowed, self._notes) for text, path in self._part.texts(name) if text)
        return tuple(dict.fromkeys(word for word in words if word))

    def _categories(self) -> tuple[str, ...]:
        found = self._words("category", CATEGORIES)
        if not found:
            self._notes.repair("missing-category", f"{self._part.path}/category")
        return found or ("Other",)

    def _certainty(self) -> str:
        """Certainty; `Very Likely` of CAP 1.0 is Likely, and a finding."""
        text = self._part.text("certainty")
        if text.replace(" ", "").casefold() != "verylikely":
            return word_in(self._part, "certainty", CERTAINTIES)
        self._notes.repair("alias-value", self._part.where("certainty"))
        self._notes.find("deprecated", f"{self._part.where('certainty')} is {text!r}, since CAP 1.1 Likely")
        return "Likely"

    def _pairs(self, part: Part, name: str, limit: int | None = None) -> list[tuple[str, str]]:
        """valueName and value; CAP 1.0 wrote `name=value` in one text."""
        pairs: list[tuple[str, str]] = []
        for one in part.parts(name, limit):
            left, equals, right = one.own_text.partition("=")
            old = "valueName" not in one and "value" not in one
            pair = ((left, right) if equals else ("", left)) if old else (one.text("valueName"), one.text("value"))
            pairs.append(pair)
        return pairs

    def _area(self, part: Part) -> AffectedArea:
        rings: list[Ring] = []
        for text, path in part.texts("polygon"):
            rings += read_polygon(self._filled_in(text, path), path, self._notes)
        circles = [read_circle(self._filled_in(text, path), path, self._notes) for text, path in part.texts("circle")]
        return AffectedArea(
            description=self._shown(part, "areaDesc"),
            polygons=tuple(rings),
            circles=tuple(circle for circle in circles if circle),
            geocodes=self._geocodes(part),
            altitude_ft=decimal(part, "altitude"),
            ceiling_ft=decimal(part, "ceiling"),
        )

    def _geocodes(self, part: Part) -> tuple[Geocode, ...]:
        """Every code once, under the name of its system: the source's, or ours where the settings say which it is."""
        codes: list[Geocode] = []
        for index, (name, text) in enumerate(self._pairs(part, "geocode", MAX_GEOCODES)):
            path = part.where("geocode", index)
            self._filled_in(text, path)
            if not text:
                self._notes.find("empty-geocode", f"{path} has no value")
                continue
            values = [text]
            if _CODE_LIST.fullmatch(text):
                self._notes.repair("geocode-split", path)
                values = [value for value in _BETWEEN_CODES.split(text) if value]
            system = self._defaults.geocode_systems.get(name, name)
            codes += [Geocode(system, self._code(value, path)) for value in values]
        if len(codes) > MAX_GEOCODES:
            raise CapError(f"one area has {len(codes)} codes; at most {MAX_GEOCODES} are taken", code="limit", where=part.path)
        unique = tuple(dict.fromkeys(codes))
        if len(unique) != len(codes):
            self._notes.repair("geocode-repeat", part.where("geocode"))
        return unique

    def _code(self, value: str, path: str) -> str:
        """Fourteen digits that end in 00 are twelve. Source: wire-formats.md §1.4, geocode-14."""
        if len(value) != 14 or not value.isdigit() or not value.endswith("00"):
            return value
        self._notes.repair("geocode-14", path)
        return value[:12]


def _resource(part: Part) -> Resource:
    """An attachment; embedded octets stay in the raw document."""
    return Resource(
        description=part.text("resourceDesc"),
        mime_type=part.text("mimeType"),
        size=octets_in(part, "size"),
        uri=part.text("uri") or None,
        digest=part.text("digest") or None,
    )


def _colour(parameters: tuple[Parameter, ...], codes: tuple[Geocode, ...], headline: str, event: str) -> str:
    """The issuer's colour: Red, Orange, Yellow, Blue or empty. Never derived from severity. Source: wire-formats.md §4.1."""
    named = [one.value for one in parameters if one.name.casefold() in _COLOUR_NAMES]
    named += [code.value for code in codes if code.system.casefold() in _COLOUR_NAMES]
    for text in named:
        colour = _COLOURS.get(text.strip().casefold().removesuffix("色"), "")
        if colour:
            return colour
    found = _COLOUR_IN_TEXT.search(headline) or _COLOUR_IN_TEXT.search(event)
    return _COLOURS[(found[1] or found[2]).casefold()] if found else ""
