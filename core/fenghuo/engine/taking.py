"""A message on its way through the writer's job: told apart from those before it, put behind or in front of them, written, and told."""

from __future__ import annotations

from typing import Protocol

import msgspec

from fenghuo.clock import seconds
from fenghuo.engine.chain import (
    KEEP_KEYS_S,
    across,
    as_revision,
    buried_by,
    bury,
    duplicate_of,
    end_of,
    find_kin,
    forerunner,
    kin_of,
    overtaken,
    remember,
    replace_earlier,
    undertaker,
)
from fenghuo.engine.correcting import own_words, spoken
from fenghuo.engine.event_links import join
from fenghuo.engine.facts import MessageAccepted, MessageEnded
from fenghuo.engine.floods import Flood
from fenghuo.engine.joining import against_joining, bring_back, lone_cancel, outlive, signers_of
from fenghuo.engine.judging import Origin, authority_against, hands_needed
from fenghuo.engine.kin import Kin
from fenghuo.engine.succession import hands
from fenghuo.formats.verdicts import Decoded
from fenghuo.model.delivery import Accepted, Verdict
from fenghuo.model.message import Message, MessageId, MessageState
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.model.traffic import Action, Traffic
from fenghuo.store.audit import Deed
from fenghuo.store.documents import put_document
from fenghuo.store.records import MessageRow
from fenghuo.store.tables import MESSAGE
from fenghuo.store.transaction import Tx
from fenghuo.store.uploads import claim

__all__ = ["News", "Submission", "Taking"]

News = list[MessageAccepted | MessageEnded]


class Submission(msgspec.Struct, frozen=True):
    """What came in by a door: bytes, their type, who brought them, under which key, and who signed already. `helpers`: who wrote a part of
    it beside the author; `vouched`: as whom its source counts among those who sign, which gives it no other right; `document`: the name of
    the bytes, where they are kept once for all that is in them."""

    raw: bytes
    origin: Origin
    media_type: str = ""
    key: str = ""
    signers: tuple[str, ...] = ()
    author: str = ""
    helpers: tuple[str, ...] = ()
    vouched: tuple[str, ...] = ()
    document: str = ""


class Judge(Protocol):
    """Who says what a message is worth, and so what becomes of it."""

    def judged(self, message: Message, decoded: Decoded, origin: Origin) -> tuple[Verdict, ...]: ...

    def succession(self, message: Message, kin: Kin, decoded: Decoded, origin: Origin) -> tuple[Verdict, ...]: ...

    def speaks_as(self, origin: Origin, sender: str) -> bool: ...

    def words_take(self, cancel: Message, kin: Kin) -> int: ...

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
        content, is_change = self.message.content, self.message.action in (Action.UPDATE, Action.CANCEL)
        if self.decoded.content is not None:  # as it came, without the sizes of what is here
            claim(tx, self.decoded.content)
        kin = find_kin(tx, content, self.message.source) if is_change else ()
        other = across(tx, content) if is_change else None
        crossing = (Verdict("authority", "traffic", False, f"what it names is {other}, and this is {content.traffic}"),) if other else ()
        if not kin:
            return self._new(tx, crossing)
        answers = [self._revision(tx, relative, crossing) for relative in kin]
        for accepted in [accepted for accepted, _ in answers if accepted.state == MessageState.ACTIVE][:1]:
            self._bury(tx, accepted)
        return answers[0][0], [fact for _, facts in answers for fact in facts]

    def _new(self, tx: Tx, against: tuple[Verdict, ...]) -> tuple[Accepted, News]:
        message, is_said = self.message, self.message.action in (Action.NEW, Action.UPDATE)
        grave = undertaker(tx, message.content, message.source) if is_said else None
        if grave is not None:
            return self._dead(tx, grave), []
        ahead = forerunner(tx, message.content, message.source) if is_said else None
        if ahead is not None:
            return self._behind(tx, as_revision(message, ahead))
        accepted = self._insert(tx, message, extra=(*against, *(self._disowned(tx) if is_said else ())))
        self._bury(tx, accepted)
        if message.action is Action.CANCEL and accepted.state == MessageState.ACTIVE:
            self._tell_lone(tx)
        if is_said and message.traffic is Traffic.ACTUAL:
            self._tell_unlinked(tx)
        return accepted, self._facts(accepted, message)

    def _tell_lone(self, tx: Tx) -> None:
        """It may rightly come before its Alert, so the alarm calls only when nothing has come for a while."""
        named = [reference.identifier for reference in self.message.content.references]
        sentence = f"it names {', '.join(named[:3])}, and nothing here is called so; what it means to end stands"
        about = f"message/{self.message.id}"
        tx.event("alarm.cancel_alone", about, revision=self.message.revision, source=self.message.source, message=sentence, named=named)

    def _tell_unlinked(self, tx: Tx) -> None:
        """What is taken as new and may be meant to replace something: both would be in force, and only a person can say."""
        message, content = self.message, self.message.content
        others = tx.find(MESSAGE, "sender = ? AND identifier = ? AND id != ?", content.sender, content.identifier, message.id, limit=1)
        if any(repair.startswith("no-reference ") for repair in self.decoded.repairs):
            code, why = "no-reference", "it says that it is an Update, and not of what; it is taken as new"
        elif others:
            code, why = "same-name", f"it bears the name of {others[0].id} and was sent at another time; it is taken as new"
        else:
            return
        says = f"{why}; if it replaces something that is in force, a person must end that"
        tx.event("alarm.update_alone", f"message/{message.id}", source=message.source, code=code, message=says)

    def _dead(self, tx: Tx, grave: MessageId) -> Accepted:
        """Nobody is told, and a person hears that: it would be lost in silence if its Cancel was wrong. What it replaces is over too."""
        message = self.message
        accepted = self._insert(tx, message, state=MessageState.CANCELLED)
        sentence = "its Cancel came before it, and it goes to nobody; whoever has the right may send it under another identifier"
        tx.event("alarm.dead_on_arrival", f"message/{message.id}", revision=message.revision, source=message.source, message=sentence)
        join(tx, message.id, grave, message.expires_at + KEEP_KEYS_S)
        tx.event("message.cancel_found", f"message/{grave}", identifier=message.content.identifier)
        self._bury_older(tx, grave, Action.CANCEL)
        return accepted

    def _disowned(self, tx: Tx) -> tuple[Verdict, ...]:
        """Somebody who did not bring it has said before it came that it is over: a word that buries nothing, and that a person judges."""
        source = self.message.source
        other = buried_by(tx, self.message.content, source)
        sentence = f"{other} said before it came that it is over, and {source} brings it; a person must say which of them is right"
        return (Verdict("authority", "buried", False, sentence),) if other and not self.submission.signers else ()

    def _behind(self, tx: Tx, message: Message) -> tuple[Accepted, News]:
        """Its Update came before it, and perhaps the Cancel of that: it is kept with them, and nobody is told what is stale."""
        self._bury_older(tx, message.id, Action.UPDATE)
        return self._insert(tx, message, state=overtaken(tx, message) or MessageState.SUPERSEDED), []

    def _bury(self, tx: Tx, accepted: Accepted) -> None:
        """A Cancel or an Update in force also ends what has not come yet."""
        if self.message.action in (Action.UPDATE, Action.CANCEL) and accepted.state == MessageState.ACTIVE:
            self._lay(tx, msgspec.structs.replace(self.message, id=accepted.id, revision=accepted.revision))

    def _bury_older(self, tx: Tx, ahead: MessageId, action: Action) -> None:
        """An Update that is over when it comes replaces all the same what has not come yet: that belongs to what is ahead of it."""
        if self.message.action is Action.UPDATE:
            content = msgspec.structs.replace(self.message.content, action=action)
            self._lay(tx, msgspec.structs.replace(self.message, id=ahead, content=content))

    def _lay(self, tx: Tx, message: Message) -> None:
        is_vouched = self.judge.speaks_as(self.submission.origin, message.content.sender)
        bury(tx, message, is_signed=bool(self.submission.signers), is_vouched=is_vouched)

    def _revision(self, tx: Tx, kin: Kin, against: tuple[Verdict, ...]) -> tuple[Accepted, News]:
        message = as_revision(self.message, kin)
        over = self._over(tx, message) if message.action is Action.UPDATE else None
        if over is not None:
            return self._insert(tx, message, state=over), self._united(tx, kin)
        signers = self.submission.signers
        if not signers:
            against += self.judge.succession(self.message, kin, self.decoded, self.submission.origin)
        message, aside = self._worded(tx, message, kin) if message.action is Action.CANCEL else (message, ())
        accepted = self._insert(tx, message, extra=(*against, *hands(message, kin, signers), *aside))
        if accepted.state == MessageState.HELD:  # what it replaces stays in force until somebody signs
            return accepted, self._facts(accepted, message)
        heirs, ended = replace_earlier(tx, message)
        facts: News = [MessageEnded(message.id, revision, end_of(message)) for revision in ended]
        accepted_facts = self._facts(accepted, message)
        facts += [msgspec.structs.replace(fact, heirs=heirs) if isinstance(fact, MessageAccepted) else fact for fact in accepted_facts]
        return accepted, facts

    def _united(self, tx: Tx, kin: Kin) -> News:
        """What this links is one event from now on: what was in force before it is over, as it would be had all come in their order."""
        content, source = self.message.content, self.message.source
        grave, newer = undertaker(tx, content, source), forerunner(tx, content, source)
        ahead = grave or (newer.id if newer is not None else kin.id)
        if ahead == kin.id:
            return []
        self._bury_older(tx, ahead, Action.CANCEL if grave else Action.UPDATE)
        told_against = () if self.submission.signers else self.judge.succession(self.message, kin, self.decoded, self.submission.origin)
        why = next((one.detail for one in told_against), "") or against_joining(tx, kin, ahead)
        if why:
            says = f"what {self.message.source} brought would end it, and may not: {why}; a person must end it if it is over"
            tx.event("alarm.no_authority", f"message/{kin.id}", revision=kin.newest.revision, source=source, code="owner", message=says)
            return []
        lone = lone_cancel(tx, ahead)
        if lone is None:
            return outlive(tx, kin.id, ahead)
        next_kin = kin_of(tx, kin.id)
        cancel = as_revision(lone[1], next_kin)
        told, _ = spoken(cancel, next_kin, signers_of(tx, ahead, 1), self.judge.words_take(cancel, next_kin))
        return bring_back(tx, lone, told)

    def _worded(self, tx: Tx, cancel: Message, kin: Kin) -> tuple[Message, tuple[Verdict, ...]]:
        """As it may be told; what it said itself, where too few stand for that, is kept in the audit."""
        told, aside = spoken(cancel, kin, self.submission.signers, self.judge.words_take(cancel, kin))
        if aside is None:
            return told, ()
        tx.audit(Deed.of("cancel", f"message/{cancel.id}", words=own_words(told), reason=own_words(cancel)))
        return told, (aside,)

    @staticmethod
    def _over(tx: Tx, message: Message) -> MessageState | None:
        over = overtaken(tx, message)
        return over or (MessageState.SUPERSEDED if forerunner(tx, message.content, message.source) is not None else None)

    def _insert(self, tx: Tx, message: Message, *, state: MessageState | None = None, extra: tuple[Verdict, ...] = ()) -> Accepted:
        verdicts = (*self.judge.judged(message, self.decoded, self.submission.origin), *extra)
        judged = self.judge.state_of(message, verdicts, (*self.submission.signers, *self.submission.vouched))
        raw = put_document(tx, self.submission.raw, self.submission.document)
        tx.insert(MESSAGE, _row(message, state or judged, verdicts, self.decoded.repairs, raw=raw))
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
        if message.source != SELF_PROBE:  # half a million a year that nobody did
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
        return [
            MessageAccepted(message, state, (*self.submission.signers, *self.submission.vouched), least=hands_needed(accepted.verdicts))
        ]


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
