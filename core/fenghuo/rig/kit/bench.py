"""Where one check takes place: a far end, a line to it that can break, and lives of the core that go on from one disk."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Self

import msgspec

from fenghuo.clock import SystemClock
from fenghuo.engine.rules import RuleBook, read_rules
from fenghuo.model.delivery import Delivery
from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.conformance import Ability, Arrival, ConformancePeer, Word
from fenghuo.plugin.ports import Capabilities, ChannelType, Renderer
from fenghuo.rig.kit.grades import Figures
from fenghuo.rig.kit.life import CHANNEL, Life, Place
from fenghuo.rig.kit.line import Line, State
from fenghuo.rig.kit.memory import LoneMemory

__all__ = ["Bench", "Broken", "NotItsKind", "NotShown", "Subject"]

PEOPLE = 40
LOOK_S, ASK_S = 0.02, 0.1
"""Seconds between two looks, and between two questions to the store."""
READ_S = 5.0
"""Longest wait for a far end to notice what it has."""
PATIENCE_S = 90.0
"""Longest wait for anything. A check that needs it has failed; on virtual time it costs nothing."""
EPOCH = 1_790_000_000.0
"""UTC seconds at which virtual time begins."""
SLOW_SHARE = 0.1
"""A slow line delays each piece by this part of attempt_s."""
SLOW_MOST_S = 0.4
RULES = """
[ladders.it]
[[ladders.it.rungs]]
channels = ["{channel}"]
[[rules]]
name = "orders"
match = {{ kind = ["Dispatch"] }}
audience = {{ name = "as addressed" }}
needed = "{needed}"
deadline_s = 3000
ladder = "it"
"""

_recipients = itertools.count(0, PEOPLE)


class Broken(AssertionError):
    """A promise that the channel did not keep, as a sentence."""


class NotItsKind(Exception):
    """The channel has nothing of what a check is about, as its far end has just shown; why, as a sentence."""


class NotShown(Exception):
    """The far end cannot show what a check is about, as it turned out; what it cannot, as a sentence."""


class Subject(msgspec.Struct, frozen=True):
    """What is examined: a plugin's channel type, with the renderers that are installed; `version`: of the plugin, `digest`: over its
    files, `is_bundled`: it came with Fenghuo."""

    plugin: str
    kind: ChannelType
    renderers: Mapping[str, Renderer]
    version: str = ""
    digest: str = ""
    is_bundled: bool = False


class Bench:
    """`async with Bench(...)`; `life` is the core that runs now. `patience`: stretches every wait on real time."""

    def __init__(self, subject: Subject, peer: ConformancePeer, folder: Path, *, is_virtual: bool, patience: float = 1.0) -> None:
        self.subject = subject
        self.peer = peer
        self.folder = folder
        self.is_virtual = is_virtual
        self.patience = 1.0 if is_virtual else patience
        self.life: Life
        self.line: Line
        self.capabilities: Capabilities
        self.is_reporting = True
        self.traffic = tuple(Traffic)
        self.notes: list[str] = []
        self.figures = Figures()
        self._lives: list[Life] = []
        self._meant: dict[str, int] = {}
        self._first = next(_recipients)
        self._seen = len(peer.arrivals)
        self.memory = LoneMemory()
        self._reporter: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.line = Line(self.peer.port, slow_s=0.1)
        await self.line.start()
        self.peer.now = self._wall()
        self.settings = self.peer.settings(self.line.port)
        self._addresses = [self.peer.address(self._first + to) for to in range(PEOPLE - 1)] + [self.peer.bad_address]
        self.capabilities = self.subject.kind.capabilities(self.settings)
        self.line.slow_s = min(SLOW_MOST_S, SLOW_SHARE * self.capabilities.attempt_s)
        self._reporter = asyncio.create_task(self._report(), name="kit reporter")
        await self.live()
        return self

    async def __aexit__(self, *raised: object) -> None:
        if self._reporter is not None:
            self._reporter.cancel()
            await asyncio.wait([self._reporter])
        if self.life.is_running:
            await self.life.stop()
        await self.line.stop()

    # Lives.

    async def live(self) -> Life:
        """Begin the next life on the same disk."""
        place = Place(
            folder=self.folder / "state",
            kind=self.subject.kind,
            settings=self.settings,
            secrets=self.peer.secrets,
            renderers=self.subject.renderers,
            directory=self._directory(),
            rules=self._rules(),
            wall=self._wall(),
            traffic=self.traffic,
            shared=self.peer.shared,
        )
        self.life = Life(place, len(self._lives) + 1)
        self._lives.append(self.life)
        await self.life.start()
        return self.life

    async def up(self) -> None:
        """Wait until the channel is in use."""
        await self.until(lambda: self.life.state == "up", "the channel comes up")

    async def kill(self) -> None:
        """End the process in the middle of it: its connections are gone before any of its code runs again."""
        await self.line.set(State.REFUSED)
        await self.life.kill()
        await self.line.set(State.OPEN)
        self._measured(kills=self.figures.kills + 1)

    # Orders, and what became of them.

    async def order(self, text: str, *, to: int = 0, priority: str = "P1", traffic: Traffic = Traffic.ACTUAL) -> str:
        """An order to recipient `to` (0 to 38, or BAD); its id."""
        raw = msgspec.json.encode({"to": [f"person:p{to}"], "text": self.meant(text, to), "priority": priority, "traffic": traffic.value})
        accepted = await self.life.accept(raw)
        self._meant[accepted] = to
        return accepted

    async def delivery(self, order: str) -> Delivery:
        """The delivery of an order, as soon as it is planned."""
        found: list[Delivery] = []

        async def look() -> bool:
            row = await self.life.delivery(order)
            found.extend([row] if row is not None else [])
            return bool(found)

        await self.until(look, "the order is planned")
        return found[0]

    async def ended(self, order: str, *, within_s: float = PATIENCE_S) -> Delivery:
        """The delivery of an order once it is confirmed."""

        async def look() -> bool:
            return (await self.delivery(order)).evidence >= self.needed

        try:
            await self.until(look, f"the order is confirmed as {self.needed.name}", within_s=within_s, look_s=ASK_S)
        except Broken as late:
            row = await self.delivery(order)
            raise Broken(f"{late}; it stands at {row.state} {row.evidence.name} {row.reason}") from None
        await self._read(self._meant[order])
        found = await self.delivery(order)
        self._measured(evidence=max(found.evidence, self.figures.evidence))
        return found

    async def _read(self, to: int) -> None:
        """A far end without reports may know a moment later than its channel what it has; whether it has it is for the check to say."""
        try:
            await self.until(lambda: bool(self.fragments(to)), "it arrives", within_s=READ_S)
        except Broken as unread:
            self.note(str(unread))

    def fragments(self, to: int = 0) -> list[Arrival]:
        """What reached a recipient in this check."""
        address, sign = self.address(to), self._sign(to)
        mine = [arrival for arrival in self.peer.arrivals[self._seen :] if arrival.address == address and sign in arrival.text]
        return [msgspec.structs.replace(arrival, text=arrival.text.replace(sign, "")) for arrival in mine] if sign else mine

    def emissions(self, to: int = 0) -> list[Arrival]:
        """The first fragment of each emission to a recipient."""
        return [arrival for arrival in self.fragments(to) if arrival.part == 1]

    def address(self, to: int) -> str:
        return self._addresses[to]

    def meant(self, text: str, to: int) -> str:
        """A text for a recipient, as it is sent."""
        return text + self._sign(to)

    def _sign(self, to: int) -> str:
        return f"〔{self._first + to}〕" if self.peer.is_local and not self.peer.is_wordless else ""

    @property
    def bad(self) -> int:
        """The recipient whose address is bad."""
        return PEOPLE - 1

    @property
    def needed(self) -> Evidence:
        """What an order needs here: what only the far end's reports can show, where it reports, else as much as the channel claims."""
        return self.peer.reports if self.can_report else self.capabilities.evidence_max

    @property
    def can_report(self) -> bool:
        """Whether the far end says what it has, and the channel hears it."""
        return self.capabilities.inbound and Ability.REPORT in self.peer.abilities

    def only_declared(self, to: int = 0) -> None:
        """It arrived, and no second time but by a licence of its own, under a copy's mark, or under the same key at a far end that
        knows keys. Raises: Broken."""
        if not self.emissions(to):
            raise Broken(f"the order counts as {self.needed.name}, and nothing arrived")
        licences = sum(address == self.address(to) for life in self._lives for address, _, _ in life.watch.licences)
        if len(self.emissions(to)) > licences:
            raise Broken(f"{len(self.emissions(to))} emissions to {self.address(to)} by {licences} licence(s)")
        first, *more = self.emissions(to)
        self._measured(duplicates=self.figures.duplicates + len(more))
        for copy in more:
            is_known = bool(copy.token) and copy.token == first.token and self.capabilities.doubt == "idempotent"
            if "重发" not in copy.text and not is_known:
                raise Broken(f"{self.address(to)} got {len(more) + 1} emissions, and the copy {copy.text!r} does not say that it is one")

    async def until(
        self, holds: Callable[[], bool | Awaitable[bool]], what: str, *, within_s: float = PATIENCE_S, look_s: float = LOOK_S
    ) -> None:
        """Wait until it holds. Raises: Broken: not in time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s * self.patience
        while True:
            answer = holds()
            if answer if isinstance(answer, bool) else await answer:
                return
            if loop.time() >= end:
                raise Broken(f"not within {within_s:g} s: {what}")
            await asyncio.sleep(look_s)

    def estimated(self, guess: float, took: float) -> None:
        """Measure how far an estimate was from what it took."""
        error = abs(guess - took) / took if took else 0.0
        self._measured(estimate_error=max(error, self.figures.estimate_error or 0.0))

    def booked(self, error: float, what: Iterable[str]) -> None:
        """Measure how far what was booked was from what the far end measured, and what it measured."""
        named = tuple(dict.fromkeys((*self.figures.measured, *what)))
        self._measured(booked_error=max(error, self.figures.booked_error or 0.0), measured=named)

    def _measured(self, **what: float | tuple[str, ...]) -> None:
        self.figures = msgspec.structs.replace(self.figures, **what)

    def note(self, text: str) -> None:
        """Keep something for whoever looks into a failure."""
        self.notes.append(text)

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    # The far end.

    async def say_report(self, arrival: Arrival) -> None:
        """The far end reports an emission, if it can and gave it an id."""
        if arrival.ref and Ability.REPORT in self.peer.abilities:
            await self.peer.say(Word.REPORT, arrival)

    async def _report(self) -> None:
        """Say the receipt of whatever arrives, as a far end does by itself."""
        told = self._seen
        mine = {self.address(to) for to in range(PEOPLE)}
        while True:
            while told < len(self.peer.arrivals):
                arrival, told = self.peer.arrivals[told], told + 1
                if self.is_reporting and arrival.address in mine:
                    await self.say_report(arrival)
            await asyncio.sleep(LOOK_S)

    def _wall(self) -> Callable[[], float]:
        loop = asyncio.get_running_loop()
        return (lambda: EPOCH + loop.time()) if self.is_virtual else SystemClock().time

    def _directory(self) -> Directory:
        kind = self.subject.kind.address_kinds[0]
        persons = tuple(Person(f"p{number}", f"甲{number}", "kit") for number in range(PEOPLE))
        addresses = {number: self.address(number) for number in range(PEOPLE)}
        contacts = tuple(ContactPoint(f"p{number}", kind, address) for number, address in addresses.items() if address)
        return Directory(orgs=(Org("kit", "考核"),), persons=persons, contacts=contacts)

    def _rules(self) -> RuleBook:
        return read_rules(RULES.format(channel=CHANNEL, needed=self.needed.name))
