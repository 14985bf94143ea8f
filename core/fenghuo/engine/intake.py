"""The one door in: decode, judge, identify, commit; only then is anything told to the source or to the loop.

Accepting has four answers: Accepted (new, duplicate, or dead on arrival), Refused (kept, with the reason), and the errors
StoreFull, KeyConflict, Overloaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import Executor

import msgspec
import structlog

from fenghuo.clock import ClockQuality, instant, seconds
from fenghuo.engine.addressees import audience
from fenghuo.engine.asked_channels import via
from fenghuo.engine.book import Book
from fenghuo.engine.chain import keys_of
from fenghuo.engine.correcting import words_take
from fenghuo.engine.facts import Facts
from fenghuo.engine.floods import Floods
from fenghuo.engine.ids import message_id
from fenghuo.engine.judging import Origin, authority, clarity, freshness, hands_needed, may_start, starts_by_word, urgent_limit
from fenghuo.engine.jurisdiction import urgency
from fenghuo.engine.kin import Kin
from fenghuo.engine.office import Office
from fenghuo.engine.routing import default_priority, required_signatures
from fenghuo.engine.succession import objections, speaks_as
from fenghuo.engine.taking import Submission, Taking
from fenghuo.engine.vouching import as_person, is_relay
from fenghuo.errors import KeyConflict, NotFound, Overloaded
from fenghuo.formats.decode import decode, decode_json
from fenghuo.formats.message_json import UNSENT
from fenghuo.formats.verdicts import Decoded, Problem
from fenghuo.model.delivery import Accepted, Refused, Verdict
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Content, Message, MessageState, content_hash
from fenghuo.model.rendition import COMPACT
from fenghuo.model.traffic import Action, Priority
from fenghuo.store.audit import Deed
from fenghuo.store.blobs import with_sizes
from fenghuo.store.documents import digest_of, is_apart, put_document
from fenghuo.store.records import RefusalRow
from fenghuo.store.store import Store
from fenghuo.store.tables import REFUSAL
from fenghuo.store.transaction import Tx

__all__ = ["Intake", "Submission"]

log = structlog.stdlib.get_logger("fenghuo.intake")

OFF_LOOP_OCTETS = 256 * 1024
"""Documents above this are decoded off the loop (security.md §8): the largest real one takes 0.3 s."""
HIGHEST_NUMBER = 9999
STAND_IN = 1
"""The short number of what is only looked at, and takes none."""
# What came over a link to a clock that nobody vouches for is shown at least so long.
_LEAST_LIFE_S = 60.0


class Intake:
    """Turns bytes into durable messages. `executor`: where large documents are decoded; `channels`: the names of all there are."""

    def __init__(self, office: Office, facts: Facts, book: Book, store: Store, *, executor: Executor | None = None) -> None:
        self._office = office
        self._facts = facts
        self._book = book
        self._store = store
        self._executor = executor
        self._last_number = 0
        self._floods = Floods()
        self.default_expiry_s = 86_400.0
        self.max_pending = 20_000
        self.is_open = True
        self.channels: Callable[[], Collection[str]] = tuple

    async def accept(self, submission: Submission) -> tuple[Accepted | Refused, ...]:
        """Every message in the bytes, each judged by itself; durable when this returns. Raises: StoreFull, KeyConflict, Overloaded."""
        if not self.is_open:
            raise Overloaded("the daemon is stopping", retry_after_s=5.0)
        if len(self._facts) > self.max_pending:
            raise Overloaded(f"{len(self._facts)} facts wait for the loop", retry_after_s=1.0)
        decoded = await self._decode(submission)
        submission = await self._named(submission, len(decoded))
        if not decoded:
            nothing = Problem("no-alert", "the document holds no message; a feed with links only is healthy and empty")
            return (await self._refuse(Decoded("refused", None, error=nothing), submission),)
        if len(decoded) == 1:
            return (await self._one(decoded[0], submission),)
        return tuple([await self._among(place, item, submission) for place, item in enumerate(decoded)])

    async def against(self, submission: Submission) -> str:
        """What its source may not say of what is in the bytes, "" for nothing: asked before it is told. Nothing is kept."""
        office, origin = self._office, submission.origin
        said = [self._message(one.content, submission, STAND_IN) for one in await self._decode(submission) if one.content is not None]
        judged = (authority(message, origin, office.directory, office.grants) for message in said)
        return next((verdict.detail for verdict in judged if not verdict.ok), "")

    async def _decode(self, submission: Submission) -> tuple[Decoded, ...]:
        defaults = submission.origin.reading(self._office.geocode_systems, self._office.clock.time())
        raw = submission.raw
        is_json = raw[:1] == b"{" and submission.media_type != COMPACT
        if is_json or submission.media_type.startswith("application/json"):
            return decode_json(raw, defaults=defaults)
        if len(raw) <= OFF_LOOP_OCTETS:
            return decode(raw, submission.media_type, defaults=defaults)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: decode(raw, submission.media_type, defaults=defaults))

    async def _named(self, submission: Submission, messages: int) -> Submission:
        """With the name of its document, where that is kept once for all that is in it."""
        raw = submission.raw
        if not is_apart(raw, messages=messages):
            return submission
        if len(raw) <= OFF_LOOP_OCTETS:
            return msgspec.structs.replace(submission, document=digest_of(raw))
        loop = asyncio.get_running_loop()
        return msgspec.structs.replace(submission, document=await loop.run_in_executor(self._executor, digest_of, raw))

    async def _among(self, place: int, decoded: Decoded, submission: Submission) -> Accepted | Refused:
        """One of several: a conflict is an answer like any other, since its neighbours are on the disk already."""
        try:
            return await self._one(decoded, submission, place=place)
        except KeyConflict as conflict:
            return await self._refuse(msgspec.structs.replace(decoded, error=Problem("conflict", str(conflict))), submission)

    async def _one(self, decoded: Decoded, submission: Submission, *, place: int = 0) -> Accepted | Refused:
        content = decoded.content
        if content is None:
            return await self._refuse(decoded, submission)
        problem = _unusable(content) or _crossing(content, submission.origin)
        try:
            whole = await with_sizes(content, self._store)
            if problem is None:
                return await self._take(whole, decoded, submission, place=place)
        except NotFound as absent:  # also of what went between the two
            problem = problem or Problem("attachment-unknown", str(absent), "attachments")
        return await self._refuse(msgspec.structs.replace(decoded, error=problem), submission)

    async def _take(self, content: Content, decoded: Decoded, submission: Submission, *, place: int) -> Accepted:
        digest = submission.document or digest_of(submission.raw)
        keys = keys_of(content, source=submission.origin.name, key=submission.key, digest=digest, place=place)
        message = self._relayed(self._message(content, submission, decoded.number), submission.origin, decoded)
        work = Taking(self, message, decoded, self._vouched(message, self._counted(message, submission), decoded), keys=keys)
        try:
            accepted, _ = await self._store.run(work.commit, accept=True, then=lambda done: self._facts.put_all(done[1]))
        except KeyConflict as conflict:
            await self._store.run(_conflict_alarm(submission.origin.name, str(conflict)))
            raise
        return accepted

    def _counted(self, message: Message, submission: Submission) -> Submission:
        """As it is judged: what is most urgent counts against what its source may bring. A Cancel never does."""
        origin = submission.origin
        if message.priority is not Priority.P0 or message.action is Action.CANCEL:
            return submission
        flood = self._floods.count(origin.name, urgent_limit(origin, self._office.grants), self._office.clock.monotonic())
        return msgspec.structs.replace(submission, origin=msgspec.structs.replace(origin, flood=flood))

    def _message(self, content: Content, submission: Submission, number: int) -> Message:
        now = self._office.clock.time()
        ident = message_id(now, self._office.chance)
        sent = instant(now) if content.sent == UNSENT else content.sent
        whole = msgspec.structs.replace(
            content, sent=sent, identifier=content.identifier or ident, sender=content.sender or submission.origin.name
        )
        expires = content.expires
        return Message(
            id=ident,
            revision=1,
            content=whole,
            priority=content.priority if content.priority is not None else default_priority(content.infos),
            content_hash=content_hash(content),
            accepted_at=now,
            expires_at=self._end(seconds(expires) if expires else None, seconds(sent), submission),
            assumed_expiry=expires is None,
            number=number or self._number(),
            source=submission.origin.name,
            author=submission.author or submission.origin.name,
            helpers=submission.helpers,
            may_start=may_start(submission.origin, self._office.grants),
        )

    def _relayed(self, message: Message, origin: Origin, decoded: Decoded) -> Message:
        """A warning signal that is passed on as its issuer has signed it waits for nobody, and starts no device without a person."""
        office = self._office
        if not is_relay(message, origin, decoded.verdicts, directory=office.directory, grants=office.grants):
            return message
        return msgspec.structs.replace(message, is_relay=True, may_start=starts_by_word(origin, office.grants))

    def _vouched(self, message: Message, submission: Submission, decoded: Decoded) -> Submission:
        office = self._office
        person = as_person(message, submission.origin, decoded.verdicts, directory=office.directory, grants=office.grants)
        return msgspec.structs.replace(submission, vouched=(person,)) if person else submission

    def _end(self, at: float | None, sent: float, submission: Submission) -> float:
        """When a message ends here; `at`: as it says. Where nobody vouches for our clock, what a sealed link took cannot be called over by
        it: the link has judged that as well as anybody can. It lives from now for as long as its sender gave it."""
        clock = self._office.clock
        if at is None:
            return max(clock.time(), sent) + self.default_expiry_s
        if at > clock.time() or not submission.origin.is_timed or clock.quality() is not ClockQuality.FREERUN:
            return at
        return clock.time() + max(_LEAST_LIFE_S, at - sent)

    def _number(self) -> int:
        """The next short message number that no open message has."""
        taken = self._book.numbers
        number = self._last_number or int(self._office.clock.time()) % HIGHEST_NUMBER
        for _ in range(HIGHEST_NUMBER if len(taken) < HIGHEST_NUMBER else 1):
            number = number % HIGHEST_NUMBER + 1
            if not taken[number]:
                break
        self._last_number = number
        return number

    def judged(self, message: Message, decoded: Decoded, origin: Origin) -> tuple[Verdict, ...]:
        """All verdicts on a message: those of its form, and ours."""
        may = authority(message, origin, self._office.directory, self._office.grants)
        people = audience(message, self._office.directory)
        bearers = via(message, self.channels())
        clock = self._office.clock
        fresh = freshness(message, clock.time(), clock.quality(), is_timed=origin.is_timed)
        hands = urgency(message, origin.name, origin.own) if origin.own is not None else ()
        return (*decoded.verdicts, may, *hands, *clarity(message), *people, *bearers, fresh)

    def succession(self, message: Message, kin: Kin, decoded: Decoded, origin: Origin) -> tuple[Verdict, ...]:
        """What is said against its replacing or ending what is here."""
        return objections(message, kin, decoded, origin=origin, grants=self._office.grants)

    def speaks_as(self, origin: Origin, sender: str) -> bool:
        """Whether the settings say that a source speaks as this sender."""
        return speaks_as(origin, sender, self._office.grants)

    def words_take(self, cancel: Message, kin: Kin) -> int:
        """How many people a Cancel in its own words takes."""
        return words_take(cancel, kin, self._office.rules, self._office.devices)

    def state_of(self, message: Message, verdicts: tuple[Verdict, ...], signers: tuple[str, ...]) -> MessageState:
        """HELD until enough people signed; an alert that came after its end is kept and never sent, as an Ack and an Error always are."""
        if message.action in (Action.ACK, Action.ERROR):
            return MessageState.COMPLETE
        if message.expires_at <= self._office.clock.time():
            return MessageState.EXPIRED
        needed = max(required_signatures(message, self._office.rules, self._office.devices), hands_needed(verdicts))
        return MessageState.ACTIVE if len(set(signers)) >= needed else MessageState.HELD

    async def _refuse(self, decoded: Decoded, submission: Submission) -> Refused:
        error = decoded.error or Problem("unknown", "the message could not be read")
        if decoded.trace:
            log.error("a decoder failed", source=submission.origin.name, octets=len(submission.raw), trace=list(decoded.trace))

        def keep(tx: Tx) -> int:
            number = int(tx.scalar("SELECT COALESCE(MAX(id), 0) FROM refusal") or 0) + 1
            raw = put_document(tx, submission.raw, submission.document)
            row = RefusalRow(number, submission.origin.name, error.code, error.message, error.where, raw, self._office.clock.time())
            tx.insert(REFUSAL, row)
            tx.event("alarm.message_refused", f"refusal/{number}", source=row.source, code=error.code, message=error.message)
            digest = submission.document or digest_of(submission.raw)
            tx.audit(Deed.of("refuse", f"refusal/{number}", content=digest, source=row.source, code=error.code))
            return number

        number = await self._store.run(keep)
        return Refused(number, error.code, error.message, error.where, decoded.verdicts, decoded.repairs)


def _unusable(content: Content) -> Problem | None:
    """What no rule could make sense of, whatever its form."""
    if content.needed == Evidence.STORED.name:
        sentence = "needed is STORED, which our own disk gives and nobody is sent anything for; ask for ACCEPTED or more"
        return Problem("needed-too-little", sentence, "needed")
    if content.action is Action.CANCEL and not content.references:
        return Problem("cancel-without-references", "a Cancel must name what it cancels; a person picks the target", "references")
    return None


def _crossing(content: Content, origin: Origin) -> Problem | None:
    """A session is for the real thing or for an exercise; what is of the other is a mistake at the wrong screen."""
    if not origin.is_bound or content.traffic in origin.traffic:
        return None
    sentence = f"{origin.name} is logged in for {origin.traffic[0]}, and this is {content.traffic}; the other needs a log-in of its own"
    return Problem("wrong-traffic", sentence, "traffic")


def _conflict_alarm(source: str, sentence: str) -> Callable[[Tx], None]:
    def tell(tx: Tx) -> None:
        tx.event("alarm.key_conflict", f"source/{source}", message=sentence)
        tx.audit(Deed.of("conflict", f"source/{source}"))

    return tell
