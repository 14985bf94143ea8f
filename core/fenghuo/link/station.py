"""One post on one medium: parcels in, frames out, frames in, events out. Nothing here waits, writes or asks the time.

    way out   open() → departures → frame_due() → the bearer
    way in    the bearer → receive_frame() → arrivals → Delivered → taken() → answers → frame_due()

The owner commits changes() before the next frame leaves: frame_due() gives none until committed() was called. So nothing is
acknowledged, and no window moved, that a crash could take back.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from fenghuo.errors import FrameError, KeyUnusable
from fenghuo.link.air import Air
from fenghuo.link.answers import Answers
from fenghuo.link.arrivals import Arrivals
from fenghuo.link.counters import Counters
from fenghuo.link.departures import Departures, Transfer
from fenghuo.link.events import Changes, Delivered, Event, Frame, Hostile, Measured, NotTaken, Tallied
from fenghuo.link.frame import FrameKind, is_transferred, purpose_of
from fenghuo.link.freshness import Fresh, Freshness
from fenghuo.link.journal import Journal
from fenghuo.link.keys import KeyRing
from fenghuo.link.ledger import Aired, Ledger
from fenghuo.link.lifetime import nearest
from fenghuo.link.parcels import Incoming, Intent, Key, Outgoing, Parcel
from fenghuo.link.pieces import Call
from fenghuo.link.receipts import HeldList, Poll, Tally, decode_receipt, encode_receipt
from fenghuo.link.seal import Cause, Kept, Opened, Opener, Refusal, Sealer, sealed_octets
from fenghuo.link.slots import over_s, rank, start_s
from fenghuo.model.traffic import Priority, Traffic

__all__ = ["Memory", "Station"]

# Frames of the link itself: answers and what asks for them.
_TALK = (FrameKind.RECEIPT, FrameKind.CONTROL)
# A lane without counters is tried again after this; the owner reserves meanwhile.
_RETRY_S = 1.0


class Memory(msgspec.Struct, frozen=True):
    """What the disk kept from before the start."""

    windows: tuple[Kept, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    incoming: tuple[Incoming, ...] = ()


class Station:
    """`ledger`: the medium's, shared with whoever else uses it; `chance`: unpredictable in service. All times are UTC seconds of
    one clock that does not jump; `is_clock_trusted`: whether it may be right. If not, far ends are asked for the time.
    """

    def __init__(
        self,
        ring: KeyRing,
        air: Air,
        *,
        ledger: Ledger,
        chance: random.Random,
        memory: Memory | None = None,
        is_clock_trusted: bool = True,
    ) -> None:
        kept = memory or Memory()
        self._ring = ring
        self._air = air
        self._chance = chance
        self._ledger = ledger
        self.counters = Counters(lane for lane in ring.lanes() if lane.source == ring.own)
        self.opener = Opener(ring, kept.windows, is_clock_trusted=is_clock_trusted)
        self._sealer = Sealer(ring, self.counters)
        self._journal = Journal()
        self._arrivals = Arrivals(kept.incoming)
        self._answers = Answers(self._arrivals)
        self._departures = Departures(ring, self._journal, air=air, chance=chance)
        self._freshness = Freshness(ring, self.opener, self.counters, chance)
        # Until then our own frame is on the air; a group answers in slots; an answer to our question may come; a cap is reached.
        self._busy_until = self._slots_until = self._courtesy_until = self._closed_until = 0.0
        self._hold_until = 0.0  # until then our answer waits for theirs, to go before what we say next
        self._last_s = 0.0
        self._aired: Aired | None = None
        self._bursting: Transfer | None = None  # whose burst goes on behind the frame that is on the air
        self._events: list[Event] = [self._delivered(incoming, is_kept=True) for incoming in self._arrivals.whole()]
        for outgoing in sorted(kept.outgoing, key=lambda outgoing: outgoing.opened_at):
            self._departures.resume(outgoing)

    # What the owner wants sent

    def open(self, parcel: Parcel, now: float) -> int:
        """Begin to send a parcel and return its transfer number; one with the same `ref` that is under way goes on as it is.

        Raises: KeyUnusable: no key, or stale, spent, unreserved; FrameError: more than 64 pieces.
        """
        under_way = self._departures.number(parcel.ref)
        if under_way is not None:
            return under_way
        parcel = msgspec.structs.replace(parcel, ends_at=nearest(parcel.ends_at, now, purpose_of(parcel.kind)))
        return self._departures.open(parcel, self._sealer.next(parcel.destination, parcel.kind), now)

    def resume(self, outgoing: Outgoing) -> None:
        """Take up a transfer that the disk kept and that was not in the Memory at the start."""
        self._departures.resume(outgoing)

    def is_held(self, ref: str, member: int) -> bool:
        """Whether the device with this node code has said that it holds all of what is under way as `ref`."""
        return self._departures.is_held(ref, member)

    def cancel(self, ref: str) -> None:
        """Send nothing more of it. What has arrived has arrived."""
        self._departures.cancel(ref)

    def taken(self, delivered: Delivered) -> None:
        """It stands in the owner's own store: from now on it is acknowledged, and no copy is delivered."""
        done = self._arrivals.done(delivered.key)
        if done is not None:
            self._journal.incoming(done)

    def tally(self, destination: int, tally: Tally) -> None:
        """One receipt for a whole group, to the post whose parcel it was."""
        self._answers.say(Intent(destination, FrameKind.RECEIPT, encode_receipt(tally)))

    def measure(self, destination: int, body: bytes, *, traffic: Traffic, ends_at: float) -> None:
        """Telemetry: one frame, not acknowledged."""
        self._answers.say(Intent(destination, FrameKind.TELEMETRY, body, traffic, ends_at))

    # The disk

    def changes(self) -> Changes:
        """What must be on the disk before the next frame leaves."""
        self._aired = self._ledger.wanted()
        return msgspec.structs.replace(self._journal.take(), aired=self._aired)

    def committed(self) -> None:
        self._journal.committed()
        if self._aired is not None:
            self._ledger.reserved(self._aired)
            self._aired = None

    # The air

    def receive_frame(self, octets: bytes, now: float) -> list[Event]:
        """A frame from the bearer, told at its end."""
        result = self.opener.open(octets, now)
        is_answer = isinstance(result, Opened) and result.head.kind in _TALK
        self._overheard(self._air.airtime_s(len(octets)), now, is_answer=is_answer)
        if isinstance(result, Refusal):
            self._events += self._refused(result, now)
        else:
            self._journal.window(self.opener.kept(result.lane))
            self._ledger.expect()
            try:
                self._events += self._opened(result, now)
            except FrameError:
                self._events.append(NotTaken(Cause.MALFORMED, result.head.source))
        return self._drain()

    def look(self, now: float) -> list[Event]:
        """Let time pass: transfers that end, links that are calm again, parcels nobody needs to remember."""
        self._events += self._departures.look(now)
        self._events += (Hostile(key_id, source, active=False) for key_id, source in self.opener.vigil.calm(now))
        for key in self._arrivals.forget(now, is_clock_trusted=self.opener.is_clock_trusted):
            self._journal.forget(key)
        return self._drain()

    def frame_due(self, now: float, ref: str | None = None) -> Frame | None:
        """The next frame for the bearer, if one may go now: answers first, then the most urgent parcel (only `ref`, if given).

        One at a time: between two frames whatever is more urgent goes first, here and, by emission.turn(), in the whole core.
        """
        self._events += self._departures.look(now)
        if not self._journal.is_clean:
            return None
        if now < self._busy_until:
            return self._chained(now)
        slotted = self._answers.in_slot(now)
        if slotted is not None:
            frame = self._emit(slotted, now)
            return msgspec.structs.replace(frame, is_slotted=True) if frame is not None else None
        is_quiet = now < self._quiet_until
        if now >= max(self._slots_until, self._hold_until) and (frame := self._owed(now)) is not None:
            return frame
        transfer = self._departures.due(now, only=ref, most=Priority.P0 if is_quiet else Priority.P4)
        return self._depart(transfer, now) if transfer is not None else None

    def _chained(self, now: float) -> Frame | None:
        """The next piece of a burst under the same keying, as long as both together hold the medium no longer than one frame may."""
        transfer = self._departures.going_on(self._bursting, now)
        if transfer is None:
            return None
        return self._depart(transfer, now) if self._fits(transfer, self._last_s) else None

    def _fits(self, transfer: Transfer, last_s: float) -> bool:
        octets = sealed_octets(transfer.outgoing.parcel.kind, len(transfer.next().payload))
        return last_s + self._air.airtime_s(octets) - self._air.keying_s <= self._air.fragment_s

    @property
    def _quiet_until(self) -> float:
        return max(self._slots_until, self._courtesy_until)

    def next_at(self, now: float) -> float | None:
        """When to call look() and frame_due() next, at the latest; None: when something happens."""
        if not self._journal.is_clean:
            return None
        times = [at for at in (self._departures.next_at(self._quiet_until), self._answers.next_slot_at) if at is not None]
        if self._answers.has_more:
            times.append(max(self._slots_until, self._hold_until))
        if not times:
            return None
        return max(min(times), self._busy_until, min(self._closed_until, now + 60.0))

    def was_busy(self, seconds: float) -> None:
        """Another channel of this machine was on the same air so long; no answer could come meanwhile."""
        self._departures.put_off(seconds, but=None)

    # Inside

    def _overheard(self, airtime_s: float, now: float, *, is_answer: bool) -> None:
        """Somebody was on the air for so long until now. If ours was to be there too, the modem has held it back, and tells nobody.
        An answer shows that ours went before."""
        self._departures.busy(now)
        late_s = now + self._air.access_s / 2 + self._last_s - self._busy_until
        if not is_answer and now - airtime_s < self._busy_until + self._air.access_s and late_s > 0:
            self._busy_until += late_s
            self._courtesy_until += late_s
            self._slots_until += late_s if self._slots_until > now else 0.0
            self._departures.deferred(late_s)

    def _drain(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _refused(self, refusal: Refusal, now: float) -> Iterator[Event]:
        if refusal.lane is not None and refusal.is_counted:
            self._journal.window(self.opener.kept(refusal.lane))
        fresh = self._follow(self._freshness.refused(refusal, now))
        if refusal.hostile and refusal.lane is not None:
            yield Hostile(refusal.lane.key_id, refusal.lane.source, active=True)
        if fresh.apart is not None:
            yield fresh.apart
        if refusal.cause is not Cause.FOREIGN and not fresh.moved:
            yield NotTaken(refusal.cause, refusal.head.source if refusal.head else None)

    def _opened(self, opened: Opened, now: float) -> Iterator[Event]:
        kind, source = opened.head.kind, opened.head.source
        if kind is FrameKind.CONTROL:
            return self._control(opened, now)
        if not opened.lane.is_group:  # those who are called together would all ask together
            self._say(self._freshness.ask_time(source, now))
        if is_transferred(kind):
            return self._piece(opened, now)
        if kind is FrameKind.RECEIPT:
            return self._receipt(opened, now)
        return iter((Measured(source, opened.head.traffic, opened.payload),))

    def _control(self, opened: Opened, now: float) -> Iterator[Event]:
        fresh = self._follow(self._freshness.control(opened, now))
        self._say(self._freshness.ask_time(opened.head.source, now))
        if fresh.apart is not None:
            yield fresh.apart

    def _say(self, intent: Intent | None) -> None:
        if intent is not None:
            self._answers.say(intent)

    def _follow(self, fresh: Fresh) -> Fresh:
        self._say(fresh.say)
        for lane in fresh.moved:
            self._journal.window(self.opener.kept(lane))
        return fresh

    def _piece(self, opened: Opened, now: float) -> Iterator[Event]:
        incoming, piece, is_new = self._arrivals.take(opened, now)
        if is_new:
            self._journal.incoming(incoming)
        if piece.call is not None and opened.lane.is_group:
            self._called(incoming.key, piece.call, now)
        elif piece.asks and not opened.lane.is_group:
            self._answers.owe(incoming.key)
            began_at = now - self._air.airtime_s(sealed_octets(opened.head.kind, len(opened.payload)))
            # Whoever asked first is answered first: their answer is on its way, and ours can go with what we say next.
            self._hold_until = now + self._air.answer_s() if self._departures.expects(opened.head.source, began_at) else 0.0
        elif not opened.lane.is_group:
            self._courtesy_until = max(self._courtesy_until, now + self._air.access_s + self._air.fragment_s)  # the rest of a burst
        if is_new and incoming.body is not None:
            yield self._delivered(incoming)

    def _called(self, key: Key, call: Call, now: float) -> None:
        """A group is called: our slot if we are asked, and silence until the last one."""
        self._slots_until = max(self._slots_until, now + over_s(call, self._air))
        slot = rank(self._ring.members(key.destination).index(self._ring.own), call.asked)
        if slot is not None:
            self._answers.owe_in_slot(key, now + start_s(call, slot, self._air))

    def _receipt(self, opened: Opened, now: float) -> Iterator[Event]:
        source = opened.head.source
        match decode_receipt(opened.payload):
            case HeldList(entries, follows):
                self._courtesy_until = now + (self._air.fragment_s if follows else 0.0)
                self._hold_until = 0.0
                for held in entries:
                    yield from self._departures.heard(source, held, now)
            case Poll(destination, transfer):
                lanes = self._ring.transferring(source, destination, opened.lane.key_id)
                for key in self._arrivals.asked(source, destination, transfer, lanes):
                    self._answers.owe(key)
            case Tally() as tally:
                yield Tallied(source, tally)

    def _owed(self, now: float) -> Frame | None:
        """The next answer, unless their share of the air is used up."""
        answer = self._answers.at_once(lambda post: self._behind(post, now) is not None)
        if answer is None:
            return None
        behind = self._behind(answer.destination, now)
        frame = self._emit(answer, now)
        if frame is None:
            self._answers.give_back(answer)
        else:
            self._bursting = behind
            # Whoever asked will want to go on; two that begin together lose both frames.
            self._courtesy_until = self._busy_until + self._air.turnaround_s + self._air.access_s * self._chance.uniform(1.0, 2.0)
        return frame

    def _behind(self, post: int, now: float) -> Transfer | None:
        """What can go under the keying of a receipt to this post."""
        transfer = self._departures.behind(post, now)
        return transfer if transfer is not None and self._fits(transfer, self._air.receipt_s()) else None

    def _depart(self, transfer: Transfer, now: float) -> Frame | None:
        parcel = transfer.outgoing.parcel
        if not self._freshness.may_date(parcel.destination, now):
            return self._ask_time(parcel.destination, now)
        quiet_s, is_call = transfer.quiet_s(), transfer.is_calling
        frame = self._emit(transfer.next(), now, parcel=parcel)
        if frame is None:
            return None
        transfer.sent(self._busy_until)
        self._bursting = None if quiet_s else transfer
        if is_call:
            self._slots_until = self._busy_until + quiet_s
        else:
            self._courtesy_until = self._busy_until + quiet_s
        return frame

    def _ask_time(self, post: int, now: float) -> Frame | None:
        """The question that a message of a post without a clock waits for."""
        question = self._freshness.ask_time(post, now)
        frame = self._emit(question, now) if question is not None else None
        if frame is None:
            self._closed_until = now + _RETRY_S
        else:
            self._courtesy_until = self._busy_until + self._air.answer_s()
        return frame

    def _emit(self, intent: Intent, now: float, *, parcel: Parcel | None = None) -> Frame | None:
        """Seal it, if the medium's ledger and the key allow."""
        is_chained = now < self._busy_until
        airtime_s = self._air.airtime_s(sealed_octets(intent.kind, len(intent.payload))) - (self._air.keying_s if is_chained else 0.0)
        priority = parcel.priority if parcel else Priority.P0
        is_receipt = intent.kind in _TALK
        if not self._ledger.may(airtime_s, now, priority, is_receipt=is_receipt):
            self._closed_until = self._ledger.open_at(airtime_s, now, priority, is_receipt=is_receipt)
            return None
        try:
            octets = self._sealer.seal(intent.destination, *self._freshness.dated(intent, now))
        except KeyUnusable:
            self._closed_until = now + _RETRY_S
            return None
        self._ledger.spend(airtime_s, now, is_receipt=is_receipt)
        self._busy_until, self._last_s = max(now, self._busy_until) + airtime_s, airtime_s + (self._last_s if is_chained else 0.0)
        self._bursting = None
        self._departures.put_off(airtime_s, but=parcel)
        return Frame(octets, intent.destination, airtime_s, parcel.ref if parcel else "", is_receipt, is_chained=is_chained)

    def _delivered(self, incoming: Incoming, *, is_kept: bool = False) -> Delivered:
        """`is_kept`: whole since before the start, and how long ago that was no clock tells that nobody vouches for: it is read only."""
        body = incoming.body
        assert body is not None
        is_command = incoming.kind is FrameKind.COMMAND and (not is_kept or self.opener.is_clock_trusted)
        is_shared = self._ring.is_group(incoming.destination)
        return Delivered(*incoming.key, incoming.kind, incoming.traffic, body, is_shared=is_shared, is_command=is_command)
