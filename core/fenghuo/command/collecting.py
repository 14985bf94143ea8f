"""Reports that an order asks many for (汇总): who has answered, who is missing, and the one summary that goes up. Pure.

A figure of zero is a figure (零报告) and stands as 0; whoever is missing is named, and counts as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from fenghuo.command.duties import Due
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import MessageId

__all__ = ["Collection", "Got", "missing", "summary_text", "taken"]

NUMBERED = re.compile(r"^(初报|续报|终报)[〇一二三四五六七八九十\d]*[：:]\s*")
FIGURE = re.compile(r"\d+")
PLACE = "\0"
"""Where a figure stood; no text that a person reads has it."""


class Got(msgspec.Struct, frozen=True):
    """What one of them reported last, and in how many reports so far; UTC seconds."""

    message: MessageId
    text: str
    at: float
    count: int = 1


class Collection(msgspec.Struct, frozen=True):
    """`id`: of the order that asks; `of`: who is to answer, `names`: how they are called; `to`: the audience of the summary; `due`: by when
    it must be there; `summaries`: the messages by which it went, in their order."""

    id: MessageId
    text: str
    of: tuple[RecipientId, ...]
    names: tuple[str, ...]
    to: str
    due: Due
    got: dict[RecipientId, Got] = {}
    summaries: tuple[MessageId, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.due.met_at is None


def taken(one: Collection, whose: RecipientId, got: Got) -> Collection:
    """One more report; a later one of the same takes the place of the earlier."""
    had = one.got.get(whose)
    counted = msgspec.structs.replace(got, count=had.count + 1) if had is not None else got
    return msgspec.structs.replace(one, got={**one.got, whose: counted})


def missing(one: Collection) -> tuple[str, ...]:
    """The names of those who have not answered."""
    return tuple(name for whose, name in zip(one.of, one.names, strict=True) if whose not in one.got)


def summary_text(one: Collection) -> str:
    """All of them in one text: figures of reports of one form are added up, place by place; what has another form stands by itself."""
    forms: dict[str, list[tuple[str, Sequence[int]]]] = {}
    for whose, name in zip(one.of, one.names, strict=True):
        if whose in one.got:
            bare = NUMBERED.sub("", one.got[whose].text).replace(PLACE, "")
            forms.setdefault(FIGURE.sub(PLACE, bare), []).append((name, [int(figure) for figure in FIGURE.findall(bare)]))
    parts = [_added(form, rows, is_all=len(rows) == len(one.of)) for form, rows in forms.items()]
    number = len(one.summaries) + 1
    absent = missing(one)
    told = " ".join(parts) + (f" 未报：{'、'.join(absent)}。" if absent else "")
    return f"汇总{number}（{len(one.of) - len(absent)}/{len(one.of)}）：{told.strip()}"


def _added(form: str, rows: Sequence[tuple[str, Sequence[int]]], *, is_all: bool) -> str:
    sums = iter([sum(column) for column in zip(*(figures for _, figures in rows), strict=True)])
    text = re.sub(PLACE, lambda _: str(next(sums)), form)
    whose = "" if is_all else "、".join(name for name, _ in rows) + "："
    return whose + text
