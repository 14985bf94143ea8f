"""Keeps what orders ask many to report (汇总): whose report has come, whom to remind, and the summary that went up.

Shapes: docs/reference/incidents.md.
"""

from __future__ import annotations

from collections.abc import Collection as Among
from typing import Any

import msgspec

from fenghuo.command.collecting import Collection, Got, missing, taken
from fenghuo.command.duties import Begins, DutyRule, MetBy, called, due_of, met, next_at
from fenghuo.engine.office import Office
from fenghuo.errors import FormatError, NotFound
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import Message, MessageId
from fenghuo.model.traffic import Kind
from fenghuo.service.incidents import call_event, has_reached
from fenghuo.service.kept_in_meta import taken_back
from fenghuo.service.showing import headline, rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.records import MessageRow, MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META, OBJECTIVE, TARGET
from fenghuo.store.transaction import Tx

__all__ = ["CollectionKeeper"]

ROW = "collection."
KEPT_S = 30 * 86_400.0
POST = "post:"


class CollectionKeeper:
    """Every collection of the last month."""

    def __init__(self, store: Store, office: Office) -> None:
        self._store = store
        self._office = office
        self._known: dict[MessageId, Collection] = {}

    async def load(self) -> None:
        """Take back what was asked for before the start; what cannot be read stops no start: a person is told. Raises: StoreError."""
        async for one in taken_back(self._store, ROW, Collection, what="what was asked for"):
            if one.is_open or self._office.clock.time() - one.due.began < KEPT_S:
                self._known[one.id] = one

    def all(self) -> list[Collection]:
        """The newest first."""
        return sorted(self._known.values(), key=lambda one: one.due.began, reverse=True)

    def get(self, ident: str) -> Collection:
        """Raises: NotFound."""
        found = self._known.get(MessageId(ident))
        if found is None:
            raise NotFound(f"no order {ident!r} asks for reports here")
        return found

    async def open(self, row: MessageRow, to: str, within_s: float, remind_s: tuple[float, ...]) -> Collection:
        """From its acceptance on everybody whom an order was for is to report. Raises: FormatError: nobody, or asked already."""
        if row.id in self._known:
            raise FormatError(f"id: {row.id} asks for reports already", code="bad-argument", where="id")
        whose = await self._recipients(row)
        if not whose:
            raise FormatError(f"id: {row.id} has gone to nobody who could report", code="bad-argument", where="id")
        message = msgspec.msgpack.decode(row.body, type=Message)
        rule = DutyRule("summary", "汇总", within_s, f"message/{row.id}", Begins.RECEIVED, MetBy.REPORT, remind_s=remind_s, verified=True)
        names = tuple(self._name(one) for one in whose)
        one = Collection(row.id, headline(message), whose, names, to, due_of(rule, row.accepted_at))
        told = {"of": len(whose), "to": to, "due": rfc3339(one.due.due)}
        await self._keep(one, "collection.opened", told, deed="open")
        return one

    async def accepted(self, row: MessageRow) -> None:
        """A report that one of those who are asked has sent; whose it is, its sealed frame or its token says."""
        asked = [one for one in self._known.values() if one.is_open and row.accepted_at >= one.due.began]
        message = msgspec.msgpack.decode(row.body, type=Message) if asked else None
        if message is None or message.kind is not Kind.REPORT:
            return
        text = headline(message)
        for one in asked:
            whose = next((each for each in one.of if self._is_of(each, row)), None)
            if whose is None or any(got.message == row.id for got in one.got.values()):
                continue
            after = taken(one, whose, Got(row.id, text, row.accepted_at))
            body = {"recipient": whose, "message": row.id, "reported": len(after.got), "of": len(after.of)}
            await self._keep(after, "collection.reported", body)

    async def sent(self, one: Collection, message: MessageId) -> Collection:
        """The summary has gone out by this message."""
        after = msgspec.structs.replace(one, summaries=(*one.summaries, message))
        absent = missing(one)
        body = {
            "message": message,
            "number": len(after.summaries),
            "reported": len(one.of) - len(absent),
            "of": len(one.of),
            "missing": absent,
        }
        await self._keep(after, "collection.summary", body, deed="summary")
        await self.look_at(message)
        return self.get(one.id)

    async def look_at(self, message: MessageId) -> None:
        """Whether the one that the summary is for has it by now."""
        for one in [one for one in self._known.values() if one.is_open and message in one.summaries]:
            if await has_reached(self._store, message):
                (due,) = met((one.due,), (one.due.name,), self._office.clock.time(), message)
                body = {"duty": due.name, "title": due.title, "due": rfc3339(due.due), "late": due.is_late, "by": due.by}
                await self._keep(msgspec.structs.replace(one, due=due), "duty.met", body)

    def next_at(self) -> float | None:
        """When a person is to be told something next; UTC seconds."""
        return next_at(one.due for one in self._known.values())

    async def tell(self, now: float) -> None:
        """Tell a person of every summary that is nearly due, or over, with the names of those who are missing."""
        for one in [one for one in self._known.values() if one.is_open]:
            (due,), calls = called((one.due,), now)
            for call in calls:
                kind, body = call_event(call, one.text[:40])
                absent = missing(one)
                says = f"{body['message']}; {len(one.of) - len(absent)} of {len(one.of)} have reported"
                await self._keep(msgspec.structs.replace(one, due=due), kind, {**body, "message": says, "missing": absent})

    async def _recipients(self, row: MessageRow) -> tuple[RecipientId, ...]:
        found: dict[RecipientId, None] = {}
        for objective in await self._store.find(OBJECTIVE, "message = ? AND revision = ? ORDER BY id", row.id, row.revision):
            found |= dict.fromkeys(target.recipient for target in await self._store.find(TARGET, "objective = ?", objective.id))
        return tuple(sorted(found))

    def _is_of(self, whose: RecipientId, row: MessageRow) -> bool:
        """By the address of a post, or by the name of a token; of either somebody of the same organisation may speak."""
        directory = self._office.directory
        owners: Among[str] = (row.source,)
        if row.source.startswith(POST):
            address = row.source.removeprefix(POST)
            owners = {point.owner for point in directory.contacts if point.address == address}
        return any(owner == whose or (self._org(owner) and self._org(owner) == self._org(whose)) for owner in owners)

    def _org(self, ident: str) -> str:
        person = self._office.directory.person_by_id.get(ident)
        return person.org if person is not None else ident.removeprefix("org:") if ident.startswith("org:") else ""

    def _name(self, ident: RecipientId) -> str:
        directory = self._office.directory
        org = directory.org_by_id.get(self._org(ident))
        person = directory.person_by_id.get(ident)
        return org.name if org is not None else person.name if person is not None else ident

    async def _keep(self, one: Collection, kind: str, body: dict[str, Any], *, deed: str = "") -> None:
        self._known[one.id] = one
        subject = f"message/{one.id}"

        def keep(tx: Tx) -> None:
            tx.put(META, MetaRow(f"{ROW}{one.id}", msgspec.json.encode(one).decode()))
            tx.event(kind, subject, **body)
            if deed:
                tx.audit(Deed.of(f"collection-{deed}", subject, **body))

        await self._store.run(keep)
