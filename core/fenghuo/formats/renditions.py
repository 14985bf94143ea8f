"""The forms a message takes on its way out: text for a telephone, text for a radio, JSON and CAP for machines.

Deterministic: the same message and budget give the same bytes. Never left out: the exercise mark (at both ends), what ends or
corrects, event, area, what to do, the short number. Source: wire-formats.md §10.
"""

from __future__ import annotations

import re

import msgspec

from fenghuo.clock import instant
from fenghuo.errors import FormatError
from fenghuo.formats.cap_out import write_cap
from fenghuo.formats.fitting import Piece, fit
from fenghuo.formats.pieces import limit_of, pieces_of
from fenghuo.formats.renditions_spoken import SPOKEN_FORMS, spoken_copy
from fenghuo.formats.sheet import sheet_copy
from fenghuo.formats.wording import BEIJING, TRAFFIC_MARKS, action_mark, told_infos, traffic_mark
from fenghuo.model.attachment import attachments_of
from fenghuo.model.message import Message
from fenghuo.model.rendition import SHEET, Budget, Rendition

__all__ = [
    "COPY_MARK_OCTETS",
    "NAMES_ATTACHMENTS",
    "SMS_UNITS",
    "action_mark",
    "cap_body",
    "json_body",
    "marked",
    "radio_text",
    "sms_text",
    "traffic_mark",
]

SMS_UNITS = 670
"""Longest alert by SMS, UTF-16 units: ten parts of 67. Beyond that nobody reads on, and the centre takes minutes for a county."""

COPY_MARK_OCTETS = 16
"""Room that a radio text keeps free for a later copy mark, octets: 【重发 99】 in UTF-8 is 15."""

NAMES_ATTACHMENTS = frozenset({"json"})
"""Forms that name what goes with a message by its digest; of every other, what its channel gets is the text alone."""

_JSON = "application/json"
_CAP = "application/cap+xml"
_NO_BUDGET = Budget()
_encoder = msgspec.json.Encoder()


class _Body(msgspec.Struct, frozen=True):
    """The message as machines read it. `copy`: 0 for the first emission, n for the n-th repetition (重发 n)."""

    id: str
    revision: int
    number: int
    kind: str
    action: str
    traffic: str
    priority: str
    headline: str
    text: str
    expires: str
    areas: tuple[_BodyArea, ...]
    copy: int = 0
    attachments: tuple[_BodyAttachment, ...] | msgspec.UnsetType = msgspec.UNSET


class _BodyArea(msgspec.Struct, frozen=True):
    """An area by name, and by codes written `system:code`."""

    name: str
    codes: tuple[str, ...]


class _BodyAttachment(msgspec.Struct, frozen=True):
    """What goes with it, if not here then by another way: whoever has the octets knows by their SHA-256 what they are."""

    digest: str
    size: int
    name: str
    media_type: str


def sms_text(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """Text for a telephone; `budget.octets` counts UCS-2. Without a budget an alert still stays within ten parts where it can.

    Orders and reports are never cut. Raises: FormatError("too-long") if a budget is given and what must be said does not fit.
    """
    pieces = pieces_of(message)
    limit = budget.octets // 2
    try:
        text, left_out = fit(pieces, limit_of(message, limit or SMS_UNITS), _utf16_units)
    except FormatError:
        if limit:
            raise
        text, left_out = fit([Piece(piece.name, piece.short if piece.rank else piece.text) for piece in pieces], 0, _utf16_units)
        left_out = tuple(piece.name for piece in pieces if piece.rank and piece.text)
    return Rendition("sms", text, text.encode(), left_out=left_out)


def radio_text(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """Text for a narrow radio, readable without a machine; `budget.octets` counts UTF-8, with room kept for a copy mark.

    Orders and reports are never cut: the channel sends them in several frames.
    Raises: FormatError("too-long") if a budget is given and what must be said does not fit.
    """
    limit = max(1, budget.octets - COPY_MARK_OCTETS) if budget.octets else 0
    text, left_out = fit(pieces_of(message), limit_of(message, limit), _utf8_octets)
    return Rendition("radio", text, text.encode(), left_out=left_out)


def json_body(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """The message as one JSON object, complete whatever the budget; `text` is what a person is to be shown."""
    infos = told_infos(message)
    text, _ = fit(pieces_of(message), 0, _utf16_units)
    body = _Body(
        id=message.id,
        revision=message.revision,
        number=message.number,
        kind=message.kind.value,
        action=message.action.value,
        traffic=message.traffic.value,
        priority=message.priority.name,
        headline="、".join(dict.fromkeys(info.headline for info in infos if info.headline)),
        text=text,
        expires=instant(message.expires_at).astimezone(BEIJING).isoformat(timespec="seconds"),
        areas=tuple(
            _BodyArea(area.description, tuple(f"{code.system}:{code.value}" for code in area.geocodes))
            for area in dict.fromkeys(area for info in infos for area in info.areas)
        ),
        attachments=tuple(_BodyAttachment(one.digest, one.size, one.name, one.media_type) for one in attachments_of(message))
        or msgspec.UNSET,
    )
    return Rendition("json", text, _encoder.encode(body), _JSON)


def cap_body(message: Message, budget: Budget = _NO_BUDGET, *, node: str = "fenghuo", sender: str = "") -> Rendition:
    """The message as CAP 1.2, complete whatever the budget; `sender` defaults to whoever sent it to us."""
    data = write_cap(message, node=node, sender=sender or message.content.sender or node)
    return Rendition("cap", data.decode(), data, _CAP)


def marked(rendition: Rendition, mark: str) -> Rendition:
    """The rendition with `mark` (重发 2) where a reader sees it: behind the exercise mark of a text, as `copy` in JSON; a voice says it.

    CAP, the compact frame and every other form that is no text are left as they are: a second copy is recognised by its identifier.
    """
    if not mark or not (rendition.media_type in (_JSON, SHEET) or rendition.media_type.startswith("text/")):
        return rendition
    if rendition.media_type == SHEET:
        return sheet_copy(rendition, mark)
    if rendition.form.partition("/")[0] in SPOKEN_FORMS:
        said = spoken_copy(rendition.text, mark)
        return msgspec.structs.replace(rendition, text=said, data=said.encode())
    text = _with_mark(rendition.text, mark)
    if rendition.media_type == _JSON:
        body = msgspec.json.decode(rendition.data, type=_Body)
        copied = msgspec.structs.replace(body, text=_with_mark(body.text, mark), copy=_copy_number(mark))
        return msgspec.structs.replace(rendition, text=text, data=_encoder.encode(copied))
    charset = rendition.media_type.partition("charset=")[2] or "utf-8"
    return msgspec.structs.replace(rendition, text=text, data=text.encode(charset))


def _with_mark(text: str, mark: str) -> str:
    lead = next((known for known in TRAFFIC_MARKS.values() if text.startswith(known)), "")
    return f"{lead}【{mark}】{text[len(lead) :]}"


def _copy_number(mark: str) -> int:
    digits = re.search(r"\d+", mark)
    return int(digits[0]) if digits else int(bool(mark))


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-be")) // 2


def _utf8_octets(text: str) -> int:
    return len(text.encode())
