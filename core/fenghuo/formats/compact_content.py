"""The records of a message in the compact frame: which fields, in which order. Source: docs/compact-frame.md §5."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from fenghuo.errors import FrameError
from fenghuo.formats.compact_area import AREAS, Code
from fenghuo.formats.compact_event import (
    CATEGORY_FIELD,
    CERTAINTY_FIELD,
    COLOUR_FIELD,
    LANGUAGE_FIELD,
    RESPONSE_FIELD,
    SEVERITY_FIELD,
    URGENCY_FIELD,
)
from fenghuo.formats.compact_fields import Count, Figure, Many, Record, Sink, Source, Text
from fenghuo.formats.compact_time import Later, Sent
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Content, Geocode, Info, Parameter, Reference, Resource, Scope
from fenghuo.model.traffic import Action, Kind, Priority, Traffic

__all__ = ["ENVELOPE", "INFO", "Envelope", "content_of", "envelope_of"]

_TEXT = Text()
_TEXTS = Many(_TEXT, most=1_000)
_SIZE = Count(12, 1 << 40)


class _ScopeField:
    """Two bits; there is no fourth scope."""

    _scopes = tuple(Scope)

    def put(self, sink: Sink, value: Scope) -> None:
        sink.bits.put(self._scopes.index(value), 2)

    def take(self, source: Source) -> Scope:
        number = source.bits.take(2)
        if number >= len(self._scopes):
            raise FrameError(f"scope {number} is not known", code="bad-value")
        return self._scopes[number]


class _NeededField:
    """Evidence by its number, three bits."""

    def put(self, sink: Sink, value: str) -> None:
        if value not in Evidence.__members__:
            raise FrameError(f"{value[:20]!r} is no evidence", code="not-carried")
        sink.bits.put(Evidence[value], 3)

    def take(self, source: Source) -> str:
        number = source.bits.take(3)
        if number > Evidence.DONE:
            raise FrameError(f"evidence {number} is not known", code="bad-value")
        return Evidence(number).name


class _PriorityField:
    _number = Count(1, Priority.P4)

    def put(self, sink: Sink, value: Priority) -> None:
        self._number.put(sink, value)

    def take(self, source: Source) -> Priority:
        return Priority(self._number.take(source))


class _PairField:
    """A name and a value that may be a code in digits."""

    _code = Code()

    def put(self, sink: Sink, value: Geocode) -> None:
        sink.texts.text(value.system)
        self._code.put(sink, value.value)

    def take(self, source: Source) -> Geocode:
        return Geocode(source.texts.text(), self._code.take(source))


PARAMETER = Record(Parameter, Parameter("", ""), (("name", _TEXT), ("value", _TEXT)))

RESOURCE = Record(
    Resource,
    Resource(""),
    (
        ("description", _TEXT),
        ("mime_type", _TEXT),
        ("size", _SIZE),
        ("uri", _TEXT),
        ("digest", _TEXT),
        ("blob", _TEXT),
    ),
)

REFERENCE = Record(Reference, Reference(""), (("identifier", _TEXT), ("sender", _TEXT), ("sent", Later())))

INFO = Record(
    Info,
    Info(),
    (
        ("language", LANGUAGE_FIELD),
        ("categories", CATEGORY_FIELD),
        ("event", _TEXT),
        ("response_types", RESPONSE_FIELD),
        ("urgency", URGENCY_FIELD),
        ("severity", SEVERITY_FIELD),
        ("certainty", CERTAINTY_FIELD),
        ("colour", COLOUR_FIELD),
        ("audience", _TEXT),
        ("event_codes", Many(_PairField(), most=100)),
        ("effective", Later()),
        ("onset", Later()),
        ("expires", Later()),
        ("sender_name", _TEXT),
        ("headline", _TEXT),
        ("description", _TEXT),
        ("instruction", _TEXT),
        ("web", _TEXT),
        ("contact", _TEXT),
        ("parameters", Many(PARAMETER, order=1, most=1_000)),
        ("resources", Many(RESOURCE, most=1_000)),
        ("areas", AREAS),
    ),
)
"""What is said in one language."""


class _Infos:
    """Infos one after the other; what a later one repeats of the one before costs a bit."""

    _count = Count(0, 32)

    def put(self, sink: Sink, value: tuple[Info, ...]) -> None:
        self._count.put(sink, len(value))
        for before, info in zip((None, *value), value, strict=False):
            INFO.put_after(sink, info, before)

    def take(self, source: Source) -> tuple[Info, ...]:
        infos: list[Info] = []
        for _ in range(self._count.take(source)):
            infos.append(INFO.take_after(source, infos[-1] if infos else None))
        return tuple(infos)


_UNSENT = datetime(1970, 1, 1, tzinfo=UTC)


class Envelope(msgspec.Struct, frozen=True):
    """A content without kind, action and traffic, which stand in the head."""

    sent: datetime = _UNSENT
    sender: str = ""
    identifier: str = ""
    scope: Scope = Scope.PUBLIC
    restriction: str = ""
    addresses: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    note: str = ""
    source: str = ""
    references: tuple[Reference, ...] = ()
    incidents: tuple[str, ...] = ()
    priority: Priority | None = None
    to: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    needed: str | None = None
    deadline_s: float | None = None
    infos: tuple[Info, ...] = ()


ENVELOPE = Record(
    Envelope,
    Envelope(),
    (
        ("sent", Sent()),
        ("sender", _TEXT),
        ("identifier", _TEXT),
        ("scope", _ScopeField()),
        ("restriction", _TEXT),
        ("addresses", _TEXTS),
        ("codes", _TEXTS),
        ("note", _TEXT),
        ("source", _TEXT),
        ("references", Many(REFERENCE, most=100)),
        ("incidents", _TEXTS),
        ("priority", _PriorityField()),
        ("to", _TEXTS),
        ("via", _TEXTS),
        ("needed", _NeededField()),
        ("deadline_s", Figure()),
        ("infos", _Infos()),
    ),
)
"""A whole content."""


def envelope_of(content: Content) -> Envelope:
    """What the body says of a content."""
    return Envelope(**{name: getattr(content, name) for name in Envelope.__struct_fields__})


def content_of(envelope: Envelope, meaning: tuple[Kind, Action], traffic: Traffic) -> Content:
    """The content again, with what the head says."""
    fields = {name: getattr(envelope, name) for name in Envelope.__struct_fields__}
    return Content(kind=meaning[0], action=meaning[1], traffic=traffic, **fields)
