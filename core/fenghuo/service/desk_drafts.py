"""Verbs of the desk about drafts: kept on the disk with every revision, edited by whoever is there, handed to the intake as any alert.

Whoever edited one has written a part of it, and may not sign it. Source: security.md §3, rule 1; console.md §2 (拟稿).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from fenghuo.engine.ids import message_id
from fenghuo.engine.office import Office
from fenghuo.errors import FormatError, NotFound, Outdated
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.desk_messages import MessageVerbs
from fenghuo.service.showing import rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.records_release import DraftRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DRAFT
from fenghuo.store.transaction import Tx

__all__ = ["MOST_OCTETS", "DraftVerbs"]

MOST_OCTETS = 64 * 1024
"""What the fields of a draft may take: a page of text in two languages and an area of many corners."""
MOST_LISTED = 200


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`id`: "" for a new one; `revision`: the one that was edited, or that is submitted; `fields`: of whatever the page keeps, as it is;
    `traffic`: of a new one by a token; a session's is its own. `submit`: `raw` is what it says, which goes to the intake under `key`;
    `discard`: give it up."""

    id: str = ""
    revision: int = 0
    fields: dict[str, Any] = {}
    traffic: Traffic = Traffic.ACTUAL
    submit: bool = False
    raw: bytes = b""
    media_type: str = ""
    key: str = ""
    discard: bool = False


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One by its id, or all that are neither submitted nor given up."""

    id: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_LISTED)] = 50


class DraftVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, office: Office, store: Store, messages: MessageVerbs) -> None:
        self._desk = desk
        self._office = office
        self._store = store
        self._messages = messages

    def verbs(self) -> Mapping[str, Verb]:
        return {"alert.draft": self.draft, "alert.drafts": self.drafts}

    async def draft(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any] | Accepted | Refused:
        """Keep a draft, submit it or give it up. Raises: NotFound; Outdated: somebody edited it meanwhile; WrongTraffic; FormatError."""
        wanted = msgspec.convert(args, Draft)
        if not wanted.id:
            return await self._begin(actor, wanted)
        rows = await self._rows(actor, wanted.id)
        if wanted.submit:
            return await self._submit(actor, wanted, rows)
        return await self._change(actor, wanted, rows)

    async def drafts(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The newest revision of each, the newest first."""
        wanted = msgspec.convert(args, Listing)
        if wanted.id:
            return [_view(await self._rows(actor, wanted.id))]
        found: dict[str, list[DraftRow]] = {}
        open_ones = "SELECT id FROM draft GROUP BY id HAVING MAX(is_gone) = 0 AND MAX(message) = '' ORDER BY MAX(at) DESC"
        for row in await self._store.find(DRAFT, f"id IN ({open_ones} LIMIT {wanted.limit}) ORDER BY revision"):
            found.setdefault(row.id, []).append(row)
        mine = [rows for rows in found.values() if self._is_of(actor, rows[-1])]
        return [_view(rows) for rows in sorted(mine, key=lambda rows: -rows[-1].at)]

    async def _begin(self, actor: Actor, wanted: Draft) -> dict[str, Any]:
        if wanted.submit or wanted.discard:
            raise FormatError("id is empty; a draft is kept before it is submitted or given up", code="bad-argument", where="id")
        origin, now = self._desk.origin(actor), self._office.clock.time()
        traffic = origin.traffic[0] if origin.is_bound and origin.traffic else wanted.traffic
        self._desk.check_traffic(actor, traffic)
        ident = str(message_id(now, self._office.chance))
        return await self._keep(DraftRow(ident, 1, self._desk.person_of(actor), traffic, now, _octets(wanted.fields)), ())

    async def _change(self, actor: Actor, wanted: Draft, rows: list[DraftRow]) -> dict[str, Any]:
        newest = _editable(rows, wanted.revision)
        now, author = self._office.clock.time(), self._desk.person_of(actor)
        body = newest.body if wanted.discard else _octets(wanted.fields)
        row = DraftRow(newest.id, newest.revision + 1, author, newest.traffic, now, body, is_gone=wanted.discard)
        return await self._keep(row, rows)

    async def _keep(self, row: DraftRow, before: list[DraftRow] | tuple[()]) -> dict[str, Any]:
        def keep(tx: Tx) -> None:
            if row.revision > 1:
                _editable(tx.find(DRAFT, "id = ? ORDER BY revision", row.id), row.revision - 1)
            tx.insert(DRAFT, row)
            tx.event("draft.changed", f"draft/{row.id}", revision=row.revision, author=row.author)
            tx.audit(Deed.of("draft", f"draft/{row.id}", traffic=row.traffic, revision=row.revision, gone=row.is_gone))

        await self._store.run(keep, accept=True)
        return _view([*before, row])

    async def _submit(self, actor: Actor, wanted: Draft, rows: list[DraftRow]) -> Accepted | Refused:
        if rows[-1].message:
            return Accepted(rows[-1].message, 1, "duplicate", (), ())  # type: ignore[arg-type]  # it was a MessageId when it was written
        newest = _editable(rows, wanted.revision)
        helpers = tuple(sorted({row.author for row in rows} - {self._desk.person_of(actor)}))
        answer = await self._messages.bring(actor, wanted.raw, wanted.media_type, key=wanted.key or f"draft-{newest.id}", helpers=helpers)
        if isinstance(answer, Accepted):
            became = msgspec.structs.replace(newest, message=answer.id)
            await self._store.run(lambda tx: _became(tx, became))
        return answer

    async def _rows(self, actor: Actor, ident: str) -> list[DraftRow]:
        rows = await self._store.find(DRAFT, "id = ? ORDER BY revision", ident)
        if not rows:
            raise NotFound(f"no draft is known as {ident}")
        self._desk.check_traffic(actor, Traffic(rows[-1].traffic))
        return rows

    def _is_of(self, actor: Actor, row: DraftRow) -> bool:
        origin = self._desk.origin(actor)
        return not origin.is_bound or Traffic(row.traffic) in origin.traffic


def _editable(rows: list[DraftRow], revision: int) -> DraftRow:
    """The newest revision, if it is the one that was edited. Raises: Outdated; NotFound: it is no draft any more."""
    newest = rows[-1]
    if newest.message or newest.is_gone:
        raise NotFound(f"draft {newest.id} was {'given up' if newest.is_gone else 'submitted'} by {newest.author}")
    if newest.revision != revision:
        raise Outdated(f"draft/{newest.id}", by=newest.author, at=newest.at, what="draft.changed")
    return newest


def _became(tx: Tx, row: DraftRow) -> None:
    tx.update(DRAFT, row)
    tx.event("draft.changed", f"draft/{row.id}", revision=row.revision, author=row.author)


def _octets(fields: Mapping[str, Any]) -> bytes:
    body = msgspec.json.encode(fields)
    if len(body) > MOST_OCTETS:
        raise FormatError(f"fields take {len(body)} octets; a draft has at most {MOST_OCTETS}", code="too-large", where="fields")
    return body


def _view(rows: list[DraftRow]) -> dict[str, Any]:
    newest = rows[-1]
    return {
        "id": newest.id,
        "revision": newest.revision,
        "author": rows[0].author,
        "authors": list(dict.fromkeys(row.author for row in rows)),
        "traffic": newest.traffic,
        "at": rfc3339(newest.at),
        "fields": msgspec.json.decode(newest.body),
        "message": newest.message or None,
        "gone": newest.is_gone,
    }
