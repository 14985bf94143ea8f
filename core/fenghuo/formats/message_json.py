"""Our own JSON for dispatch orders (调度指令) and reports (信息报送): one flat object, read and written here alone."""

from __future__ import annotations

import codecs
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from fenghuo.errors import FormatError
from fenghuo.formats.hidden import HIDDEN_CHARACTER, without_hidden
from fenghuo.formats.json_faults import lone_surrogate, repeated_key
from fenghuo.formats.verdicts import Decoded, SourceDefaults, accepted, refused
from fenghuo.model.area import AreaRef
from fenghuo.model.attachment import MOST_ATTACHMENTS
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import AffectedArea, Content, Geocode, Info, Message, Reference, Resource
from fenghuo.model.traffic import Action, Kind, Priority, Traffic

__all__ = ["MAX_OCTETS", "UNSENT", "AttachmentJson", "MessageJson", "read_message", "schema", "write_message"]

MAX_OCTETS = 4 * 1024 * 1024
"""Longest document, octets. Source: wire-formats.md §1.3."""

UNSENT = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for `sent` where neither the text nor the caller gave one; intake puts the instant of receipt there."""

_LONGEST_S = 10 * 366 * 86400
"""Longest duration taken, seconds: ten years. Past it a figure is a slip (milliseconds for seconds)."""

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Seconds = Annotated[float, Meta(gt=0, le=_LONGEST_S)]
_Instant = Annotated[datetime, Meta(tz=True)]


class AttachmentJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What goes with the text and was uploaded before. `digest`: SHA-256 of its octets in hex, as the upload was answered; `name`: what
    people call it; `media_type`: for example `image/jpeg`."""

    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    name: Annotated[str, Meta(min_length=1, max_length=200)] = "attachment"
    media_type: Annotated[str, Meta(pattern="^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,90}$")] = "application/octet-stream"


class MessageJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """An order or a report as people and programs write it; only `to` and `text` must be there.

    `to`: audiences (`person:ID`, `org:ID`, `area:SYSTEM:CODE`, `group:NAME`, `role:ID`). `via`: only by these channels. `needed`:
    evidence by name, ACCEPTED or more. `expires`: an instant with zone, or `expires_s`: seconds after `sent`. `deadline_s`: seconds until
    `needed` must be reached. `areas`: `mca:320585110`, `nbs:…`. `reference`: the id of the message that an Update or a Cancel is about.
    `attachments`: pictures and the like, each uploaded before.
    """

    to: Annotated[tuple[_Name, ...], Meta(min_length=1, max_length=1000)]
    text: Annotated[str, Meta(min_length=1, max_length=8000)]
    kind: Literal["Dispatch", "Report"] = "Dispatch"
    subject: Annotated[str, Meta(max_length=500)] = ""
    action: Literal["New", "Update", "Cancel"] = "New"
    reference: Annotated[str, Meta(max_length=200)] = ""
    priority: Literal["P0", "P1", "P2", "P3", "P4"] | None = None
    traffic: Literal["Actual", "Exercise", "System", "Test"] = "Actual"
    via: Annotated[tuple[_Name, ...], Meta(max_length=32)] = ()
    needed: Annotated[str, Meta(pattern="^(ACCEPTED|AIRED|RELAYED|DEVICE|HUMAN|DONE)$")] | None = None
    expires: _Instant | None = None
    expires_s: _Seconds | None = None
    deadline_s: _Seconds | None = None
    areas: Annotated[tuple[_Name, ...], Meta(max_length=1000)] = ()
    sender: Annotated[str, Meta(max_length=200)] = ""
    identifier: Annotated[str, Meta(max_length=200)] = ""
    sent: _Instant | None = None
    attachments: Annotated[tuple[AttachmentJson, ...], Meta(max_length=MOST_ATTACHMENTS)] = ()


_RIGHT = {
    "to": 'a list of 1 to 1000 audiences, for example ["area:mca:320585110"]',
    "text": "a text of 1 to 8000 characters",
    "kind": "Dispatch or Report",
    "subject": "a text of at most 500 characters",
    "action": "New, Update or Cancel",
    "reference": "the id of the message that an Update or a Cancel is about",
    "priority": "one of P0, P1, P2, P3, P4",
    "traffic": "one of Actual, Exercise, System, Test",
    "via": 'a list of at most 32 channel names, for example ["sms-a"]',
    "needed": "one of ACCEPTED, AIRED, RELAYED, DEVICE, HUMAN, DONE",
    "expires": "an instant with zone, for example 2026-07-15T20:00:00+08:00",
    "expires_s": "a number of seconds above 0 and at most ten years",
    "deadline_s": "a number of seconds above 0 and at most ten years",
    "areas": 'a list of areas with their code system, for example ["mca:320585110"]',
    "sender": "a text of at most 200 characters",
    "identifier": "a text of at most 200 characters",
    "sent": "an instant with zone, for example 2026-07-15T08:00:00+08:00",
    "attachments": f'at most {MOST_ATTACHMENTS} objects such as {{"digest": 64 hex digits, "name": "a.jpg", "media_type": "image/jpeg"}}',
}

_decoder = msgspec.json.Decoder(MessageJson)
_encoder = msgspec.json.Encoder()
_PLACE = re.compile(r"at `\$\.?(\w+)?[^`]*`$")
_NAMED = re.compile(r"(missing required|unknown) field `([^`]*)`")
_NESTED = ("attachments",)
"""Fields that hold objects: a fault inside is told with all that the field must be."""
_PRIORITIES: dict[str | None, Priority | None] = {None: None, **{level.name: level for level in Priority}}
_GOOD = (Verdict("wellformed", "yes", True, "JSON"), Verdict("schema", "valid", True), Verdict("signature", "none", True))
_UNREADABLE = (Verdict("wellformed", "no", False),)
_INVALID = (Verdict("wellformed", "yes", True, "JSON"), Verdict("schema", "invalid", False))
_NO_DEFAULTS = SourceDefaults()
_ROOT = "$."
_FIELDS = {"$.info[1]/headline": "$.subject", "$.info[1]/description": "$.text"}
"""Where our fields stand in the content that every format becomes."""
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Everything that the library raises on octets that are no JSON."""


def read_message(raw: bytes, *, defaults: SourceDefaults = _NO_DEFAULTS) -> Decoded:
    """Read one order or report; never raises. What is wrong is said in one sentence: the field, its value, what would be right."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        if len(raw) > MAX_OCTETS:
            raise FormatError(f"the document has {len(raw)} octets; at most {MAX_OCTETS} are read", code="too-large")
        order = _decoder.decode(raw)
        if twice := repeated_key(raw):
            raise FormatError(
                f"field {twice} is there more than once; which of them counts cannot be known", code="bad-field", where=f"$.{twice}"
            )
        return _without_hidden(_content(order, defaults.received))
    except msgspec.ValidationError as error:
        return _explained(raw, str(error))
    except _NOT_JSON as error:
        return _unreadable(raw, error)
    except FormatError as error:
        return refused(error, _INVALID)


def _without_hidden(content: Content) -> Decoded:
    """The order as it may be shown. Raises: FormatError: a name holds a hidden character, or the text is made of nothing else."""
    shown, hidden = without_hidden(content, root=_ROOT)
    if not shown.infos[0].description.strip():
        raise _bad("text", content.infos[0].description)
    return accepted(shown, _GOOD, tuple(f"{HIDDEN_CHARACTER} at {_FIELDS.get(path, path)}" for path in hidden))


def write_message(message: Message) -> bytes:
    """The order or report as JSON that read_message() reads back to the same content. UTF-8, byte-stable."""
    content, info = message.content, message.content.infos[0] if message.content.infos else Info()
    codes = tuple(f"{code.system}:{code.value}" for area in info.areas for code in area.geocodes)
    return _encoder.encode(
        MessageJson(
            to=content.to,
            text=info.description,
            kind="Report" if content.kind is Kind.REPORT else "Dispatch",
            subject=info.headline,
            action=_ACTION_WORDS.get(content.action, "New"),
            reference=content.references[0].identifier if content.references else "",
            priority=_priority_word(content.priority),
            traffic=content.traffic.value,
            via=content.via,
            needed=content.needed,
            expires=info.expires,
            deadline_s=content.deadline_s,
            areas=codes,
            sender=content.sender,
            identifier=content.identifier,
            sent=None if content.sent == UNSENT else content.sent,
            attachments=tuple(
                AttachmentJson(digest=one.blob, name=one.description, media_type=one.mime_type) for one in info.resources if one.blob
            ),
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of an order or a report."""
    return msgspec.json.schema(MessageJson)


_ACTION_WORDS: dict[Action, Literal["New", "Update", "Cancel"]] = {Action.UPDATE: "Update", Action.CANCEL: "Cancel"}


def _content(order: MessageJson, received: datetime | None) -> Content:
    """The content of an order that is well-formed field by field. Raises: FormatError where fields contradict each other."""
    if not order.text.strip():
        raise _bad("text", order.text)
    if order.action != "New" and not order.reference:
        raise FormatError(
            f"field action is {order.action!r}, so field reference must be there: {_RIGHT['reference']}",
            code="bad-field",
            where="$.reference",
        )
    sent = order.sent or received or UNSENT
    return Content(
        kind=Kind(order.kind),
        action=Action(order.action),
        traffic=Traffic(order.traffic),
        sender=order.sender,
        identifier=order.identifier,
        sent=sent,
        references=(Reference(order.reference),) if order.reference else (),
        infos=(
            Info(
                headline=order.subject,
                description=order.text,
                expires=_expiry(order, sent),
                resources=tuple(Resource(one.name, one.media_type, blob=one.digest) for one in order.attachments),
                areas=_areas(order.areas),
            ),
        ),
        priority=_PRIORITIES[order.priority],
        to=order.to,
        via=order.via,
        needed=order.needed,
        deadline_s=order.deadline_s,
    )


def _expiry(order: MessageJson, sent: datetime) -> datetime | None:
    """When it ends. Raises: FormatError if both an instant and a duration were given."""
    if order.expires is None:
        return None if order.expires_s is None else _later(sent, order.expires_s)
    if order.expires_s is not None:
        raise FormatError("at most one of the fields expires and expires_s may be there", code="bad-field", where="$.expires_s")
    return order.expires


def _later(sent: datetime, duration_s: float) -> datetime:
    try:
        return sent + timedelta(seconds=duration_s)
    except OverflowError as error:
        raise _bad("expires_s", duration_s) from error


def _areas(names: tuple[str, ...]) -> tuple[AffectedArea, ...]:
    """One area with all the codes named. Raises: FormatError for a code without its system."""
    if not names:
        return ()
    try:
        refs = [AreaRef.parse(name) for name in names]
    except ValueError as error:
        raise FormatError(f"field areas: {error}", code="bad-field", where="$.areas") from error
    return (AffectedArea("", geocodes=tuple(Geocode(ref.system.value, ref.code) for ref in refs)),)


def _explained(raw: bytes, message: str) -> Decoded:
    """The library's complaint as a sentence with field, value and what would be right. Only called when reading has failed."""
    try:
        document = msgspec.json.decode(raw)
    except _NOT_JSON as error:
        # The library reads as far as the first wrong field; what comes behind may not be JSON at all.
        return _unreadable(raw, error)
    return refused(_complaint(document, message), _INVALID)


def _complaint(document: Any, message: str) -> FormatError:
    place = _PLACE.search(message)
    named = None if place and place[1] in _NESTED else _NAMED.search(message)
    if named and named[1] == "unknown":
        return FormatError(f"field {named[2]} is not known; known are {', '.join(_RIGHT)}", code="bad-field", where=f"$.{named[2]}")
    if named:
        return FormatError(f"field {named[2]} is missing; it must be {_RIGHT[named[2]]}", code="bad-field", where=f"$.{named[2]}")
    field = place[1] if place else None
    if field not in _RIGHT or not isinstance(document, dict):
        return FormatError("the document must be one JSON object with at least the fields to and text", code="bad-field", where="$")
    return _bad(field, document.get(field))


def _unreadable(raw: bytes, error: Exception) -> Decoded:
    return refused(_no_json(raw, error), _UNREADABLE)


def _no_json(raw: bytes, error: Exception) -> FormatError:
    """What stands there instead of JSON, as far as it can be said."""
    if isinstance(error, RecursionError):
        return FormatError("this JSON is nested too deeply", code="too-deep")
    if raw.lstrip().startswith(b"<"):
        sentence = "this is XML, and was sent as application/json; an alert in CAP is sent as application/cap+xml"
        return FormatError(sentence, code="not-json")
    if found := lone_surrogate(raw):
        place = f"field {found.field}, octet {found.at}"
        sentence = f"{place} holds half a character ({found.written}); a pair of \\u escapes, or the character itself, would be right"
        return FormatError(sentence, code="not-json", where=f"$.{found.field}")
    return FormatError(f"this is not JSON: {error}", code="not-json")


def _bad(field: str, value: object) -> FormatError:
    shown = repr(value)
    short = shown if len(shown) <= 60 else shown[:57] + "..."
    return FormatError(f"field {field} is {short}; it must be {_RIGHT[field]}", code="bad-field", where=f"$.{field}")


def _priority_word(level: Priority | None) -> Literal["P0", "P1", "P2", "P3", "P4"] | None:
    return None if level is None else _LEVELS[level]


_LEVELS: dict[Priority, Literal["P0", "P1", "P2", "P3", "P4"]] = {
    Priority.P0: "P0",
    Priority.P1: "P1",
    Priority.P2: "P2",
    Priority.P3: "P3",
    Priority.P4: "P4",
}
