"""A task sheet as lines: what stands on it, whatever prints it. Pure."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Collection, Iterator

import msgspec

from fenghuo.formats.code_word import shown
from fenghuo.formats.sheet import SheetBody, SheetRow
from fenghuo_runner.households import Household

__all__ = ["BLANK", "Sheet", "footing", "head_rows", "heading", "household_line", "places_told", "plain", "roll_note"]

BLANK = "____________"
"""Where a name is written by hand."""
_CHINA_S = 8 * 3600
_RULE = "-" * 32
_BOX = "□"
_OF_THE_ROLL = "公众名册第"
_ORDINARY = "按此单逐户告知。送达后请签名，将本单交回，或报回执码。"
_ENDED = "本单仅供知悉。送达后请签名，将本单交回，或报回执码。"


class Sheet(msgspec.Struct, frozen=True):
    """Everything that stands on one sheet. `at`: UTC seconds of printing; `households`: None where there is no list; `fault`: why not;
    `roll_page`: which page of the roll of the public its households are, for example 1/3, empty where they are of a village's list;
    `trip`: by what and on which departure it goes, empty where somebody walks."""

    body: SheetBody
    code: str
    place: str
    carrier: str
    priority: str
    at: float
    issued_by: str
    households: tuple[Household, ...] | None = None
    fault: str = ""
    roll_page: str = ""
    trip: str = ""


def heading(sheet: Sheet) -> str:
    """The title with what must be seen first: exercise, copy, what corrects or ends."""
    copy = f"【重发 {sheet.body.copy}】" if sheet.body.copy else ""
    return f"{sheet.body.mark}{copy}{sheet.body.title}"


def head_rows(sheet: Sheet) -> tuple[SheetRow, ...]:
    """What goes before the message: whose sheet, when, where to, by whom."""
    at = time.strftime("%Y-%m-%d %H:%M", time.gmtime(sheet.at + _CHINA_S))
    return (
        SheetRow("任务单", f"{sheet.body.number or '-'}  {sheet.priority}  {at}  {sheet.issued_by}"),
        SheetRow("送往", sheet.place),
        SheetRow("送达人", sheet.carrier or BLANK),
        *((SheetRow("运送", sheet.trip),) if sheet.trip else ()),
        SheetRow("回执码", shown(sheet.code)),
    )


def footing(sheet: Sheet) -> str:
    """What whoever carries it does with it."""
    return _ORDINARY if sheet.body.asks else _ENDED


def roll_note(sheet: Sheet) -> str:
    """What the list of households is, and what it is not."""
    if sheet.roll_page:
        count = len(sheet.households or ())
        known = "打印时均未在本渠道确认；其他渠道是否已通知、名册以外的住户，本单不知。"
        return f"住户名单：共{count}户，{_OF_THE_ROLL}{sheet.roll_page}页，{known}"
    if sheet.fault:
        return f"住户名单：读不出（{sheet.fault}）。请按村内名册逐户核对。"
    if sheet.households is None:
        return "住户名单：本中心没有。请按村内名册逐户核对。"
    if not sheet.households:
        return f"住户名单：名册中没有“{sheet.place}”的住户。请按村内名册逐户核对。"
    return f"住户名单：共{len(sheet.households)}户，取自名册，未剔除已由其他渠道通知的住户；名册以外的住户本单不知。"


def household_line(number: int, household: Household) -> str:
    people = f"{household.people}人" if household.people else ""
    return " ".join(filter(None, (f"{_BOX} {number}.", household.place, household.name, people, household.note)))


def plain(sheet: Sheet, columns: int = 0) -> str:
    """The sheet for a printer that knows lines only; `columns`: wrapped there, a Chinese character counting two; 0: not wrapped."""
    return "\n".join(part for line in _lines(sheet) for part in (_wrapped(line, columns) if columns else [line])) + "\n"


def places_told(lines: str, missed: Collection[int]) -> tuple[str, ...]:
    """The places on a sheet of the roll, as plain() wrote it unwrapped, without those of these numbers; empty for any other sheet."""
    if _OF_THE_ROLL not in lines:
        return ()
    boxes = (line.removeprefix(f"{_BOX} ").partition(". ") for line in lines.splitlines() if line.startswith(f"{_BOX} "))
    return tuple(where for number, _, where in boxes if number.isdigit() and int(number) not in missed)


def _lines(sheet: Sheet) -> Iterator[str]:
    yield from (_RULE, heading(sheet))
    for row in (*head_rows(sheet), *sheet.body.rows):
        yield from f"{row.heading}：{row.text}".splitlines()
    yield roll_note(sheet)
    for number, household in enumerate(sheet.households or (), 1):
        yield household_line(number, household)
    yield footing(sheet)
    yield f"签名：{BLANK} 时间：{BLANK}"
    yield from (*([sheet.body.mark] if sheet.body.mark else ()), _RULE)


def _wrapped(line: str, columns: int) -> Iterator[str]:
    part, taken = "", 0
    for char in line:
        wide = 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if taken + wide > columns:
            yield part
            part, taken = "", 0
        part, taken = part + char, taken + wide
    yield part
