"""One parcel to a group: called once, answered in slots, missing pieces again for all, single polls for those not heard.

Source: scenarios.md S9: nine of ten within 45 s, all answered or escalated within 180 s.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Sequence

import msgspec

from fenghuo.link.air import Air
from fenghuo.link.frame import FrameKind
from fenghuo.link.parcels import Ending, Intent, Outgoing
from fenghuo.link.pieces import Call, members_of
from fenghuo.link.receipts import Held, Poll, encode_receipt
from fenghuo.link.slots import over_s, slot_ds
from fenghuo.link.whole import Whole

__all__ = ["POLLS", "ROUNDS", "GroupCall"]

# Calls of one parcel. After the fourth what is missing is missing for few, and a poll costs less than slots for them.
ROUNDS = 4
# Single polls for each member that is not heard; then a person reads it a script by voice.
POLLS = 2
# More silent ones than this are called again together.
_FEW = 2


class GroupCall:
    """The same face as Direct. `members`: node codes in the order of slots."""

    def __init__(
        self, outgoing: Outgoing, whole: Whole, members: Sequence[int], *, air: Air, chance: random.Random, resumed: bool = False
    ) -> None:
        self.outgoing = outgoing
        self.ending: Ending | None = None
        self.members = tuple(members)
        self._whole = whole
        self._air = air
        self._chance = chance
        self._all = whole.all
        self._answered = {n for n, held in enumerate(outgoing.held) if held}
        self._fresh = set(self._answered)  # since the last call: what others lacked before, most of them hold by now
        self._polled = dict.fromkeys(range(len(members)), 0)  # without an answer since
        self._repaired = dict.fromkeys(range(len(members)), 0)
        self._queue = deque(members_of(whole.all))
        self._asked = self._open()
        self._rounds = 0
        self._poll: int | None = None
        self._wait_until: float | None = None
        if resumed:
            # Whatever was said before the crash may have been heard: the last piece alone calls all who did not say so.
            self._queue = deque(self._lacking() or [len(whole.pieces) - 1])

    @property
    def due_at(self) -> float:
        return 0.0 if self._wait_until is None else self._wait_until

    @property
    def is_calling(self) -> bool:
        """Whether the frame that next() gives ends in a call."""
        return self._poll is None and len(self._queue) == 1

    @property
    def reached(self) -> int:
        """Bit i: member i holds all of it."""
        return sum(1 << n for n, held in enumerate(self.outgoing.held) if held == self._all)

    def quiet_s(self) -> float:
        """How long others speak after the frame that next() gives; nobody may be in their way."""
        if self._poll is not None:
            return self._air.answer_s()
        return over_s(self._call(), self._air) if self.is_calling else 0.0

    def next(self) -> Intent:
        parcel, transfer = self.outgoing.parcel, self.outgoing.transfer
        if self._poll is not None:
            poll = encode_receipt(Poll(parcel.destination, transfer))
            return Intent(self.members[self._poll], FrameKind.RECEIPT, poll)
        index = self._queue[0]
        call = self._call() if self.is_calling else None
        piece = self._whole.piece(transfer, index, call=call)
        return Intent(parcel.destination, parcel.kind, piece.encode(), parcel.traffic, parcel.ends_at)

    def sent(self, until: float) -> None:
        if self._poll is not None:
            self._polled[self._poll] += 1
            self._wait_until = until + (self._air.answer_s() + self._air.margin_s) * self._chance.uniform(1.0, 1.3)
            return
        wait_s = self.quiet_s()
        self._queue.popleft()
        if not self._queue:
            self._rounds += 1
            self._wait_until = until + wait_s + self._air.turnaround_s

    def put_off(self, seconds: float) -> None:
        if self._wait_until is not None and self._poll is not None:
            self._wait_until += seconds

    def deferred(self, seconds: float) -> None:
        """Our own frame went out later than it was given to the modem."""
        if self._wait_until is not None:
            self._wait_until += seconds

    def busy(self, now: float) -> None:
        """Answers in slots are no reason to wait longer for other slots."""
        if self._wait_until is not None and self._poll is not None:
            self._wait_until = max(self._wait_until, now + self._air.answer_s())

    def heard(self, source: int, held: Held, now: float) -> bool:
        if source not in self.members:
            return False
        member = self.members.index(source)
        self._answered.add(member)
        self._fresh.add(member)
        self._polled[member] = 0
        known = self.outgoing.held[member]
        pieces = self._whole.told(held, known)
        kept = (*self.outgoing.held[:member], pieces, *self.outgoing.held[member + 1 :])
        self.outgoing = msgspec.structs.replace(self.outgoing, held=kept)
        if member == self._poll:
            self._wait_until = now
        if not self._open():
            self.ending = Ending.HELD
        return pieces != known

    def look(self, now: float) -> None:
        """Decide what comes next when slots or a poll are over."""
        if self.ending is None and now >= self.outgoing.parcel.ends_at:
            self.ending = Ending.EXPIRED
        if self.ending is not None or self._wait_until is None or now < self._wait_until:
            return
        self._wait_until = None
        if self._poll is not None and self._was_incomplete(self._poll):
            return
        self._poll = None
        silent = self._open() & ~_mask(self._fresh)
        if self._rounds < ROUNDS and (self._lacking() or silent.bit_count() > _FEW):
            self._queue, self._asked = deque(sorted({*self._lacking(), *self._for_the_silent()})), self._open()
            self._fresh.clear()
            return
        self._poll = next((n for n in members_of(self._open()) if self._polled[n] < self._polls(n)), None)
        if self._poll is None:
            self.ending = Ending.SILENT

    def _polls(self, member: int) -> int:
        """Who has answered once is there: it is asked once more before a person is."""
        return POLLS + (member in self._answered)

    def _was_incomplete(self, member: int) -> bool:
        """A polled member that answered and lacks something is sent that, and answers in a slot of its own."""
        missing = self._all & ~self.outgoing.held[member]
        if self._polled[member] or not missing or self._repaired[member] >= ROUNDS:
            return False
        self._repaired[member] += 1
        self._poll, self._asked, self._queue = None, 1 << member, deque(members_of(missing))
        return True

    def _open(self) -> int:
        """Members who do not hold all of it."""
        return sum(1 << n for n, held in enumerate(self.outgoing.held) if held != self._all)

    def _lacking(self) -> list[int]:
        """Pieces that somebody lacks who answered the last call."""
        missing = 0
        for member in self._fresh:
            missing |= self._all & ~self.outgoing.held[member]
        return list(members_of(missing))

    def _for_the_silent(self) -> set[int]:
        """The piece that goes with a call for their sake. Who never answered missed the one that called: those who answered cannot lack it.
        Who answered before has most likely got what was said since, or can say so: for them alone it is what most of them lacked."""
        if self._open() & ~_mask(self._answered):
            return {len(self._whole.pieces) - 1}
        if self._lacking():
            return set()
        lacked = Counter(piece for member in members_of(self._open()) for piece in members_of(self._all & ~self.outgoing.held[member]))
        return {piece for piece, _ in lacked.most_common(1)}

    def _call(self) -> Call:
        return Call(slot_ds(self._air, len(self._whole.pieces)), self._asked)


def _mask(members: set[int]) -> int:
    return sum(1 << member for member in members)
