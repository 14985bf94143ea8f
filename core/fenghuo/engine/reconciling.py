"""Two nodes that acted apart find out by id what one has and the other has not, and exchange that alone. What one has done is a record at
the other: it is shown and known there, and told to nobody a second time.

A message is known by its identity: an alert by (sender, identifier, sent), whichever node gave it an id, anything else by its id and
revision. Identities are compared in 256 heaps by one short digest each, so that two nodes that agree say no more than that.
Source: delivery.md (the same id, so that the receiver drops it); scenarios.md S10 (merge by id without loss), A2.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from fenghuo.engine.chain import find_kin, keys_of, remember, triple_key
from fenghuo.errors import FormatError
from fenghuo.model.message import Content, Message, MessageState
from fenghuo.model.traffic import Action
from fenghuo.store.audit import Deed
from fenghuo.store.documents import put_document
from fenghuo.store.records import MessageRow
from fenghuo.store.tables import IDEMPOTENCY, MESSAGE
from fenghuo.store.transaction import Tx

__all__ = ["Brought", "Line", "Taken", "identity", "key_of", "lines_of", "summary", "taking"]

DIGITS = 16
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_OPEN = (MessageState.HELD, MessageState.ACTIVE)


class Line(msgspec.Struct, frozen=True):
    """A message as one line: its identity, and what it is called there."""

    key: str
    id: str
    revision: int
    state: str


class Brought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message of another node. `key`: its identity; `body`: msgpack of model Message; `raw`: as it came there; `met` of `total` who were
    to be reached there."""

    key: str
    body: bytes
    raw: bytes
    state: MessageState
    met: int = 0
    total: int = 0


class Taken(msgspec.Struct, frozen=True):
    """What became of what was brought, by id: taken as a record, known already, or for a person to decide."""

    taken: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    to_decide: tuple[str, ...] = ()


def identity(content: Content, ident: str, revision: int) -> str:
    """Hex, the same at every node."""
    name = triple_key(content) if content.identifier else f"id\x1f{ident}\x1f{revision}"
    return hashlib.sha256(name.encode()).hexdigest()[:DIGITS]


def key_of(row: MessageRow) -> str:
    """The identity of a message that is kept."""
    return identity(msgspec.msgpack.decode(row.body, type=Message).content, row.id, row.revision)


def lines_of(rows: Iterable[MessageRow]) -> list[Line]:
    """By identity; of an alert that is here twice the newest."""
    found = {key: Line(key, row.id, row.revision, row.state.value) for row in rows if (key := key_of(row))}
    return [found[key] for key in sorted(found)]


def summary(lines: Iterable[Line]) -> Mapping[str, str]:
    """By heap (the first two digits) a digest of the identities in it; an empty one has none."""
    heaps: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        heaps[line.key[:2]].append(line.key)
    return {heap: hashlib.sha256("".join(sorted(keys)).encode()).hexdigest()[:DIGITS] for heap, keys in sorted(heaps.items())}


def read(brought: Brought) -> Message:
    """Raises: FormatError: no message, or another than its key says."""
    try:
        message = msgspec.msgpack.decode(brought.body, type=Message)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise FormatError(f"body: no message: {error}", code="bad-argument", where="body") from error
    if not _ID.fullmatch(message.id) or identity(message.content, message.id, message.revision) != brought.key:
        raise FormatError(f"message {message.id!r} is not the one that {brought.key} names", code="bad-argument", where="key")
    return message


def taking(tx: Tx, brought: Iterable[tuple[Brought, Message]], peer: str) -> Taken:
    """The job of the writer: each is decided on what the store holds at that moment."""
    taken, known, to_decide = [], [], []
    for one, message in brought:
        if _is_known(tx, message):
            known.append(message.id)
        elif _wants_a_person(tx, message):
            to_decide.append(message.id)
            says = f"{peer} has {'a Cancel' if message.action is Action.CANCEL else 'an Update'} of what is in force here; look, and decide"
            tx.event("alarm.reconciled", f"message/{message.id}", peer=peer, revision=message.revision, message=says)
        else:
            _keep(tx, one, message, peer)
            taken.append(message.id)
    return Taken(tuple(taken), tuple(known), tuple(to_decide))


def _is_known(tx: Tx, message: Message) -> bool:
    if message.content.identifier and tx.get(IDEMPOTENCY, triple_key(message.content)) is not None:
        return True
    return tx.scalar(MESSAGE.exists_sql, message.id, message.revision) is not None


def _wants_a_person(tx: Tx, message: Message) -> bool:
    """An Update or a Cancel of something that is in force here is no record: somebody here may have to be told."""
    if message.action not in (Action.UPDATE, Action.CANCEL):
        return False
    rows = [tx.find(MESSAGE, "id = ?", kin.id) for kin in find_kin(tx, message.content)]
    rows.append(tx.find(MESSAGE, "id = ?", message.id))
    return any(row.state in _OPEN for found in rows for row in found)


def _keep(tx: Tx, one: Brought, message: Message, peer: str) -> None:
    """As over, whatever it is there: what is still open there is the other node's to deliver. It has no short number here."""
    content, state = message.content, one.state if one.state not in _OPEN else MessageState.COMPLETE
    row = MessageRow(
        id=message.id,
        revision=message.revision,
        state=state,
        number=0,
        sender=content.sender,
        identifier=content.identifier,
        sent_at=content.sent.timestamp(),
        action=message.action,
        priority=message.priority,
        traffic=message.traffic,
        accepted_at=message.accepted_at,
        expires_at=message.expires_at,
        content_hash=message.content_hash,
        body=one.body,
        raw=put_document(tx, one.raw),
        verdicts=b"[]",
        repairs=b"[]",
        source=f"node:{peer}",
        author=message.author,
    )
    tx.insert(MESSAGE, row)
    remember(tx, keys_of(content, source=row.source, key="", digest=""), message)
    told = {"peer": peer, "revision": message.revision, "state": one.state.value, "met": one.met, "total": one.total}
    tx.event("message.reconciled", f"message/{message.id}", **told)
    tx.audit(Deed.of("reconcile", f"message/{message.id}", content=message.content_hash, traffic=message.traffic.value, **told))
