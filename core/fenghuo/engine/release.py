"""Signatures over the envelope: distinct people, never the author, valid for a while; enough of them release a message.

Source: security.md §3.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fenghuo.engine.book import Book, OpenMessage
from fenghuo.engine.chain import bury, replace_earlier
from fenghuo.engine.facts import Facts, MessageEnded, Signed
from fenghuo.engine.inherit import Heir
from fenghuo.engine.office import Office
from fenghuo.errors import NotAllowed, NotFound, Overloaded, ReleaseNeeded
from fenghuo.model.message import Message, MessageState
from fenghuo.model.traffic import Action
from fenghuo.store.audit import Deed
from fenghuo.store.records import ReleaseRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, RELEASE
from fenghuo.store.transaction import Tx

__all__ = ["Release", "Signature"]


class Signature(msgspec.Struct, frozen=True):
    """Where a release stands after one more signature."""

    id: str
    revision: int
    signatures: tuple[str, ...]
    needed: int
    state: str


class Release:
    """Takes signatures. `valid_s`: how long one counts while the other is missing."""

    def __init__(self, office: Office, facts: Facts, book: Book, store: Store, *, valid_s: float = 120.0) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._store = store
        self.valid_s = valid_s

    async def sign(self, ident: str, actor: str, *, envelope: str = "") -> Signature:
        """Add a signature; the last one needed releases. Raises: NotFound, NotAllowed, ReleaseNeeded, Overloaded."""
        entry = self._book.find_message(ident)
        if entry is None:
            raise await self._why_not(ident)
        if not entry.is_planned:
            raise Overloaded("the message is being planned", retry_after_s=0.5)
        if actor == entry.message.author:
            raise NotAllowed(f"{actor} wrote this message and may not release it")
        if envelope and envelope != entry.envelope:
            raise ReleaseNeeded("the plan has changed since it was shown; look again and sign what is there now")
        signature, heirs, ended = await self._store.run(self._signing(entry, actor))
        message = entry.message
        end = MessageState.CANCELLED if message.action is Action.CANCEL else MessageState.SUPERSEDED
        for revision in ended:
            self._facts.put(MessageEnded(message.id, revision, end))
        self._facts.put(Signed(message.id, message.revision, actor, signature.state == MessageState.ACTIVE, heirs))
        return signature

    async def _why_not(self, ident: str) -> NotFound | ReleaseNeeded:
        """What is not in the book waits for nobody."""
        rows = await self._store.find(MESSAGE, "id = ? ORDER BY revision DESC", ident, limit=1)
        return (
            ReleaseNeeded(f"the message is {rows[0].state}; only a held one can be signed")
            if rows
            else NotFound(f"no open message has the id {ident}")
        )

    def _signing(self, entry: OpenMessage, actor: str) -> Callable[[Tx], tuple[Signature, tuple[Heir, ...], tuple[int, ...]]]:
        message, needed, envelope = entry.message, entry.needed_signatures, entry.envelope
        now, until = self._office.clock.time(), self._office.clock.time() + self.valid_s

        def sign(tx: Tx) -> tuple[Signature, tuple[Heir, ...], tuple[int, ...]]:
            row = tx.get(MESSAGE, message.id, message.revision)
            if row is None or row.state is not MessageState.HELD or row.expires_at <= now:
                raise ReleaseNeeded(f"the message is {row.state if row else 'gone'}; only a held one can be signed")
            tx.put(RELEASE, ReleaseRow(message.id, message.revision, envelope, actor, now, until))
            tx.event("message.signed", f"message/{message.id}", revision=message.revision, actor=actor, envelope=envelope)
            traffic = message.traffic.value
            tx.audit(Deed.of("sign", f"message/{message.id}", content=envelope, traffic=traffic, revision=message.revision, signer=actor))
            names = _signers(tx, message, envelope, now)
            if len(names) < needed:
                return Signature(message.id, message.revision, names, needed, MessageState.HELD), (), ()
            tx.update(MESSAGE, msgspec.structs.replace(row, state=MessageState.ACTIVE))
            heirs, ended = replace_earlier(tx, message)
            if message.action is Action.CANCEL and message.revision == 1:  # it came before what it cancels
                bury(tx, message, is_signed=True)
            tx.event("message.released", f"message/{message.id}", revision=message.revision, signatures=list(names))
            return Signature(message.id, message.revision, names, needed, MessageState.ACTIVE), heirs, ended

        return sign


def _signers(tx: Tx, message: Message, envelope: str, now: float) -> tuple[str, ...]:
    rows = tx.find(RELEASE, "message = ? AND revision = ? AND envelope = ? AND until > ?", message.id, message.revision, envelope, now)
    return tuple(sorted({row.actor for row in rows}))
