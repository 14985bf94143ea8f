"""Verbs of the desk about what lies before whoever is on watch: laid there by a front, read, and acknowledged by a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.tray import Tray
from fenghuo.store.audit import Deed
from fenghuo.store.store import Store

__all__ = ["TrayVerbs"]


class Laid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a channel emits: `emission`: the token of its attempt, and the text with its marks."""

    emission: str
    text: Annotated[str, Meta(max_length=100_000)]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which slip, by the number of its delivery, and what the person says. `done`: what it asked for is done."""

    id: int
    text: Annotated[str, Meta(max_length=500)] = ""
    done: bool = False


class TrayVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, tray: Tray, store: Store) -> None:
        self._desk = desk
        self._tray = tray
        self._store = store

    def verbs(self) -> Mapping[str, Verb]:
        return {"tray.lay": self.lay, "tray.ls": self.ls, "tray.ack": self.ack}

    async def lay(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        laid = msgspec.convert(args, Laid)
        return {"id": (await self._tray.lay(laid.emission, laid.text)).id}

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What lies there, the oldest first."""
        return list(self._tray.view().values())

    async def ack(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """A session for exercise answers no order of the other kind, and the reverse. Raises: NotFound, NotAllowed."""
        wanted = msgspec.convert(args, Answer)
        level = Evidence.DONE if wanted.done else Evidence.HUMAN
        slip = self._tray.slip(wanted.id)
        self._desk.check_traffic(actor, slip.traffic)
        acked = await self._tray.ack(wanted.id, actor.name, level, wanted.text)
        await self._store.run(lambda tx: tx.audit(Deed.of("ack", f"message/{acked.message}", level=level.name, delivery=acked.id)))
        return {"id": acked.id, "message": acked.message, "number": acked.number, "level": level.name}
