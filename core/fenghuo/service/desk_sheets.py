"""Verbs of the desk for sheets of paper: which are out, and what the code word of one that comes back says.

A code word is looked up in what the outcomes named; of a sheet that came out of the printer in the moment of a crash, in the tokens that
were committed before anything was printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from fenghuo.errors import FormatError, NotFound
from fenghuo.formats.code_word import code_of, read_code, shown
from fenghuo.model.delivery import Attempt, Delivery, Receipt
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Actor, Inbound, InboundKind
from fenghuo.service.desk import Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.sheet_pages import find_page_sheet, page_lines
from fenghuo.service.showing import rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, DELIVERY, OBJECTIVE, RECEIPT, REF

__all__ = ["SheetVerbs"]

FORM = "sheet"
LEVELS = {"taken": Evidence.RELAYED, "read": Evidence.HUMAN, "done": Evidence.DONE}
SAYS = {Evidence.RELAYED: "was taken", Evidence.HUMAN: "was receipted", Evidence.DONE: "was told as done"}
IN_DOUBT_LOOKED_AT = 1000


class Returned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands on the sheet, who says it, and how far it has come: `taken`, `read` or `done`. `missed`: of a sheet for many, the
    numbers or the places where nobody was met."""

    code: str
    by: str
    level: str = "read"
    text: str = ""
    missed: tuple[str, ...] = ()


class Out(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sheets; `all`: those that are back too."""

    all: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


class SheetVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, room: EngineRoom, store: Store) -> None:
        self._room = room
        self._store = store

    def verbs(self) -> Mapping[str, Verb]:
        return {"sheet.ls": self.ls, "sheet.receipt": self.receipt}

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Sheets that came out, newest first: where to, and who had it last."""
        wanted = msgspec.convert(args, Out)
        channels = self._channels()
        marks = ", ".join("?" for _ in channels)
        only = "" if wanted.all else f" AND evidence < {int(Evidence.HUMAN)}"
        where = f"channel IN ({marks}) AND tries > 0{only} ORDER BY id DESC"
        rows = await self._store.find(DELIVERY, where, *channels, limit=wanted.limit)
        pages = await page_lines(self._store, channels, all_of_them=wanted.all, limit=wanted.limit)
        return [*[await self._line(row) for row in rows], *pages][: wanted.limit]

    async def receipt(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody took the sheet, read it, or did what it says; on the disk when this returns."""
        wanted = msgspec.convert(args, Returned)
        level = _level(wanted.level)
        by = " ".join(wanted.by.split())
        if not by:
            raise FormatError("a receipt of paper needs a name: who took it", code="bad-argument", where="by")
        code = read_code(wanted.code)
        attempt = await self._attempt(code)
        if attempt is None:
            return await self._receipt_of_page(code, wanted, level, by=by)
        if wanted.missed:
            raise FormatError(f"the sheet {shown(code)} went to one place; nobody can be missed on it", code="bad-argument", where="missed")
        delivery = await self._store.sound(DELIVERY, attempt.delivery)
        if delivery is None:
            raise NotFound(f"the sheet {shown(code)} belongs to a delivery that is kept no longer")
        await self._refuse_used(code, delivery, level)
        inbound = Inbound(
            InboundKind.RECEIPT,
            wanted.code.encode(),
            _nobody_waits,
            ref=code,
            token=attempt.token,
            level=level,
            text=f"{by} {wanted.text}".strip(),
        )
        await self._keep(delivery.channel, inbound, Deed.of("receipt", f"delivery/{delivery.id}", level=level.name, by=by, code=code))
        return {
            "code": shown(code),
            "delivery": delivery.id,
            "message": delivery.message,
            "recipient": delivery.recipient,
            "place": delivery.address,
            "level": level.name,
            "by": by,
        }

    async def _receipt_of_page(self, code: str, wanted: Returned, level: Evidence, *, by: str) -> dict[str, Any]:
        """Everybody on a sheet of the roll but those that were missed. Raises: NotFound, FormatError."""
        sheet = await find_page_sheet(self._store, code, self._channels())
        if sheet is None:
            raise NotFound(f"no sheet of this node bears the code {shown(code)}; look whether it is another centre's sheet")
        told = sheet.told(wanted.missed, level)
        raw = msgspec.json.encode({"code": code, "by": by, "text": wanted.text, "missed": wanted.missed})
        inbound = Inbound(
            InboundKind.RECEIPT, raw, _nobody_waits, ref=code, token=sheet.attempt.token, level=level, text=by, addresses=told
        )
        page = f"page/{sheet.page.objective}/{sheet.page.number}"
        deed = Deed.of("receipt", page, level=level.name, by=by, code=code, households=str(len(told)))
        await self._keep(sheet.attempt.channel, inbound, deed)
        objective = await self._store.sound(OBJECTIVE, sheet.page.objective)
        return {
            "code": shown(code),
            "delivery": None,
            "message": objective.message if objective is not None else "",
            "recipient": f"{len(told)} of {len(sheet.places)} households",
            "place": page,
            "level": level.name,
            "by": by,
        }

    async def _keep(self, channel: str, inbound: Inbound, deed: Deed) -> None:
        await self._room.receipts.take(channel, inbound)
        await self._store.run(lambda tx: tx.audit(deed))

    async def _attempt(self, code: str) -> Attempt | None:
        """The emission of an order that a code word names, None if it names none."""
        channels = self._channels()
        for channel in channels:
            row = await self._store.sound(REF, channel, code)
            attempt = await self._store.sound(ATTEMPT, row.token, row.n) if row is not None else None
            if attempt is not None:
                return attempt
        marks = ", ".join("?" for _ in channels)
        where = f"channel IN ({marks}) AND (outcome = '' OR outcome LIKE 'unknown%') ORDER BY at DESC"
        for attempt in await self._store.find(ATTEMPT, where, *channels, limit=IN_DOUBT_LOOKED_AT):
            if code_of(attempt.token) == code:
                return attempt
        return None

    async def _refuse_used(self, code: str, delivery: Delivery, level: Evidence) -> None:
        """Raises: FormatError: this was said before, and by whom."""
        earlier = [one for one in await self._receipts(delivery) if one.level >= level]
        if earlier:
            first = earlier[-1]
            who = f" by {first.text}" if first.text else ""
            what = f"it {SAYS.get(first.level, SAYS[Evidence.HUMAN])}{who} at {rfc3339(first.at)}"
            raise FormatError(f"the code {shown(code)} is used: {what}; nothing is changed", code="used-code", where="code")

    async def _receipts(self, delivery: Delivery) -> list[Receipt]:
        """Newest first."""
        return await self._store.find(RECEIPT, "delivery = ? ORDER BY id DESC", delivery.id, limit=100)

    async def _line(self, row: Delivery) -> dict[str, Any]:
        receipts = await self._receipts(row)
        return {
            "code": shown(code_of(row.token)),
            "message": row.message,
            "recipient": row.recipient,
            "place": row.address,
            "channel": row.channel,
            "priority": row.priority.name,
            "state": row.state.value,
            "evidence": row.evidence.name,
            "by": receipts[0].text if receipts else "",
            "at": rfc3339(receipts[0].at) if receipts else None,
        }

    def _channels(self) -> tuple[str, ...]:
        """Channels that print sheets. Raises: NotFound: this node has none."""
        found = tuple(instance.name for instance in self._room.board if instance.form.partition("/")[0] == FORM)
        if not found:
            raise NotFound('this node prints no sheets; a channel of type "runner.sheet" does')
        return found


def _level(word: str) -> Evidence:
    if word not in LEVELS:
        raise FormatError(f"the level {word!r} is not one of {', '.join(LEVELS)}", code="bad-argument", where="level")
    return LEVELS[word]


async def _nobody_waits() -> None:
    """Whoever typed it has the answer of the verb."""
