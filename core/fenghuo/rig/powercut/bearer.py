"""The channels of the script and the far ends behind them: what left is seen by the world, what comes back is given until it is acked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.receipts import Receipts
from fenghuo.model.delivery import AttemptRef, Outcome, Paged, Reached, Scope, Token, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound, InboundKind, SendJob, SendPage, SimpleChannel, Unsupported
from fenghuo.rig.powercut.counters import Counters
from fenghuo.rig.powercut.ground import ACTUATORS, Bearing
from fenghuo.rig.powercut.script import CUSTODY, REFUSED, REFUSED_PAGES, RETURNS, USUAL, USUAL_OF_A_PAGE, Return
from fenghuo.rig.powercut.world import NO_COUNTER, Air, Sheet, Took, World

__all__ = ["Bearer", "FarEnd", "given_by", "key_of", "ref_of"]

KEY = re.compile(r"\[([a-z0-9-]+)\]")
AGAIN_S = 1.0
"""How soon after a start a far end gives again what nobody acked."""


class Bearer(SimpleChannel):
    """Emits into the world. `epoch`: of the life it belongs to; `counters`: of its key, if its frames carry numbers."""

    def __init__(self, name: str, bearing: Bearing, world: World, clock: Clock, *, epoch: int, counters: Counters | None) -> None:
        self.name = name
        self._bearing = bearing
        self._world = world
        self._clock = clock
        self._epoch = epoch
        self._counters = counters
        self.is_up = False
        self.on_air: Callable[[Air | Sheet], None] = _nobody_hears

    async def send(self, job: SendJob) -> Outcome:
        async with job.begin() as emission:
            await emission.turn()
            refusal = REFUSED.get(key_of(emission.payload.text)) if emission.n == 1 else None
            if refusal is not None:
                await asyncio.sleep(self._bearing.airtime_s)
                return refusal
            counter = await self._counters.take() if self._counters else NO_COUNTER
            air = Air(
                token=emission.token,
                n=emission.n,
                channel=self.name,
                address=job.address,
                text=emission.payload.text,
                counter=counter,
                epoch=self._epoch,
                at=self._clock.time(),
            )
            return await self._emit(air)

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        async with page.begin() as emission:
            await emission.turn()
            refusal = REFUSED_PAGES.get((self.name, key_of(emission.payload.text))) if emission.n == 1 else None
            but = refusal.but if isinstance(refusal, Paged) and len(refusal.but) < len(page.addresses) else ()
            if refusal is not None and not isinstance(refusal, Paged):
                await asyncio.sleep(self._bearing.airtime_s)
                return refusal
            sheet = Sheet(
                token=emission.token,
                n=emission.n,
                channel=self.name,
                addresses=tuple(address for place, address in enumerate(page.addresses) if place not in dict(but)),
                text=emission.payload.text,
                epoch=self._epoch,
                at=self._clock.time(),
            )
            said = await self._emit(sheet)
            return Paged(said, but) if but else said

    async def _emit(self, left: Air | Sheet) -> Reached:
        self._world.see(left)
        self.on_air(left)
        await asyncio.sleep(self._bearing.airtime_s)
        return Reached(self._bearing.says, (ref_of(left),))

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        if not self._bearing.can_be_asked:
            return Unsupported()
        for air in self._world.airs:
            if (air.token, air.n) == (ref.token, ref.n):
                return Reached(self._bearing.says, (ref_of(air),))
        return Transient(Scope.CHANNEL, "never-came", 1.0)


def key_of(text: str) -> str:
    """Which step of the script a text is about; empty for none."""
    found = KEY.search(text)
    return found.group(1) if found else ""


def ref_of(left: Air | Sheet) -> str:
    """The name a far end gives to an emission."""
    return f"{left.channel}:{left.token}:{left.n}"


def given_by(left: Air | Sheet) -> Iterator[tuple[str, Return]]:
    """What the far end gives for an emission, each under a name of its own."""
    usual = USUAL_OF_A_PAGE[left.channel] if isinstance(left, Sheet) else () if left.channel in ACTUATORS else USUAL
    for number, given in enumerate(RETURNS.get(key_of(left.text), usual)):
        yield f"{ref_of(left)}/{number}", given


class FarEnd:
    """Whoever is behind the channels. Gives everything that nobody has acked yet, each at its time or as soon as somebody is there."""

    def __init__(self, world: World, receipts: Receipts, clock: Clock) -> None:
        self._world = world
        self._receipts = receipts
        self._clock = clock

    async def hear(self, left: Air | Sheet) -> None:
        """An emission arrived, in this life or before."""
        for name, given in given_by(left):
            if name in self._world.took:
                continue
            wait_s = left.at + given.after_s - self._clock.time()
            await asyncio.sleep(wait_s if wait_s > 0 else AGAIN_S)
            await self._receipts.take(left.channel, self._inbound(left, name, given))

    def _inbound(self, left: Air | Sheet, name: str, given: Return) -> Inbound:
        is_receipt, is_answer = given.kind is InboundKind.RECEIPT, given.kind is InboundKind.ANSWER
        address = left.address if isinstance(left, Air) else ""
        took = Took(
            name=name,
            ref=ref_of(left) if is_receipt and not given.by_token else "",
            sender=address if is_answer else "",
            level=Evidence.HUMAN if is_answer else given.level,
            raw=CUSTODY if given.kind is InboundKind.MESSAGE else name.encode(),
            at=0.0,
            token=left.token if given.by_token else "",
            addresses=left.addresses[given.first : given.last] if isinstance(left, Sheet) else (),
        )

        async def ack() -> None:
            self._world.see(msgspec.structs.replace(took, at=self._clock.time()))

        return Inbound(
            kind=given.kind,
            raw=took.raw,
            ack=ack,
            address_kind=left.channel,
            address=address,
            addresses=took.addresses,
            ref=took.ref,
            token=Token(took.token) if took.token else None,
            level=given.level if is_receipt else None,
            text=given.text,
        )


def _nobody_hears(left: Air | Sheet) -> None:
    """Until the house has wired the far end in."""
