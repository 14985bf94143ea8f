"""The parcels under way from here: which wants the air most, what the far ends hold of each, how each ends."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterator

from fenghuo.errors import KeyUnusable
from fenghuo.link.air import Air
from fenghuo.link.direct import Direct
from fenghuo.link.events import Event, Finished, Reached, Unreached
from fenghuo.link.group import GroupCall
from fenghuo.link.journal import Journal
from fenghuo.link.keys import KeyRing
from fenghuo.link.parcels import Ending, Outgoing, Parcel
from fenghuo.link.pieces import cut, members_of
from fenghuo.link.receipts import Held
from fenghuo.link.whole import Whole, digest_of
from fenghuo.model.traffic import Priority

__all__ = ["Departures", "Transfer"]

Transfer = Direct | GroupCall
Key = tuple[int, int]


class Departures:
    """By (destination, transfer number). Parcels of one priority to one far end go one after another: answers and questions of
    several would cross, and cost polls. A more urgent one does not wait for them.
    """

    def __init__(self, ring: KeyRing, journal: Journal, *, air: Air, chance: random.Random) -> None:
        self._ring = ring
        self._journal = journal
        self._air = air
        self._chance = chance
        self._open: dict[Key, Transfer] = {}
        self._lines: dict[tuple[int, Priority], deque[Key]] = {}
        self._ends: list[tuple[float, Key]] = []
        self._by_ref: dict[str, Key] = {}
        self._cancelled: set[Key] = set()
        self._last: dict[int, int] = {}

    def open(self, parcel: Parcel, counter: int, now: float) -> int:
        """Begin a transfer; its number comes from the next counter, and is that of no other that is under way to this far end.

        Raises: FrameError: more than 64 pieces; KeyUnusable: no such group, or 65,536 are under way.
        """
        number = self._number(parcel.destination, counter)
        self._last[parcel.destination] = number
        pieces = tuple(cut(parcel.body, self._air.room(parcel.kind)))
        held = (0,) * max(1, len(self._members(parcel.destination)))
        lane = self._ring.sending(parcel.destination, parcel.kind).name
        self._add(Outgoing(parcel, number & 0xFFFF, len(pieces[0]), held, now, lane), pieces, resumed=False)
        return number & 0xFFFF

    def resume(self, outgoing: Outgoing) -> None:
        """Take up a transfer from the disk, cut as it was cut before. Under another key than before the far end holds nothing of it: it
        begins anew, as it does when its number was given to another. Raises: FrameError, KeyUnusable: as open()."""
        parcel, destination = outgoing.parcel, outgoing.parcel.destination
        is_taken = (destination, outgoing.transfer) in self._open
        if is_taken or outgoing.lane != self._ring.sending(destination, parcel.kind).name:
            if not is_taken:
                self._journal.outgoing(outgoing, gone=True)
            self.open(parcel, 0, outgoing.opened_at)
            return
        body, size = parcel.body, max(1, outgoing.size)
        self._add(outgoing, tuple(body[start : start + size] for start in range(0, max(1, len(body)), size)), resumed=True)

    def _number(self, destination: int, counter: int) -> int:
        first = max(counter, self._last.get(destination, -1) + 1)
        free = (number for number in range(first, first + 0x10000) if (destination, number & 0xFFFF) not in self._open)
        number = next(free, None)
        if number is None:
            raise KeyUnusable(f"{self._ring.own}>{destination}", "65,536 transfers are under way, and none has a number to spare")
        return number

    def cancel(self, ref: str) -> None:
        """Nothing more goes out for it; told by look()."""
        key = self._by_ref.get(ref)
        if key is not None:
            self._open[key].ending = self._open[key].ending or Ending.CANCELLED
            self._cancelled.add(key)

    def number(self, ref: str) -> int | None:
        """The transfer under way for `ref`."""
        key = self._by_ref.get(ref)
        return key[1] if key else None

    def is_held(self, ref: str, member: int) -> bool:
        """Whether the device with this node code holds all of what is under way as `ref`."""
        transfer = self._open.get(self._by_ref.get(ref, (0, 0)))
        return transfer is not None and any(self._code(transfer, place) == member for place in members_of(transfer.reached))

    def due(self, now: float, *, only: str | None, most: Priority) -> Transfer | None:
        """The most urgent that wants the air now, of at least priority `most`; within a priority the oldest."""
        wanting = (
            transfer
            for transfer in self._heads()
            if transfer.due_at <= now
            and transfer.ending is None
            and transfer.outgoing.parcel.priority <= most
            and only in (None, transfer.outgoing.parcel.ref)
        )
        return min(wanting, key=lambda transfer: (transfer.outgoing.parcel.priority, transfer.outgoing.opened_at), default=None)

    def going_on(self, transfer: Transfer | None, now: float) -> Transfer | None:
        """The transfer with this burst, if it has more to say in it and nobody more urgent wants the air."""
        heads = [each for each in self._heads() if each.ending is None]
        if transfer not in heads:
            return None
        priority = transfer.outgoing.parcel.priority
        is_urgent = any(each.due_at <= now and each.outgoing.parcel.priority < priority for each in heads)
        return None if is_urgent else transfer

    def behind(self, destination: int, now: float) -> Direct | None:
        """What may go to this post right behind a receipt to it."""
        direct = [each for each in self._heads() if isinstance(each, Direct) and each.outgoing.parcel.destination == destination]
        may = [each for each in direct if each.ending is None and each.may_follow(now)]
        first = min(may, key=lambda each: (each.outgoing.parcel.priority, each.outgoing.opened_at), default=None)
        return first if first is not None and self.going_on(first, now) is first else None

    def expects(self, source: int, before: float) -> bool:
        """Whether this post was asked by a frame that was over before then, and has not answered."""
        return any(
            isinstance(each, Direct) and each.outgoing.parcel.destination == source and each.asks_since(before) for each in self._heads()
        )

    def heard(self, source: int, held: Held, now: float) -> Iterator[Event]:
        """A far end says what it holds."""
        transfer = self._open.get((held.destination if self._ring.is_group(held.destination) else source, held.transfer))
        if transfer is None or transfer.ending is not None:
            return
        before = transfer.reached
        if transfer.heard(source, held, now):
            self._journal.outgoing(transfer.outgoing)
        for member in members_of(transfer.reached & ~before):
            yield Reached(transfer.outgoing.parcel.ref, self._code(transfer, member))

    def look(self, now: float) -> Iterator[Event]:
        """Let time pass; those that have ended are told and forgotten."""
        looked = [_key(transfer) for transfer in self._heads()] + sorted(self._cancelled)
        self._cancelled.clear()
        while self._ends and self._ends[0][0] <= now:
            looked.append(heapq.heappop(self._ends)[1])
        for key in dict.fromkeys(looked):
            transfer = self._open.get(key)
            if transfer is None:
                continue
            transfer.look(now)
            if transfer.ending is not None:
                self._drop(key)
                yield from self._ended(transfer, transfer.ending)

    def put_off(self, seconds: float, *, but: Parcel | None) -> None:
        """Our own station used the air so long: nobody could answer meanwhile."""
        for transfer in self._heads():
            if transfer.outgoing.parcel is not but:
                transfer.put_off(seconds)

    def deferred(self, seconds: float) -> None:
        """The frame that was handed out last goes on the air later by so much, and with it everything that counts from its end."""
        for transfer in self._heads():
            transfer.deferred(seconds)

    def busy(self, now: float) -> None:
        """Another station was heard just now."""
        for transfer in self._heads():
            transfer.busy(now)

    def next_at(self, quiet_until: float) -> float | None:
        """When the first of them wants the air or an end; only P0 wants it before `quiet_until`."""
        if self._cancelled:
            return 0.0
        times = [self._wants_at(transfer, quiet_until) for transfer in self._heads()] + [at for at, _ in self._ends[:1]]
        return min(times, default=None)

    @staticmethod
    def _wants_at(transfer: Transfer, quiet_until: float) -> float:
        if transfer.ending is not None:
            return 0.0
        is_urgent = transfer.outgoing.parcel.priority is Priority.P0
        return transfer.due_at if is_urgent else max(transfer.due_at, quiet_until)

    def _heads(self) -> list[Transfer]:
        """The first of each line."""
        return [self._open[line[0]] for line in self._lines.values()]

    def _add(self, outgoing: Outgoing, pieces: tuple[bytes, ...], *, resumed: bool) -> None:
        parcel = outgoing.parcel
        members = self._members(parcel.destination)
        key = (parcel.destination, outgoing.transfer)
        lane = self._ring.sending(parcel.destination, parcel.kind)
        whole = Whole(pieces, digest_of(lane, outgoing.transfer, parcel.body, kind=parcel.kind, traffic=parcel.traffic))
        if members:
            self._open[key] = GroupCall(outgoing, whole, members, air=self._air, chance=self._chance, resumed=resumed)
        else:
            self._open[key] = Direct(outgoing, whole, air=self._air, chance=self._chance, resumed=resumed)
        self._lines.setdefault((parcel.destination, parcel.priority), deque()).append(key)
        heapq.heappush(self._ends, (parcel.ends_at, key))
        self._by_ref[parcel.ref] = key
        self._journal.outgoing(outgoing)

    def _drop(self, key: Key) -> None:
        transfer = self._open.pop(key)
        parcel = transfer.outgoing.parcel
        line = self._lines[(parcel.destination, parcel.priority)]
        line.remove(key)
        if not line:
            del self._lines[(parcel.destination, parcel.priority)]
        del self._by_ref[parcel.ref]
        self._journal.outgoing(transfer.outgoing, gone=True)

    def _members(self, destination: int) -> tuple[int, ...]:
        return self._ring.members(destination) if self._ring.is_group(destination) else ()

    def _ended(self, transfer: Transfer, ending: Ending) -> Iterator[Event]:
        ref = transfer.outgoing.parcel.ref
        if ending is Ending.SILENT:
            count = len(transfer.outgoing.held)
            yield from (Unreached(ref, self._code(transfer, n)) for n in range(count) if not transfer.reached >> n & 1)
        yield Finished(ref, ending)

    @staticmethod
    def _code(transfer: Transfer, member: int) -> int:
        return transfer.members[member] if isinstance(transfer, GroupCall) else transfer.outgoing.parcel.destination


def _key(transfer: Transfer) -> Key:
    return (transfer.outgoing.parcel.destination, transfer.outgoing.transfer)
