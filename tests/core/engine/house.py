"""The whole engine over a real store, on a clock that the test moves: channels answer what a test tells them to."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.engine.channels import PLAIN, Instance, Terms
from fenghuo.engine.facts import ChannelObserved
from fenghuo.engine.health import Sign
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.engine.office import Office
from fenghuo.engine.rules import read_rules
from fenghuo.engine.timekeeping import keep_time
from fenghuo.model.delivery import Accepted, AttemptRef, Delivery, Objective, Outcome, Paged, Reached, Refused, Target
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import (
    Capabilities,
    Emission,
    Estimate,
    Inbound,
    InboundKind,
    Renderer,
    SendJob,
    SendPage,
    SimpleChannel,
    Unsupported,
)
from fenghuo.service.engine_room import EngineRoom
from fenghuo.store import Store
from fenghuo.store.tables import DELIVERY, EVENT, MESSAGE, OBJECTIVE, TARGET
from tests.core.engine.values import NOW, directory
from tests.core.store.blank import lay_blank
from tests.core.store.rows import SMALL, StillClock

__all__ = ["RULES", "FakeChannel", "House", "Mail", "Sheet", "opened"]

RULES = """
[ladders.both]
[[ladders.both.rungs]]
channels = ["a"]
[[ladders.both.rungs]]
channels = ["r"]
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "informants", roles = ["informant"] }
ladder = "both"
[[rules]]
name = "orders"
match = { kind = ["Dispatch", "Report"] }
audience = { name = "as addressed" }
needed = "DEVICE"
deadline_s = 300
ladder = "both"
escalate = [ { after_s = 120 } ]
"""
CAPABILITIES = {
    "a": Capabilities(form="sms", evidence_max=Evidence.DEVICE, concurrency=8),
    "r": Capabilities(form="radio", evidence_max=Evidence.DEVICE, concurrency=8, repeat_safe=True),
}


class Mail(msgspec.Struct, frozen=True):
    """What left over a channel."""

    channel: str
    address: str
    text: str
    token: str
    n: int
    ref: str


class Sheet(msgspec.Struct, frozen=True):
    """A page that left over a channel."""

    channel: str
    addresses: tuple[str, ...]
    text: str
    token: str
    n: int
    ref: str


class FakeChannel(SimpleChannel):
    """Fills the port: emits into a list and answers the outcomes it was given, ACCEPTED when it has none left.

    `fragments`, `airtime_s`: of each emission, as estimated; `before`: awaited before begin();
    `refusals`: what a page is answered without it; `during`: awaited inside the licence;
    `answers`: what query() knows, by token.
    """

    def __init__(self, name: str, sent: list[Mail]) -> None:
        self.name = name
        self.sent = sent
        self.outcomes: deque[Outcome | Exception] = deque()
        self.answers: dict[str, Outcome] = {}
        self.pages: list[Sheet] = []
        self.page_outcomes: deque[Outcome | Paged | Exception] = deque()
        self.refusals: deque[Outcome] = deque()
        self.fragments = 1
        self.airtime_s = 0.0
        self.before: Callable[[], Awaitable[None]] = _nothing
        self.during: Callable[[Emission], Awaitable[None]] = _nothing_more

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate(airtime_s=self.airtime_s, fragments=self.fragments)

    async def send(self, job: SendJob) -> Outcome:
        await self.before()
        async with job.begin() as emission:
            ref = f"{self.name}-{len(self.sent)}"
            self.sent.append(Mail(self.name, job.address, emission.payload.text, emission.token, emission.n, ref))
            await self.during(emission)
        outcome = self.outcomes.popleft() if self.outcomes else Reached(Evidence.ACCEPTED, (ref,))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        await self.before()
        if self.refusals:
            return self.refusals.popleft()
        async with page.begin() as emission:
            ref = f"{self.name}-page-{len(self.pages)}"
            self.pages.append(Sheet(self.name, tuple(page.addresses), emission.payload.text, emission.token, emission.n, ref))
            await self.during(emission)
        outcome = self.page_outcomes.popleft() if self.page_outcomes else Reached(Evidence.ACCEPTED, (ref,))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        return self.answers.get(ref.token, Unsupported())


class House:
    """The engine room with two channels: `a` takes telephones, `r` radios."""

    def __init__(self, store: Store, clock: StillClock, capabilities: Mapping[str, Capabilities], rules: str, *, terms: Terms) -> None:
        self.store, self.clock = store, clock
        self.fatal: list[BaseException] = []
        self.office = Office(node="node", clock=clock, rules=read_rules(rules), directory=directory())
        renderers = {form: Renderer(form, partial(_rendered, form)) for form in ("sms", "radio", "sheet")}
        self.room = EngineRoom(self.office, store, renderers, release_valid_s=120.0, on_fatal=self.fatal.append)
        self.sent: list[Mail] = []
        self.channel = {name: FakeChannel(name, self.sent) for name in capabilities}
        for name, caps in capabilities.items():
            kinds = ("callsign",) if name.startswith("r") else ("msisdn",)
            self.room.board.add(Instance(name, "fake", caps, address_kinds=kinds, channel=self._of(name), terms=terms))

    def _of(self, name: str) -> Callable[[], FakeChannel]:
        return lambda: self.channel[name]

    def up(self, *names: str) -> None:
        for name in names or tuple(self.channel):
            self.room.facts.put(ChannelObserved(name, Sign.LOCAL_UP))

    def down(self, name: str) -> None:
        self.room.facts.put(ChannelObserved(name, Sign.LOCAL_DOWN, "gone"))

    async def settle(self) -> None:
        """Turn until nothing moves any more: no facts, nothing dirty, every emission done or held by the test."""
        quiet = 0
        while quiet < (10 if len(self.room.fan_outs) else 3):  # a page asks the writer five times without a fact in between
            self.room.loop.turn()
            await self.store.run(lambda tx: None)
            for _ in range(5):
                await asyncio.sleep(0)
            quiet = 0 if self.room.loop.has_work else quiet + 1

    async def give_up(self, call: Coroutine[Any, Any, Any]) -> None:
        """Whoever makes this call stops waiting before the store has answered; then let everything happen that follows."""
        gate = threading.Event()
        self.store.submit(lambda tx: gate.wait(10))
        caller = asyncio.ensure_future(call)
        for _ in range(5):
            await asyncio.sleep(0)
        caller.cancel()
        gate.set()
        await asyncio.wait([caller])
        assert caller.cancelled()
        await self.settle()
        while self.room.receipts.in_hand:
            await self.settle()

    async def later(self, seconds: float) -> None:
        self.clock.now += seconds
        await self.settle()

    async def take(self, raw: bytes, *signers: str, source: str = "met", **fields: Any) -> Accepted | Refused:
        """Bring one message in and let everything happen that follows at once."""
        (answer,) = await self.room.intake.accept(
            Submission(raw, fields.pop("origin", Origin(source)), author=source, signers=signers, **fields)
        )
        await self.settle()
        return answer

    async def order(self, *to: str, text: str = "立即到岗", **fields: Any) -> Accepted:
        """An order in our JSON, accepted."""
        signers, key = fields.pop("signers", ()), fields.pop("key", "")
        raw = msgspec.json.encode({"to": list(to), "text": text, "priority": "P2", **fields})
        answer = await self.take(raw, *signers, source="centre", key=key)
        assert isinstance(answer, Accepted), answer
        return answer

    async def hear(self, channel: str, kind: InboundKind, **fields: Any) -> None:
        """Something comes in over a channel."""
        kinds = "callsign" if channel.startswith("r") else "msisdn"
        usual = {"raw": b"raw", "ack": _nothing, "address_kind": kinds}
        await self.room.receipts.take(channel, Inbound(kind=kind, **{**usual, **fields}))
        await self.settle()

    async def receipt(self, mail: Mail, level: Evidence | None = Evidence.DEVICE, **fields: Any) -> None:
        await self.hear(mail.channel, InboundKind.RECEIPT, ref=mail.ref, level=level, address=mail.address, **fields)

    async def answer(self, channel: str, address: str, text: str = "收到") -> None:
        await self.hear(channel, InboundKind.ANSWER, address=address, text=text)

    async def deliveries(self, recipient: str = "") -> list[Delivery]:
        where, params = ("recipient = ? ORDER BY id", (recipient,)) if recipient else ("1 = 1 ORDER BY id", ())
        return await self.store.find(DELIVERY, where, *params)

    async def objectives(self) -> list[Objective]:
        return await self.store.find(OBJECTIVE, "1 = 1 ORDER BY id")

    async def targets(self) -> list[Target]:
        return await self.store.find(TARGET, "1 = 1 ORDER BY objective, recipient")

    async def states(self, message: str) -> list[str]:
        """The states of all revisions of a message."""
        return [str(row.state) for row in await self.store.find(MESSAGE, "id = ? ORDER BY revision", message)]

    async def events(self, kind: str) -> list[dict[str, Any]]:
        rows = await self.store.find(EVENT, "type LIKE ? ORDER BY seq", kind)
        return [msgspec.json.decode(row.body) for row in rows]

    async def stop(self) -> None:
        await self.room.dispatcher.stop(self.clock.monotonic())
        await self.room.fan_outs.stop(self.clock.monotonic())
        await self.room.prober.stop()
        self.room.outages.stop()


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    clock: StillClock | None = None,
    rules: str = RULES,
    terms: Terms = PLAIN,
    up: bool = True,
    before: Callable[[House], None] = lambda house: None,
    **capabilities: Capabilities,
) -> AsyncIterator[House]:
    """An engine on the state in `folder`, recovered; leaving it is a crash: nothing is drained."""
    still = clock or StillClock(NOW)
    lay_blank(folder / "state")
    store = await Store.open(folder / "state", clock=still, node="node", settings=SMALL)
    await keep_time(store, still)
    house = House(store, still, {**CAPABILITIES, **capabilities}, rules, terms=terms)
    before(house)
    try:
        await house.room.recover()
        if up:
            house.up()
        await house.settle()
        yield house
        assert [] == house.fatal
    finally:
        await house.stop()
        await store.close()


def _rendered(form: str, message: Message, budget: Budget) -> Rendition:
    words = next((info.description for info in message.content.infos), "")
    text = f"{'【演练】' if message.traffic is Traffic.EXERCISE else ''}{words}#{message.number}"
    return Rendition(form, text, text.encode())


async def _nothing() -> None:
    """A peer that wants no ack, a channel that does not wait."""


async def _nothing_more(emission: Emission) -> None:
    """An emission of one piece."""
