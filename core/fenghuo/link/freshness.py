"""Asks for proofs and gives them, after a far jump and before a command is obeyed without a clock; dates what leaves accordingly."""

from __future__ import annotations

import random

import msgspec

from fenghuo.errors import FrameError, KeyUnusable
from fenghuo.link.challenge import Challenge, Challenger, Proof, decode_control
from fenghuo.link.counters import Counters
from fenghuo.link.frame import FrameKind, Head
from fenghuo.link.keys import KeyRing, Lane
from fenghuo.link.lifetime import TIMELESS
from fenghuo.link.parcels import Intent
from fenghuo.link.seal import Cause, Opened, Opener, Plain, Refusal

__all__ = ["Fresh", "Freshness"]

_MINUTE_S = 60
# How long a receipt, a poll or a question is worth something: longer than clocks of posts differ.
_TALK_S = 3600.0


class Fresh(msgspec.Struct, frozen=True):
    """What came of it: a frame to send, and the lanes whose windows moved."""

    say: Intent | None = None
    moved: tuple[Lane, ...] = ()


class Freshness:
    """Both sides of the challenge."""

    def __init__(self, ring: KeyRing, opener: Opener, counters: Counters, chance: random.Random) -> None:
        self._ring = ring
        self._opener = opener
        self._counters = counters
        self._challenger = Challenger(chance)

    def dated(self, intent: Intent, now: float) -> tuple[Plain, float]:
        """What is to be sealed, its end by the clock of who told us the time, and what time it is by that."""
        utc = self._opener.utc(now)
        at = now if utc is None else utc
        is_lost = utc is None and intent.kind is FrameKind.CONTROL
        ends_at = TIMELESS if is_lost else (intent.ends_at or now + _TALK_S) + (at - now)
        return Plain(intent.kind, intent.traffic, intent.payload, ends_at), at

    def refused(self, refusal: Refusal, now: float) -> Fresh:
        """A genuine frame that could not be judged leads to a question; a proof may itself be far ahead."""
        lane, head = refusal.lane, refusal.head
        if lane is None or head is None or refusal.cause not in (Cause.FAR, Cause.UNTIMED):
            return Fresh()
        if head.kind is FrameKind.CONTROL:
            proved = self._read(head, refusal.payload, now)
            if proved.moved:
                self._opener.move(lane, head.counter + 1)
                return Fresh(proved.say, (*proved.moved, lane))
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
        proof = Proof(said.key_id, said.purpose, said.nonce, counter, int(now // _MINUTE_S))
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
        self._opener.prove(proof.minute * _MINUTE_S, now)
        lane = self._ring.hearing_by(proof.key_id, head.source, proof.purpose)
        if lane is None:
            return Fresh()
        self._opener.move(lane, proof.counter)
        return Fresh(None, (lane,))
