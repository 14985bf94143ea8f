"""Signatures over the envelope: distinct people, never an author, valid for a while; enough of them release a message.

Source: security.md §3.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

import msgspec

from fenghuo.engine.book import Book, OpenMessage
from fenghuo.engine.chain import as_revision, bury, end_of, find_kin, overtaken, replace_earlier
from fenghuo.engine.correcting import spoken, words_take
from fenghuo.engine.counting import SOURCE, counted, in_one_hand, people_of
from fenghuo.engine.facts import Facts, MessageAccepted, MessageEnded, Signed, Widened
from fenghuo.engine.judging import hands_needed
from fenghuo.engine.kin import Kin
from fenghuo.engine.office import Office
from fenghuo.engine.rules import INHERITED
from fenghuo.engine.seals import Seals
from fenghuo.errors import NotAllowed, NotFound, Overloaded, ReleaseNeeded
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message, MessageState
from fenghuo.model.traffic import Action
from fenghuo.store.audit import Deed
from fenghuo.store.records import MessageRow, ReleaseRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, OBJECTIVE, RELEASE
from fenghuo.store.transaction import Tx

__all__ = ["Hand", "Release", "Signature"]

WIDENED_WITHIN_S = 10.0
LOOKS, BETWEEN_LOOKS_S = 50, 0.02
"""How long whoever comes right behind a message waits for its plan."""
News = list[MessageAccepted | MessageEnded | Signed]


class Hand(msgspec.Struct, frozen=True):
    """Who signs. `session`: by which, a token's by its name; `host`: where the signer sits, "" where nobody knows."""

    person: str
    session: str = ""
    host: str = ""


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
    """Takes signatures. `valid_s`: how long one counts while the other is missing; `is_apart`: two who sign sit at two hosts; `delegates`:
    who may sign by a mode in force."""

    def __init__(self, office: Office, facts: Facts, book: Book, store: Store, *, valid_s: float = 120.0) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._store = store
        self.valid_s = valid_s
        self.is_apart = False
        self.delegates: Callable[[], Collection[str]] = tuple
        self.seals: Seals | None = None

    async def waiting(self, ident: str) -> OpenMessage:
        """What waits for signatures, with an envelope as wide as it is by now: whoever looks sees what would be heard.
        Raises: NotFound, ReleaseNeeded, Overloaded."""
        entry = await self._planned(ident)
        if entry.is_released:
            raise ReleaseNeeded(f"the message is {entry.state}; only a held one can be signed")
        if self.seals is not None and self.seals.growth(entry):
            answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._facts.put(Widened(entry.message.id, entry.message.revision, answer=answer))
            await _answered(answer)
        return entry

    async def signers(self, entry: OpenMessage) -> tuple[str, ...]:
        """Whose signatures count at this moment."""
        message, envelope, now, delegates = entry.message, entry.envelope, self._office.clock.time(), frozenset(self.delegates())
        return await self._store.run(lambda tx: people_of(counted(tx, _valid(tx, message, envelope, now), delegates)))

    async def sign(self, ident: str, hand: Hand | str, *, envelope: str = "", revision: int | None = None) -> Signature:
        """Add a signature; the last one needed releases. `envelope`, `revision`: of what the signer was shown.

        Raises: NotFound, NotAllowed, ReleaseNeeded, Overloaded.
        """
        hand = Hand(hand) if isinstance(hand, str) else hand
        entry = await self._planned(ident)
        if _wrote(entry.message, hand.person):
            raise NotAllowed(f"{hand.person} wrote this message and may not release it")
        if self.seals is not None and (why := self.seals.growth(entry)):
            raise ReleaseNeeded(f"{'; '.join(why)}; look again and sign what is there now")
        if revision is not None and revision != entry.message.revision:
            raise ReleaseNeeded(f"revision {entry.message.revision} waits for a signature, and not {revision}; look again")
        if envelope and envelope != entry.envelope:
            raise ReleaseNeeded("the plan has changed since it was shown; look again and sign what is there now")
        signature, _ = await self._store.run(self._signing(entry, hand), then=lambda done: self._facts.put_all(done[1]))
        return signature

    async def _planned(self, ident: str) -> OpenMessage:
        """What is open under an id, once it has its plan, which comes a moment after it."""
        for _ in range(LOOKS):
            entry = self._book.find_message(ident)
            if entry is None:
                raise await self._why_not(ident)
            if entry.is_planned:
                return entry
            await asyncio.sleep(BETWEEN_LOOKS_S)
        raise Overloaded("the message is being planned", retry_after_s=0.5)

    async def _why_not(self, ident: str) -> NotFound | ReleaseNeeded:
        """What is not in the book waits for nobody."""
        rows = await self._store.find(MESSAGE, "id = ? ORDER BY revision DESC", ident, limit=1)
        return (
            ReleaseNeeded(f"the message is {rows[0].state}; only a held one can be signed")
            if rows
            else NotFound(f"no open message has the id {ident}")
        )

    def _signing(self, entry: OpenMessage, hand: Hand) -> Callable[[Tx], tuple[Signature, News]]:
        message, envelope, actor, delegates = entry.message, entry.envelope, hand.person, frozenset(self.delegates())
        now, until = self._office.clock.time(), self._office.clock.time() + self.valid_s

        def sign(tx: Tx) -> tuple[Signature, News]:
            row = tx.get(MESSAGE, message.id, message.revision)
            if row is None or row.state is not MessageState.HELD or row.expires_at <= now:
                raise ReleaseNeeded(f"the message is {row.state if row else 'gone'}; only a held one can be signed")
            mine = ReleaseRow(message.id, message.revision, envelope, actor, now, until, hand.session, hand.host)
            others = [one for one in counted(tx, _valid(tx, message, envelope, now), delegates) if one.actor != actor]
            self._check_apart(others, hand)
            if other := in_one_hand(tx, mine, others):
                says = f"one administrator has changed the log-in or the right of {other} and of {actor} within a day"
                raise NotAllowed(f"{says}; somebody else signs beside {other}")
            tx.put(RELEASE, mine)
            tx.event("message.signed", f"message/{message.id}", revision=message.revision, actor=actor, envelope=envelope)
            tx.event("release.changed", f"release/{message.id}", revision=message.revision, envelope=envelope)
            traffic = message.traffic.value
            signed = {"signer": actor, "by": hand.session, "address": hand.host}
            tx.audit(Deed.of("sign", f"message/{message.id}", content=envelope, traffic=traffic, revision=message.revision, **signed))
            names = people_of([*others, mine])
            needed = max(entry.needed_signatures, _asked(tx, row, message))
            if len(names) < needed:
                held = Signature(message.id, message.revision, names, needed, MessageState.HELD, envelope)
                return held, [Signed(message.id, message.revision, actor, released=False)]
            tx.event("message.released", f"message/{message.id}", revision=message.revision, signatures=list(names))
            final, news = _released(tx, row, message, actor=actor, names=names, office=self._office)
            return Signature(final.id, final.revision, names, needed, _state(tx, final), envelope), news

        return sign

    def _check_apart(self, others: Sequence[ReleaseRow], hand: Hand) -> None:
        """Raises: NotAllowed: who signed before did so by the same session, or from the same host where there are two. A host that nobody
        knows may be any."""
        for other in others:
            if hand.session and other.session == hand.session:
                raise NotAllowed(f"{other.actor} has signed by the same session; two people sign by two")
            is_near = other.host == hand.host or not (other.host and hand.host)
            if self.is_apart and is_near and not other.actor.startswith(SOURCE):  # whose proved word comes from elsewhere
                where = f"at {hand.host}" if other.host == hand.host and hand.host else "where nobody knows at which host one of you is,"
                raise NotAllowed(f"{other.actor} has signed {where} too; here the second signs at another host")


def _wrote(message: Message, person: str) -> bool:
    """Whether somebody has a part in what is said, whatever right or session that person has by now."""
    return person in (message.author, *message.helpers)


async def _answered(answer: asyncio.Future[None]) -> None:
    try:
        async with asyncio.timeout(WIDENED_WITHIN_S):
            await answer
    except TimeoutError:
        raise Overloaded("the plan is being made anew", retry_after_s=1.0) from None


def _released(tx: Tx, row: MessageRow, message: Message, *, actor: str, names: tuple[str, ...], office: Office) -> tuple[Message, News]:
    """Put a held message in force; what is then in force, and what the loop must hear."""
    is_change = message.action in (Action.UPDATE, Action.CANCEL)
    known = find_kin(tx, message.content, message.source) if is_change else ()
    kin = tuple(relative for relative in known if _is_behind(tx, message, relative))
    if is_change:
        bury(tx, message, is_signed=True)
    if not kin:
        tx.update(MESSAGE, msgspec.structs.replace(row, state=MessageState.ACTIVE))
        heirs, ended = replace_earlier(tx, message)
        if tx.find(OBJECTIVE, "message = ? AND revision = ? AND ladder = ?", message.id, message.revision, INHERITED):
            heirs = ()  # it is signed once more, and has been told to them or is on its way
        return message, [*_ends(message, ended), Signed(message.id, message.revision, actor, released=True, heirs=heirs)]
    tx.update(MESSAGE, msgspec.structs.replace(row, state=MessageState.SUPERSEDED))
    tx.event("message.superseded", f"message/{message.id}", revision=message.revision, by=kin[0].id)
    news: News = [MessageEnded(message.id, message.revision, MessageState.SUPERSEDED)]
    said = msgspec.structs.replace(message, accepted_at=office.clock.time())
    revisions = [_as_signed(said, relative, names, office) for relative in kin]
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


def _as_signed(message: Message, kin: Kin, names: tuple[str, ...], office: Office) -> Message:
    """The next revision of an event, in the priority that was signed: its plan must be the one that people have seen."""
    revision = as_revision(message, kin)
    if message.action is Action.CANCEL:
        return spoken(revision, kin, names, words_take(revision, kin, office.rules, office.devices))[0]
    return msgspec.structs.replace(revision, priority=message.priority)


def _asked(tx: Tx, row: MessageRow, message: Message) -> int:
    """Signatures that its verdicts ask for, and that what an Update replaces took, which may have come while it waited."""
    kin = find_kin(tx, message.content, message.source) if message.action is Action.UPDATE else ()
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


def _valid(tx: Tx, message: Message, envelope: str, now: float) -> list[ReleaseRow]:
    """The signatures of what is there now that are not too old."""
    return tx.find(RELEASE, "message = ? AND revision = ? AND envelope = ? AND until > ?", message.id, message.revision, envelope, now)
