"""The task sheet (任务单) that a runner carries: the message in rows with headings, for paper. Who carries it where, and its code word, are
the channel's. Nothing is cut: there is always another page.
"""

from __future__ import annotations

import re

import msgspec

from fenghuo.errors import FormatError
from fenghuo.formats.wording import Told, phrases
from fenghuo.model.message import Message
from fenghuo.model.rendition import SHEET, Budget, Rendition
from fenghuo.model.traffic import Kind

__all__ = ["SheetBody", "SheetRow", "read_sheet", "sheet_body", "sheet_copy"]

_NO_BUDGET = Budget()
_encoder = msgspec.json.Encoder()


class SheetRow(msgspec.Struct, frozen=True):
    """A heading and what stands behind it; both for people."""

    heading: str
    text: str


class SheetBody(msgspec.Struct, frozen=True):
    """One sheet. `mark`: 【演练】 at head and foot, or empty; `title`: with what corrects or ends; `number`: `#0123` or empty;
    `asks`: whether an answer is wanted; `copy`: n for the n-th repetition."""

    mark: str
    title: str
    rows: tuple[SheetRow, ...]
    number: str
    asks: bool
    copy: int = 0


def sheet_body(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """The sheet, complete whatever the budget; `text` is how it reads on a printer without a page."""
    said = phrases(message)
    rows = [row for one in said.told for row in _rows(one, is_one=len(said.told) == 1)]
    if message.kind is not Kind.ALERT:
        rows = [("内容", said.quotation)]
    body = SheetBody(
        mark=said.mark,
        title=f"{said.action_mark}{said.event or '任务单'}",
        rows=tuple(SheetRow(heading, text) for heading, text in rows if text),
        number=said.number,
        asks=said.asks,
    )
    return Rendition("sheet", _text(body), _encoder.encode(body), SHEET)


def _rows(told: Told, *, is_one: bool) -> list[tuple[str, str]]:
    """Of several instructions each names its event: the title has all of them."""
    event = "" if is_one else told.event
    quotation = "" if told.quotation == told.event else told.quotation
    return [
        ("事件", event),
        ("区域", told.area),
        ("任务", told.action),
        ("时限", told.time),
        ("发布", told.issuer),
        ("内容", quotation),
    ]


def sheet_copy(rendition: Rendition, mark: str) -> Rendition:
    """The sheet with the mark of a copy, 重发 2, in its title."""
    body = msgspec.structs.replace(read_sheet(rendition.data), copy=int("".join(re.findall(r"\d+", mark)) or 1))
    return msgspec.structs.replace(rendition, text=_text(body), data=_encoder.encode(body))


def read_sheet(data: bytes) -> SheetBody:
    """A sheet from the octets of its rendition. Raises: FormatError."""
    try:
        return msgspec.json.decode(data, type=SheetBody)
    except msgspec.MsgspecError as error:
        raise FormatError(f"this is no task sheet: {error}", code="bad-sheet") from error


def _text(body: SheetBody) -> str:
    copy = f"【重发 {body.copy}】" if body.copy else ""
    lines = [f"{body.mark}{copy}{body.title} {body.number}".rstrip(), *(f"{row.heading}：{row.text}" for row in body.rows), body.mark]
    return "\n".join(line for line in lines if line)
