"""Verbs of the desk about releases: show what waits as it will be heard, sign exactly that, correct what went out.

Source: security.md §3. The page: docs/reference/release.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Annotated, Any

import msgspec

from fenghuo.engine.book import OpenMessage
from fenghuo.engine.release import Release
from fenghuo.engine.routing import coded_areas, route
from fenghuo.errors import FormatError, NotAllowed, ReleaseNeeded
from fenghuo.formats.other_words import other_words
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.message import Message, MessageId, MessageState
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.desk_drafts import DraftVerbs
from fenghuo.service.desk_messages import MessageVerbs, find_message
from fenghuo.service.desk_preview import STAND_IN
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.review_view import ReviewView, waiting_view
from fenghuo.service.reviews import LASTS_S, Reviews, Seen
from fenghuo.service.showing import rfc3339
from fenghuo.service.unsent import unsent
from fenghuo.store.audit import Deed
from fenghuo.store.store import Store

__all__ = ["ReleaseVerbs"]


class Review(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What waits, by id, short number or the source's identifier; or the octets of what is to be brought with signatures. `token`: of
    whoever is going to sign, "" for a session."""

    id: str = ""
    token: str = ""
    raw: bytes = b""
    media_type: str = ""


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`envelope`: of what the signer was shown; `token`: the signer's own, "" for the person behind a session; `revision`: of what was
    shown, where one wants to be told that it is another by now."""

    id: str
    envelope: str = ""
    token: str = ""
    revision: int | None = None


class Correct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`text`: other words than those that were signed with it, which is a new message to the public; `key`: as of a message."""

    id: str
    text: Annotated[str, msgspec.Meta(max_length=8000)] = ""
    key: str = ""


class ReleaseVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, room: EngineRoom, store: Store, messages: MessageVerbs) -> None:
        self._desk = desk
        self._book = room.book
        self._messages = messages
        messages.check_signers = self._check_brought
        self._room = room
        self._office = room.office
        self._release: Release = room.release
        room.release.delegates = lambda: desk.delegates()
        self._store = store
        self._drafts = DraftVerbs(desk, room.office, store, messages)
        self._view = ReviewView(room)
        self._reviews = Reviews(room.office.clock.monotonic)

    def verbs(self) -> Mapping[str, Verb]:
        own: Mapping[str, Verb] = {"alert.review": self.review, "alert.sign": self.sign, "alert.correct": self.correct}
        return {**own, **self._drafts.verbs()}

    async def review(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that the second person must see; from now on that person may sign it for two minutes.
        Raises: NotFound, ReleaseNeeded: it does not wait; WrongTraffic; Overloaded."""
        wanted = msgspec.convert(args, Review)
        if bool(wanted.id) == bool(wanted.raw):
            raise FormatError("a review takes either the id of what waits or the octets of a message", code="bad-argument", where="id")
        viewer = self._desk.viewer(actor, wanted.token)
        if wanted.raw:
            entry, seen = self._unsent(actor, wanted.raw, wanted.media_type, viewer)
            signed: tuple[str, ...] = ()
        else:
            row = await find_message(self._store, wanted.id)
            entry = await self._release.waiting(row.id)
            seen = Seen(viewer, entry.message.id, entry.message.revision, entry.envelope)
            signed = await self._release.signers(entry)
        self._desk.check_traffic(actor, entry.message.traffic)
        shown = self._view.of(entry)
        deed = Deed.of("review", f"message/{seen.message}", content=seen.envelope, revision=seen.revision, by=viewer)
        await self._store.run(lambda tx: tx.audit(deed))
        lasts_s = self._reviews.show(seen)
        until = rfc3339(self._office.clock.time() + lasts_s)
        return {**shown, "signed": list(signed), "envelope": entry.envelope, "until": until, "lasts_s": lasts_s}

    def _unsent(self, actor: Actor, raw: bytes, media_type: str, viewer: str) -> tuple[OpenMessage, Seen]:
        """A message that nobody has brought yet, with the envelope that it would have now, and what it is to see it."""
        office = self._office
        read = unsent(self._desk, office, actor, raw, media_type=media_type, number=STAND_IN)
        message = msgspec.structs.replace(read, author=self._desk.person_of(actor))
        routed = route(message, office.rules, office.directory, office.devices)
        entry = OpenMessage(message, MessageState.HELD)
        entry.needed_signatures = max((item.signatures for item in routed), default=0)
        entry.bound = self._room.opening.seals.enclosed(message, routed)
        entry.envelope = entry.bound.digest
        return entry, Seen(viewer, MessageId(hashlib.sha256(raw).hexdigest()), 0, entry.envelope)

    def _check_brought(self, actor: Actor, raw: bytes, media_type: str, tokens: Collection[str]) -> None:
        """Signatures that come with the message: each by somebody who was shown these octets as they would be heard now.
        Raises: ReleaseNeeded; NotAllowed: two sign at two hosts."""
        if self._release.is_apart and len(tokens) > 1:
            raise NotAllowed("two sign at two hosts here; bring it, and let each of them look and sign")
        for token in tokens:
            viewer = self._desk.viewer(actor, token)
            try:
                _, seen = self._unsent(actor, raw, media_type, viewer)
            except FormatError:  # intake says what is wrong with it, and keeps it
                return
            if not self._reviews.has(seen):
                says = f"the owner of {viewer} was not shown these octets in the last {LASTS_S:.0f} s, or they would be heard otherwise now"
                raise ReleaseNeeded(f"{says}; look first (alert.review with raw), or bring it and sign it there")

    async def sign(self, actor: Actor, args: Mapping[str, Any]) -> Any:  # a Signature
        """Sign what this very signer was shown. Raises: NotFound, NotAllowed, ReleaseNeeded, WrongTraffic, Overloaded."""
        wanted = msgspec.convert(args, Sign)
        row = await find_message(self._store, wanted.id)
        message = msgspec.msgpack.decode(row.body, type=Message)
        self._desk.check_traffic(actor, message.traffic)
        hand = self._desk.hand(actor, wanted.token, _coded(message))
        if not actor.session:  # where somebody with a token sits says the door, if it knows: its own name is no host
            hand = msgspec.structs.replace(hand, host=actor.address)
        self._check_seen(Seen(hand.session, row.id, wanted.revision or row.revision, wanted.envelope), hand.person)
        return await self._release.sign(row.id, hand, envelope=wanted.envelope, revision=wanted.revision)

    async def correct(self, actor: Actor, args: Mapping[str, Any]) -> Accepted | Refused:
        """Call off what went out, over everything that was used: one person, in the words that were drafted and signed with it. Other words
        are an Update that waits for as many people as any other. Raises: NotFound, WrongTraffic."""
        wanted = msgspec.convert(args, Correct)
        if not wanted.text:
            return await self._messages.cancel(actor, {"id": wanted.id, "key": wanted.key})
        row = await find_message(self._store, wanted.id)
        message = msgspec.msgpack.decode(row.body, type=Message)
        self._desk.check_traffic(actor, message.traffic)
        raw = other_words(message, wanted.text, now=self._office.clock.time(), node=self._office.node)
        return await self._messages.bring(actor, raw, "application/cap+xml", key=wanted.key)

    def waiting(self) -> Mapping[str, Any]:
        """What waits for signatures, by path: the topic `release`."""
        now = self._office.clock.time()
        return {f"release/{entry.message.id}": waiting_view(entry, now) for entry in self._book.messages.values() if not entry.is_released}

    def _check_seen(self, seen: Seen, person: str) -> None:
        """Raises: ReleaseNeeded: that was not shown, or too long ago."""
        if not seen.envelope:
            raise ReleaseNeeded(f"{person} signs what {person} has seen: look at it (alert.review), and give the envelope shown there")
        if not self._reviews.has(seen):
            says = f"{person} was not shown this in the last {LASTS_S:.0f} s by this way in"
            raise ReleaseNeeded(f"{says}, or it has changed since; look again (alert.review)")


def _coded(message: Message) -> tuple[AreaRef, ...]:
    """The areas of a message, if each is given by a code that we know; else none."""
    found = [coded_areas(area) for info in message.content.infos for area in info.areas]
    return tuple(dict.fromkeys(ref for refs in found for ref in refs)) if all(found) else ()
