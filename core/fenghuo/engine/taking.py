"""A message on its way through the writer's job: told apart from those before it, put behind or in front of them, written, and told."""

from __future__ import annotations

from typing import Protocol

import msgspec

from fenghuo.clock import seconds
from fenghuo.engine.chain import (
    Kin,
    as_revision,
    bury,
    duplicate_of,
    end_of,
    find_kin,
    forerunner,
    is_dead,
    overtaken,
    remember,
    replace_earlier,
)
from fenghuo.engine.facts import MessageAccepted, MessageEnded
from fenghuo.engine.floods import Flood
from fenghuo.engine.judging import Origin, authority_against, needs_a_person
from fenghuo.formats.verdicts import Decoded
from fenghuo.model.delivery import Accepted, Verdict
from fenghuo.model.message import Message, MessageState
from fenghuo.model.traffic import Action
from fenghuo.store.audit import Deed
from fenghuo.store.records import MessageRow
from fenghuo.store.tables import MESSAGE
from fenghuo.store.transaction import Tx
from fenghuo.store.uploads import claim

__all__ = ["News", "Submission", "Taking"]

News = list[MessageAccepted | MessageEnded]


class Submission(msgspec.Struct, frozen=True):
    """What came in by a door: bytes, their type, who brought them, under which key, and who signed already."""

    raw: bytes
    origin: Origin
    media_type: str = ""
    key: str = ""
    signers: tuple[str, ...] = ()
    author: str = ""


class Judge(Protocol):
    """Who says what a message is worth, and so what becomes of it."""

    def judged(self, message: Message, decoded: Decoded, origin: Origin) -> tuple[Verdict, ...]: ...

    def state_of(self, message: Message, verdicts: tuple[Verdict, ...], signers: tuple[str, ...]) -> MessageState: ...


class Taking:
    """One message. Everything it decides, it decides on what the store holds at that moment."""

    def __init__(
        self, judge: Judge, message: Message, decoded: Decoded, submission: Submission, *, keys: tuple[tuple[str, str], ...]
    ) -> None:
        self.judge = judge
        self.message = message
        self.decoded = decoded
        self.submission = submission
        self.keys = keys

    def commit(self, tx: Tx) -> tuple[Accepted, News]:
        earlier = duplicate_of(tx, self.keys)
        if earlier is not None:
            return Accepted(earlier.message, earlier.revision, "duplicate", (), self.decoded.repairs), []
        content = self.message.content
        if self.decoded.content is not None:  # as it came, without the sizes of what is here
            claim(tx, self.decoded.content)
        kin = find_kin(tx, content) if content.action in (Action.UPDATE, Action.CANCEL) else ()
        if not kin:
            return self._new(tx)
        answers = [self._revision(tx, relative) for relative in kin]
        for accepted in [accepted for accepted, _ in answers if accepted.state == MessageState.ACTIVE][:1]:
            self._bury(tx, accepted)
        return answers[0][0], [fact for _, facts in answers for fact in facts]

    def _new(self, tx: Tx) -> tuple[Accepted, News]:
        message = self.message
        if message.action in (Action.NEW, Action.UPDATE) and is_dead(tx, message.content):
            return self._insert(tx, message, state=MessageState.CANCELLED), []
        ahead = forerunner(tx, message.content) if message.action in (Action.NEW, Action.UPDATE) else None
        if ahead is not None:
            return self._behind(tx, as_revision(message, ahead))
        accepted = self._insert(tx, message)
        self._bury(tx, accepted)
        return accepted, self._facts(accepted, message)

    def _behind(self, tx: Tx, message: Message) -> tuple[Accepted, News]:
        """Its Update came before it, and perhaps the Cancel of that: it is kept with them, and nobody is told what is stale."""
        return self._insert(tx, message, state=overtaken(tx, message) or MessageState.SUPERSEDED), []

    def _bury(self, tx: Tx, accepted: Accepted) -> None:
        """A Cancel or an Update in force also ends what has not come yet."""
        if self.message.action in (Action.UPDATE, Action.CANCEL) and accepted.state == MessageState.ACTIVE:
            message = msgspec.structs.replace(self.message, id=accepted.id, revision=accepted.revision)
            bury(tx, message, is_signed=bool(self.submission.signers))

    def _revision(self, tx: Tx, kin: Kin) -> tuple[Accepted, News]:
        message = as_revision(self.message, kin)
        over = self._over(tx, message) if message.action is Action.UPDATE else None
        if over is not None:
            return self._insert(tx, message, state=over), []
        if kin.sender != message.content.sender and not self.submission.signers:
            stranger = Verdict("authority", "sender", False, f"the original is by {kin.sender}, this is by {message.content.sender}")
            held = self._insert(tx, message, extra=(stranger,))
            return held, self._facts(held, message)
        accepted = self._insert(tx, message)
        if accepted.state == MessageState.HELD:  # what it replaces stays in force until somebody signs
            return accepted, self._facts(accepted, message)
        heirs, ended = replace_earlier(tx, message)
        facts: News = [MessageEnded(message.id, revision, end_of(message)) for revision in ended]
        accepted_facts = self._facts(accepted, message)
        facts += [msgspec.structs.replace(fact, heirs=heirs) if isinstance(fact, MessageAccepted) else fact for fact in accepted_facts]
        return accepted, facts

    @staticmethod
    def _over(tx: Tx, message: Message) -> MessageState | None:
        over = overtaken(tx, message)
        return over or (MessageState.SUPERSEDED if forerunner(tx, message.content) is not None else None)

    def _insert(self, tx: Tx, message: Message, *, state: MessageState | None = None, extra: tuple[Verdict, ...] = ()) -> Accepted:
        verdicts = (*self.judge.judged(message, self.decoded, self.submission.origin), *extra)
        judged = self.judge.state_of(message, verdicts, self.submission.signers)
        tx.insert(MESSAGE, _row(message, state or judged, verdicts, self.decoded.repairs, raw=self.submission.raw))
        remember(tx, self.keys, message)
        kind = "message.accepted" if (state or judged) is MessageState.ACTIVE else f"message.{state or judged}"
        tx.event(
            kind,
            f"message/{message.id}",
            revision=message.revision,
            kind=message.kind,
            action=message.action,
            traffic=message.traffic,
            priority=message.priority.name,
            source=message.source,
        )
        if (state or judged) is MessageState.HELD:
            self._alarm(tx, message, verdicts)
        self._tell_audit(tx, message, str(state or judged), verdicts)
        return Accepted(message.id, message.revision, str(state or judged), verdicts, self.decoded.repairs)

    def _alarm(self, tx: Tx, message: Message, verdicts: tuple[Verdict, ...]) -> None:
        """A person hears why it waits; of a flood once, when it begins."""
        flood, about = self.submission.origin.flood, f"message/{message.id}"
        body = {"revision": message.revision, "source": message.source}
        against = authority_against(verdicts)
        if flood is Flood.BEGINS and against is not None:
            tx.event("alarm.flood", f"source/{message.source}", message=against.detail)
        elif against is not None and flood is Flood.NONE:
            tx.event("alarm.no_authority", about, **body, code=against.value, message=against.detail)
        forged = next((verdict for verdict in verdicts if verdict.check == "signature" and not verdict.ok), None)
        if forged is not None and flood is Flood.NONE:
            tx.event("alarm.untrusted", about, **body, code=forged.value, message=forged.detail)

    def _tell_audit(self, tx: Tx, message: Message, state: str, verdicts: tuple[Verdict, ...]) -> None:
        deed = Deed.of(
            "accept",
            f"message/{message.id}",
            content=message.content_hash,
            traffic=message.traffic.value,
            revision=message.revision,
            act=message.action.value,
            state=state,
            source=message.source,
            author=message.author,
            signers=self.submission.signers,
            against=[_shortly(verdict) for verdict in verdicts if not verdict.ok],
            repairs=len(self.decoded.repairs),
        )
        tx.audit(deed)

    def _facts(self, accepted: Accepted, message: Message) -> News:
        state = MessageState(accepted.state)
        if state not in (MessageState.HELD, MessageState.ACTIVE):
            return []
        least = int(needs_a_person(accepted.verdicts))
        return [MessageAccepted(message, state, self.submission.signers, least=least)]


def _shortly(verdict: Verdict) -> str:
    """What was wrong, and of an authority in what."""
    return f"authority:{verdict.value}" if verdict.check == "authority" else verdict.check


def _row(message: Message, state: MessageState, verdicts: tuple[Verdict, ...], repairs: tuple[str, ...], *, raw: bytes) -> MessageRow:
    content = message.content
    return MessageRow(
        id=message.id,
        revision=message.revision,
        state=state,
        number=message.number,
        sender=content.sender,
        identifier=content.identifier,
        sent_at=seconds(content.sent),
        action=content.action,
        priority=message.priority,
        traffic=content.traffic,
        accepted_at=message.accepted_at,
        expires_at=message.expires_at,
        content_hash=message.content_hash,
        body=msgspec.msgpack.encode(message),
        raw=raw,
        verdicts=msgspec.json.encode(verdicts),
        repairs=msgspec.json.encode(repairs),
        source=message.source,
        author=message.author,
    )
