"""A radio that calls its posts together: the stations of the real narrow link, head and members, over a simulated frequency.

What is simulated is the air alone: half-duplex, carrier sense, a base station that repeats each frame to all or loses it. Sealing,
pieces, slots, answers, polls and what is sent again are the link's own. Orders that are licensed within `GATHER_S` and go to all members
are one call. A post above (`way.above`) gives orders to the head on the same frequency, and is told what became of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection

import msgspec

from fenghuo.errors import FrameError
from fenghuo.link import (
    Air,
    Delivered,
    Event,
    FrameKind,
    Hostile,
    KeyRing,
    Ledger,
    NotTaken,
    Reached,
    Root,
    SoftwareKeys,
    Station,
    Unreached,
)
from fenghuo.link.counters import Grant
from fenghuo.link.events import Finished, Frame
from fenghuo.link.naming import carried_kind, note_body
from fenghuo.link.parcels import Ending, Parcel
from fenghuo.model.delivery import Outcome, Scope, Transient, Unknown
from fenghuo.model.delivery import Reached as Got
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Emission, Estimate, Inbound, InboundKind, SendJob, Unsupported
from fenghuo.rig.scenario.centre import Network
from fenghuo.rig.scenario.posts import KIND, inbound_of, tally_body, told_by
from fenghuo.rig.world import log
from fenghuo.rig.world.bearer import Frame as Heard
from fenghuo.rig.world.bearer import Life, Link, Receive
from fenghuo.rig.world.clients import Letter
from fenghuo.rig.world.ground import Way
from fenghuo.rig.world.log import World

__all__ = ["CallLink", "CalledNetwork", "pieces_of"]

HEAD, GROUP, ABOVE = 1, 200, 250
FIRST_MEMBER = 2
GATHER_S = 0.15
SENSE_S = 0.05
AIR = Air(bitrate=544.0, keying_s=0.2, carrier=20, mtu=100, fragment_s=2.0)
"""100 octets take 2.0 s, as the fixture of the scenarios says."""
SECRETS = {str(code): bytes([code]) * 32 for code in range(1, 256)}
FORGED = {str(code): bytes([code ^ 255]) * 32 for code in range(1, 255)}
"""What somebody has who does not have the keys."""
GRANTED = 1 << 20
NOTE_S = 86_400.0
"""So long a receipt is worth saying."""


class Passenger(msgspec.Struct, frozen=True):
    """One emission on its way: to the member `code`."""

    code: int
    job: SendJob
    emission: Emission
    number: int
    outcome: asyncio.Future[Outcome]


class Post:
    """A station on the frequency, with what it has for it."""

    def __init__(self, code: int, ring: KeyRing, ledger: Ledger, world: World) -> None:
        self.code = code
        self.station = Station(ring, AIR, ledger=ledger, chance=world.chance)
        for wanted in self.station.counters.wanted():
            self.station.counters.grant(Grant(wanted.lane, 0, GRANTED))
        self.queue: deque[Frame] = deque()

    def pump(self, now: float, follow: Callable[[Post, list[Event]], None]) -> None:
        """Let time pass, keep what must be kept, and fetch the frames that may go."""
        follow(self, self.station.look(now))
        self.commit()
        while (frame := self.station.frame_due(now)) is not None:
            self.queue.append(frame)
        self.commit()

    def commit(self) -> None:
        self.station.changes()
        self.station.committed()


class CalledNetwork(Network):
    """`members`: addresses in the order of their slots. A daemon that starts anew has a head that knows of nothing under way."""

    def __init__(self, way: Way, world: World, receive: Receive) -> None:
        super().__init__(way, world, receive)
        self.codes = {address: FIRST_MEMBER + place for place, address in enumerate(way.members)}
        roots = [Root(code, HEAD, code, str(code)) for code in self.codes.values()]
        above = [Root(ABOVE, ABOVE, HEAD, str(ABOVE))] if way.above else []
        self._roots = (*roots, *above, Root(GROUP, HEAD, GROUP, str(GROUP), tuple(self.codes.values())))
        self._posts = {code: Post(code, self._ring(code), Ledger(), world) for code in self.codes.values()}
        self._above = Post(ABOVE, self._ring(ABOVE), Ledger(), world) if way.above else None
        self._forger: Post | None = None
        self._head: Post | None = None
        self._aboard: dict[str, list[Passenger]] = {}
        self._gathering: dict[bytes, list[Passenger]] = {}
        self._busy_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def open(self, life: Life) -> Link:
        return CallLink(self, life)

    def head_on(self, ledger: Ledger) -> None:
        """The daemon's own station begins."""
        self._aboard.clear()
        self._gathering.clear()
        self._head = Post(HEAD, self._ring(HEAD), ledger, self.world)

    def carry(self, passenger: Passenger) -> None:
        """Take somebody along; whoever says the same to the others travels in the same call."""
        waiting = self._gathering.setdefault(passenger.emission.payload.data, [])
        waiting.append(passenger)
        if len(waiting) == 1:
            self.world.later(GATHER_S, self._depart, passenger.emission.payload.data)

    def _depart(self, body: bytes) -> None:
        waiting = [one for one in self._gathering.pop(body, []) if not one.outcome.done()]
        if {one.code for one in waiting} == set(self._posts):
            self._open(GROUP, body, waiting)
            return
        for passenger in waiting:
            self._open(passenger.code, body, [passenger])

    def _open(self, destination: int, body: bytes, passengers: list[Passenger]) -> None:
        if self._head is None or self.link is None:
            return
        first = passengers[0]
        ref = f"{first.emission.token}/{first.emission.n}"
        assert isinstance(self.link, CallLink)
        for one in passengers:
            self.link.leaves(one)
        self._aboard[ref] = passengers
        ends_at, job = self.world.true() + first.emission.validity_s, first.job
        kind = FrameKind.DISPATCH if destination != ABOVE else carried_kind(body)  # a post below has no orders for one above
        self._head.station.open(Parcel(destination, kind, job.traffic, job.priority, body, ends_at, ref), self.world.true())
        self._pump()

    # What others say.

    def calls(self) -> dict[int, str]:
        """Node code → callsign, of everybody but the head."""
        return {**({ABOVE: self.way.above} if self.way.above else {}), **{code: call for call, code in self.codes.items()}}

    def code_of(self, call: str) -> int | None:
        """Whom the head can say something to: a member, or the post above."""
        return ABOVE if self.way.above and call == self.way.above else self.codes.get(call)

    def said_by(self, call: str, body: bytes, name: str, letter: Letter) -> None:
        """The post above, or a member, begins to say this to the head; `name`: what both ends call it."""
        code = {one: code for code, one in self.calls().items()}[call]
        post = self._above if code == ABOVE and self._above is not None else self._posts[code]
        post.station.open(
            Parcel(HEAD, carried_kind(body), letter.traffic, letter.priority, body, letter.expires_at, name), self.world.true()
        )
        self._pump()

    def forge(self, call: str, body: bytes) -> None:
        """Somebody without the keys says this in the name of a post."""
        code = {one: code for code, one in self.calls().items()}[call]
        if self._forger is None:
            ring = KeyRing(code, SoftwareKeys(FORGED, suite="intl"), self._roots)
            self._forger = Post(code, ring, Ledger(), self.world)
        now = self.world.true()
        ref = f"forged {self.world.now:.3f}"
        self._forger.station.open(Parcel(HEAD, carried_kind(body), Traffic.ACTUAL, Priority.P0, body, now + NOTE_S, ref), now)
        self._forger.pump(now, _unheard)
        for frame in tuple(self._forger.queue):
            self.world.later(frame.airtime_s, self._arrive, self._forger, frame)
        self._forger.queue.clear()
        self._forger.station.cancel(ref)

    def note(self, call: str, body: bytes, traffic: Traffic, ref: str) -> None:
        """The head tells a post what became of what it said."""
        code = {one: code for code, one in self.calls().items()}[call]
        if self._head is not None:
            now = self.world.true()
            self._head.station.open(Parcel(code, FrameKind.REPLY, traffic, Priority.P1, body, now + NOTE_S, ref), now)
            self._pump()

    # The air.

    def _pump(self) -> None:
        now = self.world.true()
        ours = [self._head] if self._head is not None and self.link is not None else []
        posts = [*ours, *([self._above] if self._above is not None else []), *self._posts.values()]
        for post in posts:
            post.pump(now, self._follow)
        ready = [post for post in posts if post.queue]
        if ready and self.world.now >= self._busy_until:
            slotted = [post for post in ready if post.queue[0].is_slotted]
            self._begin((slotted or ready)[0])
        self._wait(posts, now)

    def _begin(self, post: Post) -> None:
        frame = post.queue.popleft()
        self._busy_until = self.world.now + frame.airtime_s + SENSE_S
        if post is self._head:
            aboard = [] if frame.is_receipt else self._aboard.get(frame.ref, [])  # polls are nobody's, and count for the medium
            number, priority = (aboard[0].number, aboard[0].job.priority) if aboard else (0, 0)
            self.world.add(log.Fragment, self.way.terms.medium, self.way.name, priority, frame.airtime_s, number)
        self.world.later(frame.airtime_s, self._arrive, post, frame)

    def _arrive(self, sender: Post, frame: Frame) -> None:
        now = self.world.true()
        is_lost = self.weather.deaf or not self.weather.is_up or self.world.chance.random() < self.weather.loss
        everybody = [post for post in (self._head, self._above, *self._posts.values()) if post is not None]
        for post in () if is_lost else everybody:
            if post is not sender:
                self._follow(post, post.station.receive_frame(frame.octets, now))
                post.commit()
        self._pump()

    def _wait(self, posts: list[Post], now: float) -> None:
        """Look again when a station has something to do, or the air is free for whoever waits for it."""
        times = [at for post in posts if (at := post.station.next_at(now)) is not None]
        if any(post.queue for post in posts):
            times.append(now + max(0.0, self._busy_until - self.world.now))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if times:
            self._timer = self.world.loop.call_later(max(0.001, min(times) - now), self._pump, context=self.world.context)

    def _follow(self, post: Post, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Delivered) and post is self._head:
                self._came(event)
            elif isinstance(event, Delivered):
                self._delivered(post, event)
            elif post is self._head:
                self._follow_head(event)
            elif isinstance(event, Reached):  # another post holds the receipt of ours
                self.world.add(log.Taken, self.way.name, event.ref, Evidence.RELAYED, 1, 1)

    def _follow_head(self, event: Event) -> None:
        if isinstance(event, Reached | Unreached | Finished):
            self._told(event)
        elif isinstance(event, NotTaken):
            self.world.note("not taken", self.way.name, event.cause.value)
        elif isinstance(event, Hostile) and event.active and self.link is not None:
            call = self.calls().get(event.source, "")
            self.link.bring(Inbound(InboundKind.HOSTILE, b"", _nothing, address_kind=KIND, address=call, text="forged frames"))

    def _came(self, event: Delivered) -> None:
        """The head has all of what another post says; its core takes it over, and then the post hears so."""
        head = self._head

        async def ack() -> None:
            if head is not None and head is self._head:
                head.station.taken(event)
                self._pump()

        try:
            thing = inbound_of(event, self.calls().get(event.source, ""), ack, is_above=event.source == ABOVE)
        except FrameError as fault:
            self.world.note("not taken", self.way.name, fault.code or "frame")
            return
        if self.link is not None:
            self.link.bring(thing)

    def _delivered(self, post: Post, event: Delivered) -> None:
        """A post has all of it: its people see it, and its station says so."""
        word = told_by(event.body)
        if word is not None:
            self.world.add(log.Taken, self.way.name, word.name, word.level, word.reached, word.total)
        passengers = [one for aboard in self._aboard.values() for one in aboard if one.emission.payload.data == event.body]
        for one in passengers:
            if one.code == post.code:
                token, n, text = one.emission.token, one.emission.n, one.emission.payload.text
                self.world.add(log.Said, self.way.name, one.job.address, token, n, Evidence.DEVICE, "", False)
                self.receive(self, Heard(one.job.address, token, n, f"{token}/{n}", text))
        post.station.taken(event)

    def _told(self, event: Reached | Unreached | Finished) -> None:
        for one in self._aboard.get(event.ref, []):
            if isinstance(event, Finished) and not one.outcome.done():
                is_over = event.ending is not Ending.SILENT
                one.outcome.set_result(Unknown(event.ending.value) if is_over else Transient(Scope.RECIPIENT, "silent"))
            elif isinstance(event, Reached) and event.member == one.code and not one.outcome.done():
                one.outcome.set_result(Got(Evidence.DEVICE, (event.ref,)))
        if isinstance(event, Finished):
            self._aboard.pop(event.ref, None)

    def _ring(self, own: int) -> KeyRing:
        return KeyRing(own, SoftwareKeys(SECRETS, suite="intl"), self._roots)


class CallLink(Link):
    """The channel of one life over it."""

    async def start(self) -> None:
        await super().start()
        network = self.bearer
        assert isinstance(network, CalledNetwork)
        network.head_on(self._life.ledgers.setdefault(network.way.terms.medium, Ledger(self._world.ground.caps)))

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        room = AIR.room(FrameKind.DISPATCH)
        pieces = max(1, -(-len(payload.data) // room))
        seconds = pieces * AIR.fragment_s
        return Estimate(airtime_s=seconds, latency_q50_s=seconds + AIR.answer_s(), latency_q95_s=3 * seconds + 30.0, fragments=pieces)

    async def _emit(self, job: SendJob, emission: Emission, number: int) -> Outcome:
        network = self.bearer
        assert isinstance(network, CalledNetwork)
        if not self._is_open or network.weather.deaf:
            return Transient(Scope.CHANNEL, "no-station" if self._is_open else "link-lost")
        code = network.code_of(job.address)
        if code is None:
            return Transient(Scope.RECIPIENT, "no-such-post")
        await emission.turn()
        await self._life.may_act()
        passenger = Passenger(code, job, emission, number, asyncio.get_running_loop().create_future())
        network.carry(passenger)
        return await passenger.outcome

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        network, (call, _, name) = self.bearer, ref.partition("/")
        assert isinstance(network, CalledNetwork)
        if call not in network.calls().values():
            return Unsupported()
        network.note(call, note_body(name, level, text, traffic), traffic, f"note/{ref}/{level:d}")
        return None

    async def tally(self, ref: str, level: Evidence, addresses: Collection[str], *, traffic: Traffic) -> Unsupported | None:
        network, (call, _, name) = self.bearer, ref.partition("/")
        assert isinstance(network, CalledNetwork)
        if not call or call != network.way.above:
            return Unsupported()
        if addresses:
            body = tally_body(name, level, [one in addresses for one in network.way.members], traffic)
            network.note(call, body, traffic, f"note/{ref}/{level:d}/{len(addresses)}")
        return None

    def leaves(self, one: Passenger) -> None:
        """Its first octet goes on the air."""
        emission, job = one.emission, one.job
        is_durable = self._life.is_durable(emission.token, emission.n)
        whose = (self.bearer.way.name, job.address, emission.token, emission.n, one.number)
        self._world.add(log.Aired, *whose, emission.payload.text, job.traffic, job.priority, is_durable)


def pieces_of(body: bytes) -> int:
    """In how many pieces these octets go over the air."""
    return max(1, -(-len(body) // AIR.room(carried_kind(body))))


def _unheard(post: Post, events: list[Event]) -> None:
    """Whoever forges has nobody who listens to him."""


async def _nothing() -> None:
    """Nobody waits."""
