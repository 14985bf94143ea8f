"""Seals frames and opens them: nothing comes out of open() that was altered, repeated, late, or meant for another.

Source: security.md §4; EN 50159:2010 §7.3, the defences against repetition, deletion, insertion, re-sequence, corruption,
delay and masquerade.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from fenghuo.errors import FrameError
from fenghuo.link.counters import Counters
from fenghuo.link.frame import HEAD, FrameKind, Head, Purpose, tag_octets
from fenghuo.link.hostility import Vigil
from fenghuo.link.keys import KeyRing, Lane
from fenghuo.link.lifetime import EXPIRY, ends_at, expiry, is_over, nearest
from fenghuo.link.suite import TagMismatch
from fenghuo.link.window import Place, Window
from fenghuo.model.traffic import Traffic

__all__ = ["PROOF_S", "Cause", "Kept", "Opened", "Opener", "Plain", "Refusal", "Sealer", "sealed_octets"]


# How long a command may rest on the time that was told in answer to a challenge. What is only read is judged by it as long as the process
# lives: a free-running clock drifts by a few minutes in a month.
PROOF_S = 900.0
# A proof tells the minute: what differs by less is no news, and would give pieces of one message different ends.
_TOLD_S = 120.0

# START and STOP must not change places; pieces of a message may, since each says where it belongs.
_IN_ORDER = (Purpose.COMMAND, Purpose.CONTROL)


class Cause(StrEnum):
    """Why a frame was not opened."""

    MALFORMED = "malformed"
    FOREIGN = "foreign"
    """Under no key of ours: another post's, and no fault."""
    STALE = "stale"
    REPEATED = "repeated"
    OLD = "old"
    """Behind the window; a command already if a newer one was taken."""
    HELD_OFF = "held-off"
    """The link is hostile, the tag short enough to be guessed, and this second's try is used."""
    BAD_TAG = "bad-tag"
    FAR = "far"
    """Genuine, and so far ahead that its sender must prove to be live."""
    EXPIRED = "expired"
    UNTIMED = "untimed"
    """A genuine command, and no clock here to tell whether it is late: its sender must prove to be live."""


class Plain(msgspec.Struct, frozen=True):
    """What goes into a frame. `ends_at`: UTC seconds after which it must not be obeyed; `wide`: a tag of 16 octets, where it fits."""

    kind: FrameKind
    traffic: Traffic
    payload: bytes
    ends_at: float
    wide: bool = False


class Opened(msgspec.Struct, frozen=True):
    """A genuine frame, new and in time. `payload`: without expiry; `skipped`: counters before it that were not heard;
    `ends_at`: UTC seconds."""

    lane: Lane
    head: Head
    payload: bytes
    skipped: int
    ends_at: float


class Refusal(msgspec.Struct, frozen=True):
    """A frame that was not opened. `hostile`: with this one its link has become hostile, once each time; `payload`: of a genuine
    one that is too far ahead, for the answer to a challenge may be that, and of a command that nobody can time, which may be read."""

    cause: Cause
    lane: Lane | None = None
    head: Head | None = None
    hostile: bool = False
    payload: bytes = b""

    @property
    def is_counted(self) -> bool:
        """Whether the window moved. A forged frame costs no commit."""
        return self.cause in (Cause.EXPIRED, Cause.UNTIMED, Cause.MALFORMED)


class Kept(msgspec.Struct, frozen=True):
    """The window of a lane as it must stand on the disk before anything is done because of a frame."""

    lane: str
    window: Window
    stale: bool = False


def sealed_octets(kind: FrameKind, payload: int, *, wide: bool = False) -> int:
    """Octets of a sealed frame with so much payload, expiry included."""
    return HEAD + EXPIRY + payload + tag_octets(kind, wide=wide)


class Sealer:
    """Makes frames; each with a counter that no frame of its lane had before."""

    def __init__(self, ring: KeyRing, counters: Counters) -> None:
        self._ring = ring
        self.counters = counters

    def next(self, destination: int, kind: FrameKind) -> int:
        """The counter of the next frame. Raises: KeyUnusable."""
        return self.counters.next(self._ring.sending(destination, kind))

    def seal(self, destination: int, plain: Plain, now: float) -> bytes:
        """The frame. Raises: KeyUnusable: no such key, or stale, spent, unreserved; nothing was used up then."""
        lane = self._ring.sending(destination, plain.kind)
        counter = self.counters.take(lane)
        head = Head(plain.traffic, plain.kind, lane.key_id, lane.source, counter, plain.wide)
        octets = head.encode()
        text = expiry(nearest(plain.ends_at, now, lane.purpose)) + plain.payload
        return octets + lane.cipher.seal(lane.nonce(counter), lane.known(octets), text, head.tag)


class Opener:
    """Opens frames. `is_clock_trusted`: whether `now` may be held against an expiry; if not, only a time that somebody told us may."""

    def __init__(self, ring: KeyRing, kept: Iterable[Kept] = (), *, is_clock_trusted: bool = True) -> None:
        self._ring = ring
        self._windows = {lane.name: Window() for lane in ring.lanes() if lane.source != ring.own}
        self._stale: set[str] = set()
        self.vigil = Vigil()
        self.is_clock_trusted = is_clock_trusted
        self._ahead_s: float | None = None
        self._proven_until = 0.0
        for state in kept:
            if state.lane in self._windows:
                self._windows[state.lane] = state.window
                self._stale |= {state.lane} if state.stale else set()

    def open(self, octets: bytes, now: float) -> Opened | Refusal:
        """The frame, or why not. The window moves with every frame that is taken: kept() must reach the disk first."""
        try:
            head = Head.decode(octets)
        except FrameError:
            return Refusal(Cause.MALFORMED)
        lane = self._ring.hearing(head)
        if lane is None:
            return Refusal(Cause.FOREIGN, None, head)
        cause = self._before_trying(lane, head, now)
        if cause is not None:
            return Refusal(cause, lane, head)
        try:
            text = lane.cipher.open(lane.nonce(head.counter), lane.known(octets[:HEAD]), octets[HEAD:], head.tag)
        except TagMismatch:
            return Refusal(Cause.BAD_TAG, lane, head, hostile=self.vigil.bad(lane, now))
        return self._judged(lane, head, text, now)

    def kept(self, lane: Lane) -> Kept:
        """What must stand on the disk about a lane."""
        return Kept(lane.name, self._windows[lane.name], lane.name in self._stale)

    def window(self, lane: Lane) -> Window:
        """What was heard in a lane."""
        return self._windows[lane.name]

    def move(self, lane: Lane, counter: int) -> None:
        """Take nothing below `counter` from here on: its sender proved to have come so far."""
        self._windows[lane.name] = self._windows[lane.name].moved(counter)

    def prove(self, utc: float, now: float) -> None:
        """Somebody with a key said, in answer to our own challenge, what time it is; a command may rest on that for some minutes."""
        if self._ahead_s is None or abs(utc - now - self._ahead_s) > _TOLD_S:
            self._ahead_s = utc - now
        self._proven_until = now + PROOF_S

    def utc(self, now: float) -> float | None:
        """What time it is when the clock here says `now`; None: nobody knows."""
        if self.is_clock_trusted:
            return now
        return now + self._ahead_s if self._ahead_s is not None else None

    def _before_trying(self, lane: Lane, head: Head, now: float) -> Cause | None:
        if lane.name in self._stale:
            return Cause.STALE
        window = self._windows[lane.name]
        place = window.place(head.counter)
        if place is Place.SEEN:
            return Cause.REPEATED
        if place is Place.OLD or (lane.purpose in _IN_ORDER and head.counter < window.highest):
            return Cause.OLD
        return None if self.vigil.may_try(lane, head.tag, now) else Cause.HELD_OFF

    def _judged(self, lane: Lane, head: Head, text: bytes, now: float) -> Opened | Refusal:
        """A genuine frame: is it near, whole, in time?"""
        window = self._windows[lane.name]
        if window.place(head.counter) is Place.FAR:
            return Refusal(Cause.FAR, lane, head, payload=text[EXPIRY:])
        self._windows[lane.name] = window.taken(head.counter)
        if len(text) < EXPIRY:
            return Refusal(Cause.MALFORMED, lane, head)
        utc = self.utc(now)
        if lane.purpose is Purpose.COMMAND and not (self.is_clock_trusted or now < self._proven_until):
            return Refusal(Cause.UNTIMED, lane, head, payload=text[EXPIRY:])
        if utc is not None and is_over(text[:EXPIRY], utc, lane.purpose):
            return Refusal(Cause.EXPIRED, lane, head)
        return Opened(lane, head, text[EXPIRY:], window.skipped(head.counter), ends_at(text[:EXPIRY], now if utc is None else utc))
