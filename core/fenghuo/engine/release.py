"""Signatures over the envelope: distinct people, never the author, valid for a while; enough of them release a message.

Source: security.md §3.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fenghuo.engine.book import Book, OpenMessage
from fenghuo.engine.chain import as_revision, bury, end_of, find_kin, overtaken, replace_earlier
from fenghuo.engine.correcting import spoken
from fenghuo.engine.facts import Facts, MessageAccepted, MessageEnded, Signed
from fenghuo.engine.judging import hands_needed
from fenghuo.engine.kin import Kin
from fenghuo.engine.office import Office
from fenghuo.errors import NotAllowed, NotFound, Overloaded, ReleaseNeeded
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message, MessageState
from fenghuo.model.traffic import Action
from fenghuo.store.audit import Deed
from fenghuo.store.records import MessageRow, ReleaseRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, RELEASE
from fenghuo.store.transaction import Tx

__all__ = ["Release", "Signature"]

News = list[MessageAccepted | MessageEnded | Signed]


class Signature(msgspec.Struct, frozen=True):
    """Where a release stands after one more signature. `id`, `revision`: what is in force by it, which for a Cancel or an Update that
    came before what it is about is that event; `envelope`: what was signed."""

    id: str
    revision: int
    signatures: tuple[str, ...]
    needed: int
    state: str
    envelope: str = ""


class Release:
    """Takes signatures. `valid_s`: how long one counts while the other is missing."""

    def __init__(self, office: Office, facts: Facts, book: Book, store: Store, *, valid_s: float = 120.0) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._store = store
        self.valid_s = valid_s

    async def sign(self, ident: str, actor: str, *, envelope: str = "", revision: int | None = None) -> Signature:
        """Add a signature; the last one needed releases. `envelope`, `revision`: of what the signer was shown.

        Raises: NotFound, NotAllowed, ReleaseNeeded, Overloaded.
        """
        entry = self._book.find_message(ident)
        if entry is None:
            raise await self._why_not(ident)
        if not entry.is_planned:
            raise Overloaded("the message is being planned", retry_after_s=0.5)
        if actor == entry.message.author:
            raise NotAllowed(f"{actor} wrote this message and may not release it")
        if revision is not None and revision != entry.message.revision:
            raise ReleaseNeeded(f"revision {entry.message.revision} waits for a signature, and not {revision}; look again")
        if envelope and envelope != entry.envelope:
            raise ReleaseNeeded("the plan has changed since it was shown; look again and sign what is there now")
        signature, _ = await self._store.run(self._signing(entry, actor), then=lambda done: self._facts.put_all(done[1]))
        return signature

    async def _why_not(self, ident: str) -> NotFound | ReleaseNeeded:
        """What is not in the book waits for nobody."""
        rows = await self._store.find(MESSAGE, "id = ? ORDER BY revision DESC", ident, limit=1)
        return (
            ReleaseNeeded(f"the message is {rows[0].state}; only a held one can be signed")
            if rows
            else NotFound(f"no open message has the id {ident}")
        )

    def _signing(self, entry: OpenMessage, actor: str) -> Callable[[Tx], tuple[Signature, News]]:
        message, envelope = entry.message, entry.envelope
        now, until = self._office.clock.time(), self._office.clock.time() + self.valid_s

        def sign(tx: Tx) -> tuple[Signature, News]:
            row = tx.get(MESSAGE, message.id, message.revision)
            if row is None or row.state is not MessageState.HELD or row.expires_at <= now:
                raise ReleaseNeeded(f"the message is {row.state if row else 'gone'}; only a held one can be signed")
            tx.put(RELEASE, ReleaseRow(message.id, message.revision, envelope, actor, now, until))
            tx.event("message.signed", f"message/{message.id}", revision=message.revision, actor=actor, envelope=envelope)
            traffic = message.traffic.value
            tx.audit(Deed.of("sign", f"message/{message.id}", content=envelope, traffic=traffic, revision=message.revision, signer=actor))
            names, needed = _signers(tx, message, envelope, now), max(entry.needed_signatures, _asked(tx, row, message))
            if len(names) < needed:
                held = Signature(message.id, message.revision, names, needed, MessageState.HELD, envelope)
                return held, [Signed(message.id, message.revision, actor, released=False)]
            tx.event("message.released", f"message/{message.id}", revision=message.revision, signatures=list(names))
            final, news = _released(tx, row, message, actor=actor, names=names, now=now)
            return Signature(final.id, final.revision, names, needed, _state(tx, final), envelope), news

        return sign


def _released(tx: Tx, row: MessageRow, message: Message, *, actor: str, names: tuple[str, ...], now: float) -> tuple[Message, News]:
    """Put a held message in force; what is then in force, and what the loop must hear."""
    is_change = message.action in (Action.UPDATE, Action.CANCEL)
    kin = tuple(relative for relative in find_kin(tx, message.content) if _is_behind(tx, message, relative)) if is_change else ()
    if is_change:
        bury(tx, message, is_signed=True)
    if not kin:
        tx.update(MESSAGE, msgspec.structs.replace(row, state=MessageState.ACTIVE))
        heirs, ended = replace_earlier(tx, message)
        return message, [*_ends(message, ended), Signed(message.id, message.revision, actor, released=True, heirs=heirs)]
    tx.update(MESSAGE, msgspec.structs.replace(row, state=MessageState.SUPERSEDED))
    tx.event("message.superseded", f"message/{message.id}", revision=message.revision, by=kin[0].id)
    news: News = [MessageEnded(message.id, message.revision, MessageState.SUPERSEDED)]
    said = msgspec.structs.replace(message, accepted_at=now)
    revisions = [_as_signed(said, relative, names) for relative in kin]
    for revision in revisions:
        news += _joined(tx, row, revision, names)
    return revisions[0], news


def _is_behind(tx: Tx, message: Message, kin: Kin) -> bool:
    """Whether a held message came before what it is about, or something older came into force beside it while it waited."""
    if kin.id != message.id:
        return message.revision == 1
    return bool(tx.find(MESSAGE, "id = ? AND revision > ? AND state = 'active'", message.id, message.revision))


def _state(tx: Tx, message: Message) -> str:
    row = tx.get(MESSAGE, message.id, message.revision)
    return row.state if row is not None else MessageState.ACTIVE


def _as_signed(message: Message, kin: Kin, names: tuple[str, ...]) -> Message:
    """The next revision of an event, in the priority that was signed: its plan must be the one that people have seen."""
    revision = as_revision(message, kin)
    if message.action is Action.CANCEL:
        return spoken(revision, kin, names)[0]
    return msgspec.structs.replace(revision, priority=message.priority)


def _asked(tx: Tx, row: MessageRow, message: Message) -> int:
    """Signatures that its verdicts ask for, and that what an Update replaces took, which may have come while it waited."""
    kin = find_kin(tx, message.content) if message.action is Action.UPDATE else ()
    verdicts = msgspec.json.decode(row.verdicts, type=tuple[Verdict, ...])
    return max([hands_needed(verdicts), *(relative.signatures for relative in kin if relative.id != message.id)])


def _joined(tx: Tx, row: MessageRow, message: Message, names: tuple[str, ...]) -> News:
    """What it is about came while it was held: it goes on as the next revision of that event, as if it had come after it. Something newer
    may have come as well, and then it is over."""
    over = overtaken(tx, message) if message.action is Action.UPDATE else None
    state = over or MessageState.ACTIVE
    changes = {name: getattr(message, name) for name in ("id", "revision", "number", "priority", "accepted_at", "expires_at")}
    tx.insert(MESSAGE, msgspec.structs.replace(row, state=state, body=msgspec.msgpack.encode(message), **changes))
    said = {"kind": message.kind, "action": message.action, "traffic": message.traffic, "priority": message.priority.name}
    heirs, ended = replace_earlier(tx, message) if over is None else ((), ())
    told = "message.accepted" if over is None else f"message.{over}"
    tx.event(told, f"message/{message.id}", revision=message.revision, **said, source=message.source)
    if over is not None:
        return []
    return [*_ends(message, ended), MessageAccepted(message, MessageState.ACTIVE, names, heirs=heirs)]


def _ends(message: Message, ended: tuple[int, ...]) -> News:
    return [MessageEnded(message.id, revision, end_of(message)) for revision in ended]


def _signers(tx: Tx, message: Message, envelope: str, now: float) -> tuple[str, ...]:
    rows = tx.find(RELEASE, "message = ? AND revision = ? AND envelope = ? AND until > ?", message.id, message.revision, envelope, now)
    return tuple(sorted({row.actor for row in rows}))
