"""What links two events came last, and is over already: they become one, and what was in force beside the newer word ends. By the writer.

Either a Cancel that found nothing goes on as the next revision of what it ends, as it would have been had it come last; or what was told
before a newer Update ends, and whoever heard it and is not among the recipients of that is told by it as well.
"""

from __future__ import annotations

import json

import msgspec

from fenghuo.engine.chain import KEEP_KEYS_S, end_of, kin_of, replace_earlier
from fenghuo.engine.event_links import join
from fenghuo.engine.facts import MessageAccepted, MessageEnded
from fenghuo.engine.inherit import find_heirs
from fenghuo.engine.kin import Kin
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import Message, MessageId, MessageState
from fenghuo.model.roll import PUBLIC
from fenghuo.model.traffic import Action
from fenghuo.store.audit import Deed
from fenghuo.store.records import MessageRow
from fenghuo.store.tables import FAN_OUT, MESSAGE, RELEASE
from fenghuo.store.transaction import Tx

__all__ = ["Brought", "against_joining", "bring_back", "lone_cancel", "outlive", "signers_of"]

News = list[MessageAccepted | MessageEnded]
Brought = tuple[MessageRow, Message]
_ASKED = (
    "SELECT json_group_array(DISTINCT t.recipient) FROM objective o JOIN target t ON t.objective = o.id"
    " WHERE o.message = ? AND o.revision = ?"
)


def against_joining(tx: Tx, older: Kin, ahead: MessageId) -> str:
    """Why what is ahead may not end this event by way of what links them, as it might not have done had it come last; "" where it may."""
    newer = kin_of(tx, ahead)
    if newer.sender != older.sender:
        return f"it is by {older.sender}, and what came before is by {newer.sender}"
    if older.is_signed and not newer.is_signed:
        return "it bears a valid signature, and what came before does not"
    if newer.is_shared and not (older.is_shared and not older.signatures):
        return "what came before came under the key of a group, and any member of it could have made that"
    is_end = newer.newest.action is Action.CANCEL
    people = set(signers_of(tx, ahead, newer.newest.revision))
    if not is_end and len(people) < older.signatures:
        return f"it took {older.signatures} signatures, and what came before has {len(people)}"
    return ""


def lone_cancel(tx: Tx, ahead: MessageId) -> Brought | None:
    """The Cancel in force that is all there is of an event: it found nothing when it came, and nobody was told it."""
    row = tx.sound(MESSAGE, ahead, 1)
    if row is None or row.action is not Action.CANCEL or row.state is not MessageState.ACTIVE:
        return None
    return row, msgspec.msgpack.decode(row.body, type=Message)


def signers_of(tx: Tx, ident: MessageId, revision: int) -> tuple[str, ...]:
    """Whoever has signed a revision."""
    rows = tx.find(RELEASE, "message = ? AND revision = ?", ident, revision)
    return tuple(sorted({row.actor for row in rows}))


def bring_back(tx: Tx, brought: Brought, cancel: Message) -> News:
    """A Cancel that came before what it ends goes on as a revision of that. `cancel`: as it is told there."""
    row, alone = brought
    tx.update(MESSAGE, msgspec.structs.replace(row, state=MessageState.SUPERSEDED))
    tx.event("message.superseded", f"message/{alone.id}", revision=alone.revision, by=cancel.id)
    changes = {name: getattr(cancel, name) for name in ("id", "revision", "number", "priority", "expires_at")}
    tx.insert(MESSAGE, msgspec.structs.replace(row, body=msgspec.msgpack.encode(cancel), **changes))
    said = {"kind": cancel.kind, "action": cancel.action, "traffic": cancel.traffic, "priority": cancel.priority.name}
    tx.event("message.accepted", f"message/{cancel.id}", revision=cancel.revision, **said, source=cancel.source)
    join(tx, alone.id, cancel.id, cancel.expires_at + KEEP_KEYS_S)
    _tell_audit(tx, cancel, alone.id)
    heirs, ended = replace_earlier(tx, cancel)
    signers = signers_of(tx, alone.id, alone.revision)
    return [
        MessageEnded(alone.id, alone.revision, MessageState.SUPERSEDED),
        *(MessageEnded(cancel.id, revision, end_of(cancel)) for revision in ended),
        MessageAccepted(cancel, MessageState.ACTIVE, signers, heirs=heirs),
    ]


def outlive(tx: Tx, older: MessageId, ahead: MessageId) -> News:
    """All of the older event is over, since what is ahead goes on for it; whoever was told it is told that."""
    news: News = []
    rows = tx.find(MESSAGE, "id = ? ORDER BY revision", older)
    for row in rows:
        if row.state in (MessageState.ACTIVE, MessageState.HELD):
            tx.update(MESSAGE, msgspec.structs.replace(row, state=MessageState.SUPERSEDED))
            tx.event("message.superseded", f"message/{older}", revision=row.revision, by=ahead)
            news.append(MessageEnded(older, row.revision, MessageState.SUPERSEDED))
    newest = tx.find(MESSAGE, "id = ? AND state = 'active' ORDER BY revision DESC", ahead, limit=1)
    until = max(row.expires_at for row in (*rows, *newest)) + KEEP_KEYS_S
    join(tx, older, ahead, until)
    for row in newest:
        heirs = find_heirs(tx, ahead, row.revision)
        message = msgspec.msgpack.decode(row.body, type=Message)
        _tell_audit(tx, message, older)
        is_stale_last = any(one.accepted_at > row.accepted_at for one in rows)  # the older words may be the last that somebody heard
        news.append(MessageAccepted(message, MessageState.ACTIVE, heirs=heirs, told=_told(tx, row), again=is_stale_last))
    return news


def _tell_audit(tx: Tx, message: Message, part: MessageId) -> None:
    what = {"revision": message.revision, "act": message.action.value, "source": message.source, "joined": part}
    tx.audit(Deed.of("join", f"message/{message.id}", content=message.content_hash, traffic=message.traffic.value, **what))


def _told(tx: Tx, row: MessageRow) -> frozenset[RecipientId]:
    """Whom a revision has a target or a fan-out for."""
    asked: list[RecipientId] = json.loads(str(tx.scalar(_ASKED, row.id, row.revision)))
    publics = tx.find(FAN_OUT, "message = ? AND revision = ?", row.id, row.revision)
    return frozenset(asked).union(f"{PUBLIC}{area}" for public in publics for area in public.areas)
