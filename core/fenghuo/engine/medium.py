"""A medium (a frequency, a line, a satellite beam) and the queue before it: strict P0, fair to the rest, the least tried first.

Source: delivery.md, Priorities and the transmit scheduler; I5, I6.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter

from fenghuo.engine.arrears import Arrears, Waiting
from fenghuo.engine.channels import Instance
from fenghuo.engine.digests import joinable
from fenghuo.model.delivery import Delivery
from fenghuo.model.traffic import Priority

__all__ = ["CROWD", "Medium"]

# A lower class earns one slot for every five served above it: it is slowed by at most a quarter, and never starved.
SLOT_FOR_SERVED = 5

# Within a class an order to a few goes before an alert to more than these: it costs them one place, waiting would cost it minutes.
CROWD = 100

Key = tuple[str, str, Priority]
"""Channel, address, class: within a class what goes to one address goes in order; an urgent one never waits for a routine one (I5)."""
Entry = tuple[int, bool, float, int, Delivery]


class Medium:
    """All that waits for one medium and how much of it is in flight. Decides who is next; sends nothing itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.instances: dict[str, Instance] = {}
        self._waiting: dict[tuple[str, Priority, bool], list[Entry]] = {}  # by channel, class, and whether it is a stop
        self._first: Counter[tuple[Priority, bool]] = Counter()  # first tries that wait, by class, of a crowd and of a few
        self._later: list[tuple[float, int, Delivery]] = []
        self._blocked: dict[Key, list[Delivery]] = {}
        self._in_flight: Counter[tuple[str, bool]] = Counter()  # by channel, and whether it is a stop
        self._busy: dict[Key, set[str]] = {}  # what is under way there, by its lane
        self._lanes: dict[int, str] = {}
        self._parked: list[tuple[Priority, int, Delivery, asyncio.Future[None]]] = []
        self._aside: set[int] = set()
        self._earned: set[int] = set()
        self._served_above: dict[Priority, int] = dict.fromkeys(Priority, 0)
        self._served_before = self._served_above
        self._order = itertools.count()
        self._open_at: dict[str, float] = {}
        self._now = 0.0
        self._began: dict[int, float] = {}
        self._arrears = Arrears()
        self._rests_until = 0.0  # of P2 to P4, where a mode reserves a share of the time

    @property
    def is_exclusive(self) -> bool:
        """Half-duplex: one emission at a time, whatever the instance."""
        return any(instance.capabilities.half_duplex for instance in self.instances.values())

    @property
    def is_on_air(self) -> bool:
        """Whether anything is being emitted on it."""
        return any(self._in_flight.values())

    def queued(self, channel: str) -> int:
        """How many deliveries wait here for a channel instance."""
        waiting = sum(len(heap) for (name, *_), heap in self._waiting.items() if name == channel)
        later = sum(delivery.channel == channel for _, _, delivery in self._later)
        blocked = sum(len(held) for (name, *_), held in self._blocked.items() if name == channel)
        return waiting + later + blocked + self._arrears.queued(channel)

    def ahead(self, priority: Priority, audience: int = 1) -> int:
        """How many deliveries go before a new one of this class to an audience of this size: what is more urgent, the first tries of its
        class, those of a crowd only before one of a crowd, and what is on the air."""
        more_urgent = sum(len(heap) for (_, level, _), heap in self._waiting.items() if level < priority)
        equal = self._first[priority, False] + (self._first[priority, True] if audience > CROWD else 0)
        return more_urgent + equal + sum(self._in_flight.values())

    def held(self) -> set[int]:
        """Every delivery that waits here."""
        waiting = (entry[4] for heap in self._waiting.values() for entry in heap)
        later = (delivery for _, _, delivery in self._later)
        blocked = (delivery for held in self._blocked.values() for delivery in held)
        return self._arrears.held().union(delivery.id for delivery in itertools.chain(waiting, later, blocked))

    def put(self, delivery: Delivery, *, now: float, deadline: float, audience: int = 1, is_stop: bool = False) -> None:
        """Queue a READY delivery; `deadline`, UTC seconds, and the size of its audience order it within its class. `is_stop`: it silences
        what its message started, and so waits for the outcome of nothing that goes to its address but of another stop of that message, and
        for no room that starts have taken: as many stops may be under way besides. Where one can speak at a time there are no two kinds."""
        if delivery.not_before > now:
            heapq.heappush(self._later, (delivery.not_before, next(self._order), delivery))
            return
        self._queue(delivery, deadline, audience, is_stop=is_stop)

    def owe(self, delivery: Delivery, *, deadline: float, audience: int) -> None:
        """Queue a READY delivery that waited through an outage: behind what is new (arrears.py)."""
        self._arrears.put(Waiting(deadline, audience, delivery))

    def _queue(self, delivery: Delivery, deadline: float, audience: int, *, is_stop: bool) -> None:
        heap = self._waiting.setdefault((delivery.channel, delivery.priority, is_stop and not self.is_exclusive), [])
        self._first[delivery.priority, audience > CROWD] += not delivery.tries
        heapq.heappush(heap, (delivery.tries, audience > CROWD, deadline, next(self._order), delivery))

    def mature(self, now: float) -> list[Delivery]:
        """Those whose not_before has come, to be put again."""
        found: list[Delivery] = []
        while self._later and self._later[0][0] <= now:
            found.append(heapq.heappop(self._later)[2])
        return found

    @property
    def next_mature_at(self) -> float | None:
        return self._later[0][0] if self._later else None

    def take(self, now: float = 0.0) -> Delivery | None:
        """The next delivery that may go at `now` (UTC seconds); it counts as in flight until done()."""
        self._now = now
        self._let_in()
        while (priority := self._next_class()) is not None:
            if self._resume_parked(priority):
                return None
            channel, is_stop = self._best_channel(priority)
            _, is_of_crowd, _, _, delivery = heapq.heappop(self._waiting[(channel, priority, is_stop)])
            self._first[priority, is_of_crowd] -= not delivery.tries
            if not self._may_pass(delivery, is_stop=is_stop):
                self._blocked.setdefault(_key(delivery), []).append(delivery)
                continue
            self._in_flight[channel, is_stop] += 1
            self._began[delivery.id] = now
            self._open_at[channel] = now + self.instances[channel].gap_s
            self._served_before = dict(self._served_above)
            self._served(priority)
            self._arrears.went(delivery)
            if self.must_yield(priority):  # taken by the rule of five: without a piece of its own the slot would be worth nothing
                self._earned.add(delivery.id)
            return delivery
        return None

    def with_it(self, leader: Delivery) -> list[Delivery]:
        """What else waits in arrears that may go along with this one, which take() has just given."""
        instance = self.instances[leader.channel]
        return self._arrears.with_it(leader, lambda other: joinable(leader, other, instance)) if instance.digest else []

    def _let_in(self) -> None:
        """Queue what is in arrears, as far as its share goes."""
        if not self._arrears:
            return
        is_exclusive = self.is_exclusive
        room = sum(instance.admitted for instance in self.instances.values())
        while room and not (is_exclusive and self._is_full()):
            is_new_waiting = any(self._waiting.values()) or bool(self._parked)
            one = self._arrears.take(self._now, is_new_waiting=is_new_waiting, is_exclusive=is_exclusive, room=room)
            if one is None:
                return
            self._queue(one.delivery, one.deadline, one.audience, is_stop=False)

    def _may_pass(self, delivery: Delivery, *, is_stop: bool) -> bool:
        """Whether nothing keeps it back that is under way to its address; then it is, too."""
        lane = delivery.message if is_stop else ""
        under_way = self._busy.get(_key(delivery), set())
        if delivery.id in self._lanes or (lane in under_way if lane else under_way):
            return False
        self._busy[_key(delivery)] = {*under_way, lane}
        self._lanes[delivery.id] = lane
        return True

    def rest(self, delivery: Delivery, now: float) -> None:
        """An emission is about to be done, UTC seconds: after one of P2 to P4 the others of them leave the medium free for as long as makes
        the share of its time that a mode reserves."""
        self._arrears.done(delivery, max(0.0, now - self._began.get(delivery.id, now)), now)
        share = max((one.ruled.reserve for one in self.instances.values()), default=0.0)
        took_s = max(0.0, now - self._began.get(delivery.id, now))
        if share and delivery.priority > Priority.P1:
            self._rests_until = max(self._rests_until, now + took_s * share / (1.0 - share))

    def done(self, delivery: Delivery) -> list[Delivery]:
        """An emission is over; what waited for the same recipient on the same channel, to be put again."""
        self._began.pop(delivery.id, None)
        lane = self._lanes.pop(delivery.id)
        if delivery.id not in self._aside:
            self._in_flight[delivery.channel, bool(lane)] -= 1
        self._aside.discard(delivery.id)  # it ended while it stood aside: its place was given up already
        self._earned.discard(delivery.id)
        key = _key(delivery)
        under_way = self._busy[key]
        under_way.discard(lane)
        if not under_way:
            del self._busy[key]
        return self._blocked.pop(key, [])

    def unused(self, delivery: Delivery) -> list[Delivery]:
        """What take() has just given was over already: nobody was served, and its class is owed what it was. As done()."""
        self._served_above = self._served_before
        self._arrears.done(delivery, 0.0, self._now)
        return self.done(delivery)

    def must_yield(self, priority: Priority) -> bool:
        """Whether something more urgent waits for this half-duplex medium."""
        return self.is_exclusive and any(heap and waiting < priority for (_, waiting, _), heap in self._waiting.items())

    def uses_its_slot(self, delivery: Delivery) -> bool:
        """Whether a transfer was taken before something more urgent, and now sends the piece that it was taken for; a P0 waits for none."""
        is_earned = delivery.id in self._earned
        self._earned.discard(delivery.id)
        return is_earned and not any(heap and waiting is Priority.P0 for (_, waiting, _), heap in self._waiting.items())

    def park(self, delivery: Delivery) -> asyncio.Future[None]:
        """Give the medium up between two fragments; the future is done when it is ours again."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in_flight[delivery.channel, False] -= 1
        self._aside.add(delivery.id)
        heapq.heappush(self._parked, (delivery.priority, next(self._order), delivery, future))
        return future

    def forgo(self) -> None:
        """A transfer that has just been given the medium back sends no piece: nobody was served, as in unused()."""
        self._served_above = self._served_before

    def _resume_parked(self, priority: Priority) -> bool:
        """Give the medium back to a transfer of this class; it was first, so it goes on before its equals begin."""
        if not (self._parked and self._parked[0][0] is priority):
            return False
        _, _, delivery, future = heapq.heappop(self._parked)
        self._aside.discard(delivery.id)
        self._in_flight[delivery.channel, False] += 1
        self._served_before = dict(self._served_above)
        self._served(priority)
        future.set_result(None)
        return True

    def _is_full(self) -> bool:
        return self.is_exclusive and sum(self._in_flight.values()) >= 1

    def _has_room(self, channel: str, priority: Priority, *, is_stop: bool) -> bool:
        instance = self.instances.get(channel)
        places = instance.admits(priority, is_stop=is_stop) if instance is not None else 0
        is_open = self._in_flight[channel, is_stop] < places and not self._is_full()
        is_reserved = priority > Priority.P1 and self._rests_until > self._now
        return is_open and (is_stop or (self._open_at.get(channel, 0.0) <= self._now and not is_reserved))

    @property
    def next_open_at(self) -> float | None:
        """When a channel on probation, for which something waits, may have its next one, or the medium one of P2 to P4 (UTC seconds)."""
        waiting = {name for (name, *_), heap in self._waiting.items() if heap}
        rests = (self._rests_until,) if any(heap and level > Priority.P1 for (_, level, _), heap in self._waiting.items()) else ()
        owed = (self._arrears.rests_until,) if self._arrears else ()
        return min((at for at in (*(self._open_at.get(name, 0.0) for name in waiting), *rests, *owed) if at > self._now), default=None)

    def _next_class(self) -> Priority | None:
        while self._parked and self._parked[0][3].done():  # it ended while it stood aside
            heapq.heappop(self._parked)
        waiting = {level for (name, level, is_stop), heap in self._waiting.items() if heap and self._has_room(name, level, is_stop=is_stop)}
        ready = sorted(waiting | ({self._parked[0][0]} if self._parked and not self._is_full() else set()))
        if not ready or ready[0] is Priority.P0:
            return ready[0] if ready else None
        owed = [priority for priority in ready[1:] if self._served_above[priority] >= SLOT_FOR_SERVED]
        return owed[0] if owed else ready[0]

    def _best_channel(self, priority: Priority) -> tuple[str, bool]:
        """The channel that is next, and whether with a stop: those go first."""
        of_class = {(name, is_stop): heap for (name, level, is_stop), heap in self._waiting.items() if heap and level is priority}
        open_ones = [(name, is_stop) for name, is_stop in of_class if self._has_room(name, priority, is_stop=is_stop)]
        return min(open_ones, key=lambda one: (not one[1], of_class[one][0][:4], one[0]))

    def _served(self, priority: Priority) -> None:
        self._served_above[priority] = 0
        for lower in Priority:
            if lower > priority:
                self._served_above[lower] += 1


def _key(delivery: Delivery) -> Key:
    return delivery.channel, delivery.address, delivery.priority
