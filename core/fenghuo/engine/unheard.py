"""What the disk says of a message and the loop never heard: the facts that got lost on the way are made again. Part of the auditor.

A fact may still be on its way when a row is read. So only what two looks in a row find is taken for lost, and then the writer is asked,
behind everything that was handed to it before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from fenghuo.engine.book import Book
from fenghuo.engine.facts import Fact, MessageAccepted, MessageEnded, Overdue, Signed
from fenghuo.engine.inherit import Heir, find_heirs
from fenghuo.engine.judging import needs_a_person
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message, MessageId, MessageState
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, RELEASE
from fenghuo.store.transaction import Tx

__all__ = ["IS_IN_FORCE", "Unheard", "accepted_anew"]

Key = tuple[MessageId, int]
AT_MOST = 500
"""Made up for in one look: the next ones do the rest."""
IN_FORCE = (MessageState.HELD, MessageState.ACTIVE)
IS_IN_FORCE = "+state IN ('held', 'active') AND action NOT IN ('Ack', 'Error')"
"""A condition on a row of `message`: an acknowledgement or an error report is kept, and nothing is ever due of it."""
_IN_FORCE = f"SELECT json_group_array(json_array(id, revision, state)) FROM message WHERE rowid >= ? AND {IS_IN_FORCE}"


class Lost(StrEnum):
    """What the loop did not hear of: its end, that it came, that it was released."""

    END = "end"
    PLAN = "plan"
    RELEASE = "release"


class Unheard:
    """Finds them. `is_any`: something was different at the last look."""

    def __init__(self, book: Book, store: Store) -> None:
        self._book = book
        self._store = store
        self._suspects: frozenset[tuple[Lost, Key]] = frozenset()

    @property
    def is_any(self) -> bool:
        return bool(self._suspects)

    async def look(self, lowest: int) -> list[tuple[Overdue, Fact]]:
        """What is lost, with the fact that makes up for it; ends first. `lowest`: the row from which on messages may be in force."""
        rows = json.loads(str(await self._store.scalar(_IN_FORCE, lowest)))
        stored = {(MessageId(ident), revision): MessageState(state) for ident, revision, state in rows}
        suspects = frozenset(self._compare(stored))
        again, self._suspects = sorted(suspects & self._suspects)[:AT_MOST], suspects
        found = [(await self._made_up_for(what, key), what, key) for what, key in again]
        return [made for made, what, key in found if made is not None and self._is_lost(what, key)]

    def _compare(self, stored: dict[Key, MessageState]) -> Iterable[tuple[Lost, Key]]:
        for key, entry in self._book.messages.items():
            if entry.state in IN_FORCE and key not in stored:
                yield Lost.END, key
            elif entry.state is MessageState.HELD and stored.get(key) is MessageState.ACTIVE:
                yield Lost.RELEASE, key
        yield from ((Lost.END, key) for key in self._book.resting if key not in stored)
        yield from ((Lost.PLAN, key) for key in stored if self._is_lost(Lost.PLAN, key))

    def _is_lost(self, what: Lost, key: Key) -> bool:
        """Whether the book still knows no better."""
        entry = self._book.messages.get(key)
        match what:
            case Lost.END:
                return key in self._book.resting or (entry is not None and entry.state in IN_FORCE)
            case Lost.PLAN:
                return entry is None and key not in self._book.resting
            case Lost.RELEASE:
                return entry is not None and entry.state is MessageState.HELD

    async def _made_up_for(self, what: Lost, key: Key) -> tuple[Overdue, Fact] | None:
        return await self._store.run(lambda tx: _made_up_for(tx, what, key))


def accepted_anew(tx: Tx, row: MessageRow, signers: tuple[str, ...]) -> MessageAccepted:
    """What intake said of this message, once more."""
    message = msgspec.msgpack.decode(row.body, type=Message)
    verdicts = msgspec.json.decode(row.verdicts, type=tuple[Verdict, ...])
    heirs: tuple[Heir, ...] = find_heirs(tx, row.id, row.revision) if row.state is MessageState.ACTIVE else ()
    return MessageAccepted(message, row.state, signers, heirs=heirs, least=int(needs_a_person(verdicts)))


def _made_up_for(tx: Tx, what: Lost, key: Key) -> tuple[Overdue, Fact] | None:
    row = tx.sound(MESSAGE, *key)
    if row is None:
        return None
    releases = tx.find(RELEASE, "message = ? AND revision = ? ORDER BY at", *key)
    signers = tuple(sorted({release.actor for release in releases}))
    since = max([row.accepted_at, *(release.at for release in releases)])
    fact: Fact | None = None
    match what:
        case Lost.END if row.state not in IN_FORCE:
            fact = MessageEnded(*key, row.state)
        case Lost.PLAN if row.state in IN_FORCE:
            fact = accepted_anew(tx, row, signers)
        case Lost.RELEASE if row.state is MessageState.ACTIVE:
            heirs = find_heirs(tx, *key) if row.revision > 1 else ()
            fact = Signed(*key, min(signers, default=""), released=True, heirs=heirs)
    return (Overdue(what.value, f"message/{row.id}", since), fact) if fact is not None else None
