"""CAP 1.2 as we write it: strictly valid, in schema order, the same model always to the same bytes. Source: wire-formats.md §5."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from fenghuo.clock import instant
from fenghuo.formats.cap_words import CATEGORIES, CERTAINTIES, RESPONSE_TYPES, SEVERITIES, URGENCIES
from fenghuo.formats.wording import BEIJING
from fenghuo.model.message import AffectedArea, Circle, Geocode, Info, Message, Parameter, Resource, Ring, Scope
from fenghuo.model.traffic import Action, Kind

__all__ = ["OUR_PARAMETERS", "identifier_of", "write_cap"]

OUR_PARAMETERS = frozenset({"colour", "eventCode12379", "firstMessage", "traffic"})
"""Parameters that carry what CAP has no field for; we write them, so a source's own of the same name give way."""

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_MESSAGE_TYPES = {Action.NEW: "Alert", Action.UPDATE: "Update", Action.CANCEL: "Cancel", Action.ACK: "Ack", Action.ERROR: "Error"}
_KIND_EVENTS = {Kind.ALERT: "预警", Kind.DISPATCH: "调度指令", Kind.REPORT: "信息报送", Kind.REPLY: "回执"}
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = {"\r": "&#13;"}
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_PCHAR = r"(?:[\w!$&'()*+,.;=@~:-]|%[0-9A-Fa-f]{2})"
# A colon only behind a scheme or a slash, a host without brackets, its port of digits, one fragment. Source: RFC 3986 §4.1, Appendix A.
_URI = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:|(?![^/?#]*:))(?://[\w.~-]+(?::[0-9]+)?(?=[/?#]|\Z)|(?!//))"
    rf"(?:{_PCHAR}|/)*(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?",
    re.ASCII,
)
_EVENT_CODE_12379 = re.compile(r"[1-4][0-9][A-Z][0-9]{2}")

# The smallest circle, km, that stands for a ring which four decimals (11 m) shrink to a line or a point.
_DOT_KM = 0.02


def write_cap(message: Message, *, node: str, sender: str, earlier: Sequence[Message] = ()) -> bytes:
    """The message as CAP 1.2: UTF-8 without a byte-order mark, +08:00, Chinese first, every ring closed, every info with its end.

    `earlier`: the revisions before this one, for exact references; without them the times come from the source's own references.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<alert xmlns="{_NAMESPACE}">']
    lines += _indented(_envelope(message, node, sender, earlier))
    for info in sorted(message.content.infos, key=_language_rank):
        lines += _indented(_element("info", _info(info, message, node)))
    lines.append("</alert>")
    return ("\n".join(lines) + "\n").encode()


def identifier_of(node: str, message_id: str, revision: int) -> str:
    """Our identifier of one revision."""
    return f"{node}-{message_id}-{revision}"


def _envelope(message: Message, node: str, sender: str, earlier: Sequence[Message]) -> list[str]:
    content = message.content
    restriction = content.restriction or "Restricted"
    return [
        _leaf("identifier", _plain(identifier_of(node, message.id, message.revision))),
        _leaf("sender", _plain(sender)),
        _leaf("sent", _time(_sent(message))),
        _leaf("status", message.traffic.value),
        _leaf("msgType", _MESSAGE_TYPES[message.action]),
        *_optional("source", content.source),
        _leaf("scope", content.scope.value),
        *_optional("restriction", restriction if content.scope is Scope.RESTRICTED else content.restriction),
        *_optional("addresses", " ".join(content.addresses)),
        *(_leaf("code", code) for code in content.codes),
        *_optional("note", content.note),
        *_optional("references", " ".join(_references(message, node, sender, earlier))),
        *_optional("incidents", " ".join(content.incidents)),
    ]


def _references(message: Message, node: str, sender: str, earlier: Sequence[Message]) -> list[str]:
    """Triples of the earlier revisions of this event as we sent them, oldest first; the source's own where we sent none."""
    if message.action is Action.NEW:
        return []
    if message.revision == 1:
        return [
            _triple(one.sender or message.content.sender or sender, one.identifier, one.sent or _sent(message))
            for one in message.content.references
        ]
    if earlier:
        known = [(revision.revision, _sent(revision)) for revision in sorted(earlier, key=lambda one: one.revision)]
    else:
        known = _earlier_revisions(message)
    return [_triple(sender, identifier_of(node, message.id, revision), at) for revision, at in known]


def _triple(sender: str, identifier: str, at: datetime) -> str:
    return f"{_plain(sender)},{_plain(identifier)},{_time(at)}"


def _plain(name: str) -> str:
    """A name without the characters that would break a triple apart. Source: CAP 1.2 §3.2.1, identifier and sender."""
    return re.sub(r"[\s,<&]", "_", name)


def _earlier_revisions(message: Message) -> list[tuple[int, datetime]]:
    """What the source's references tell of our earlier revisions: it names them in order, and we keep the source's times."""
    times = sorted(one.sent for one in message.content.references if one.sent) or [_sent(message)]
    first = max(1, message.revision - len(times))
    revisions = range(first, message.revision)
    return list(zip(revisions, times[-len(revisions) :], strict=True))


def _sent(message: Message) -> datetime:
    """The source's `sent`; the instant of acceptance where the source gave none."""
    return message.content.sent if message.content.sent.timestamp() else instant(message.accepted_at)


def _language_rank(info: Info) -> int:
    language = info.language.casefold()
    return 0 if language == "zh-cn" else 1 if language.startswith("zh") else 2


def _info(info: Info, message: Message, node: str) -> list[str]:
    return [
        _leaf("language", info.language if _LANGUAGE.fullmatch(info.language) else "und"),
        *(_leaf("category", word) for word in [word for word in info.categories if word in CATEGORIES] or ["Other"]),
        _leaf("event", info.event or info.headline or _KIND_EVENTS[message.kind]),
        *(_leaf("responseType", word) for word in info.response_types if word in RESPONSE_TYPES),
        _leaf("urgency", _word(info.urgency, URGENCIES)),
        _leaf("severity", _word(info.severity, SEVERITIES)),
        _leaf("certainty", "Likely" if info.certainty == "Very Likely" else _word(info.certainty, CERTAINTIES)),
        *_optional("audience", info.audience),
        *_each(_pair("eventCode", code.system, code.value) for code in info.event_codes),
        *_optional("effective", _time(info.effective)),
        *_optional("onset", _time(info.onset)),
        _leaf("expires", _time(info.expires or instant(message.expires_at))),
        *_optional("senderName", info.sender_name),
        *_optional("headline", info.headline),
        *_optional("description", info.description),
        *_optional("instruction", info.instruction),
        *_optional("web", _uri(info.web)),
        *_optional("contact", info.contact),
        *_each(_pair("parameter", one.name, one.value) for one in _parameters(info, message, node)),
        *_each(_element("resource", _resource(one)) for one in info.resources),
        *_each(_element("area", _area(one)) for one in info.areas),
    ]


def _parameters(info: Info, message: Message, node: str) -> list[Parameter]:
    code = next((code.value for code in info.event_codes if _EVENT_CODE_12379.fullmatch(code.value)), "")
    first = identifier_of(node, message.id, 1) if message.revision > 1 else ""
    ours = [("colour", info.colour), ("eventCode12379", code), ("firstMessage", first), ("traffic", message.traffic.value)]
    theirs = [one for one in info.parameters if one.name not in OUR_PARAMETERS]
    return [*theirs, *(Parameter(name, value) for name, value in ours if value)]


def _resource(resource: Resource) -> list[str]:
    return [
        _leaf("resourceDesc", resource.description),
        _leaf("mimeType", resource.mime_type or "application/octet-stream"),
        *_optional("size", "" if resource.size is None else str(resource.size)),
        *_optional("uri", _uri(resource.uri or "")),
        *_optional("digest", resource.digest or ""),
    ]


def _area(area: AffectedArea) -> list[str]:
    rings = [(ring, _ring(ring)) for ring in area.polygons]
    dots = [Circle(ring[0], _DOT_KM) for ring, text in rings if not text and ring]
    return [
        _leaf("areaDesc", area.description or "、".join(f"{code.system}:{code.value}" for code in area.geocodes)),
        *(_leaf("polygon", text) for _, text in rings if text),
        *(_leaf("circle", _circle(circle)) for circle in (*area.circles, *dots)),
        *_each(_pair("geocode", code.system or "unspecified", code.value) for code in _coded(area.geocodes)),
        *_optional("altitude", "" if area.altitude_ft is None else _number(area.altitude_ft)),
        *_optional("ceiling", "" if area.ceiling_ft is None else _number(area.ceiling_ft)),
    ]


def _coded(codes: Iterable[Geocode]) -> list[Geocode]:
    return [code for code in codes if code.value]


def _ring(ring: Ring) -> str:
    """A closed ring of at most four decimals without repeated points; empty if rounding leaves no surface."""
    points: list[str] = []
    for latitude, longitude in ring:
        point = f"{_number(latitude)},{_number(longitude)}"
        if not points or points[-1] != point:
            points.append(point)
    if points and points[-1] != points[0]:
        points.append(points[0])
    return " ".join(points) if len(points) >= 4 else ""


def _circle(circle: Circle) -> str:
    return f"{_number(circle.centre[0])},{_number(circle.centre[1])} {_number(circle.radius_km)}"


def _number(value: float) -> str:
    """At most four decimals, no exponent, no negative zero."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _time(at: datetime | None) -> str:
    return at.astimezone(BEIJING).isoformat(timespec="seconds") if at else ""


def _word(word: str, known: Sequence[str]) -> str:
    return word if word in known else "Unknown"


def _uri(text: str) -> str:
    """The address, unless it is none."""
    return text if _URI.fullmatch(text) else ""


def _leaf(tag: str, text: str) -> str:
    """An element with text; a carriage return is written so that it survives the reader, what no XML may hold is left out."""
    return f"<{tag}>{escape(_NOT_XML.sub('', text), _ENTITIES)}</{tag}>"


def _optional(tag: str, text: str) -> list[str]:
    return [_leaf(tag, text)] if text else []


def _pair(tag: str, name: str, value: str) -> list[str]:
    return _element(tag, [_leaf("valueName", name), _leaf("value", value)])


def _element(tag: str, lines: Iterable[str]) -> list[str]:
    return [f"<{tag}>", *_indented(lines), f"</{tag}>"]


def _each(elements: Iterable[list[str]]) -> list[str]:
    return [line for element in elements for line in element]


def _indented(lines: Iterable[str]) -> list[str]:
    return ["  " + line for line in lines]
