"""One parcel to one device: pieces, a receipt, only the missing pieces again, polls when nothing is heard. No clock of its own."""

from __future__ import annotations

import random
from collections import deque

import msgspec

from fenghuo.link.air import Air
from fenghuo.link.frame import FrameKind
from fenghuo.link.parcels import Ending, Intent, Outgoing
from fenghuo.link.pieces import members_of
from fenghuo.link.receipts import Held, Poll, encode_receipt
from fenghuo.link.whole import Whole

__all__ = ["POLLS", "Direct"]

# Polls in a row without an answer: at a loss of 20 % each way all of them fail once in 200,000 transfers.
POLLS = 12
_LONGEST_WAIT_S = 30.0


class Direct:
    """Sends in bursts: every missing piece, the last of them asking. What the answer says is missing is the next burst."""

    def __init__(self, outgoing: Outgoing, whole: Whole, *, air: Air, chance: random.Random, resumed: bool = False) -> None:
        self.outgoing = outgoing
        self.ending: Ending | None = None
        self._whole = whole
        self._air = air
        self._chance = chance
        self._all = whole.all
        self._queue = deque(members_of(self._all & ~outgoing.held[0]))
        # The piece that asked. When no answer comes it is likelier lost than the answer, being longer: it is said once more before
        # anything is polled.
        self._again: tuple[int, ...] = ()
        self._wait_until: float | None = None
        self._asked_at = 0.0  # when the frame that asks was over
        self._unanswered = 0
        # After a crash nobody here knows what was heard there: a question costs less than saying all again.
        self._must_ask = resumed

    @property
    def due_at(self) -> float:
        """When it next wants the air; in the past for at once."""
        if self._must_ask or self._wait_until is None:
            return 0.0
        return self._wait_until

    def may_follow(self, now: float) -> bool:
        """Whether it may go behind a receipt to the same post, which would have answered by now had it been heard."""
        return self.due_at <= now or self._asked_at + self._air.answer_s() <= now

    def asks_since(self, before: float) -> bool:
        """Whether it waits for the answer to a frame that was over before then."""
        return self._wait_until is not None and self._asked_at <= before

    is_calling = False

    @property
    def reached(self) -> int:
        """1 when the device holds all of it."""
        return int(self.outgoing.held[0] == self._all)

    def quiet_s(self) -> float:
        """How long an answer to the frame that next() gives may take; whoever can wait lets it pass."""
        return self._air.answer_s() if self._must_ask or len(self._queue) <= 1 else 0.0

    def next(self) -> Intent:
        """The frame it wants sent now."""
        parcel, transfer = self.outgoing.parcel, self.outgoing.transfer
        if self._must_ask or not (self._queue or self._again):
            return Intent(parcel.destination, FrameKind.RECEIPT, encode_receipt(Poll(parcel.destination, transfer)))
        index = (self._queue or self._again)[0]
        piece = self._whole.piece(transfer, index, asks=len(self._queue) <= 1)
        return Intent(parcel.destination, parcel.kind, piece.encode(), parcel.traffic, parcel.ends_at)

    def sent(self, until: float) -> None:
        """What next() gave is on the air until then."""
        if self._must_ask or not self._queue:
            self._must_ask = False
            self._queue.clear()
            self._again = ()
            self._unanswered += 1
        else:
            self._again = (self._queue.popleft(),)
        if not self._queue:
            self._wait_until, self._asked_at = until + self._patience_s(), until

    def put_off(self, seconds: float) -> None:
        """The air was used for something else so long: an answer could not come, and is waited for longer."""
        if self._wait_until is not None:
            self._wait_until += seconds

    def deferred(self, seconds: float) -> None:
        """Our own frame went out later than it was given to the modem."""
        if self._wait_until is not None:
            self._wait_until += seconds
            self._asked_at += seconds

    def busy(self, now: float) -> None:
        """Another station was heard just now: its frame may stand before our answer."""
        if self._wait_until is not None:
            self._wait_until = max(self._wait_until, now + self._air.answer_s() + self._air.margin_s)

    def heard(self, source: int, held: Held, now: float) -> bool:
        """The device says what it holds. True: that is something else than was known."""
        if source != self.outgoing.parcel.destination:
            return False
        known = self.outgoing.held[0]
        pieces = self._whole.told(held, known)
        self.outgoing = msgspec.structs.replace(self.outgoing, held=(pieces,))
        self._unanswered, self._must_ask, self._wait_until, self._again = 0, False, None, ()
        self._queue = deque(members_of(self._all & ~pieces))
        if not self._queue:
            self.ending = Ending.HELD
        return pieces != known

    def look(self, now: float) -> None:
        """Whether time has ended it."""
        if self.ending is None and now >= self.outgoing.parcel.ends_at:
            self.ending = Ending.EXPIRED
        if self.ending is None and self._unanswered >= POLLS and now >= self.due_at:
            self.ending = Ending.SILENT

    def _patience_s(self) -> float:
        """Longer each time nothing came; spread, so that two posts that lost each other's frames do not stay in step."""
        wait_s = (self._air.answer_s() + self._air.fragment_s + self._air.margin_s) * 1.5**self._unanswered
        return min(_LONGEST_WAIT_S, wait_s) * self._chance.uniform(1.0, 1.3)
