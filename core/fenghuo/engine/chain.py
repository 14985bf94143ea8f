"""Identity and chains: duplicates, conflicts, Update and Cancel, tombstones. Runs inside the writer's job, on the truth.

Source: wire-formats.md §1.6.
"""

from __future__ import annotations

import hashlib

import msgspec

from fenghuo.clock import seconds
from fenghuo.engine.event_links import home_of
from fenghuo.engine.inherit import Heir, find_heirs
from fenghuo.engine.judging import SHARED, hands_needed
from fenghuo.engine.kin import Kin
from fenghuo.errors import KeyConflict
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Content, Info, Message, MessageId, MessageState, Reference
from fenghuo.model.traffic import Action, Traffic
from fenghuo.store.records import IdempotencyRow, MessageRow, TombstoneRow
from fenghuo.store.tables import IDEMPOTENCY, MESSAGE, OBJECTIVE, TOMBSTONE
from fenghuo.store.transaction import Tx

__all__ = [
    "KEEP_KEYS_S",
    "across",
    "as_revision",
    "buried_by",
    "bury",
    "duplicate_of",
    "end_of",
    "find_kin",
    "forerunner",
    "is_dead",
    "keys_of",
    "kin_of",
    "overtaken",
    "remember",
    "replace_earlier",
    "triple_key",
    "undertaker",
]

KEEP_KEYS_S = 30 * 86_400.0
"""Keys outlive the message by thirty days (delivery.md): a replay of yesterday is still a replay."""
REPLACED = "\x1fupdate"
"""Ends the key of a tombstone that an Update left: what it names is not cancelled, it is superseded."""
BY = "\x1d"
"""In the key of a tombstone nobody signed for: before the source that laid it, whose own messages it buries and no others."""
OF = "\x1c"
"""In the key of a tombstone of a drill or a test: before its traffic."""


def triple_key(content: Content) -> str:
    """The idempotency key of an alert: (sender, identifier, sent)."""
    return f"cap\x1f{content.sender}\x1f{content.identifier}\x1f{content.sent.isoformat()}"


def keys_of(content: Content, *, source: str, key: str, digest: str, place: int = 0) -> tuple[tuple[str, str], ...]:
    """(key, hash) pairs under which this message is remembered. A client's key vouches for its bytes, a triple for its content.

    `digest`: of its bytes, SHA-256 (hex); `place`: which message of the document it is, from 0; one key stands for each of them.
    """
    found: list[tuple[str, str]] = []
    if content.identifier:
        found.append((triple_key(content), hashlib.sha256(msgspec.msgpack.encode(content)).hexdigest()))
    if key:
        found.append((f"key\x1f{source}\x1f{key}" + (f"\x1f{place}" if place else ""), digest))
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


def find_kin(tx: Tx, content: Content, source: str = "") -> tuple[Kin, ...]:
    """The events of its own traffic that the references of an Update or Cancel lead to, each at its next revision. `source`: who brings it.
    What has not come leads to the event of whatever named it before."""
    named: dict[MessageId, None] = {}
    for reference in content.references:
        rows = _referenced(tx, reference)
        named.update((home_of(tx, row.id), None) for row in rows if row.traffic is content.traffic)
        if not rows and (ahead := _named_before(tx, reference, content, source)) is not None:
            named[ahead] = None
    return tuple(kin_of(tx, ident) for ident in named)


def _named_before(tx: Tx, reference: Reference, content: Content, source: str) -> MessageId | None:
    absent = msgspec.structs.replace(content, sender=reference.sender or content.sender, identifier=reference.identifier)
    stones = (tx.get(TOMBSTONE, key + end) for key in _names(absent, source) for end in ("", REPLACED))
    return next((home_of(tx, stone.message) for stone in stones if stone is not None), None)


def across(tx: Tx, content: Content) -> Traffic | None:
    """The traffic of what its references name and it may not touch: a drill ends nothing real, and the real thing no drill."""
    named = (row.traffic for reference in content.references for row in _referenced(tx, reference))
    return next((traffic for traffic in named if traffic is not content.traffic), None)


def kin_of(tx: Tx, ident: MessageId) -> Kin:
    """What the next revision of an event is to it."""
    rows = tx.find(MESSAGE, "id = ? ORDER BY revision DESC", ident)
    first = rows[-1]  # a stranger's revision makes him no author of the event
    objectives = tx.find(OBJECTIVE, "message = ?", ident)
    planned = {one.revision for one in objectives}
    told = [row for row in rows if not _has_no_part(row, rows, planned)] or rows
    newest = max(told, key=lambda row: (row.state is MessageState.ACTIVE, row.revision in planned, row.revision))
    verdicts = [msgspec.json.decode(row.verdicts, type=tuple[Verdict, ...]) for row in told]
    asked = [row.signatures for row in objectives if row.revision in {one.revision for one in told}]
    return Kin(
        ident,
        rows[0].revision + 1,
        first.sender,
        newest.expires_at,
        first.number,
        msgspec.msgpack.decode(newest.body, type=Message),
        source=first.source,
        signatures=max([*asked, *map(hands_needed, verdicts)]),
        is_signed=any(one.check == "signature" and one.value == "valid" for said in verdicts for one in said),
        is_shared=all(any(one.check == "authority" and one.value == SHARED for one in said) for said in verdicts),
    )


def _has_no_part(row: MessageRow, rows: list[MessageRow], planned: set[int]) -> bool:
    """Whether a revision stands for nothing that anybody was told: it waits, or it came when all was over and so was never released. Its
    words, that a correction is taken from, nobody has signed."""
    if row.state is MessageState.HELD:
        return True
    if row.state is not MessageState.CANCELLED or row.revision in planned:
        return False
    earlier = (msgspec.msgpack.decode(one.body, type=Message) for one in rows if one.revision < row.revision)
    return any(message.action is Action.CANCEL for message in earlier)


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
    if is_dead(tx, message.content, message.source):
        return MessageState.CANCELLED
    sent_at = seconds(message.content.sent)
    later = tx.find(MESSAGE, "id = ? AND sent_at >= ? AND state != 'held'", message.id, sent_at)
    if any(row.action is Action.CANCEL for row in later):
        return MessageState.CANCELLED
    return MessageState.SUPERSEDED if any(row.action is Action.UPDATE and row.sent_at > sent_at for row in later) else None


def bury(tx: Tx, message: Message, *, is_signed: bool = False, is_vouched: bool = False) -> None:
    """A Cancel or an Update leaves a tombstone for each reference that leads nowhere yet, so that a late Alert is dead on arrival.

    Unsigned it buries messages of its own sender only, as it could end only those had they come first: those of its own source, or of any
    source where the settings say that it speaks as that sender (`is_vouched`).
    """
    own, content = message.content.sender, message.content
    for reference in content.references:
        is_known = any(row.id != message.id or row.revision < message.revision for row in _referenced(tx, reference))
        if is_known or (not is_signed and reference.sender not in ("", own)):
            continue
        sender = reference.sender if is_signed else own
        key = _stone(f"{sender}\x1f{reference.identifier}", content.traffic)
        key += "" if is_signed or is_vouched else BY + message.source
        key += REPLACED if message.action is Action.UPDATE else ""
        tx.put(TOMBSTONE, TombstoneRow(key, message.id, message.expires_at + KEEP_KEYS_S))
        tx.event("message.tombstone", f"message/{message.id}", identifier=reference.identifier, sender=sender)


def is_dead(tx: Tx, content: Content, source: str) -> bool:
    """Whether a Cancel of this message came before it, from whoever brings it or from somebody who may speak for it."""
    return undertaker(tx, content, source) is not None


def undertaker(tx: Tx, content: Content, source: str) -> MessageId | None:
    """The event of that Cancel."""
    stones = (tx.get(TOMBSTONE, key) for key in _names(content, source))
    return next((home_of(tx, stone.message) for stone in stones if stone is not None), None)


def buried_by(tx: Tx, content: Content, source: str) -> str:
    """The source that said before it came that a message is over, without a signature and without having brought it; empty: none."""
    for name in _names(content, source)[::2]:
        for stone in tx.find(TOMBSTONE, "key > ? AND key < ?", name + BY, name + chr(ord(BY) + 1)):
            if (other := stone.key.removeprefix(name + BY).removesuffix(REPLACED)) != source:
                return other
    return ""


def forerunner(tx: Tx, content: Content, source: str) -> Kin | None:
    """The event that an Update of this message opened by coming before it, if what it says was not said before the message itself.

    The message belongs to that event, so that whoever later ends the one or the other ends both.
    """
    stones = [stone for key in _names(content, source) if (stone := tx.get(TOMBSTONE, key + REPLACED)) is not None]
    sent_at = seconds(content.sent)
    for stone in stones:
        home = home_of(tx, stone.message)
        if tx.find(MESSAGE, "id = ? AND sent_at >= ? AND state != 'held' AND action = 'Update'", home, sent_at, limit=1):
            return kin_of(tx, home)
    return None


def _names(content: Content, source: str) -> tuple[str, ...]:
    """What a tombstone may call a message: with its sender, or by its identifier alone; each for everybody, and by its own source."""
    if not content.identifier:
        return ()
    plain = (_stone(f"{sender}\x1f{content.identifier}", content.traffic) for sender in (content.sender, ""))
    return tuple(name for key in plain for name in (key, key + BY + source))


def _stone(name: str, traffic: Traffic) -> str:
    return name if traffic is Traffic.ACTUAL else f"{name}{OF}{traffic}"
