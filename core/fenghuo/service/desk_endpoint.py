"""Verbs of the desk for the far end of a link: what is on its screen, and a person's receipt for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.errors import NotFound
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Actor, Inbound, InboundKind
from fenghuo.service.desk import Verb
from fenghuo.service.endpoint import HERE, SCREEN_KIND, SCREEN_TYPE
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.showing import message_line
from fenghuo.service.upward import Upward
from fenghuo.store.audit import Deed
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, RENDITION

__all__ = ["EndpointVerbs"]


class Screen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Newest last. `open`: only what no person has answered yet; `id`: only this message."""

    open: bool = False
    id: str = ""
    limit: int = 50


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which message, by id or short number, and what the person says. `done`: what it asked for is done."""

    id: str
    text: str = ""
    done: bool = False


class EndpointVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, room: EngineRoom, store: Store, upward: Upward) -> None:
        self._room = room
        self._store = store
        self._upward = upward

    def verbs(self) -> Mapping[str, Verb]:
        return {"endpoint.ls": self.ls, "endpoint.ack": self.ack}

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What is on the screen, each with its text and with the evidence of the person in front of it."""
        wanted = msgspec.convert(args, Screen)
        names = self._screens()
        where = f"(id, revision) IN (SELECT message, revision FROM delivery WHERE channel IN ({', '.join('?' for _ in names)}))"
        only = " AND id = ?" if wanted.id else ""
        params = (*names, *((wanted.id,) if wanted.id else ()))
        limit = max(1, min(wanted.limit, 500))
        rows = await self._store.find(MESSAGE, f"{where}{only} ORDER BY accepted_at DESC, revision DESC", *params, limit=limit)
        lines = [await self._line(row, names) for row in reversed(rows)]
        return [line for line in lines if not wanted.open or Evidence[line["evidence"]] < Evidence.HUMAN]

    async def ack(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """A person has it: carried up to whoever sent it, on the disk there or here when this returns; then noted here."""
        wanted = msgspec.convert(args, Answer)
        screen, row = self._screens()[0], await self._find(wanted.id)
        level = Evidence.DONE if wanted.done else Evidence.HUMAN
        by = await self._upward.tell(row.id, row.revision, row.traffic, level=level, text=wanted.text)
        word = "完成" if wanted.done else "收到"
        inbound = Inbound(
            InboundKind.ANSWER,
            wanted.text.encode(),
            _nobody_waits,
            address_kind=SCREEN_KIND,
            address=HERE,
            text=f"{word}#{row.number:04d} {wanted.text}".rstrip(),
        )
        await self._room.receipts.take(screen, inbound)
        await self._store.run(lambda tx: tx.audit(Deed.of("ack", f"message/{row.id}", level=level.name, told=by)))
        return {"id": row.id, "number": row.number, "level": level.name, "told": by}

    async def _line(self, row: MessageRow, screens: tuple[str, ...]) -> dict[str, Any]:
        marks = ", ".join("?" for _ in screens)
        evidence = await self._store.scalar(
            f"SELECT MAX(evidence) FROM delivery WHERE message = ? AND revision = ? AND channel IN ({marks})",  # marks only
            row.id,
            row.revision,
            *screens,
        )
        form = next(instance.form for instance in self._room.board if instance.name in screens)
        made = await self._store.find(RENDITION, "message = ? AND revision = ? AND form = ?", row.id, row.revision, form, limit=1)
        clock = self._room.office.clock.quality().value
        return {**message_line(row), "text": made[0].text if made else "", "evidence": Evidence(int(evidence or 0)).name, "clock": clock}

    async def _find(self, name: str) -> MessageRow:
        """The newest revision under an id or a short number. Raises: NotFound."""
        number = unicodedata.normalize("NFKC", name.strip()).removeprefix("#")  # a Chinese keyboard writes ０１２３
        where, value = ("number = ?", int(number)) if number.isascii() and number.isdigit() and len(number) <= 4 else ("id = ?", name)
        found = await self._store.find(MESSAGE, f"{where} ORDER BY accepted_at DESC, revision DESC", value, limit=1)
        if not found:
            raise NotFound(f"no message is known as {name}")
        return found[0]

    def _screens(self) -> tuple[str, ...]:
        """Channels that are screens. Raises: NotFound: this node has none."""
        found = tuple(instance.name for instance in self._room.board if instance.type_id == SCREEN_TYPE)
        if not found:
            raise NotFound('this node has no screen; one with role = "endpoint" has')
        return found


async def _nobody_waits() -> None:
    """A key that was pressed is not acknowledged; the answer of the verb is."""
