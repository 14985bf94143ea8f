"""Identity and chains: duplicates, conflicts, Update and Cancel, tombstones. Runs inside the writer's job, on the truth.

Source: wire-formats.md §1.6.
"""

from __future__ import annotations

import hashlib

import msgspec

from fenghuo.clock import seconds
from fenghuo.engine.inherit import Heir, find_heirs
from fenghuo.errors import KeyConflict
from fenghuo.model.message import Content, Info, Message, MessageId, MessageState, Reference
from fenghuo.model.traffic import Action
from fenghuo.store.records import IdempotencyRow, MessageRow, TombstoneRow
from fenghuo.store.tables import IDEMPOTENCY, MESSAGE, TOMBSTONE
from fenghuo.store.transaction import Tx

__all__ = [
    "KEEP_KEYS_S",
    "Kin",
    "as_revision",
    "bury",
    "duplicate_of",
    "end_of",
    "find_kin",
    "forerunner",
    "is_dead",
    "keys_of",
    "overtaken",
    "remember",
    "replace_earlier",
    "triple_key",
]

KEEP_KEYS_S = 30 * 86_400.0
"""Keys outlive the message by thirty days (delivery.md): a replay of yesterday is still a replay."""
REPLACED = "\x1fupdate"
"""Ends the key of a tombstone that an Update left: what it names is not cancelled, it is superseded."""


class Kin(msgspec.Struct, frozen=True):
    """What a new message is to one that we have: the next revision of `id`.

    `sender`: who sent the original; `newest`: its latest revision.
    """

    id: MessageId
    revision: int
    sender: str
    expires_at: float
    number: int
    newest: Message


def triple_key(content: Content) -> str:
    """The idempotency key of an alert: (sender, identifier, sent)."""
    return f"cap\x1f{content.sender}\x1f{content.identifier}\x1f{content.sent.isoformat()}"


def keys_of(content: Content, *, source: str, key: str, raw: bytes, place: int = 0) -> tuple[tuple[str, str], ...]:
    """(key, hash) pairs under which this message is remembered. A client's key vouches for its bytes, a triple for its content.

    `place`: which message of the document it is, from 0; one key stands for each of them.
    """
    found: list[tuple[str, str]] = []
    if content.identifier:
        found.append((triple_key(content), hashlib.sha256(msgspec.msgpack.encode(content)).hexdigest()))
    if key:
        found.append((f"key\x1f{source}\x1f{key}" + (f"\x1f{place}" if place else ""), hashlib.sha256(raw).hexdigest()))
    return tuple(found)


def duplicate_of(tx: Tx, keys: tuple[tuple[str, str], ...]) -> IdempotencyRow | None:
    """The earlier use of one of these keys. Raises: KeyConflict: it was used with other content."""
    for key, digest in keys:
        row = tx.get(IDEMPOTENCY, key)
        if row is None:
            continue
        if row.hash != digest:
            raise KeyConflict(" ".join(key.split("\x1f")[1:]))
        return row
    return None


def remember(tx: Tx, keys: tuple[tuple[str, str], ...], message: Message) -> None:
    """Keep the keys of an accepted message."""
    for key, digest in keys:
        until = max(message.expires_at, message.accepted_at) + KEEP_KEYS_S
        tx.put(IDEMPOTENCY, IdempotencyRow(key, digest, message.id, message.revision, until))


def find_kin(tx: Tx, content: Content) -> tuple[Kin, ...]:
    """The events that the references of an Update or Cancel lead to, each at its next revision."""
    found: dict[MessageId, Kin] = {}
    for reference in content.references:
        for row in _referenced(tx, reference):
            found[row.id] = _kin(tx, row.id)
    return tuple(found.values())


def _kin(tx: Tx, ident: MessageId) -> Kin:
    newest, *earlier = tx.find(MESSAGE, "id = ? ORDER BY revision DESC", ident)
    first = earlier[-1] if earlier else newest  # a stranger's revision makes him no author of the event
    latest = msgspec.msgpack.decode(newest.body, type=Message)
    return Kin(ident, newest.revision + 1, first.sender, newest.expires_at, newest.number, latest)


def _referenced(tx: Tx, reference: Reference) -> list[MessageRow]:
    if reference.sender:
        return tx.find(MESSAGE, "sender = ? AND identifier = ?", reference.sender, reference.identifier)
    return tx.find(MESSAGE, "id = ?", reference.identifier) or tx.find(MESSAGE, "identifier = ?", reference.identifier)


def as_revision(message: Message, kin: Kin) -> Message:
    """The next revision of an event. A Cancel says what it ends: it takes over kind, headline and areas of the original."""
    content, original = message.content, kin.newest.content
    if content.action is Action.CANCEL:
        words = next((info.description for info in content.infos if info.description), content.note)
        infos = tuple(
            Info(
                language=info.language,
                categories=info.categories,
                event=info.event,
                colour=info.colour,
                headline=info.headline or info.description[:60],
                description=words if original.kind is not content.kind else _own_words(content, info.language),
                sender_name=info.sender_name,
                areas=info.areas,
            )
            for info in original.infos
        )
        content = msgspec.structs.replace(content, kind=original.kind, infos=infos, scope=original.scope)
    expires_at = max(message.expires_at, kin.expires_at) if message.assumed_expiry else message.expires_at
    return msgspec.structs.replace(
        message,
        id=kin.id,
        revision=kin.revision,
        content=content,
        expires_at=expires_at,
        number=kin.number,
        priority=min(message.priority, kin.newest.priority),
    )


def _own_words(content: Content, language: str) -> str:
    """What a Cancel itself says in a language, or in its first one."""
    spoken = {info.language: info.description for info in content.infos}
    return spoken.get(language) or next(iter(spoken.values()), content.note)


def end_of(message: Message) -> MessageState:
    """What the revisions that a message replaces are from then on."""
    return MessageState.CANCELLED if message.action is Action.CANCEL else MessageState.SUPERSEDED


def replace_earlier(tx: Tx, message: Message) -> tuple[tuple[Heir, ...], tuple[int, ...]]:
    """End all earlier revisions of a message's event; who had got them, and which revisions ended now.

    A held one that was said after this message came first and is still the newer word: it waits on for its signature.
    """
    state, sent_at = end_of(message), seconds(message.content.sent)
    ended: list[int] = []
    for row in tx.find(MESSAGE, "id = ? AND revision < ?", message.id, message.revision):
        is_older = row.action is Action.NEW or row.sent_at <= sent_at
        if row.state is MessageState.ACTIVE or (row.state is MessageState.HELD and is_older):
            tx.update(MESSAGE, msgspec.structs.replace(row, state=state))
            tx.event(f"message.{state}", f"message/{row.id}", revision=row.revision, by=message.revision)
            ended.append(row.revision)
    return find_heirs(tx, message.id, message.revision), tuple(ended)


def overtaken(tx: Tx, message: Message) -> MessageState | None:
    """What an Update is on arrival when something that was said after it came before it; None: it is news.

    What is still held is not in force and overtakes nothing: anybody could send it.
    """
    if is_dead(tx, message.content):
        return MessageState.CANCELLED
    sent_at = seconds(message.content.sent)
    later = tx.find(MESSAGE, "id = ? AND sent_at >= ? AND state != 'held'", message.id, sent_at)
    if any(row.action is Action.CANCEL for row in later):
        return MessageState.CANCELLED
    return MessageState.SUPERSEDED if any(row.action is Action.UPDATE and row.sent_at > sent_at for row in later) else None


def bury(tx: Tx, message: Message, *, is_signed: bool = False) -> None:
    """A Cancel or an Update leaves a tombstone for each reference that leads nowhere yet, so that a late Alert is dead on arrival.

    Unsigned it buries messages of its own sender only, as it could end only those had they come first.
    """
    own = message.content.sender
    for reference in message.content.references:
        is_known = any(row.id != message.id or row.revision < message.revision for row in _referenced(tx, reference))
        if is_known or (not is_signed and reference.sender not in ("", own)):
            continue
        sender = reference.sender if is_signed else own
        key = f"{sender}\x1f{reference.identifier}" + (REPLACED if message.action is Action.UPDATE else "")
        tx.put(TOMBSTONE, TombstoneRow(key, message.id, message.expires_at + KEEP_KEYS_S))
        tx.event("message.tombstone", f"message/{message.id}", identifier=reference.identifier, sender=sender)


def is_dead(tx: Tx, content: Content) -> bool:
    """Whether a Cancel of this message came before it."""
    return any(tx.get(TOMBSTONE, key) is not None for key in _names(content))


def forerunner(tx: Tx, content: Content) -> Kin | None:
    """The event that an Update of this message opened by coming before it, if what it says was not said before the message itself.

    The message belongs to that event, so that whoever later ends the one or the other ends both.
    """
    stones = [stone for key in _names(content) if (stone := tx.get(TOMBSTONE, key + REPLACED)) is not None]
    sent_at = seconds(content.sent)
    for stone in stones:
        later = tx.find(MESSAGE, "id = ? AND sent_at >= ? AND state != 'held' AND action = 'Update'", stone.message, sent_at)
        if later:
            return _kin(tx, stone.message)
    return None


def _names(content: Content) -> tuple[str, ...]:
    """What a tombstone may call a message: with its sender, or by its identifier alone."""
    return (f"{content.sender}\x1f{content.identifier}", f"\x1f{content.identifier}") if content.identifier else ()
