"""Asks for proofs and gives them: after a far jump, without a clock, and of what seems to be late; dates what leaves accordingly."""

from __future__ import annotations

import random

import msgspec

from fenghuo.errors import FrameError, KeyUnusable
from fenghuo.link.challenge import EVERY_S, Challenge, Challenger, Proof, decode_control
from fenghuo.link.counters import Counters
from fenghuo.link.events import Apart
from fenghuo.link.frame import FrameKind, Head, Purpose
from fenghuo.link.keys import KeyRing, Lane
from fenghuo.link.lifetime import TIMELESS
from fenghuo.link.parcels import Intent
from fenghuo.link.seal import Cause, Opened, Opener, Plain, Refusal

__all__ = ["Fresh", "Freshness"]

_MINUTE_S = 60
# How long a receipt, a poll or a question is worth something: longer than clocks of posts differ.
_TALK_S = 3600.0
# Clocks that differ by more are told of: more than a proof may take on its way, and than the minute that it is rounded to.
APART_S = 300.0
# So long a message waits for somebody to say what time it is; then it goes with the time of a clock that nobody trusts.
_PATIENCE_S = 30.0
# A post that did not know the time either is asked again after this.
_AGAIN_S = 900.0


class Fresh(msgspec.Struct, frozen=True):
    """What came of it: a frame to send, the lanes whose windows moved, and whether two clocks turned out to differ."""

    say: Intent | None = None
    moved: tuple[Lane, ...] = ()
    apart: Apart | None = None


class Freshness:
    """Both sides of the challenge."""

    def __init__(self, ring: KeyRing, opener: Opener, counters: Counters, chance: random.Random) -> None:
        self._ring = ring
        self._opener = opener
        self._counters = counters
        self._chance = chance
        self._challenger = Challenger(chance)
        self._apart: set[int] = set()
        self._clockless_until: dict[int, float] = {}
        self._waiting_since: dict[int, float] = {}
        self._group_asked_at: dict[int, float] = {}

    def dated(self, intent: Intent, now: float) -> tuple[Plain, float]:
        """What is to be sealed, its end by the clock of who told us the time, and what time it is by that."""
        utc = self._opener.utc(now)
        at = now if utc is None else utc
        is_timeless = intent.kind is FrameKind.CONTROL or (utc is None and intent.kind is FrameKind.RECEIPT)
        ends_at = TIMELESS if is_timeless else (intent.ends_at or now + _TALK_S) + (at - now)
        return Plain(intent.kind, intent.traffic, intent.payload, ends_at), at

    def ask_time(self, post: int, now: float) -> Intent | None:
        """The question what time it is, where nobody here knows; None: it is known, was asked just now, or the post knows no more. Of a
        group one is asked at a time, whoever it may be."""
        if self._opener.utc(now) is not None or now < self._clockless_until.get(post, 0.0):
            return None
        if not self._ring.is_group(post):
            return self._ask(post, now)
        if now - self._group_asked_at.get(post, -EVERY_S) < EVERY_S:
            return None
        self._group_asked_at[post] = now
        return self._ask(self._chance.choice(self._ring.members(post)), now)

    def may_date(self, post: int, now: float) -> bool:
        """Whether a message to this post can be given its end: the time is known, or has been asked for in vain."""
        if self._opener.utc(now) is not None or now < self._clockless_until.get(post, 0.0):
            return True
        return now - self._waiting_since.setdefault(post, now) >= _PATIENCE_S

    def _ask(self, post: int, now: float) -> Intent | None:
        """About the lane of the proof itself, whose window no proof moves."""
        try:
            lane = self._ring.sending(post, FrameKind.CONTROL)
        except KeyUnusable:
            return None
        challenge = self._challenger.ask(post, lane.key_id, Purpose.CONTROL, now)
        return Intent(post, FrameKind.CONTROL, challenge.encode()) if challenge else None

    def refused(self, refusal: Refusal, now: float) -> Fresh:
        """A genuine frame that could not be judged leads to a question, one that seems late too: whoever is live has another clock than
        we. A proof may itself be far ahead."""
        lane, head = refusal.lane, refusal.head
        if lane is not None and refusal.cause is Cause.EXPIRED:
            return Fresh(self._ask(lane.source, now))
        if lane is None or head is None or refusal.cause not in (Cause.FAR, Cause.UNTIMED):
            return Fresh()
        if head.kind is FrameKind.CONTROL:
            proved = self._read(head, refusal.payload, now)
            if proved.moved:
                self._opener.move(lane, head.counter + 1)
                return Fresh(proved.say, (*proved.moved, lane), proved.apart)
        challenge = self._challenger.ask(head.source, head.key_id, lane.purpose, now)
        return Fresh(Intent(head.source, FrameKind.CONTROL, challenge.encode()) if challenge else None)

    def control(self, opened: Opened, now: float) -> Fresh:
        """A CONTROL frame in its place: a challenge is answered, a proof is believed. Raises: FrameError."""
        said = decode_control(opened.payload)
        if isinstance(said, Proof):
            return self._believe(opened.head, said, now)
        lane = self._ring.by_id(said.key_id, said.purpose)
        if lane is None:
            return Fresh()
        try:
            counter = self._counters.next(lane)
        except KeyUnusable:
            return Fresh()
        utc = self._opener.utc(now)
        proof = Proof(said.key_id, said.purpose, said.nonce, counter, 0 if utc is None else int(utc // _MINUTE_S))
        return Fresh(Intent(opened.head.source, FrameKind.CONTROL, proof.encode()))

    def _read(self, head: Head, payload: bytes, now: float) -> Fresh:
        try:
            said = decode_control(payload)
        except FrameError:
            return Fresh()
        return Fresh() if isinstance(said, Challenge) else self._believe(head, said, now)

    def _believe(self, head: Head, proof: Proof, now: float) -> Fresh:
        """Nobody but the holder of the key can have answered what we asked just now."""
        if not self._challenger.accepts(head.source, proof, now):
            return Fresh()
        apart = self._told(head.source, proof.minute * _MINUTE_S, now)
        lane = self._ring.hearing_by(proof.key_id, head.source, proof.purpose)
        if lane is None:
            return Fresh(None, (), apart)
        self._opener.move(lane, proof.counter)
        return Fresh(None, (lane,), apart)

    def _told(self, post: int, utc: int, now: float) -> Apart | None:
        """A post says what time it is, 0 if it does not know."""
        if not utc:
            self._clockless_until[post] = now + _AGAIN_S
            return None
        self._opener.prove(utc, now)
        self._waiting_since.clear()
        ahead_s = utc + _MINUTE_S / 2 - now
        was_apart = post in self._apart
        if abs(ahead_s) <= APART_S:
            self._apart.discard(post)
            return None
        self._apart.add(post)
        return None if was_apart else Apart(post, ahead_s)
