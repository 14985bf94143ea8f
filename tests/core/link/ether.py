"""A half-duplex medium in virtual time: carrier sense, collisions, loss by a seed, and a count of seconds on the air."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from fenghuo.link.air import Air
from fenghuo.link.counters import Grant
from fenghuo.link.events import Changes, Delivered, Event, Frame
from fenghuo.link.ledger import Caps, Ledger
from fenghuo.link.parcels import Incoming, Key, Outgoing
from fenghuo.link.seal import Kept
from fenghuo.link.station import Memory, Station
from tests.core.link.posts import NOW, ring

__all__ = ["Disk", "Ether", "Radio"]

SENSE_S = 0.05  # a carrier is not noticed earlier
SLOT_S = 0.1


class Disk:
    """What a station commits, and gets back after a crash; its counters go on where they were reserved."""

    def __init__(self) -> None:
        self.windows: dict[str, Kept] = {}
        self.outgoing: dict[tuple[int, int], Outgoing] = {}
        self.incoming: dict[Key, Incoming] = {}
        self.next: dict[str, int] = {}

    def keep(self, changes: Changes) -> None:
        self.windows |= {kept.lane: kept for kept in changes.windows}
        self.outgoing |= {(state.parcel.destination, state.transfer): state for state in changes.outgoing}
        self.incoming |= {state.key: state for state in changes.incoming}
        for out in changes.gone_out:
            self.outgoing.pop(out, None)
        for key in changes.gone_in:
            self.incoming.pop(key, None)

    def memory(self) -> Memory:
        return Memory(tuple(self.windows.values()), tuple(self.outgoing.values()), tuple(self.incoming.values()))


class Radio:
    """A station, its disk and its modem. `shown`: what it delivered, in order."""

    def __init__(self, own: int, air: Air, chance: random.Random, *, caps: Caps | None = None, roots: Any = None) -> None:
        self.own = own
        self.air = air
        self.disk = Disk()
        self.events: list[Event] = []
        self.shown: list[Delivered] = []
        self.queue: deque[Frame] = deque()
        self.sent: list[tuple[float, Frame]] = []
        self.attempt_at: float | None = None
        self.decode_s = chance.uniform(0.06, 0.15)
        self._roots = roots
        self._chance = chance
        self.ledger = Ledger(caps or Caps())
        self.takes_over = True
        self.start()

    def start(self) -> None:
        """Begin, or begin anew after a crash, with what the disk has."""
        keys = ring(self.own, roots=self._roots) if self._roots else ring(self.own)
        self.queue.clear()
        self.station = Station(keys, self.air, ledger=self.ledger, chance=self._chance, memory=self.disk.memory())
        for wanted in self.station.counters.wanted():
            first = self.disk.next.get(wanted.lane, 0)
            self.disk.next[wanted.lane] = first + 1024
            self.station.counters.grant(Grant(wanted.lane, first, first + 1024))

    def pump(self, now: float) -> None:
        """What its owner does whenever something happened: commit, take over, commit, fetch frames."""
        self._follow(self.station.look(now))
        self._commit()
        while (frame := self.station.frame_due(now)) is not None:
            self.queue.append(frame)
        self._commit()
        if self.queue and self.attempt_at is None:
            self.attempt_at = now

    def hear(self, octets: bytes, now: float) -> None:
        self._follow(self.station.receive_frame(octets, now))
        self.pump(now)

    def _follow(self, events: list[Event]) -> None:
        self.events += events
        self._commit()
        for event in events:
            if isinstance(event, Delivered) and self.takes_over:
                self.shown.append(event)
                self.station.taken(event)

    def _commit(self) -> None:
        self.disk.keep(self.station.changes())
        self.station.committed()


class _OnAir(msgspec.Struct, frozen=True):
    radio: Radio
    frame: Frame
    start: float
    end: float


class Ether:
    """`loss`: chance that a frame is lost at a listener, or a function of its octets; `persist`: of a modem to take a free slot."""

    def __init__(self, seed: int, *, loss: float | Callable[[Frame], float] = 0.0, persist: float = 0.25) -> None:
        self.chance = random.Random(seed)
        self.now = NOW
        self.radios: list[Radio] = []
        self.air_s: dict[int, float] = {}
        self.collision_s = 0.0
        self._loss = loss if callable(loss) else lambda frame: loss
        self._persist = persist
        self._on: list[_OnAir] = []
        self._arriving: list[tuple[float, int, Radio, bytes]] = []
        self._order = itertools.count()
        self._past: list[_OnAir] = []
        self._deaf: dict[int, int] = {}

    def join(self, own: int, air: Air | None = None, **kinds: Any) -> Radio:
        radio = Radio(own, air or Air(), random.Random(self.chance.random()), **kinds)
        self.radios.append(radio)
        self.air_s[own] = 0.0
        return radio

    def run(self, until: Callable[[], bool] = lambda: False, *, limit_s: float = 3600.0) -> None:
        """Let time pass until `until()`, at most so many seconds."""
        end = self.now + limit_s
        while self.now < end:
            for radio in self.radios:
                radio.pump(self.now)
            if until():
                return
            self._attempts()
            soonest = self._soonest()
            if soonest is None or soonest >= end:
                self.now = end
                return
            self.now = max(soonest, self.now)
            self._arrive()

    def is_sending(self, radio: Radio) -> bool:
        return any(on.radio is radio for on in self._on)

    def crash(self, radio: Radio) -> None:
        """Its process is killed and starts anew; what its modem was sending goes on to the end."""
        radio.start()

    def deafen(self, radio: Radio, frames: int) -> None:
        """The next frames that would reach it are lost to it."""
        self._deaf[radio.own] = frames

    def _is_heard(self, radio: Radio, frame: Frame) -> bool:
        if self._deaf.get(radio.own, 0) > 0:
            self._deaf[radio.own] -= 1
            return False
        return self.chance.random() >= self._loss(frame)

    def _soonest(self) -> float | None:
        times = [transmission.end for transmission in self._on]
        times += [arrival[0] for arrival in self._arriving[:1]]
        times += [radio.attempt_at for radio in self.radios if radio.attempt_at is not None]
        times += [max(at, self.now + 0.001) for radio in self.radios if (at := radio.station.next_at(self.now)) is not None]
        return min(times, default=None)

    def _attempts(self) -> None:
        """Modems that have a frame look whether the channel is free."""
        for radio in self.radios:
            if radio.attempt_at is None or radio.attempt_at > self.now:
                continue
            if not radio.queue:
                radio.attempt_at = None
            elif radio.queue[0].is_chained and radio.attempt_at == self.now:
                self._begin(radio, radio.queue.popleft())
            elif any(on.radio is radio or on.start <= self.now - SENSE_S for on in self._on):
                radio.attempt_at = max(on.end for on in self._on) + SENSE_S
            elif radio.queue[0].is_slotted or self.chance.random() < self._persist:
                self._begin(radio, radio.queue.popleft())
            else:
                radio.attempt_at = self.now + SLOT_S

    def _begin(self, radio: Radio, frame: Frame) -> None:
        end = self.now + frame.airtime_s
        self._on.append(_OnAir(radio, frame, self.now, end))
        radio.sent.append((self.now, frame))
        self.air_s[radio.own] += frame.airtime_s
        radio.attempt_at = end + (0.0 if radio.queue[0].is_chained else SLOT_S) if radio.queue else None

    def _arrive(self) -> None:
        for done in [on for on in self._on if on.end <= self.now]:
            self._on.remove(done)
            self._past = [past for past in self._past if past.end > done.start] + [done]
            others = [on for on in (*self._on, *self._past) if on is not done and on.start < done.end and on.end > done.start]
            self.collision_s += sum(min(on.end, done.end) - max(on.start, done.start) for on in others)
            for radio in self.radios:
                if radio is not done.radio and not others and self._is_heard(radio, done.frame):
                    heapq.heappush(self._arriving, (done.end + radio.decode_s, next(self._order), radio, done.frame.octets))
        while self._arriving and self._arriving[0][0] <= self.now:
            _, _, radio, octets = heapq.heappop(self._arriving)
            radio.hear(octets, self.now)
