"""A simulated network between the daemon and the people: it loses, delays, repeats, refuses, hangs, goes away and comes back.

A bearer belongs to the world and survives the daemon; a Link is the channel object of one life of the daemon that rides on it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from functools import partial

import msgspec

from fenghuo.errors import NotReady
from fenghuo.link import Ledger
from fenghuo.model.delivery import AttemptRef, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Emission, Estimate, Inbound, InboundKind, ProbeBudget, ProbeResult, SendJob, SimpleChannel, Unsupported
from fenghuo.rig.world.ground import Way
from fenghuo.rig.world.log import Aired, Asked, Ended, Fragment, Heard, Said, World

__all__ = ["FRAGMENT_S", "Bearer", "Frame", "Life", "Link", "Receive", "Weather", "Word", "on_air_s"]

FRAGMENT_S = 2.0
"""Longest piece on the air of a radio, and so the longest that a P0 may have to wait for it."""
OCTETS_S = 120
"""Octets that a radio carries in a second."""

AGAIN_S = {False: (5.0, 60.0), True: (60.0, 300.0)}
"""What a network that is away says of when to ask again: one of these; and one that will be away for half a day."""

Receive = Callable[["Bearer", "Frame"], None]


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What travels to a device."""

    address: str
    token: str
    n: int
    ref: str
    text: str


class Weather(msgspec.Struct, frozen=True):
    """How a bearer behaves. Shares are 0..1, `delay_s` is a mean; `deaf`: connects, takes, and never says a word;
    `busy`: the share that is to come again in a second."""

    is_up: bool = True
    deaf: bool = False
    loss: float = 0.02
    double: float = 0.02
    delay_s: float = 1.0
    refuse: float = 0.02
    mute: float = 0.01
    busy: float = 0.0

    @property
    def kind(self) -> str:
        if not self.is_up or self.deaf:
            return "deaf" if self.is_up else "away"
        return "bad" if self.loss > 0.5 or self.delay_s > 10.0 else "good"


class Word(msgspec.Struct, frozen=True, gc=False):
    """What waits at the bearer until the daemon has acked it."""

    key: int
    kind: InboundKind
    address: str
    ref: str
    token: str
    n: int
    level: Evidence
    text: str = ""
    refused: bool = False


class Bearer:
    """One network, seen from outside. `receive` is called for each frame that arrives at a device."""

    def __init__(self, way: Way, world: World, receive: Receive) -> None:
        self.way = way
        self.terms = way.terms
        self.world = world
        self.weather = Weather()
        self.receive = receive
        self.link: Link | None = None
        self.words: dict[int, Word] = {}
        self.known: dict[str, str] = {}
        self.is_gone = False
        self._count = 0

    @property
    def is_radio(self) -> bool:
        return self.way.capabilities.half_duplex

    def open(self, life: Life) -> Link:
        """The channel of one life of the daemon that rides on it."""
        return Link(self, life)

    def refusal(self) -> Outcome | None:
        """What it says to whoever wants to emit now; None: nothing against it."""
        return None

    def change(self, weather: Weather) -> None:
        """The weather changes; whoever is connected to a bearer that went away notices."""
        if self.weather.kind != weather.kind:
            self.world.note("weather", self.way.name, weather.kind)
        self.weather = weather
        if not weather.is_up and self.link is not None:
            self.link.broken()

    def take(self, token: str, n: int, address: str, text: str) -> str:
        """Take a frame over; the name under which receipts will speak of it."""
        self._count += 1
        ref = f"{self.way.name}/{self._count}"
        self.known[token] = ref
        frame = Frame(address, token, n, ref, text)
        chance = self.world.chance
        if not self.weather.is_up or chance.random() < self.weather.loss:
            return ref
        for _ in range(2 if chance.random() < self.weather.double else 1):
            self.world.later(chance.expovariate(1 / self.weather.delay_s), self.receive, self, frame)
        return ref

    def say(self, word: Word) -> None:
        """A device or a person says something; it travels, and waits here until it is acked."""
        self.world.add(Said, self.way.name, word.address, word.token, word.n, word.level, word.text, word.refused)
        chance = self.world.chance
        if chance.random() < self.weather.loss / 2:
            return
        for _ in range(2 if chance.random() < self.weather.double else 1):
            self._count += 1
            copy = msgspec.structs.replace(word, key=self._count)
            self.world.later(chance.expovariate(1 / self.weather.delay_s), self._arrived, copy)

    def _arrived(self, word: Word) -> None:
        self.words[word.key] = word
        if self.link is not None and self.weather.is_up and not self.weather.deaf:
            self.link.hear(word)


class Link(SimpleChannel):
    """The channel of one session. What it does is written into the world's log before it is done."""

    def __init__(self, bearer: Bearer, life: Life) -> None:
        self.bearer = bearer
        self._world = bearer.world
        self._life = life
        self._is_open = False
        self._words: asyncio.Queue[Word | Inbound | None] = asyncio.Queue()
        self._waiting: set[asyncio.Future[None]] = set()

    async def start(self) -> None:
        await self._pause(0.05)
        if self.bearer.weather.deaf and self._world.chance.random() < 0.3:
            await asyncio.Event().wait()
        if not self.bearer.weather.is_up:
            raise NotReady("the bearer is away", retry_after_s=self._world.chance.choice(AGAIN_S[self.bearer.is_gone]))
        self._is_open = True
        self.bearer.link = self
        for word in self.bearer.words.values():
            self._words.put_nowait(word)

    async def stop(self, deadline: float) -> None:
        self.broken()

    def broken(self) -> None:
        """The session is over, whoever ended it."""
        if self.bearer.link is self:
            self.bearer.link = None
        self._is_open = False
        self._words.put_nowait(None)
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the bearer went away"))

    def hear(self, word: Word) -> None:
        self._words.put_nowait(word)

    def bring(self, thing: Inbound) -> None:
        """Something that its far end says again until it is acked."""
        self._words.put_nowait(thing)

    async def send(self, job: SendJob) -> Outcome:
        if not self._is_open:
            return Transient(Scope.CHANNEL, "link-lost")
        number = self._life.next_job()
        await self._pause(0.02)
        self._world.add(Asked, self.bearer.way.name, job.address, number, job.priority)
        outcome: Outcome | None = None
        name = ("", 0)
        try:
            async with job.begin() as emission:
                name = (emission.token, emission.n)
                outcome = await self._emit(job, emission, number)
            return outcome
        finally:
            if self._life.is_running:
                self._world.add(Ended, self.bearer.way.name, *name, number, _kind_of(outcome))

    async def _emit(self, job: SendJob, emission: Emission, number: int) -> Outcome:
        chance, weather = self._world.chance, self.bearer.weather
        if not self._is_open or (chance.random() < weather.refuse and not weather.deaf):
            return self._refusal()
        if (refusal := self.bearer.refusal()) is not None:
            return refusal
        if weather.busy and chance.random() < weather.busy:
            return Transient(Scope.RECIPIENT, "busy", 1.0)
        if self.bearer.is_radio:
            await self._fragments(job, emission, number)
        await self._life.may_act()
        is_durable = self._life.is_durable(emission.token, emission.n)
        self._world.add(
            Aired,
            self.bearer.way.name,
            job.address,
            emission.token,
            emission.n,
            number,
            emission.payload.text,
            job.traffic,
            job.priority,
            is_durable,
        )
        ref = self.bearer.take(emission.token, emission.n, job.address, emission.payload.text)
        if not self.bearer.is_radio:
            await self._accepted()
        return Reached(Evidence.AIRED if self.bearer.is_radio or self.bearer.way.is_actuator else Evidence.ACCEPTED, (ref,))

    def _refusal(self) -> Outcome:
        if not self._is_open:
            return Transient(Scope.CHANNEL, "link-lost")
        return self._world.chance.choice(
            (
                Transient(Scope.CHANNEL, "congested"),
                Transient(Scope.CHANNEL, "congested", 5.0),
                Transient(Scope.MESSAGE, "throttled", 1.0),
                Transient(Scope.RECIPIENT, "busy"),
                Permanent(Scope.RECIPIENT, "no-such-number"),
            )
        )

    async def _closed(self, seconds: float, priority: Priority) -> None:
        """Nobody of this class may use the air so long; whoever waits for it looks often who else does."""
        wait_s = min(seconds, FRAGMENT_S)
        self._world.note("no air", self.bearer.terms.medium, f"{wait_s:.3f} {priority.name}")
        await asyncio.sleep(wait_s)

    async def _fragments(self, job: SendJob, emission: Emission, number: int) -> None:
        """A radio sends in pieces of at most two seconds and lets more urgent traffic pass between them."""
        medium = self.bearer.way.terms.medium
        ledger = self._life.ledgers.setdefault(medium, Ledger(self._world.ground.caps))
        left_s, longest_s = on_air_s(self.bearer.way, len(emission.payload.data)), self.bearer.way.piece_s or FRAGMENT_S
        while left_s > 0:
            await emission.turn()
            await self._life.may_act()
            piece_s, now = min(longest_s, left_s), self._world.now
            closed_s = ledger.open_at(piece_s, now, job.priority) - now
            if closed_s > 0:  # whoever waits for airtime still lets pass what is more urgent and may go
                await self._closed(closed_s, job.priority)
                continue
            ledger.spend(piece_s, now)
            self._world.add(Fragment, medium, self.bearer.way.name, job.priority, piece_s, number)
            await asyncio.sleep(piece_s)
            left_s -= piece_s

    async def _accepted(self) -> None:
        """Wait for the word of the bearer; one that is deaf or mute never gives it."""
        weather, chance = self.bearer.weather, self._world.chance
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(answer)
        if not weather.deaf and chance.random() >= weather.mute and self._is_open:
            self._world.later(chance.expovariate(4 / weather.delay_s), _settle, answer)
        try:
            await answer
        finally:
            self._waiting.discard(answer)

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        way = self.bearer.way
        if not (way.piece_octets and way.piece_s):
            return Estimate()
        seconds = on_air_s(way, len(payload.data))
        return Estimate(airtime_s=seconds, latency_q50_s=seconds, latency_q95_s=2 * seconds, fragments=round(seconds / way.piece_s))

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        await self._pause(0.2)
        if self.bearer.weather.deaf or not self._is_open:
            return Unknown("no answer")
        known = self.bearer.known.get(ref.token)
        return Reached(Evidence.ACCEPTED, (known,)) if known else Transient(Scope.MESSAGE, "never-came", 0.0)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        await self._pause(0.1)
        if self.bearer.weather.deaf:
            await asyncio.sleep(min(self.bearer.way.probe_limit_s, budget.timeout_s))
        return ProbeResult(answered=self._is_open and not self.bearer.weather.deaf)

    async def inbound(self) -> AsyncIterator[Inbound]:
        while (word := await self._words.get()) is not None:
            if isinstance(word, Inbound):
                yield word
                continue
            is_answer = word.kind is InboundKind.ANSWER
            yield Inbound(
                kind=word.kind,
                raw=word.text.encode(),
                ack=partial(self._ack, word),
                address_kind=self.bearer.way.kinds[0],
                address=word.address,
                ref=word.ref,
                level=None if is_answer or word.refused else word.level,
                failure=Permanent(Scope.RECIPIENT, "UNDELIV") if word.refused else None,
                text=word.text,
            )
        raise ConnectionResetError("the bearer went away")

    async def _ack(self, word: Word) -> None:
        if not self._is_open or not self._life.is_running:
            raise ConnectionResetError("the bearer went away before the ack")
        if self.bearer.words.pop(word.key, None) is not None and not word.refused:
            self._world.add(Heard, self.bearer.way.name, word.token, word.n, word.level)

    async def _pause(self, seconds: float) -> None:
        if self._world.chance.random() < 0.5:
            await asyncio.sleep(self._world.chance.expovariate(1 / seconds))


class Life:
    """What a link knows of the process it lives in."""

    def __init__(self, is_durable: Callable[[str, int], bool]) -> None:
        self.is_running = True
        self.is_durable = is_durable
        self.ledgers: dict[str, Ledger] = {}
        self._jobs = 0

    def next_job(self) -> int:
        self._jobs += 1
        return self._jobs

    async def may_act(self) -> None:
        """A process that was killed does nothing more, even if its code has not noticed."""
        if not self.is_running:
            await asyncio.Event().wait()


def on_air_s(way: Way, octets: int) -> float:
    """Seconds that so many octets take on the air of a radio."""
    if way.piece_octets and way.piece_s:
        return math.ceil(octets / way.piece_octets) * way.piece_s
    return max(0.5, octets / OCTETS_S)


def _settle(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_result(None)


def _kind_of(outcome: Outcome | None) -> str:
    return "none" if outcome is None else type(outcome).__name__.lower()
