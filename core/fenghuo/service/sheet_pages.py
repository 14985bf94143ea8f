"""Sheets for a page of the public's roll, as the desk sees them: which are out, and whom one was for that is back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fenghuo.engine import marks
from fenghuo.errors import FormatError, NotFound
from fenghuo.formats.code_word import code_of, shown
from fenghuo.model.evidence import Evidence
from fenghuo.store.records import PageAttemptRow, PageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import OBJECTIVE, PAGE, PAGE_ATTEMPT, ROLL

__all__ = ["PageSheet", "find_page_sheet", "page_lines"]

IN_DOUBT_LOOKED_AT = 1000


class PageSheet(msgspec.Struct, frozen=True):
    """One sheet: its emission, its page as it stands, and the places on it in the order in which they are printed."""

    attempt: PageAttemptRow
    page: PageRow
    places: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    def told(self, missed: Sequence[str], level: Evidence) -> tuple[str, ...]:
        """Whom a receipt is about: those of the sheet that were met, without those of whom as much is known.

        Raises: FormatError: a number or a place that is not on it, or nobody is left.
        """
        away = {self._place(one) for one in missed}
        code = shown(code_of(self.attempt.token))
        met = [place for place in self.places if place not in away]
        told = tuple(place for place, known in zip(self.places, self.evidence, strict=True) if known < level and place not in away)
        if not told:
            says = f"the code {code} is used: all {len(met)} of it count as {level.name} already; nothing is changed"
            raise FormatError(says, code="used-code", where="code")
        return told

    def _place(self, said: str) -> str:
        code = shown(code_of(self.attempt.token))
        if said in self.places:
            return said
        if not (said.isascii() and said.isdigit()):
            raise FormatError(f"{said!r} does not stand on the sheet {code}", code="bad-argument", where="missed")
        if self.page.tries != 1:
            says = f"the sheet {code} came out {self.page.tries} times and the numbers may differ; write the place instead of {said}"
            raise FormatError(says, code="bad-argument", where="missed")
        if not 1 <= int(said) <= len(self.places):
            says = f"the number {said} does not stand on the sheet {code}, which goes from 1 to {len(self.places)}"
            raise FormatError(says, code="bad-argument", where="missed")
        return self.places[int(said) - 1]


async def find_page_sheet(store: Store, code: str, channels: Sequence[str]) -> PageSheet | None:
    """The sheet that bears a code word, None if no page's does. Raises: NotFound: its roll is kept no longer."""
    here = f"channel IN ({', '.join('?' for _ in channels)})"
    found = await store.find(PAGE_ATTEMPT, f"{here} AND ref = ?", *channels, code, limit=1)
    if not found:
        doubtful = f"{here} AND (outcome = '' OR outcome LIKE 'unknown%') ORDER BY at DESC"
        rows = await store.find(PAGE_ATTEMPT, doubtful, *channels, limit=IN_DOUBT_LOOKED_AT)
        found = [row for row in rows if code_of(row.token) == code][:1]
    if not found:
        return None
    page = await store.sound(PAGE, found[0].objective, found[0].number)
    roll = await store.sound(ROLL, page.roll_page) if page is not None else None
    if page is None or roll is None:
        raise NotFound(f"the sheet {shown(code)} is of a roll that is kept no longer")
    meant = [(place, mark) for place, mark in zip(roll.addresses.split(b"\n"), page.marks, strict=False) if not mark & marks.NOT_MEANT]
    return PageSheet(
        found[0],
        page,
        tuple(place.decode() for place, _ in meant),
        tuple(marks.highest(bytes((mark,))) for _, mark in meant),
    )


async def page_lines(store: Store, channels: Sequence[str], *, all_of_them: bool, limit: int) -> list[dict[str, Any]]:
    """As the other lines of `sheet.ls`; the recipient is how many of how many have what is needed."""
    only = "" if all_of_them else " AND met + ended < size"
    where = f"channel IN ({', '.join('?' for _ in channels)}) AND tries > 0{only} ORDER BY objective DESC, number"
    rows = await store.find(PAGE, where, *channels, limit=limit)
    return [await _line(store, row) for row in rows]


async def _line(store: Store, row: PageRow) -> dict[str, Any]:
    objective = await store.sound(OBJECTIVE, row.objective)
    roll = await store.sound(ROLL, row.roll_page)
    return {
        "code": shown(code_of(row.token)),
        "message": objective.message if objective is not None else "",
        "recipient": f"{row.met} of {row.size} households",
        "place": roll.area if roll is not None else "",
        "channel": row.channel,
        "priority": objective.priority.name if objective is not None else "",
        "state": row.state.value,
        "evidence": marks.highest(row.marks).name,
        "by": "",
        "at": None,
    }
